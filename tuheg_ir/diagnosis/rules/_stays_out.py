"""Whether requests still come to some who were asked steadily until a moment: by figures, or by what they tell.

Who is asked by others of the cluster as well hears a few of them yet, and probes come to whoever is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import AWAY, stays_away
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View

AROUND = timedelta(minutes=30)
TURN = timedelta(minutes=1)
"""What was asked before is answered yet."""
LONG = timedelta(minutes=3)
"""So long hardly anybody has to have come."""
LEAST = 20
"""Fewer requests before do not tell how often there was one."""
STEADY = 0.5
"""Who gets so large a share of what came before is reached as ever."""


def stays_out(view: View, refs: Iterable[str], at: datetime) -> Iterator[Evidence]:
    """Yield that hardly any of their former requests reach some workloads since about then."""
    for ref in refs:
        seen = next(stays_away(view, ref), None) or _told(view, ref, at)
        if seen is not None:
            yield seen


def still_comes(view: View, refs: Iterable[str], at: datetime) -> bool:
    """Tell whether requests reach one of some workloads as they did before."""
    return any(_measured(view, ref) or (_left(view, ref, at) or 0.0) >= STEADY for ref in refs)


def _measured(view: View, ref: str) -> bool:
    for label in labels_of(view, ref, "request_rate"):
        was, now = (ask("request_rate", component=label) for ask in (view.figures.first, view.figures.now))
        if was and now is not None and now >= STEADY * was:
            return True
    return False


def _told(view: View, ref: str, at: datetime) -> Evidence | None:
    left = _left(view, ref, at)
    if left is None or left > AWAY:
        return None
    last = max(each for each in _asked(view, ref) if each <= at + TURN)
    return Evidence("logs", ref, f"its logs tell of {left:.0%} of the requests that came before", last)


def _left(view: View, ref: str, at: datetime) -> float | None:
    """Return which share of their former number requests have, as logs tell; None if they do not tell it."""
    times = [each for each in _asked(view, ref) if at - AROUND <= each]
    before, after = [each for each in times if each <= at], [each for each in times if each > at + TURN]
    spans = [(at - min(before)).total_seconds() if before else 0.0, (view.now - at - TURN).total_seconds()]
    if len(before) < LEAST or min(spans) < LONG.total_seconds():
        return None
    return (len(after) / spans[1]) / (len(before) / spans[0])


def _asked(view: View, ref: str) -> list[datetime]:
    workload = view.workloads.get(ref)
    lines = view.lines_of(workload) if workload else ()
    told = (stamp(line) for line in lines if answer_of(line) and not of_probe(line))
    return [at for at in told if at is not None]
