"""Times and lengths are read as Kubernetes, Prometheus and Ansible write them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.times import format_time, need_time, parse_time, seconds
from hypothesis import given
from hypothesis import strategies as st

MOMENT = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2025-11-05T14:30:00Z",
        "2025-11-05T14:30:00.000000Z",
        "2025-11-05T15:30:00+01:00",
        "2025-11-05 14:30:00",
        datetime(2025, 11, 5, 14, 30),  # noqa: DTZ001 - Ansible's now(utc=true) gives such a one
        MOMENT,
    ],
)
def test_every_way_to_write_a_time_is_one_moment(text: str | datetime) -> None:
    assert parse_time(text) == MOMENT


@pytest.mark.parametrize("nothing", [None, ""])
def test_no_time_is_none_where_it_may_be_and_an_error_where_it_is_needed(nothing: str | None) -> None:
    assert parse_time(nothing) is None
    with pytest.raises(ValueError, match="since is missing"):
        need_time(nothing, "since")


def test_an_unreadable_time_is_named() -> None:
    with pytest.raises(ValueError, match="since is not an ISO 8601 time: 'yesterday'"):
        need_time("yesterday", "since")


@given(st.datetimes(timezones=st.just(UTC), min_value=datetime(2000, 1, 1)))  # noqa: DTZ001
def test_a_time_written_for_a_lease_is_read_back_exactly(moment: datetime) -> None:
    text = format_time(moment)
    assert parse_time(text) == moment
    assert text.endswith("Z")
    assert len(text) == len("2025-11-05T14:30:00.000000Z")


@pytest.mark.parametrize(
    ("length", "expected"),
    [("20s", 20), ("1m", 60), ("1m30s", 90), ("1h", 3600), ("500ms", 0.5), (7, 7), ("1.5s", 1.5)],
)
def test_lengths_are_seconds(length: str | float, expected: float) -> None:
    assert seconds(length) == expected


@pytest.mark.parametrize("length", ["", "20", "s", "1 m", "1x", "-5s"])
def test_what_is_no_length_is_named(length: str) -> None:
    with pytest.raises(ValueError, match="is not a length of time such as 20s or 1m30s"):
        seconds(length)
