"""The collection's module_utils, wherever we run: under Ansible or on our own."""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from tuheg_ir.project import find_project

_PACKAGE = "ansible_collections.tuheg.ir.plugins.module_utils"


@lru_cache(maxsize=16)
def module_utils(*names: str) -> Any:
    """Return the package with the named modules imported.

    Ansible's own loader knows it; without Ansible the project does. Raises ProjectError.
    """
    try:
        package = importlib.import_module(_PACKAGE)
        for name in names:
            importlib.import_module(f"{_PACKAGE}.{name}")
    except ImportError:
        return find_project().module_utils(*names)
    return package
