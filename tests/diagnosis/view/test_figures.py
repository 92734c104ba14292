"""Series: how they stand, when they turned, whether they grow; never taken in by one sample."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.diagnosis.rules.tiny import NOW
from tuheg_ir.diagnosis.model import Series, Snapshot
from tuheg_ir.diagnosis.view.figures import Figures, climbs_since, outlier, rose_before

Shape = Callable[[int], float]


def figures(*shapes: Shape, name: str = "s", until: int = 0) -> Figures:
    """Return figures of series whose value is a function of the age in seconds."""
    made = tuple(
        Series({"n": str(n)}, tuple((NOW.timestamp() - age, shape(age)) for age in range(3600, until - 1, -30)))
        for n, shape in enumerate(shapes)
    )
    return Figures(Snapshot(NOW, "town", metrics={name: made}))


def step(before: float, after: float, since: int) -> Shape:
    return lambda age: after if age <= since else before


def test_one_sample_decides_nothing() -> None:
    peak = figures(lambda age: 9.0 if age == 0 else 1.0)
    assert peak.now("s") == 1.0
    assert peak.crossed("s", 5) is None


def test_a_turn_is_where_it_went_beyond() -> None:
    assert figures(step(0, 1, 600)).crossed("s", 0.5) == NOW - timedelta(seconds=600)


def test_short_breaks_do_not_end_an_episode() -> None:
    broken = figures(lambda age: 0.0 if age > 900 or age in (300, 330) else 1.0)
    assert broken.crossed("s", 0.5) == NOW - timedelta(seconds=900)


def test_an_earlier_episode_is_another_one() -> None:
    twice = figures(lambda age: 1.0 if age <= 300 or 2000 < age < 2500 else 0.0)
    assert twice.crossed("s", 0.5) == NOW - timedelta(seconds=300)


def test_a_series_is_asked_alone_beside_those_that_have_a_label_more() -> None:
    ages = range(3600, -1, -30)
    group = Series({"component": "mailer"}, tuple((NOW.timestamp() - age, 5.0) for age in ages))
    topic = Series({"component": "mailer", "queue": "mails"}, tuple((NOW.timestamp() - age, 90.0) for age in ages))
    both = Figures(Snapshot(NOW, "town", metrics={"s": (group, topic)}))
    assert both.now("s", **group.labels) == 90.0
    assert both.alone("s", group).now("s") == 5.0


def test_growth_is_not_seen_from_a_first_rate_that_is_too_low() -> None:
    assert figures(lambda age: 0.4 if age == 3600 else 1.0).growth("s") == 1.0
    assert figures(step(1, 3, 600)).growth("s") == 3.0


def test_a_size_grows_from_the_first_one_that_was_measured() -> None:
    grown = figures(lambda age: 420 - age * 220 / 3600, name="memory_bytes").growth("memory_bytes")
    assert grown is not None
    assert grown > 2.0
    assert figures(lambda age: 0.0 if age == 3600 else 1.0, name="memory_bytes").growth("memory_bytes") is None


def test_what_is_beyond_from_the_start_says_so() -> None:
    assert figures(step(1, 1, 0)).beyond_from_the_start("s", 0.5)
    assert not figures(step(0, 1, 900)).beyond_from_the_start("s", 0.5)


def test_a_series_that_ended_tells_nothing_of_now() -> None:
    old = figures(step(5, 5, 0), until=600)
    assert old.now("s") is None
    assert old.latest("s", "n") == {}
    assert old.known("s")


def test_quiet_since_the_last_time_it_was_beyond() -> None:
    over = figures(lambda age: 1.0 if 1200 <= age <= 2000 else 0.0)
    assert over.quiet_since("s", 0.5) == NOW - timedelta(seconds=1200)
    assert figures(step(0, 1, 600)).quiet_since("s", 0.5) is None
    assert figures(step(0, 0, 0)).quiet_since("s", 0.5) is None


@pytest.mark.parametrize(
    ("shape", "grows"),
    [
        (lambda age: 100 + (3600 - age) / 10, True),
        (lambda age: 100 + (3600 - age) / 10 + (7 if age % 60 else -7), True),
        (lambda _age: 100.0, False),
        (step(100, 200, 1500), False),
        (lambda age: 400 - (3600 - age) / 10, False),
        (lambda age: 100 + (3600 - age) / 10 if age > 1200 else 100 + (1200 - age) / 5, True),
    ],
    ids=["steady", "noisy", "flat", "step", "falling", "after a restart"],
)
def test_growth_is_steady_or_none(shape: Shape, grows: bool) -> None:
    assert figures(shape).steady_growth("s") is grows


def test_numbers_that_are_none_are_left_out_and_order_is_made() -> None:
    points = ((NOW.timestamp(), 2.0), (NOW.timestamp() - 60, float("nan")), (NOW.timestamp() - 30, 2.0))
    held = Figures(Snapshot(NOW, "town", metrics={"s": (Series({}, points),)}))
    assert held.now("s") == 2.0
    assert [v for _, v in held.series("s")[0].points] == [2.0, 2.0]


@pytest.mark.parametrize(
    ("signal", "shape", "now"),
    [
        ("node_cpu_share", lambda _: -4.9, None),
        ("node_cpu_share", step(-4.9, 0.86, 1800), None),
        ("node_cpu_share", lambda _: -0.01, -0.01),
        ("node_cpu_share", lambda age: -4.9 if age == 900 else 0.5, 0.5),
        ("node_clock_in_time", lambda _: -4.9, -4.9),
    ],
)
def test_a_share_of_less_than_nothing_is_counted_wrongly(signal: str, shape: Shape, now: float | None) -> None:
    assert figures(shape, name=signal).now(signal) == now


def test_an_outlier_is_one_alone() -> None:
    assert outlier({"a": 0.1, "b": 9.0, "c": 0.2}, least=1.0) == "b"
    assert outlier({"a": 8.0, "b": 9.0, "c": 0.2}, least=1.0) == ""
    assert outlier({"a": 8.0}) == ""


def test_episodes_are_counted_once_each_however_ragged() -> None:
    twice = figures(lambda age: 9.0 if age in (2400, 2340, 1200) else 0.0)
    assert twice.episodes("s", 5) == 2
    assert twice.first_beyond("s", 5) == NOW - timedelta(seconds=2400)
    assert twice.first_beyond("s", 10) is None
    assert twice.quiet_since("s", 5) is None
    assert twice.quiet_since("s", 5, 1) == NOW - timedelta(seconds=1200)


@pytest.mark.parametrize(
    ("shape", "rose"),
    [
        (lambda age: 100 - age / 100, True),
        (lambda age: 100 - age / 100 + (age % 60) / 60, True),
        (lambda age: 100 - age / 100 - (age - 1500 if age > 1500 else 0) / 50, True),
        (step(100, 100, 1500), False),
        (step(60, 90, 3000), False),
        (step(60, 90, 1600), False),
        (lambda age: 100 - age / 100 if age > 1800 else 82 + (1800 - age) / 20, False),
        (lambda age: 50 + age / 100, False),
    ],
    ids=["as fast", "noisy", "slower since", "flat", "a step before", "a step since", "faster since", "falling"],
)
def test_what_rose_as_fast_before_a_moment_was_not_raised_by_it(shape: Shape, rose: bool) -> None:
    (series,) = figures(shape).series("s")
    assert rose_before(series, NOW - timedelta(seconds=1800), NOW - timedelta(seconds=1200)) is rose


def climb(start: float, end: float) -> Shape:
    """Return a value that stands at 40 until ``start`` and is at 100 from ``end`` on."""
    return lambda age: 40 + 60 * min(1.0, max(0.0, (start - age) / (start - end)))


@pytest.mark.parametrize(
    ("shape", "began"),
    [(climb(2400, 1200), 2400), (climb(1500, 1260), 1500), (climb(3600, 1200), None), (lambda _: 40.0, None)],
    ids=["by and by", "fast", "from its beginning", "flat"],
)
def test_a_climb_began_where_the_series_left_its_level(shape: Shape, began: float | None) -> None:
    (series,) = figures(shape).series("s")
    found = climbs_since(series, NOW - timedelta(seconds=1200))
    assert (found is None) is (began is None), found
    assert found is None or began is None or abs((NOW - found).total_seconds() - began) <= 60
