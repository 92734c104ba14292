"""Pods that fail what they are asked from when they count as ready until a moment later, and never again.

Those that are longer there answer well all the while: so it is neither what all of them need nor how much they are
asked, but that the young ones are not done with their start.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules._looser_checks import paths_of_checks
from tuheg_ir.diagnosis.rules._named_backends import asked_in, failed_at
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.logs import ADDRESS, heard_since, tells
from tuheg_ir.diagnosis.view.marked import OFTEN, is_marked
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.trouble import suffering, suffers_since, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

START = timedelta(minutes=10)
"""Who fails for longer than this after its start does so for another reason."""
LATELY = timedelta(hours=3)
"""What failed longer ago is seen by nobody now."""
SLACK = timedelta(seconds=5)
"""A node tells that a pod is ready a little after it is; what fails earlier is its check."""
QUIET = timedelta(minutes=1)
"""So long after its last failure a pod is done with its start."""
FIRES = timedelta(minutes=2)
"""So long after what it is about an alert may begin to fire; one that begins later may be about anything."""
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


class Told(NamedTuple):
    """One failure: when, how it was told and by whom, and in which container of the pod, "" if nobody says."""

    at: datetime
    line: str
    by: str
    container: str


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

    def fails_in(self, container: str) -> bool:
        """Tell whether it is a container of theirs that fails, as far as anybody says, and not only those beside it."""
        often = (sum(t.container in ("", container) for t in told) >= OFTEN for told in self.pods.values())
        return sum(often) >= TWICE

    def spans(self, at: datetime, later: timedelta) -> bool:
        """Tell whether a time lies within what one of them failed, or so much later."""
        ends = ((min(times), max(times)) for told in self.pods.values() if (times := [each.at for each in told]))
        return any(first - SLACK <= at <= max(last, first + QUIET) + later for first, last in ends)


class _Heard:
    """The logs that tell of a pod; those of who asks are the same for all of them, and are read once."""

    def __init__(self, logs: Sequence[Log]) -> None:
        self._logs = logs

    @cached_property
    def since(self) -> datetime | None:
        """Return from when on they tell."""
        return heard_since(self._logs)

    @cached_property
    def times(self) -> list[datetime]:
        """Return when they told anything, in order."""
        return sorted(at for log in self._logs for line in log.lines if (at := stamp(line)) is not None)


class _Story(NamedTuple):
    """What is told of each pod's failures, and the logs that tell of a pod."""

    told: Mapping[str, Sequence[Told]]
    logs: Mapping[str, _Heard]

    def of(self, pod: Pod) -> Sequence[Told]:
        """Return what is told of a pod."""
        return self.told.get(pod.name, ())

    def heard(self, pod: Pod, at: datetime) -> bool:
        """Tell whether what a pod did at a time would be told."""
        logs = self.logs.get(pod.name)
        return logs is not None and logs.since is not None and logs.since <= at

    def goes_on(self, pod: Pod, last: datetime) -> bool:
        """Tell whether who tells of a pod told more after a time."""
        logs = self.logs.get(pod.name)
        return logs is not None and len(logs.times) - bisect_right(logs.times, last) >= OFTEN


class _Young(NamedTuple):
    """A pod of the newest template and since when it is asked, as its start was not long."""

    pod: Pod
    since: datetime


def cold_pods(view: View, workload: Workload) -> Cold | None:
    """Return the pods of a workload that fail at their start alone, by their own logs or by those of who asks them.

    Not those who blame others meanwhile, whoever tells of them, nor those whose failures nobody notices.
    """
    checks = _checks(workload)
    own = _by_itself(view, workload, checks)
    cold = None if _blame(chain(*own.told.values())) else _cold(view, workload, own)
    if cold is not None and _noticed(view, workload, cold):
        return cold
    cold = _cold(view, workload, _by_callers(view, workload, checks))
    return None if cold is None or _blame(_meanwhile(own, cold)) else cold


