"""An alarm of a watcher of programs that is the platform's own doing: the container runtime starts itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._intrusion import WATCH, signs
from tuheg_ir.diagnosis.rules._sent_away import OUTSIDE
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_RUNTIME = r"(?:runc|crun|youki|conmon|containerd|containerd-shim(?:-[\w-]+)?|dockerd|crio)"
"""Programs of a node that start containers, and run a command in one."""
_PARENT = late(rf"(?<![a-z])(?:proc[._]pname|parent)[\"']?[=:] ?[\"']?{_RUNTIME}(?![\w./-])")
_PROGRAM = late(r"(?<![a-z])(?:proc[._])?exe_?path[\"']?[=:] ?[\"']?([^\s\"',)]+)")
_OWN = late(rf"(?:memfd:|(?:/usr)?(?:/local)?/s?bin/){_RUNTIME}(?:[_:]\S*)?")
"""The file of such a program, or a copy of itself in memory; one that lies where programs write is anybody's."""
_POD = late(r"(?<![a-z])k8s[._](?:pod[._]name|pod)[\"']?[=:] ?[\"']?([a-z0-9][a-z0-9.-]*)")
_RULE = late(r"\"rule\": ?\"([^\"]+)\"|: (?:[A-Z][a-z]+) ([^(]{8,200}?) ?\(")
"""What a watcher calls a thing that it saw: the name of its rule, or the sentence before the details."""
LATELY = timedelta(hours=24)
"""Who was released longer ago than this started no new program by that."""


class Alarm(NamedTuple):
    """One line of a watcher: what it calls it, in which pod it saw it, whether that is of the runtime, and the line.

    A line of a pod that does not tell what it calls it (rule "") may be of anything.
    """

    rule: str
    pod: str
    own: bool
    program: str
    line: str


def of_the_runtime(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that an alarm tells of the container runtime alone, in workloads with nothing in common; None: not so.

    Whoever came in starts his programs from one that runs in the container, and is not in old images of several houses
    in the same way. Nothing else may be told of the workload.
    """
    workload = view.workloads.get(ref)
    if workload is None or not WATCH.search(alert.said) or OUTSIDE.search(alert.said):
        return None
    pods = {pod.name for pod in workload.pods}
    told = [(by, alarm) for by in view.serving if by is not workload for alarm in _alarms(view, by)]
    meant = [(by, alarm) for by, alarm in told if alarm.rule and alarm.rule in alert.said]
    others = any(alarm.pod in pods and not (alarm.rule and alarm.rule in alert.said) for _, alarm in told)
    if others or not any(alarm.pod in pods for _, alarm in meant) or not all(alarm.own for _, alarm in meant):
        return None
    rung = {view.owner_of(alarm.pod) for _, alarm in meant}
    if not _strangers(view, workload, rung) or any(s.evidence.source != "alerts" for s in signs(view, workload)):
        return None
    by, shown = meant[0]
    fact = f"{alert.name} fires; all {len(meant)} alarms of it, in {len(rung)} workloads, are of {shown.program}"
    first = oldest(stamp(alarm.line) for _, alarm in meant)
    return Evidence("logs", by.ref, f"{fact}, started by the container runtime itself", first)


def _alarms(view: View, watcher: Workload) -> Iterator[Alarm]:
    """Yield what a watcher tells of programs in pods."""
    for line in view.lines_of(watcher):
        pod = _POD.search(line) if "k8s" in line else None
        if pod is not None:
            rule = _RULE.search(line)
            found = _PROGRAM.search(line)
            program = found[1] if found else ""
            own = _OWN.fullmatch(program) is not None and _PARENT.search(line) is not None
            yield Alarm((rule[1] or rule[2]).strip() if rule else "", pod[1], own, program, line)


def _strangers(view: View, workload: Workload, rung: set[str]) -> bool:
    """Tell whether it rings for another of other images too, which was not released for long."""
    own = set(_images(workload))
    others = (view.workloads[ref] for ref in rung if ref in view.workloads and ref != workload.ref)
    return any(not own & set(_images(each)) and not view.recent(each.released_at, LATELY) for each in others)


def _images(workload: Workload) -> Iterator[str]:
    return (text(each, "image").rpartition(":")[0] for each in items(workload.template, "spec", "containers"))
