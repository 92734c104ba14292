"""How many requests a workload gets, against what it got before."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View

JUST_BEFORE, SOON_AFTER = timedelta(minutes=2), timedelta(minutes=10)
MUCH_MORE = 1.5
"""So many times the former traffic is a reason by itself."""


def traffic_growth(view: View, ref: str) -> float | None:
    """Return how many times its former traffic a workload gets now; None if nobody knows."""
    return _grown(view, ref, lambda label: view.figures.first("request_rate", component=label))


def more_asked(view: View, ref: str, began: datetime | None) -> bool:
    """Tell whether a workload gets far more traffic than at first, or than just before its trouble.

    The latter came with it: what the hours since have brought, as each morning does, is none of its reasons.
    """
    if (traffic_growth(view, ref) or 1.0) >= MUCH_MORE:
        return True
    if began is None or (requests_grew(view, ref, began, JUST_BEFORE) or 1.0) < MUCH_MORE:
        return False
    return grew_then(view, ref, began, JUST_BEFORE, SOON_AFTER, MUCH_MORE)


def grew_then(view: View, ref: str, moment: datetime, before: timedelta, after: timedelta, times: float) -> bool:
    """Tell whether a workload got so many times the requests (so long) after a moment that it had before."""
    for label in labels_of(view, ref, "request_rate"):
        was = view.figures.before("request_rate", moment, before, component=label)
        then = view.figures.before("request_rate", moment + after, after, component=label)
        if was and then is not None and then >= times * was:
            return True
    return False


def requests_grew(view: View, ref: str, moment: datetime | None, within: timedelta | None = None) -> float | None:
    """Return how many times the requests of (so long) before a moment a workload gets now; None if nobody knows."""
    if moment is None:
        return None
    return _grown(view, ref, lambda label: view.figures.before("request_rate", moment, within, component=label))


def _grown(view: View, ref: str, before: Callable[[str], float | None]) -> float | None:
    """Return how many times what a workload got before, told by its label, it gets now: the most of its labels."""
    found = []
    for label in labels_of(view, ref, "request_rate"):
        was, now = before(label), view.figures.still("request_rate", component=label)
        if was and now is not None:
            found.append(now / was)
    return max(found, default=None)
