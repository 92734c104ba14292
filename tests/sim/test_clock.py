"""A clock stands until it runs; delays may be shortened, stamps never lie."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tuheg_ir.sim.clock import Clock, iso, parse

START = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)


def test_a_standing_clock_moves_by_hand_only() -> None:
    clock = Clock(START)
    clock.advance(90)
    assert (clock.seconds(), clock.stamp()) == (90, START + timedelta(seconds=90))
    assert not clock.running


def test_a_running_clock_shortens_delays_and_stamps_the_real_time() -> None:
    clock = Clock(START)
    clock.advance(10)
    clock.run(1000)
    assert clock.seconds() >= 10
    assert clock.real(500) == 0.5
    assert abs((clock.stamp() - datetime.now(UTC)).total_seconds()) < 5


@pytest.mark.parametrize("wrong", [-1.0])
def test_time_does_not_go_back(wrong: float) -> None:
    with pytest.raises(ValueError, match="only forward"):
        Clock(START).advance(wrong)


def test_a_running_clock_is_not_moved_by_hand() -> None:
    clock = Clock(START)
    clock.run()
    with pytest.raises(ValueError, match="standing clock"):
        clock.advance(1)


def test_a_clock_does_not_run_backwards() -> None:
    with pytest.raises(ValueError, match="above 0"):
        Clock(START).run(0)


def test_stamps_are_kubernetes_times() -> None:
    assert iso(START) == "2025-11-05T14:30:00Z"
    assert parse(iso(START)) == START
