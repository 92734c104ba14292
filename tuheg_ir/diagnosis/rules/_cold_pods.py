"""Pods that fail what they are asked from when they count as ready until a moment later, and never again.

Those that are longer there answer well all the while: so it is neither what all of them need nor how much they are
asked, but that the young ones are not done with their start.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules._named_backends import failed_at
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import heard_since, speaks_of, tells
from tuheg_ir.diagnosis.view.marked import OFTEN, is_marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

START = timedelta(minutes=10)
"""Who fails for longer than this after its start does so for another reason."""
LATELY = timedelta(hours=3)
"""What failed longer ago is seen by nobody now."""
SLACK = timedelta(seconds=5)
"""A node tells that a pod is ready a little after it is; what fails earlier is its check."""
QUIET = timedelta(minutes=1)
"""So long after its last failure a pod is done with its start."""
TWICE = 2
MOSTLY, RARELY = 0.9, 0.1
ALIKE = 3
"""Starts of one template do not last many times as long as each other."""
_OF_OTHERS = (
    *("dns", "connection_refused", "connection_timeout", "connection_reset", "upstream_failure", "certificate"),
    *("database_authentication", "outside_authentication", "database_full", "pool_exhausted", "lock_wait"),
    *("rate_limited", "permission", "forbidden_by_cluster", "mesh_denied", "read_only_database"),
)
"""Troubles that young pods have with others, who refuse them or do not know them yet: no check of theirs mends that."""
_ITSELF = late(r"\b(?:127\.0\.0\.1|localhost)(?!:150\d\d)|\[::1\]|\bunix:|\.sock\b", re.IGNORECASE)
"""Who asks there asks what stands in its own pod; a mesh's proxy there leads to others."""
_CHECKED = late(r"kube-probe|GoogleHC|ELB-HealthChecker", re.IGNORECASE)


class Told(NamedTuple):
    """One failure: when, how it was told, and by whom."""

    at: datetime
    line: str
    by: str


class Cold(NamedTuple):
    """The pods that failed at their start with what was told of each, and how long they failed at most."""

    pods: Mapping[str, Sequence[Told]]
    longest: timedelta

    @property
    def times(self) -> list[datetime]:
        """Return when anything failed, in order."""
        return sorted(each.at for told in self.pods.values() for each in told)

    @property
    def tellers(self) -> tuple[str, ...]:
        """Return who told of it."""
        return tuple(sorted({each.by for told in self.pods.values() for each in told}))


class _Story(NamedTuple):
    """What is told of each pod's failures, and the logs that tell of a pod."""

    told: Mapping[str, Sequence[Told]]
    logs: Mapping[str, Sequence[Log]]

    def of(self, pod: Pod) -> Sequence[Told]:
        """Return what is told of a pod."""
        return self.told.get(pod.name, ())

    def heard(self, pod: Pod, at: datetime) -> bool:
        """Tell whether what a pod did at a time would be told."""
        since = heard_since(self.logs.get(pod.name, ()))
        return since is not None and since <= at

    def goes_on(self, pod: Pod, last: datetime) -> bool:
        """Tell whether who tells of a pod told more after a time."""
        times = (stamp(line) for log in self.logs.get(pod.name, ()) for line in log.lines)
        return sum(at is not None and at > last for at in times) >= OFTEN


class _Young(NamedTuple):
    """A pod of the newest template and since when it is asked, as its start was not long."""

    pod: Pod
    since: datetime


def cold_pods(view: View, workload: Workload) -> Cold | None:
    """Return the pods of a workload that fail at their start alone, by their own logs or by those of who asks them."""
    return _cold(view, workload, _by_itself(view, workload)) or _cold(view, workload, _by_callers(view, workload))


def _by_itself(view: View, workload: Workload) -> _Story:
    """Return what the pods tell themselves; no failures where they blame others, or where nobody notices them."""
    logs = {pod.name: [*view.logs_of([pod], previous=False)] for pod in workload.live}
    told = {pod: [*_failures(each, workload.ref)] for pod, each in logs.items()}
    lines = [each.line for said in told.values() for each in said]
    answered = sum(status_of(line) >= 500 for line in lines) >= MOSTLY * len(lines)
    blames = sum(_blames(line) for line in lines) > RARELY * len(lines)
    noticed = answered or any(suffering(view, workload.ref)) or any(troubles(view, workload.ref))
    return _Story(told if noticed and not blames else {}, logs)


