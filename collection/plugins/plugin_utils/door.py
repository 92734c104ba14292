# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""The door to the Python package tuheg_ir, which keeps the journal and makes the diagnosis.

The collection works without it: a playbook still heals, verifies and reports, and says what it
could not record.
"""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType

_COLLECTION = Path(__file__).resolve().parents[2]  # the real path: a checkout links to it


class Missing(Exception):
    """The package cannot be used; the text is one sentence that names the fix."""


def open_door(module: str, collection: Path = _COLLECTION) -> ModuleType:
    """Import a module of tuheg_ir: the installed package, else the one of our own checkout.

    Raises Missing if there is none, if it is of another version, or if it cannot be imported.
    """
    wanted = collection_version(collection)
    fix = f"pip install tuheg-ir=={wanted} into the Python of ansible-playbook ({sys.executable})"
    try:
        package = _package(collection)
        found = str(package.__version__)
    except (ImportError, AttributeError) as error:
        raise Missing(f"the Python package tuheg_ir cannot be imported ({error}): {fix}") from error
    if found != wanted:
        raise Missing(f"the Python package tuheg_ir is {found}, the collection tuheg.ir is {wanted}: {fix}")
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise Missing(f"the Python package tuheg_ir lacks something it needs ({error}): {fix}") from error


def preload(*modules: str) -> None:
    """Import modules before Ansible forks its workers, so that they pay for it only once."""
    for module in modules:
        try:
            open_door(module)
        except Missing:
            return  # told by the task itself


def collection_version(collection: Path = _COLLECTION) -> str:
    """The version of this collection, from its manifest (installed) or galaxy.yml (checkout)."""
    manifest = collection / "MANIFEST.json"
    if manifest.is_file():
        info = json.loads(manifest.read_text(encoding="utf-8"))
        return str(info["collection_info"]["version"])
    text = (collection / "galaxy.yml").read_text(encoding="utf-8")
    found = re.search(r"^version:\s*['\"]?([^'\"\s]+)", text, re.MULTILINE)
    return found.group(1) if found else "0"


def _package(collection: Path) -> ModuleType:
    try:
        return importlib.import_module("tuheg_ir")
    except ModuleNotFoundError:
        beside = collection.parent
        if not (beside / "tuheg_ir" / "__init__.py").is_file():
            raise
        sys.path.append(str(beside))
        return importlib.import_module("tuheg_ir")
