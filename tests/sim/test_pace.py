"""Rates are the same before and after the start, however fast time runs; restarts stay restarts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.sim.prometheus.pace import Pace
from tuheg_ir.sim.prometheus.samples import Samples

REQUESTS, CPU, GAUGE = "http_requests_total", "container_cpu_usage_seconds_total", "pg_stat_activity_count"
STEP = 5.0


def ran(name: str, speed: float, rate: float = 2.0) -> list[tuple[float, float]]:
    """Return the samples of a counter that grows steadily, started after ten scrapes."""
    samples, raw, moment = Samples(), 0.0, 0.0
    for _ in range(10):
        raw, moment = raw + rate * STEP, moment + STEP
        samples.scrape(moment, [(name, {"pod": "a"}, raw)])
    pace = Pace(speed, samples)
    for _ in range(10):
        raw, moment = raw + rate * STEP, moment + STEP / speed
        samples.scrape(moment, pace.told([(name, {"pod": "a"}, raw)]))
    (series,) = samples.select([])
    return [(t, v) for t, v in zip(series.times, series.values, strict=True) if v is not None]


@given(speed=st.floats(1, 50))
def test_traffic_does_not_seem_to_grow_at_the_start(speed: float) -> None:
    points = ran(REQUESTS, speed)
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(points)]
    assert rates == pytest.approx([2.0 * speed] * len(rates), rel=1e-6)


@given(speed=st.floats(1, 50))
def test_no_container_uses_more_processor_than_there_is(speed: float) -> None:
    points = ran(CPU, speed, rate=0.1)
    rates = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in itertools.pairwise(points)]
    assert rates == pytest.approx([0.1] * len(rates), rel=1e-6)


def test_a_gauge_is_told_as_it_is() -> None:
    assert [v for _, v in ran(GAUGE, 20, rate=1)] == [STEP * n for n in range(1, 21)]


def test_a_counter_that_begins_again_falls() -> None:
    samples = Samples()
    samples.scrape(1.0, [(REQUESTS, {}, 100.0)])
    pace = Pace(10, samples)
    told = [next(iter(pace.told([(REQUESTS, {}, raw)])))[2] for raw in (110.0, 4.0, 9.0)]
    assert told == [1010.0, 4.0, 9.0]
