"""The environments are installed by uv, which looks where pip is told to look."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from machine import ROOT
from venvs import from_pip, settings

TOLD = """\
:env:.disable-pip-version-check='1'
:env:.find-links='/opt/wheels'
global.cert='/etc/ssl/certs/ours.pem'
global.index-url='https://mirror.example/simple'
install.extra-index-url='https://one.example/simple\\nhttps://two.example/simple'
install.trusted-host='mirror.example'
"""


def test_settings_of_pip_are_given_by_the_names_of_uv() -> None:
    assert from_pip(TOLD) == {
        "UV_FIND_LINKS": "/opt/wheels",
        "SSL_CERT_FILE": "/etc/ssl/certs/ours.pem",
        "UV_DEFAULT_INDEX": "https://mirror.example/simple",
        "UV_INDEX": "https://one.example/simple https://two.example/simple",
        "UV_INSECURE_HOST": "mirror.example",
    }


@pytest.mark.parametrize("told", ["", "nothing of the kind", "global.index-url"])
def test_what_pip_does_not_say_is_not_said(told: str) -> None:
    assert from_pip(told) == {}


def test_pips_own_words_are_understood_and_what_uv_is_told_itself_goes_before_them() -> None:
    told = {**os.environ, "PIP_INDEX_URL": "https://a.example/simple", "PIP_CERT": "/ours.pem", "SSL_CERT_FILE": "/x"}
    found = settings(told)
    assert (found["UV_DEFAULT_INDEX"], found["SSL_CERT_FILE"]) == ("https://a.example/simple", "/x")
    assert found["UV_CACHE_DIR"].endswith("/uv")


def test_without_a_package_index_one_is_told_what_to_do(tmp_path: Path) -> None:
    for file in ("pyproject.toml", "hatch_build.py"):
        shutil.copy(ROOT / file, tmp_path)
    shutil.copytree(ROOT / ".ci", tmp_path / ".ci")
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_RETRIES": "0",
        "PIP_NO_INDEX": "",
        "PIP_FIND_LINKS": "",
    }
    done = subprocess.run(
        [sys.executable, ".ci/venvs.py", "--primary"],
        cwd=tmp_path,
        env={**os.environ, **nowhere, "XDG_CACHE_HOME": str(tmp_path / "cache")},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "error: an environment cannot be made: python ended with 1, see above." in done.stderr
    assert "Look at the network and run the same again" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / ".venv").exists()
