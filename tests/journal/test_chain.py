"""One value has one text, and comes back from it unchanged."""

import json
import math
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tuheg_ir.journal.chain import canonical, link, plain, stamp, unstamp

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@settings(deadline=None)
@given(JSON)
def test_plain_data_comes_back_from_its_text_and_has_only_that_text(value: Any) -> None:
    text = canonical(plain(value))
    assert json.loads(text) == plain(value)
    assert canonical(json.loads(text)) == text


@settings(deadline=None)
@given(st.text(st.characters(codec=None)))
def test_any_text_can_be_written(text: str) -> None:
    canonical(plain(text)).encode("utf-8")


def test_the_order_of_keys_does_not_matter() -> None:
    assert canonical({"b": 1, "a": 2}) == canonical({"a": 2, "b": 1}) == '{"a":2,"b":1}'


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ((1, 2), [1, 2]),
        ({3, 1}, [1, 3]),
        ({1: "a"}, {"1": "a"}),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (True, True),
        (Path("/a"), "/a"),
        (date(2025, 11, 5), "2025-11-05"),
        (datetime(2025, 11, 5, 14, 30, tzinfo=UTC), "2025-11-05T14:30:00.000000Z"),
        ("\ud800", "?"),
    ],
)
def test_what_json_does_not_know_becomes_something_it_knows(value: Any, expected: Any) -> None:
    assert plain(value) == expected


def test_times_are_written_in_utc_with_microseconds() -> None:
    at = datetime(2025, 11, 5, 22, 30, 0, 7, tzinfo=timezone(timedelta(hours=8)))
    assert stamp(at) == "2025-11-05T14:30:00.000007Z"
    assert unstamp(stamp(at)) == at


@pytest.mark.parametrize("column", ["seq", "incident", "run", "at", "actor", "kind", "data", "prev_hash"])
def test_the_hash_covers_every_column(column: str) -> None:
    row: dict[str, Any] = {"seq": 1, "incident": "i", "run": None, "at": "t", "actor": "a", "kind": "k"}
    row |= {"data": {"x": 1}, "prev_hash": "0"}
    assert link(row) != link(row | {column: "other"})
