"""A check over many things fails for one of them, names it, and still looks at the others."""

from __future__ import annotations

import pytest

from tests.diagnosis.over import over


def test_each_thing_that_fails_is_named_with_what_it_fails_in() -> None:
    @over([1, 2, 0, 4], lambda number: f"number {number}")
    def check(number: int) -> None:
        assert 4 / number < 4, "too small"

    with pytest.raises(AssertionError) as told:
        check()
    assert "number 1: AssertionError: too small" in str(told.value)
    assert "number 0: ZeroDivisionError" in str(told.value)
    assert "number 2" not in str(told.value)


def test_a_check_of_nothing_fails() -> None:
    with pytest.raises(AssertionError, match="there is nothing to check"):
        over([], str)(lambda _: None)()
