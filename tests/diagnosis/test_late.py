"""Patterns of rules are compiled when they are first asked, and all of them can be."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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
    assert re.compile(pattern.pattern, pattern.flags).flags == pattern.flags | re.UNICODE, "it sets flags itself"


@settings(max_examples=400)
@given(data=st.data())
def test_no_find_of_any_is_missed_for_want_of_its_words(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(list(FOUND.values())))
    compiled = re.compile(pattern.pattern, pattern.flags)
    text = data.draw(st.from_regex(compiled))
    found, whole = pattern.search(text), compiled.search(text)
    assert found is not None
    assert whole is not None
    assert (found.span(), found.groups(), found.lastgroup) == (whole.span(), whole.groups(), whole.lastgroup)


def test_one_is_not_compiled_where_its_words_are_not() -> None:
    pattern = late(r"\btimed out (\d+) times")
    assert pattern.search("it Timed Out 3 times") is None
    assert "compiled" not in vars(pattern)
    assert pattern.search("it timed out 3 times") is not None


def test_a_search_in_any_case_finds_all_that_the_pattern_does() -> None:
    pattern = late(r"\bKills (\d+)", re.IGNORECASE)
    assert pattern.search("it revives 3") is None
    assert "compiled" not in vars(pattern)
    for text in ("it kIlls 3", "\u212aill\u017f 3", "K\u0130LLS 3"):
        found = pattern.search(text)
        assert found is not None
        assert found[1] == "3"
    assert pattern.search("it kills 3", 4) is None


def test_of_many_ways_to_say_a_thing_those_alone_are_asked_whose_words_are_there() -> None:
    pattern = late(r"\bgave up after (?P<tries>\d+) tries|\bwaited (\d+) s|no (?:answer|reply) in (\d+)")
    assert pattern.search("it waited for nobody") is None
    assert "compiled" not in vars(pattern)
    found = pattern.search("no reply in 7 and waited 3 s")
    assert found is not None
    assert (found[0], found.groups(), found.lastindex) == ("no reply in 7", (None, None, "7"), 3)
    assert pattern.findall("gave up after 2 tries, waited 5 s") == [("2", "", ""), ("", "5", "")]


def test_of_two_ways_that_find_something_at_one_place_the_first_is_taken() -> None:
    pattern = late(r"(\d+) seconds|(\d+) seconds late|\d+")
    found = pattern.search("after 12 seconds late")
    assert found is not None
    assert (found[0], found.lastindex) == ("12 seconds", 1)


def test_one_is_compiled_when_it_is_first_asked_and_then_kept() -> None:
    pattern = late(r"^b+", re.MULTILINE)
    assert "search" not in vars(pattern)
    assert pattern.findall("a\nbb") == ["bb"]
    assert pattern.sub("c", "b") == "c"
    assert vars(pattern)["findall"].__self__ is vars(pattern)["sub"].__self__


def test_one_has_nothing_else() -> None:
    with pytest.raises(AttributeError):
        getattr(late("a"), "nothing")  # noqa: B009 - it has no such attribute
