"""A release that had served well only waits in vain for one whom it calls, and who is late by his own figures."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.demand import more_asked, traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, troubles
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WAITS = "connection_timeout"
_OF_CALLS = late(
    r"time|wait|delay|interval|deadline|(?:_|\b)(?:ms|sec(?:ond)?s)$|retr|attempt|pool|conn|worker|thread|concurr|parallel"
    r"|async|batch|bulk|page|fetch|limit|rate|cache|ttl|ur[il]|host|addr|endpoint|server|port|proxy|target|upstream",
    re.IGNORECASE,
)
"""Names of settings that may tell how long a program waits for others, whom it asks, or how much and how often."""


def late_to_all(view: View, workload: Workload, began: datetime | None) -> tuple[Hit, ...]:
    """Return the waits in vain which are all that a release tells of, for one who was not released and is late himself.

    That one is late no later than the trouble began and not before the release came, gets no more requests than before
    it, and has processor time. Who shares a store with him may make him wait there; who set for how long he waits, or
    how much he asks, may have brought it himself.
    """
    came, told = workload.released_at, marked(view, workload)
    if began is None or came is None or any(_of_calls(change) for change in workload.changes):
        return ()
    if not told or not all(tells(_WAITS, each.line) for each in told):
        return ()
    newest_ones = {pod.name for pod in workload.newest_pods()}
    for other in _late(view, workload, came, began):
        mine = (c.hit for c in complaints(view, _WAITS) if c.caller == workload.ref and c.about == other.ref)
        since = tuple(hit for hit in mine if hit.pod in newest_ones and _from(hit, began))
        named = any(names(change.after, other.name) for change in workload.changes)
        if sum(hit.count for hit in since) >= OFTEN and not named:
            return since
    return ()


def _late(view: View, workload: Workload, came: datetime, began: datetime) -> Iterator[Workload]:
    """Yield whom a release calls that is late since the trouble began, and not by what the release asks of him."""
    for other in view.called(workload.ref):
        if role(other) or since_release(other, began) or share_a_store(view, workload, other):
            continue
        if traffic_growth(view, other.ref) is None or more_asked(view, other.ref, began) or starving(view, other):
            continue
        first = oldest(since for _, since in troubles(view, other.ref))
        if first is not None and came <= first <= began + MINUTE:
            yield other


def _of_calls(change: Change) -> bool:
    return change.aspect not in ("image", "env") or bool(change.aspect == "env" and _OF_CALLS.search(change.name))


def _from(hit: Hit, began: datetime) -> bool:
    return not hit.previous and (hit.first is None or hit.first >= began - MINUTE)
