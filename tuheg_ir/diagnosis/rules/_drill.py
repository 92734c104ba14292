"""An exercise that puts a fault on a way on purpose, while users are served as ever: it takes it away by itself."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, text, whole
from tuheg_ir.diagnosis.view.trouble import labels_of, serves_well
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_CALLS = late(
    r"breaker|circuit|dependen|upstream|fall.?back|time.?out|unreachable|degraded|retries|\bcalls?\b", re.IGNORECASE
)
"""Words of an alert about what a service calls."""
_DRILL = late(
    r"(?:^|[^a-z])(?:drills?|chaos|game-?days?|fault-?inject(?:ion|or)?|resilience-?tests?|failure-?tests?)(?:[^a-z]|$)"
)
"""Names of runs that break something on purpose."""
_FAULT = r"(?:toxic|fault|latency|delay|packet.?loss|partition|outage|black.?hole|failure|attack|time-?out)"
_PUTS = late(
    rf"\b(?:add|inject|insert|start)(?:ed|ing)\b.{{0,40}}\b{_FAULT}"
    rf"|\b(?:appl(?:ied|ying)|(?:creat|enabl)(?:ed|ing))\b.{{0,40}}\b{_FAULT}",
    re.IGNORECASE,
)
_TAKES = late(
    rf"\b(?:remov|delet|revert|clear|stopp|disabl|heal)(?:ed|ing)\b.{{0,40}}\b{_FAULT}"
    r"|\b(?:experiment|drill|attack|exercise)\W{1,3}(?:is |has )?(?:over|done|ended|finished|completed?)\b"
    r"|\b(?:restored|recovered|rolled back|cleaned up)\b",
    re.IGNORECASE,
)
_AMISS = late(r"\bguard (?:failed|broken|violated|not ok)|\babort|\bhalt(?:ed|ing)?\b|\bbreach", re.IGNORECASE)
SOON = timedelta(minutes=30)
"""An alert waits for some minutes; one that comes later tells of something else. Who tells nothing so long may hang."""
CLOCKS = timedelta(seconds=5)
_WORD = late(r"[a-z]{4,}")
_USUAL = late(
    rf"(?:{_FAULT}|drill|chaos|info|step|level|added|adding|injected|applied|enabled|started|created|calls?|service"
    r"|breaker|circuit|upstream|dependency|network|open|with|from|into|http|proxy|percent|seconds|minutes)s?"
)
"""Words that say nothing of what was broken."""


def drilled(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that calls fail, as an alert tells, by a fault that a drill put on their way; None: not so.

    The run goes on, has an end and complains of nothing; who calls answers its own users as ever, and complains of
    nobody else and of nothing before. The alert is of what the fault was put on, by its name.
    """
    if alert.starts_at is None or not _OF_CALLS.search(alert.said) or not _served(view, ref):
        return None
    for schedule in view.workloads.values():
        shared = view.graph.calls.get(schedule.ref, set()) & view.graph.calls.get(ref, set())
        if not shared or not _is_drill(schedule) or not _ends(schedule):
            continue
        for pod in schedule.live:
            at, line = _put(view, pod)
            soon = at is not None and at - CLOCKS <= alert.starts_at <= at + SOON
            meant = _names_the_same(alert, line, {schedule.name, view.workloads[ref].name})
            if at is not None and soon and meant and _only_since(view, ref, at, shared):
                told = f"{pod.name} put a fault on the way to {min(shared)}, and goes on: {line}"
                return Evidence("logs", ref, f"{alert.name} fires; {told}", at)
    return None


def _served(view: View, ref: str) -> bool:
    """Tell whether it is measured now how many requests of users fail, and they are well."""
    measured = [view.figures.now("error_ratio", component=each) for each in labels_of(view, ref, "error_ratio")]
    return bool(measured) and None not in measured and serves_well(view, ref)


def _names_the_same(alert: Alert, line: str, own: set[str]) -> bool:
    """Tell whether a word of what a drill tells is one of an alert too, but for the usual and names of who has it."""
    said, known = alert.said.lower(), " ".join(own)
    words = (word for word in _WORD.findall(line.lower()) if not _USUAL.fullmatch(word) and word not in known)
    return any(word in said for word in words)


def _is_drill(workload: Workload) -> bool:
    images = [image_name(text(each, "image")) for each in items(workload.template, "spec", "containers")]
    return workload.kind in ("CronJob", "Job") and any(_DRILL.search(word) for word in (workload.name, *images))


def _ends(workload: Workload) -> bool:
    """Tell whether a run may go on for so long only: what hangs takes nothing away."""
    bounds = (("spec", "activeDeadlineSeconds"), ("spec", "jobTemplate", "spec", "activeDeadlineSeconds"))
    return any(whole(workload.obj, *path) for path in bounds)


def _put(view: View, pod: Pod) -> tuple[datetime | None, str]:
    """Return when a run put a fault somewhere, and its line; None where it took it away, went amiss or may hang."""
    at, found, last = None, "", None
    for line in (line for log in view.logs_of((pod,), previous=False) for line in log.lines):
        if is_marked(line) or _AMISS.search(line) or _TAKES.search(line):
            return None, ""
        last = stamp(line) or last
        if not found and _PUTS.search(line):
            at, found = stamp(line), line
    return (at, found) if view.recent(last, SOON) else (None, "")


def _only_since(view: View, ref: str, at: datetime, shared: set[str]) -> bool:
    """Tell whether all that a workload complains of is those that the fault is before, and began with it."""
    for hit in view.hits_of(ref):
        named = {view.graph.resolve(host) for host in hit.hosts}
        if hit.previous or hit.first is None or hit.first < at - CLOCKS or not named or not named <= shared:
            return False
    return True
