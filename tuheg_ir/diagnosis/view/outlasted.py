"""Containers that ended by what is over, as another workload was away that is back: they serve again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import lines_after
from tuheg_ir.diagnosis.view.crashes import LATELY, OWN_FAULTS, PROVED, Crash, ready_for
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.overrun import overrun
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=2)
"""Who serves for so long since another came back did not end by itself."""
_NEAR = timedelta(minutes=1)
"""What a container told longer before its end is not what it ended of."""
_AT_ONCE = timedelta(seconds=1)
"""The lines of one message are no further apart, if each has a time."""
_UNREACHED = ("dns", "connection_refused", "connection_timeout", "connection_reset")
"""Troubles with whom nobody reaches."""


def of_its_own(view: View, workload: Workload, ended: Iterable[Crash]) -> tuple[Crash, ...]:
    """Return the crashes without those that came of another workload's absence."""
    return tuple(crash for crash in ended if not for_want_of_another(view, workload, crash.pod))


def not_outlasted(view: View, workload: Workload, ended: Iterable[Crash]) -> tuple[Crash, ...]:
    """Return the crashes without those that came of what is over: another workload's absence, or a rush of requests."""
    return tuple(crash for crash in ended if not outlasted(view, workload, crash.pod))


def outlasted(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether all that ended of late in a pod came of another workload's absence, or of a rush, and that is over.

    It serves for long since, and that other one too, and the pod without a word of any trouble.
    """
    return pod.name in _outlasted(view, workload)


@once
def _outlasted(view: View, workload: Workload) -> frozenset[str]:
    waited = {
        pod.name
        for pod in workload.live
        if for_want_of_another(view, workload, pod, PROVED) or overrun(view, workload, pod)
    }
    if not waited or any(troubles(view, workload.ref)):
        return frozenset()
    now = (hit for hit in view.hits_of(workload.ref) if not hit.previous)
    return frozenset(waited - {hit.pod for hit in now if hit.last is None or view.recent(hit.last, PROVED)})


def for_want_of_another(view: View, workload: Workload, pod: Pod, serves: timedelta = SOON) -> bool:
    """Tell whether all that ended of late in a pod last told of another workload that came back only after that.

    The pod and the other workload are ready for so long since. Not where a log of the pod tells of a fault of its own:
    the last end may be of another workload, and those before it not.
    """
    ended = [c for c in pod.containers if not c.init and c.restarts and c.ended and view.recent(c.ended.at, LATELY)]
    served = bool(ended) and ready_for(view, pod, serves) and pod.name not in _at_fault(view, workload)
    return served and all(_of_another(view, workload, pod, each, serves) for each in ended)


def _of_another(view: View, workload: Workload, pod: Pod, container: Container, serves: timedelta) -> bool:
    at = container.ended.at if container.ended and not container.killed_for_memory else None
    missed = _missed(view, workload).get((pod.name, container.name), set())
    others = bool(missed) and workload.ref not in missed
    return at is not None and others and all(_came_back(view, ref, at, serves) for ref in missed)


@once
def _at_fault(view: View, workload: Workload) -> frozenset[str]:
    """Return the pods whose logs tell of a fault of their own, unless it only wraps that another is not reached."""
    told = {hit.pod for hit in view.hits_of(workload.ref, *OWN_FAULTS)}
    logs = (log for log in view.logs_of(workload.live) if log.pod in told)
    return frozenset(log.pod for log in logs if any(map(_of_itself, _messages(log.lines))))


def _messages(lines: Sequence[str]) -> Iterator[Sequence[str]]:
    """Yield what a log tells at a time, with the lines that have none: a trace, and what it is about."""
    message: list[str] = []
    since: datetime | None = None
    for line in lines:
        at = stamp(line)
        if since is not None and at is not None and abs(at - since) > _AT_ONCE:
            yield message
            message, since = [], None
        since = since or at
        message.append(line)
    yield message


def _of_itself(message: Sequence[str]) -> bool:
    own = any(tells(trouble, line) for line in message for trouble in OWN_FAULTS)
    return own and not any(map(_tells_of_another, message))


@once
def _missed(view: View, workload: Workload) -> Mapping[tuple[str, str], set[str]]:
    """Return pod and container -> whom the last errors before its end are about."""
    logs = {(log.pod, log.container): log.lines for log in view.logs_of(workload.live) if log.previous}
    ends = {(pod.name, c.name): c.ended.at for pod in workload.live for c in pod.containers if c.ended}
    found: dict[tuple[str, str], set[str]] = {}
    for hit in view.hits_of(workload.ref, *_UNREACHED):
        of = (hit.pod, hit.container)
        if not hit.previous or not _near(hit.last, ends.get(of)):
            continue
        if all(map(_tells_of_another, filter(is_marked, lines_after(logs.get(of, ()), hit.line)))):
            found.setdefault(of, set()).update(_named(view, hit))
    return found


def _named(view: View, hit: Hit) -> Iterator[str]:
    """Yield whom a trouble is about, by the names that its line gives them; "" for who is none of ours."""
    # An address stands beside a name, and may be that of a pod that is gone; alone it may be anybody's.
    names = [host for host in hit.hosts if not is_address(host)]
    return (view.graph.resolve(host) for host in names or hit.hosts)


def _tells_of_another(line: str) -> bool:
    return any(tells(trouble, line) for trouble in _UNREACHED)


def _near(told: datetime | None, end: datetime | None) -> bool:
    """Tell whether something was told about when a container ended, as far as both are known."""
    return told is None or end is None or abs(end - told) <= _NEAR


def _came_back(view: View, ref: str, at: datetime, serves: timedelta) -> bool:
    """Tell whether all pods of a workload became ready after a time, and are for so long."""
    other = view.workloads.get(ref)
    if other is None or not other.live or other.ready < other.wanted:
        return False
    return all(ready_for(view, pod, serves) and pod.ready_since and pod.ready_since > at for pod in other.live)
