"""An alert that looks back over a time in which its workload complained: it fires for a while after that has ended."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert
from tuheg_ir.diagnosis.signals import span_s
from tuheg_ir.diagnosis.view.silent import Spell, quiet, spell
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_BACK = late(
    r"\b(?:last|past)\s(\d*)\s?(s|m|h|d|sec\w*|min\w*|hours?|days?)\b"
    r"|\b(\d+)[\s-]?(m|h|d|min\w*|hours?|days?)[\s-]window\b"
    r"|\[(\d+)(m|h|d)\]",
    re.IGNORECASE,
)
"""How an alert says over which time it looks back: in the last hour, a 1h window, rate(x[1h])."""


_WAITED = late(
    r"\b(?:older than|wait(?:s|ed|ing)?\b[^.;]{0,40}?\b(?:longer than|more than|over|for))"
    r"\s?(\d+)\s?(m|h|min\w*|hours?)\b",
    re.IGNORECASE,
)
"""How an alert says for how long something has waited when it fires."""


def looks_back(alert: Alert) -> timedelta:
    """Return over which time an alert says that it looks back: the shortest, for all have to tell of it; 0: unknown."""
    return min(_times(alert), default=timedelta())


def waited(alert: Alert) -> timedelta:
    """Return for how long something had waited when an alert fired, by its own words: the longest; 0: it tells none."""
    found = (f"{each[1]}{each[2][0].lower()}" for each in _WAITED.finditer(alert.said))
    return timedelta(seconds=max(map(span_s, found), default=0.0))


def _times(alert: Alert) -> Iterator[timedelta]:
    for found in _BACK.finditer(alert.said):
        number, unit = found[1] or found[3] or found[5] or "1", found[2] or found[4] or found[6]
        yield timedelta(seconds=span_s(f"{number}{unit[0].lower()}"))
    for key, value in alert.labels.items():
        if "window" in key.lower() and (seconds := span_s(str(value))):
            yield timedelta(seconds=seconds)


def spell_of(view: View, workload: Workload) -> Spell | None:
    """Return the longest spell in which a pod of a workload did little but complain; None unless all work without it.

    Each of their logs tells of such a spell that has ended, or has complained of nothing for long.
    """
    logs = [log.lines for log in view.logs_of(workload.live, previous=False) if log.lines]
    found = [(spell(view, lines), lines) for lines in logs]
    if any(each is None and not quiet(view, lines) for each, lines in found):
        return None
    return max((each for each, _ in found if each), key=lambda each: each.last - each.first, default=None)
