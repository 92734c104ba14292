"""Fixtures of the tests that compare the places: a server in each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.places import Server, open_place, where


@pytest.fixture(scope="session", params=where())
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The place under test; a case that needs what not all have names its places itself."""
    with open_place(request.param, tmp_path_factory.mktemp(request.param)) as opened:
        yield opened
