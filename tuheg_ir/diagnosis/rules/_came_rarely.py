"""Errors that come so rarely that the first of a release came late: a neighbour's older log tells since when they are.

A log of new pods has only new words. That there were none before shows in who runs as he did, and misses since then
what does not come.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import OTHERS
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import kind_spoken_of
from tuheg_ir.diagnosis.view.marked import Marked, complained
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

RARELY = timedelta(hours=3)
"""What comes less often than this in the mean may as well have begun at any time."""
TIMES = 8
"""So many show how often it comes."""
SETTINGS = ("ConfigMap", "Secret", "Service", "Ingress", "HTTPRoute", "NetworkPolicy", "HorizontalPodAutoscaler")
"""What else a person writes, after which a program may fail."""


def rarely_since(view: View, workload: Workload, words: Marked) -> Evidence | None:
    """Return the neighbour's warnings since a release which show that rare errors of it are of it; None if none does.

    Both began no later than they come again, nothing else was changed in between, and no error names anybody else.
    """
    released = workload.released_at
    if released is None or not _soon_for_its_pace(view, words, released) or _names_others(view, workload):
        return None
    for neighbour in _neighbours(view, workload):
        for told in complained(view, neighbour):
            if told.since is None or not _soon_for_its_pace(view, told, released):
                continue
            if _as_it_was(view, neighbour, released) and not _changed_too(view, workload, released, told.since):
                fact = f"{told.count} lines since, and none in as long a time before: {told.line[:200]}"
                return Evidence("logs", neighbour.ref, fact, told.since)
    return None


def _soon_for_its_pace(view: View, words: Marked, released: datetime) -> bool:
    """Tell whether words came first no later after a release than they come again in the mean."""
    if words.since is None or words.count < TIMES or words.since < released:
        return False
    pace = (view.now - words.since) / words.count
    return words.since - released <= pace <= RARELY


def _names_others(view: View, workload: Workload) -> bool:
    """Tell whether a workload complains of anybody by its name or kind: that one may be ill since any time."""
    told = view.hits_of(workload.ref, *OTHERS, "connection_timeout")
    return any(not hit.previous and (hit.hosts or kind_spoken_of(hit.line)) for hit in told)


def _neighbours(view: View, workload: Workload) -> Iterator[Workload]:
    """Yield who calls a workload or is called by it."""
    for each in view.serving:
        calls, called = view.graph.calls.get(workload.ref, set()), view.graph.calls.get(each.ref, set())
        if each is not workload and (each.ref in calls or workload.ref in called):
            yield each


def _as_it_was(view: View, neighbour: Workload, released: datetime) -> bool:
    """Tell whether the logs of all pods of a neighbour reach back before a release as long as it is in force."""
    logs = list(view.logs_of(neighbour.live, previous=False))
    starts = [next(filter(None, map(stamp, log.lines)), None) for log in logs]
    since = released - (view.now - released)
    return {log.pod for log in logs} == {pod.name for pod in neighbour.live} and all(
        at and at <= since for at in starts
    )


def _changed_too(view: View, workload: Workload, released: datetime, began: datetime) -> bool:
    """Tell whether anything else was released or written from shortly before a release until the warnings began."""
    times = [w.released_at for w in view.workloads.values() if w.changes and w is not workload]
    times += [edited(obj) for kind in SETTINGS for obj in view.snapshot.of(kind)]
    first = released - (began - released) + BEFORE
    return any(at is not None and first <= at <= began for at in times)
