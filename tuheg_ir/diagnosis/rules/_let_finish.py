"""Pods on their way out that finish the work in their hands first, in the time that they were given for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import moment, whole
from tuheg_ir.diagnosis.view.view import View

_OF_LEAVING = late(
    r"terminating|\bpods?.{0,30}(?:terminat|delet|evict)|nodes?.{0,20}drain|drain\w*.{0,20}node", re.IGNORECASE
)
"""Words of an alert about pods that are to go, and not of a queue that nobody drains."""
_NOT_READY = late(r"not.?ready|unready", re.IGNORECASE)
_DONE_OF = late(
    r"(?<![\w./-])(?P<done>\d{1,9})[\"']?(?:\s?/\s?|\s{1,3}of\s{1,3}|,?\s{0,3}[\"']?(?:of|total)[\"']?\s?[=:]\s?[\"']?)"
    r"(?P<all>\d{1,9})(?![\w/.:-]|\.\d)",
    re.IGNORECASE,
)
"""How much of how much: 812/1680, 812 of 1680, done=812 of=1680, "done": 812, "total": 1680."""
_PART = late(r"(?<![\w.])(?P<done>\d{1,3}(?:\.\d{1,3})?)\s?%")
_TRIES = late(
    r"attempt|retr(?:y|ies)|\btr(?:y|ies)\b|wait|usage|memory|disk|cpu|full|heap|queue|buffer|pool|connect|session|in.?flight",
    re.IGNORECASE,
)
"""Words of lines whose numbers are of no work: of tries, of what is waited for, of what is used."""
STILL = timedelta(minutes=10)
"""Who told nothing of its work for so long may hang."""
LEAST = 3
"""So many numbers that rise show that work goes on."""
LONGEST_S = 7 * 24 * 3600.0
"""Nobody gives a pod more time than that on purpose, nor knows for how long its work would take."""


def let_finish(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that all pods of a workload that are to go will have done their work in time; None: not so.

    Their node is well, those that came for them are ready, and each tells of work that rises since it was told to go:
    at that pace it is done before its time is over.
    """
    workload = view.workloads.get(ref)
    leaving = [pod for pod in workload.pods if pod.deleting] if workload else []
    if workload is None or not leaving or not _meant(alert, {pod.name for pod in leaving}):
        return None
    if workload.ready < workload.wanted or not workload.live or not all(pod.ready for pod in workload.live):
        return None
    ends = [(end, _ends(pod)) for pod in leaving if (end := _done(view, pod))]
    if len(ends) < len(leaving) or any(over is None or end > over for end, over in ends):
        return None
    last, until = max(end for end, _ in ends), min(over for _, over in ends if over)
    told = f"{len(leaving)} of its pods finish their work, by its pace until {last:%H:%M} UTC"
    return Evidence("logs", ref, f"{alert.name} fires; {told}, and may take until {until:%H:%M} UTC")


def _meant(alert: Alert, leaving: set[str]) -> bool:
    """Tell whether an alert speaks of pods that are to go, or names one of them that is not ready any more."""
    named = str(alert.labels.get("pod", "")) in leaving
    return _OF_LEAVING.search(alert.said) is not None or (named and _NOT_READY.search(alert.said) is not None)


def _ends(pod: Pod) -> datetime | None:
    """Return when a pod's time is over: the cluster writes it down as it asks a pod to go."""
    return moment(pod.obj, "metadata", "deletionTimestamp")


def _done(view: View, pod: Pod) -> datetime | None:
    """Return when a pod will have done its work, by the pace since it was told to go; None if it may hang."""
    over, grace = _ends(pod), whole(pod.obj, "metadata", "deletionGracePeriodSeconds")
    if over is None or not grace or grace > LONGEST_S or over <= view.now:
        return None
    if any(n.name == pod.node and n.lost for n in nodes(view)):
        return None
    asked = over - timedelta(seconds=grace)
    found = [end for log in view.logs_of([pod], previous=False) if (end := _end(view, log.lines, asked))]
    return max(found, default=None)


def _end(view: View, lines: Sequence[str], asked: datetime) -> datetime | None:
    """Return when the work that a log tells of will be done; None unless it rises from line to line until now."""
    told = list(_counts(lines, asked))
    if any(is_marked(line) for line in lines if (when := stamp(line)) and when >= asked):
        return None
    if not told or not view.recent(told[-1][0], STILL):
        return None
    whole = told[-1][2]
    mine = [(when, done) for when, done, of in told if of == whole]
    values = [done for _, done in mine]
    if len(mine) < LEAST or values != sorted(values) or values[-1] <= values[-2] or values[-1] <= values[0]:
        return None
    (began, first), (ended, last) = mine[0], mine[-1]
    left_s = (ended - began).total_seconds() * (whole - last) / (last - first)
    return view.now + timedelta(seconds=left_s) if left_s <= LONGEST_S else None


def _counts(lines: Sequence[str], asked: datetime) -> Iterator[tuple[datetime, float, float]]:
    """Yield when a log told how much of how much is done, since its pod was told to go."""
    for line in lines:
        when, said = stamp(line), without_time(line)
        if when is None or when < asked or _TRIES.search(said):
            continue
        if (found := _read(said)) is not None:
            yield when, *found


def _read(said: str) -> tuple[float, float] | None:
    """Return how much of how much a line says is done."""
    for pattern in (_DONE_OF, _PART):
        found: re.Match[str] | None = pattern.search(said)
        if found is not None:
            done, whole = float(found["done"]), float(found.groupdict().get("all", 100))
            return (done, whole) if done <= whole else None
    return None
