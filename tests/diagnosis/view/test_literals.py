"""A pattern is asked only where something could be found, and finds what it would find if it were always asked."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuheg_ir.diagnosis.view.literals import Pattern, needed, pieces
from tuheg_ir.diagnosis.view.log_table import words

TOLD = [pattern for patterns in words().values() for pattern in patterns]


@pytest.mark.parametrize(
    ("pattern", "texts"),
    [
        ("connection refused", ("connection refused",)),
        (r"\bat (\d+)\.api\b", (".api",)),
        ("timed out|no route to host", ("timed out", "no route to host")),
        ("timed out|no|route", ()),
        (r"(?:pool|queue) is .{0,20}(?:exhausted|full)", ("pool", "queue")),
        (r"(?:a|b) is full", (" is full",)),
        ("colou?r", ("colo",)),
        ("abc*def", ("def",)),
        ("abcd+ef", ("abcd",)),
        ("(?:maybe )?here", ("here",)),
        (r"ab{0,2}xyz", ("xyz",)),
        (r"[abc]+\[end\]", ("[end]",)),
        (r"[]x|y]end", ("end",)),
        (r"a{b} is c", ("a{b} is c",)),
        (r"abc(?:d{2}|e(?:f|ghi))+jk", ("abc",)),
        (r"(?:abcd|efgh(?=never)){1,2}", ("abcd", "efgh")),
        (r"(?:abcd|efgh){,2}xyz", ("xyz",)),
        (r"(?!never)always(?<!sometimes)", ("always",)),
        (r"(?-i:HOST)|(?P<name>port)", ("HOST", "port")),
        (r"\d+", ()),
    ],
)
def test_what_every_find_of_a_pattern_holds(pattern: str, texts: tuple[str, ...]) -> None:
    re.compile(pattern)
    assert needed(pattern) == texts


@settings(max_examples=400)
@given(data=st.data())
def test_no_find_of_any_pattern_of_the_table_is_missed(data: st.DataObject) -> None:
    pattern = data.draw(st.sampled_from(TOLD))
    text = data.draw(st.from_regex(pattern._compiled))
    lowered = text.lower() if pattern._cased else text
    assert pattern.may_be_within(pieces(lowered))
    assert pattern.within(text, lowered)


def test_most_patterns_of_the_table_are_asked_only_where_they_may_find_something() -> None:
    assert sum(not pattern._needed for pattern in TOLD) < len(TOLD) / 50


@pytest.mark.parametrize("text", ["", "all is well", "connection refuse", "used refus connect nection"])
def test_a_text_without_the_pieces_of_a_pattern_holds_none_of_its_finds(text: str) -> None:
    assert not Pattern("connection refused", cased=False).may_be_within(pieces(text))


def test_a_pattern_is_not_spared_where_one_of_its_alternatives_may_be() -> None:
    assert Pattern("timed out|no route to host", cased=False).may_be_within(pieces("there is no route to host"))
    assert Pattern(r"\d+", cased=False).may_be_within(pieces(""))


def test_a_pattern_that_is_not_worth_asking_is_not_even_compiled() -> None:
    pattern = Pattern("connection refused", cased=False)
    assert not pattern.within("all is well", "all is well")
    assert "_compiled" not in vars(pattern)
    assert pattern.within("Connection refused", "connection refused")


def test_capitals_count_where_a_pattern_says_so() -> None:
    pattern = Pattern("(?-i:ERROR) in .*", cased=True)
    assert pattern.within("ERROR in it", "error in it")
    assert not pattern.within("Error in it", "error in it")


def test_what_cannot_be_read_is_told_and_not_guessed() -> None:
    with pytest.raises(ValueError, match=r"no \\x"):
        needed(r"\x41bc")