def _checks(workload: Workload) -> re.Pattern[str] | None:
    """Return what a line has that asks for what a check asks for, or asked before: others keep checks like it."""
    paths = sorted(paths_of_checks(workload) - {"/"})
    of_them = "|".join(map(re.escape, paths))
    return re.compile(rf"(?<![\w./-])(?:{of_them})(?=[\s\"'?,;]|$)") if paths else None


def _by_itself(view: View, workload: Workload, checks: re.Pattern[str] | None) -> _Story:
    """Return what the pods tell themselves."""
    logs = {pod.name: [*view.logs_of([pod], previous=False)] for pod in workload.live}
    told = {pod: [*_failures(each, workload.ref, checks)] for pod, each in logs.items()}
    return _Story(told, {pod: _Heard(each) for pod, each in logs.items()})


def _failures(logs: Iterable[Log], ref: str, checks: re.Pattern[str] | None) -> Iterator[Told]:
    for line, container in ((line, log.container) for log in logs for line in log.lines):
        if (status_of(line) >= 500 or is_marked(line)) and not _of_check(line, checks) and (at := stamp(line)):
            yield Told(at, line.strip(), ref, container)


def _of_check(line: str, checks: re.Pattern[str] | None) -> bool:
    """Tell whether a line is of somebody who only asks whether a pod is there yet, as load balancers do: no user."""
    return of_probe(line) or (checks is not None and checks.search(line) is not None)


def _blame(told: Iterable[Told]) -> bool:
    """Tell whether failures are those of others, by what is told of them."""
    lines = [each.line for each in told]
    return sum(map(_blames, lines)) > RARELY * len(lines)


def _blames(line: str) -> bool:
    return any(tells(trouble, line) for trouble in _OF_OTHERS) and not _ITSELF.search(line)


def _meanwhile(own: _Story, cold: Cold) -> Iterator[Told]:
    """Yield what cold pods told themselves until they failed for the last time."""
    for pod, said in cold.pods.items():
        last = max(each.at for each in said)
        yield from (each for each in own.told.get(pod, ()) if each.at <= last)


def _noticed(view: View, workload: Workload, cold: Cold) -> bool:
    """Tell whether anybody got no good answer, or users suffer since pods were cold: errors alone may be usual ones.

    Where figures say since when users suffer, no alert says it better.
    """
    lines = [each.line for told in cold.pods.values() for each in told]
    if sum(status_of(line) >= 500 for line in lines) >= MOSTLY * len(lines):
        return True
    seen = [*troubles(view, workload.ref)]
    if felt := [since for _, since in seen if since is not None]:
        turned = suffers_since(view, workload.ref)
        return any(cold.spans(at, timedelta()) for at in (*felt, *([turned] if turned else [])))
    told = [*(each for each, _ in seen), *suffering(view, workload.ref)]
    return any(each.time is not None and cold.spans(each.time, FIRES) for each in told)


def _by_callers(view: View, workload: Workload, checks: re.Pattern[str] | None) -> _Story:
    """Return what others tell of pods that they asked, by the address: whatever they say, they got no good answer."""
    ours = {pod.name: pod for pod in workload.live if pod.address}
    addresses = {pod.address for pod in ours.values()}
    told: dict[str, list[Told]] = {}
    logs: list[Log] = []
    for caller in (each for each in view.serving if each is not workload):
        for log in view.logs_of(caller.live, previous=False):
            of_ours = [line for line in log.lines if not addresses.isdisjoint(ADDRESS.findall(line))]
            logs += [log] if of_ours else []
            for line in (each for each in of_ours if not _of_check(each, checks)):
                asked, at = failed_at(view, caller, line), stamp(line)
                pod = ours.get(asked.pop()) if len(asked) == 1 else None
                if pod and at:
                    told.setdefault(pod.name, []).append(Told(at, line.strip(), caller.ref, asked_in(pod, line)))
    return _Story(told, dict.fromkeys(ours, _Heard(logs)))


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
