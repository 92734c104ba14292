"""How much work makes a script run for a given time, whatever the machine."""

from __future__ import annotations


def next_amount(amount: int, took_s: float, wanted_s: float) -> int:
    """The amount for the next run, given that ``amount`` took ``took_s``.

    One step changes it fivefold at most: a single odd run must not block Redis for long.
    """
    factor = wanted_s / max(took_s, 0.001)
    return max(1, int(amount * min(5.0, max(0.2, factor))))
