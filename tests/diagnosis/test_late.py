"""Patterns of rules are compiled when they are first asked, and all of them can be."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest

from tuheg_ir.diagnosis import rules, view
from tuheg_ir.diagnosis.late import late


def patterns(value: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Yield the late patterns in a module's value, and those in its tables."""
    if type(value) is type(late("")):
        yield where, value
    elif isinstance(value, dict):
        for each in value.values():
            yield from patterns(each, where)
    elif isinstance(value, (list, tuple)):
        for each in value:
            yield from patterns(each, where)


FOUND = {
    f"{module.__name__}.{name} {number}": pattern
    for package in (rules, view)
    for info in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")
    for module in [importlib.import_module(info.name)]
    for name, value in vars(module).items()
    for number, (_, pattern) in enumerate(patterns(value, name))
}


def test_they_are_many() -> None:
    assert len(FOUND) > 200


@pytest.mark.parametrize("pattern", FOUND.values(), ids=FOUND)
def test_each_can_be_compiled(pattern: Any) -> None:
    re.compile(pattern.pattern, pattern.flags)


def test_one_is_compiled_when_it_is_first_asked_and_then_kept() -> None:
    pattern = late(r"^b+", re.MULTILINE)
    assert "search" not in vars(pattern)
    assert pattern.findall("a\nbb") == ["bb"]
    assert pattern.sub("c", "b") == "c"
    assert vars(pattern)["search"].__self__ is vars(pattern)["match"].__self__


def test_one_has_nothing_else() -> None:
    with pytest.raises(AttributeError):
        getattr(late("a"), "nothing")  # noqa: B009 - it has no such attribute
