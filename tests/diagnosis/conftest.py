"""What all tests of diagnosis share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NoReturn

import pytest

from tuheg_ir.diagnosis import decide
from tuheg_ir.diagnosis.rule import Rule


@pytest.fixture(scope="session", autouse=True)
def a_rule_that_breaks_fails_the_test() -> Iterator[None]:
    """What is a note among the sources for who looks for a cause at night is a failure here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(decide, "broken", _raised)
        yield


def _raised(rule: Rule, error: Exception) -> NoReturn:
    raise AssertionError(f"the rule {rule.name} broke") from error
