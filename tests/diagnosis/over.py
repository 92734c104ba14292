"""One test over many things: what is asserted of a case takes less time than a test of its own would."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import TypeVar

T = TypeVar("T")


def over(things: Sequence[T], name: Callable[[T], str]) -> Callable[[Callable[[T], None]], Callable[[], None]]:
    """Make a check of one thing a test of all; it names each thing that fails, and what it fails in."""

    def made(check: Callable[[T], None]) -> Callable[[], None]:
        @wraps(check)
        def test() -> None:
            failed = [f"{name(thing)}: {told}" for thing in things if (told := _failure(check, thing))]
            assert things, "there is nothing to check"
            assert not failed, "\n".join(failed)

        del test.__wrapped__  # pytest would ask it for its parameters
        return test

    return made


def _failure(check: Callable[[T], None], thing: T) -> str:
    try:
        check(thing)
    except Exception as error:  # noqa: BLE001 - the others are to be checked too
        return f"{type(error).__name__}: {error}"
    return ""
