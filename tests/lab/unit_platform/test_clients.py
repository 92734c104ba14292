"""The ranking job finds the work that blocks Redis for the time it is told, on any machine."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lab.platform.clients.pacing import next_amount


@given(per_second=st.floats(1e4, 1e9), wanted_s=st.floats(0.1, 5))
def test_the_amount_settles_on_the_wanted_time(per_second: float, wanted_s: float) -> None:
    amount = 100_000
    for _ in range(12):
        amount = next_amount(amount, amount / per_second, wanted_s)
    assert abs(amount / per_second - wanted_s) < 0.05 * wanted_s


@given(amount=st.integers(1, 10**9), took_s=st.floats(0, 100), wanted_s=st.floats(0.1, 5))
def test_one_step_never_changes_it_more_than_fivefold(amount: int, took_s: float, wanted_s: float) -> None:
    assert amount / 5 - 1 <= next_amount(amount, took_s, wanted_s) <= amount * 5
