"""How a release lets a reader fetch many more messages than it works off: they lie in its memory, out of all reach."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.rules._readers import FETCHES
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 10
"""So many times what was fetched before is more than a faster program works off in the same time."""


def fetches_more(workload: Workload, since: datetime) -> tuple[Change, ...]:
    """Return how a release of the hours before let a reader fetch many times as much, or (0, as AMQP means it) all."""
    came = workload.released_at
    if came is None or not came <= since <= came + HOURS:
        return ()
    return tuple(each for each in workload.changed("env") if _many_more(each))


def _many_more(change: Change) -> bool:
    if not FETCHES.search(change.field.removeprefix("env ")):
        return False
    if not (change.before.isdigit() and change.after.isdigit()) or int(change.before) == 0:
        return False  # it fetched all before, or nobody knows what a program takes by itself
    return int(change.after) == 0 or int(change.after) >= TIMES * int(change.before)