def _failures(logs: Iterable[Log], ref: str) -> Iterator[Told]:
    for line in (line for log in logs for line in log.lines):
        if (status_of(line) >= 500 or is_marked(line)) and not _CHECKED.search(line) and (at := stamp(line)):
            yield Told(at, line.strip(), ref)


def _blames(line: str) -> bool:
    return any(tells(trouble, line) for trouble in _OF_OTHERS) and not _ITSELF.search(line)


def _by_callers(view: View, workload: Workload) -> _Story:
    """Return what others tell of pods that they asked, by the address: whatever they say, they got no good answer."""
    ours = {pod.name for pod in workload.live}
    addresses = [pod.address for pod in workload.live if pod.address]
    told: dict[str, list[Told]] = {}
    logs: list[Log] = []
    for caller in (each for each in view.serving if each is not workload):
        for log in view.logs_of(caller.live, previous=False):
            if speaks_of(log, addresses):
                logs.append(log)
                for pod, each in _of_pods(view, caller, log, addresses):
                    told.setdefault(pod, []).append(each)
    return _Story({pod: each for pod, each in told.items() if pod in ours}, dict.fromkeys(ours, logs))


def _of_pods(view: View, caller: Workload, log: Log, addresses: Sequence[str]) -> Iterator[tuple[str, Told]]:
    for line in log.lines:
        if any(each in line for each in addresses) and (at := stamp(line)):
            asked = failed_at(view, caller, line)
            if len(asked) == 1:
                yield asked.pop(), Told(at, line.strip(), caller.ref)


def _cold(view: View, workload: Workload, story: _Story) -> Cold | None:
    young = [found for pod in workload.newest_pods() if (found := _young(pod))]
    within = {each.pod.name: (each, [t for t in story.of(each.pod) if _at_start(each, t.at)]) for each in young}
    cold = {name: each for name, each in within.items() if len(each[1]) >= OFTEN}
    told = {name: each[1] for name, each in cold.items()}
    early = sum(len(each) for _, each in within.values())
    if len(cold) < TWICE or early < MOSTLY * sum(map(len, story.told.values())):
        return None
    lasted = {name: max(t.at for t in said) - each.since for name, (each, said) in cold.items()}
    spans = [lasted[name] for name, (each, said) in cold.items() if _done(view, story, each, said)]
    if len(spans) < TWICE or max(lasted.values()) > max(ALIKE * min(spans), QUIET):
        return None
    seen = Cold(told, max(lasted.values()))
    spared = sum(_served(view, story, each, min(spans)) for each in young if each.pod.name not in cold)
    beside = sum(_well_beside(workload, story, seen, each) for each, _ in cold.values())
    lately = view.recent(seen.times[-1], LATELY)
    return seen if lately and 2 * spared <= len(cold) and 2 * beside >= len(cold) else None


def _young(pod: Pod) -> _Young | None:
    since = pod.ready_since if pod.ready else None
    quick = since is not None and pod.started is not None and since - pod.started <= START
    return _Young(pod, since) if since is not None and quick else None


def _at_start(young: _Young, at: datetime) -> bool:
    return young.since - SLACK <= at <= young.since + START


def _done(view: View, story: _Story, young: _Young, told: Sequence[Told]) -> bool:
    """Tell whether a pod failed for the last time a while ago, and who tells of it goes on since."""
    last = max(each.at for each in told)
    return not view.recent(last, QUIET) and story.goes_on(young.pod, last)


def _served(view: View, story: _Story, young: _Young, span: timedelta) -> bool:
    """Tell whether a pod answered well from its first moment on, as far as its log reaches back."""
    if not story.heard(young.pod, young.since):
        return False
    well = [line for log in view.logs_of([young.pod]) for line in log.lines if 0 < status_of(line) < 500]
    return sum((at := stamp(line)) is not None and young.since <= at <= young.since + span for line in well) >= OFTEN


def _well_beside(workload: Workload, story: _Story, cold: Cold, young: _Young) -> bool:
    """Tell whether a pod that was there for longer failed in nothing while one was young."""
    times = [each.at for each in cold.pods[young.pod.name]]
    first, last = min(times), max(times)
    return any(
        other.ready_since is not None
        and other.ready_since + cold.longest < first
        and story.heard(other, first)
        and not any(first <= each.at <= last for each in story.of(other))
        for other in workload.live
        if other.ready
    )
