"""A roll-out's sizes keep the promises of its strategy, whatever the sizes were before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.sim.controllers.rollout import Limits, Size, grown, limits, shrunk, spread


@st.composite
def states(draw: st.DrawFn) -> tuple[Limits, Size, list[Size]]:
    wanted = draw(st.integers(0, 10))
    surge = draw(st.integers(0, 4))
    may = Limits(wanted, surge, draw(st.integers(0 if surge else 1, max(1, wanted))))

    def size(name: str) -> Size:
        replicas = draw(st.integers(0, 8))
        return Size(name, replicas, draw(st.integers(0, replicas)))

    return may, size("new"), [size(f"old-{number}") for number in range(draw(st.integers(0, 3)))]


@given(states())
def test_growing_stays_within_the_surge_and_never_shrinks_below_what_is_wanted(
    state: tuple[Limits, Size, list[Size]],
) -> None:
    may, new, old = state
    everything = new.replicas + sum(size.replicas for size in old)
    size = grown(may, new.replicas, everything)
    assert size <= may.wanted
    if new.replicas <= may.wanted:
        assert size >= new.replicas
        assert everything + size - new.replicas <= max(everything, may.wanted + may.surge)


@given(states())
def test_shrinking_leaves_enough_available_pods(state: tuple[Limits, Size, list[Size]]) -> None:
    may, new, old = state
    sizes = shrunk(may, new, old)
    before = new.available + sum(size.available for size in old)
    after = new.available + sum(min(size.available, sizes.get(size.name, size.replicas)) for size in old)
    assert after >= min(before, may.wanted - may.unavailable)
    assert all(0 <= sizes[size.name] < size.replicas for size in old if size.name in sizes)


@given(states())
def test_scaling_in_the_middle_gives_all_together_what_is_allowed(state: tuple[Limits, Size, list[Size]]) -> None:
    may, new, old = state
    sizes = [size for size in (new, *old) if size.replicas]
    after = spread(may, sizes)
    total = sum(after.get(size.name, size.replicas) for size in sizes)
    if sizes:
        assert total == (may.wanted + may.surge if may.wanted else 0)
    assert all(value >= 0 for value in after.values())


def test_percentages_round_surge_up_and_unavailability_down() -> None:
    rolling = {"maxSurge": "25%", "maxUnavailable": "25%"}
    spec = {"replicas": 5, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    assert limits(spec) == Limits(5, 2, 1)


def test_both_at_nothing_means_one_may_be_missing() -> None:
    rolling = {"maxSurge": 0, "maxUnavailable": "10%"}
    spec = {"replicas": 3, "strategy": {"type": "RollingUpdate", "rollingUpdate": rolling}}
    assert limits(spec) == Limits(3, 0, 1)
