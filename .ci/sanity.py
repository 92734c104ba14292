"""Run `ansible-test sanity` on the collection, from a copy where ansible-test accepts it.

ansible-test refuses a symlinked collection and wants one under git at `ansible_collections/<namespace>/<name>`; it
fetches its own pip from a host that may be out of reach, so that file is made here from PyPI's wheel. Copy, home and
ansible-test's environments live in the cache.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

from machine import CACHE, ROOT

HOME = CACHE / "sanity-home"
COPY = CACHE / "sanity" / "ansible_collections" / "tuheg" / "ir"
_GET_PIP = """\
import sys
sys.path.insert(0, {wheel!r})
from pip._internal.cli.main import main
wanted = [word for word in sys.argv[1:] if word not in ("--no-setuptools", "--no-wheel")]
sys.exit(main(["install", *wanted]))
"""


def _copy_collection() -> None:
    """Make the copy equal to the collection, as a git repository of its own (ansible-test asks git for the files)."""
    COPY.mkdir(parents=True, exist_ok=True)
    for old in COPY.iterdir():
        if old.name not in {".git", "tests"}:
            shutil.rmtree(old) if old.is_dir() else old.unlink()
    left_out = shutil.ignore_patterns("__pycache__", "*.tar.gz", ".ansible")
    shutil.copytree(ROOT / "collection", COPY, ignore=left_out, dirs_exist_ok=True)
    if not (COPY / ".git").is_dir():
        subprocess.run(["git", "init", "--quiet", COPY], check=True)
    subprocess.run(["git", "-C", COPY, "add", "--all"], check=True)


def _ansible_tests_pip() -> str:
    """Return the version of pip that this ansible-test bootstraps its environments with."""
    internal = Path(sysconfig.get_path("purelib")) / "ansible_test" / "_internal"
    text = (internal / "python_requirements.py").read_text(encoding="utf-8")
    found = re.search(r"\bpip='([\d.]+)'", text)
    if not found:
        raise SystemExit("ansible-test no longer names its pip in python_requirements.py")
    return found[1]


def _offer_pip() -> None:
    """Put a get-pip script, made from PyPI's wheel, where ansible-test caches its download."""
    version = _ansible_tests_pip()
    script = HOME / ".ansible" / "test" / "cache" / f"get_pip_{version.replace('.', '_')}.py"
    if script.is_file():
        return
    wheels = HOME / "wheels"
    wheels.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "--quiet", "download", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "-d", wheels, f"pip=={version}"], check=True)
    script.parent.mkdir(parents=True, exist_ok=True)
    wheel = str(wheels / f"pip-{version}-py3-none-any.whl")
    script.write_text(_GET_PIP.format(wheel=wheel), encoding="utf-8")


def _keep_pip_settings() -> None:
    """Write PIP_* settings to the home's pip.conf: ansible-test passes on few environment variables."""
    settings = {key[4:].lower().replace("_", "-"): value for key, value in os.environ.items() if key.startswith("PIP_")}
    target = HOME / ".config" / "pip" / "pip.conf"
    target.parent.mkdir(parents=True, exist_ok=True)
    lines = ["[global]", *(f"{key} = {value}" for key, value in sorted(settings.items()))]
    target.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    """Run all sanity tests with this Python; return ansible-test's own code."""
    _copy_collection()
    _offer_pip()
    _keep_pip_settings()
    environment = {**os.environ, "HOME": str(HOME), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    environment.pop("PYTHONPATH", None)
    environment.pop("XDG_CONFIG_HOME", None)
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    command = ["ansible-test", "sanity", "--color", "no", "--python", version, *sys.argv[1:]]
    return subprocess.run(command, cwd=COPY, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
