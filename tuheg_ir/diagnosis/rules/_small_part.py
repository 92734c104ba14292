"""Errors of a release on one path of many: too few among all requests to be felt, and all that somebody asks for.

Figures of all requests hardly show it, while one who asks for nothing else is stuck. What tells it from the few errors
that every system has: each pod of the release breaks in its own code from its first minutes on, a share of requests
fails that had not before, and people were called for one who tells that it answers him so.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import blames_itself
from tuheg_ir.diagnosis.rules._comes_in_waves import Told, changed_between
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._readers import queues, reader
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.marked import is_calm
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of, of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LEAST = 0.01
"""A smaller share of all requests fails in many a system on any day."""
MORE = 3.0
"""So many times the share of before is another trouble than that of before."""
HARDLY = 0.05
"""So small a part of what waits now was next to nothing."""
STILL = timedelta(minutes=10)
"""What was not told of for so long is over."""
STUMBLES = late(
    r"(?<![\w.:/=-])(?:(?:HTTP|status|code)[/_ -]?[=:]?)?500(?![\w.:-]|ms|:\d)|\bInternal Server Error\b"
    r"|\bcode = (?:Internal|Unknown)\b|\bStatusCode\.(?:INTERNAL|UNKNOWN)\b|\b(?:INTERNAL|UNKNOWN): ",
)
"""How an answer is told of who stumbles by itself: whose upstream fails answers 502 to 504."""
_COUNTED = late(
    r"\b(?:size|limit|batch|max|count|total|top|first|last|of)(?: ?[=:] ?| )500\b"
    r"|\b500 ?(?:[kKM]?i?B|bytes|of|m?s|millis\w*|sec\w*|rows?|items?|records?|entries|lines|messages|requests|times)\b"
)
"""A number of things that is no status."""
_DONE = late(r"(?<![\w.:/-])(?:(?:HTTP|status|code)[/_ -]?[=:]?)?20[0-6](?![\w.:-]| ?m?s\b)")
"""The status of an answer that was a good one."""


class _Stuck(NamedTuple):
    """What a caller tells for whom people were called, and whether his work ``piled`` up only since the release."""

    told: Evidence
    piled: bool


def small_part(view: View, workload: Workload) -> Told | None:
    """Return the errors of a release's own code that are a small share of all, and all that a caller gets."""
    came, newest = workload.released_at, {pod.name for pod in workload.newest_pods()}
    if came is None or workload.returned or not workload.changed("image") or not blames_itself(view, workload):
        return None
    hits = tuple(hit for hit in view.hits_of(workload.ref, "code_crash") if not hit.previous)
    began = oldest(hit.first for hit in hits)
    if {hit.pod for hit in hits} != newest or sum(hit.count for hit in hits) < OFTEN:
        return None  # not one that loaded something wrong, nor what pods of the former code tell as well
    if began is None or not since_release(workload, began) or not any(view.recent(hit.last, STILL) for hit in hits):
        return None
    who = next(_stuck(view, workload, came), None)
    share = _share(view, workload, came, piled=who.piled) if who is not None else None
    if share is None or who is None or changed_between(view, workload, came, began, SOON):
        return None
    fact = f"{share:.1%} of all requests fail, since its release and in each of its pods"
    return Told(hits, began, (Evidence("metrics", workload.ref, fact, began), who.told))


def _share(view: View, workload: Workload, came: datetime, *, piled: bool) -> float | None:
    """Return which share of requests fails, if it does in all newest pods that are counted, and did not before.

    New pods have no figures of before: somebody must have counted the requests to all of them, unless what the caller
    has to do ``piled`` up only since.
    """
    labels, pods = labels_of(view, workload.ref, "error_ratio"), of_pods(view, workload.ref, "error_ratio_by_pod")
    now = [view.figures.now("error_ratio", component=label) for label in labels]
    shares = [each for each in (*now, *pods.values()) if each is not None]
    if not shares or min(shares) < LEAST:
        return None
    was = [view.figures.before("error_ratio", came + BEFORE, component=label) for label in labels]
    known = [each for each in was if each is not None]
    return min(shares) if (known or piled) and MORE * max(known, default=0.0) <= min(shares) else None


def _piled_up(view: View, caller: Workload, came: datetime) -> bool:
    """Tell whether next to nothing waited for a caller soon after a release, and more and more does: he got on before.

    Figures that are too young to tell of before, and ends of logs, leave that to be seen.
    """
    for series in queues(view):
        if not series.points or reader(view, series) is not caller:
            continue
        figures = view.figures.alone("queue_depth", series)
        (at, first), now = series.points[0], figures.now("queue_depth")
        if at <= (came + SOON).timestamp() and now is not None and first <= HARDLY * now:
            return bool(figures.steady_growth("queue_depth"))
    return False


def _stuck(view: View, workload: Workload, came: datetime) -> Iterator[_Stuck]:
    """Yield what a caller tells for whom people were called since a release: that it answers him with its own failure.

    Not of one who told so before the release came, nor in logs that do not reach back so far: he may have told so then,
    unless his work piled up only since.
    """
    called = {view.about_alert(each) for each in view.alerts if each.starts_at and each.starts_at > came}
    for ref in sorted(called & view.workloads.keys() & (view.graph.callers(workload.ref) - {workload.ref})):
        caller = view.workloads[ref]
        piled = _piled_up(view, caller, came)
        logs = view.logs_of(caller.live, previous=False)
        known = [log for log in logs if piled or ((at := heard_since([log])) is not None and at < came + BEFORE)]
        told = [(log.pod, line) for log in known for line in log.lines if _refused(line, workload)]
        early = any((at := stamp(line)) is not None and at < came + BEFORE for _, line in told)
        if len(told) >= OFTEN and not early:
            pod, line = told[-1]
            yield _Stuck(Evidence("logs", f"Pod/{pod}", f"{len(told)} lines: {line}", stamp(line)), piled)


def _refused(line: str, workload: Workload) -> bool:
    """Tell whether a line names a workload, and how it stumbled."""
    if not names(line, workload.name) or is_calm(line) or _DONE.search(line[:600]):
        return False
    return STUMBLES.search(_COUNTED.sub("", line[:600])) is not None
