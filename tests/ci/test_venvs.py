"""The environments are installed by uv, which looks where pip is told to look."""

from __future__ import annotations

import os

import pytest
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
