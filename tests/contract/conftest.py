"""Fixtures of the tests that compare the places: a server in each, opened once and kept to the end of the package.

Not to the end of the session: the lab's own tests, which come after these, start it anew, with another authority.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.contract.places import Server, open_place, where

Made = TypeVar("Made")


class Kept:
    """What is made once for each place, when it is first asked for."""

    def __init__(self, stack: ExitStack, folder: Callable[[str], Path]) -> None:
        self.stack = stack
        self._folder = folder
        self._made: dict[tuple[str, str], Any] = {}

    def once(self, what: str, place: str, make: Callable[[Path], Made]) -> Made:
        """Return what `make` has made of an empty folder for this place."""
        if (what, place) not in self._made:
            self._made[what, place] = make(self._folder(f"{what}-{place}"))
        made: Made = self._made[what, place]
        return made


@pytest.fixture(scope="package")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with ExitStack() as stack:
        yield Kept(stack, tmp_path_factory.mktemp)


@pytest.fixture(params=where())
def server(request: pytest.FixtureRequest, kept: Kept) -> Server:
    """The place under test; a case that needs what not all have names its places itself."""
    name = request.param
    return kept.once("server", name, lambda folder: kept.stack.enter_context(open_place(name, folder)))
