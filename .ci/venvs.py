"""Make the project's virtual environments: `.venv` (the oldest Python here) and `.venv-3.N` for the others.

Each holds what `.ci/requirements.lock` pins, the project itself in editable form, and kubernetes.core. A stamp makes a
second call a matter of milliseconds. Standard library alone; uv, which writes the lock files, installs from them too:
it needs seconds where pip needs a minute for each environment.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import venv
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machine import CACHE, ROOT, digest, pythons, say

LOCK = ROOT / ".ci" / "requirements.lock"
COLLECTIONS_LOCK = ROOT / ".ci" / "collections.lock"
INSTALLER_LOCK = ROOT / ".ci" / "installer.lock"
_STAMP = ".stamp"
_PIP = ("-m", "pip", "--disable-pip-version-check", "--quiet")
# What this file does to an environment, as a number: raise it when that changes.
_RECIPE = "2"
# pip's name of a setting -> uv's: uv reads no settings of pip, and who has a mirror has told pip of it.
_SETTINGS = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "trusted-host": "UV_INSECURE_HOST",
    "cert": "SSL_CERT_FILE",
}
_SETTING = re.compile(r"^[\w:]+\.([\w-]+)='(.*)'$")
# Environments of the same ansible-core share what is fetched.
_FETCHING = threading.Lock()


def environments(*, primary_only: bool = False) -> dict[Path, Path]:
    """Return {virtual environment: interpreter it is made from}, the primary one first."""
    chosen = list(pythons().items())[: 1 if primary_only else None]
    return {
        ROOT / (".venv" if index == 0 else f".venv-3.{minor}"): python for index, (minor, python) in enumerate(chosen)
    }


def ensure(place: Path, python: Path, *, compiled: bool = False) -> None:
    """Make or renew one environment unless its stamp says that nothing changed."""
    wanted = _fingerprint(python)
    stamp = place / _STAMP
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == wanted:
        return
    say(f"making {place.name} from {python}")
    install = (uv(), "pip", "install", "--quiet", "--python", place / "bin" / "python")
    if not (place / "bin" / "pip").exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([python, "-m", "venv", place], check=True)
    environment = settings(os.environ)
    # What is not compiled now is when it is imported first, and in the environments of other Pythons most never is.
    locked = ("--require-hashes", *(("--compile-bytecode",) if compiled else ()), "-r", LOCK)
    subprocess.run([*install, *locked], check=True, env=environment)
    itself = ("--no-deps", "--no-build-isolation", "--editable", ROOT)
    subprocess.run([*install, *itself], check=True, env=environment)
    add_kubernetes_core(place)
    stamp.write_text(wanted, encoding="utf-8")


def _fingerprint(python: Path) -> str:
    version = subprocess.run([python, "-VV"], check=True, capture_output=True).stdout
    files = (LOCK, COLLECTIONS_LOCK, ROOT / "pyproject.toml", ROOT / "hatch_build.py")
    return digest(_RECIPE, version, str(ROOT), *(path.read_bytes() for path in files))


def uv() -> Path:
    """Return the program uv in the version that is locked, fetching it if it is not there."""
    tools = CACHE / f"uv-{digest(sys.version, INSTALLER_LOCK.read_bytes())}"
    program = tools / "bin" / "uv"
    with _FETCHING:
        if not program.exists():
            say("fetching uv")
            venv.create(tools, with_pip=True)
            pip = (tools / "bin" / "python", *_PIP)
            subprocess.run([*pip, "install", "--require-hashes", "-r", INSTALLER_LOCK], check=True)
    return program


def settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which uv keeps to our cache, and looks where pip is told to look."""
    # A Python of Debian has no pip of its own.
    asked = [str(uv().with_name("python")), "-m", "pip", "--disable-pip-version-check", "config", "list"]
    told = subprocess.run(asked, check=False, capture_output=True, text=True, env=dict(environment)).stdout
    return {**from_pip(told), "UV_CACHE_DIR": str(CACHE / "uv"), **environment}


def from_pip(told: str) -> dict[str, str]:
    """Return pip's settings, as it lists them, by the names of uv; several values are separated by spaces or lines."""
    found = {}
    for line in told.splitlines():
        if (each := _SETTING.match(line)) and each[1] in _SETTINGS:
            found[_SETTINGS[each[1]]] = " ".join(each[2].replace("\\n", " ").split())
    return found


def add_kubernetes_core(place: Path) -> None:
    """Put kubernetes.core beside ansible-core, where Ansible looks without being told."""
    python = place / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.strip())
    target = site / "ansible_collections" / "kubernetes" / "core"
    source = _kubernetes_core(python)
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target)
    subprocess.run([python, "-m", "compileall", "-q", target], check=True)


def _kubernetes_core(python: Path) -> Path:
    """Return kubernetes.core out of PyPI's `ansible` bundle; only its 2 MB are kept of the bundle's 50."""
    asked = "from ansible.release import __version__ as v; print(v)"
    core = subprocess.run([python, "-c", asked], check=True, capture_output=True).stdout
    cached = CACHE / f"kubernetes.core-{digest(core, COLLECTIONS_LOCK.read_bytes())}"
    with _FETCHING:
        if not cached.is_dir():
            say("fetching kubernetes.core (from the ansible bundle on PyPI)")
            CACHE.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE) as work:
                _unpack_bundle(python, Path(work))
                (Path(work) / "ansible_collections" / "kubernetes" / "core").rename(cached)
    return cached


def _unpack_bundle(python: Path, work: Path) -> None:
    from zipfile import ZipFile

    pip = [str(python), *_PIP]
    options = ["--no-deps", "--only-binary=:all:", "--require-hashes", "-r", str(COLLECTIONS_LOCK), "-d", str(work)]
    subprocess.run([*pip, "download", *options], check=True)
    [wheel] = work.glob("ansible-*.whl")
    with ZipFile(wheel) as bundle:
        wanted = [name for name in bundle.namelist() if name.startswith("ansible_collections/kubernetes/core/")]
        bundle.extractall(work, wanted)


def main() -> int:
    """Make the environments; print the primary one's place."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--primary", action="store_true", help="only .venv")
    options = parser.parse_args()
    try:
        primary, *others = environments(primary_only=options.primary).items()
        ensure(*primary, compiled=True)
        # What all of them need is in uv's cache now.
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda each: ensure(*each), others))
    except subprocess.CalledProcessError as failed:
        print(not_made(failed), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted: run the same again, what is there already is kept", file=sys.stderr)
        return 130
    return 0


def not_made(failed: subprocess.CalledProcessError) -> str:
    """Return what a person is told when a program failed, whose own words stand above."""
    program = Path(str(failed.cmd[0])).name
    return (
        f"error: an environment cannot be made: {program} ended with {failed.returncode}, see above. "
        "What the lock files in .ci name is fetched once, from PyPI or where pip is told to look (`pip config list`). "
        "Look at the network and run the same again; what is there already is kept."
    )


if __name__ == "__main__":
    sys.exit(main())
