"""Containers that ended as they could not reach another workload, which was away: it is back, and they serve again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.complaints import lines_after
from tuheg_ir.diagnosis.view.crashes import LATELY, Crash
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import is_marked
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=2)
"""Who serves for so long since another came back did not end by itself."""
LONG = timedelta(minutes=10)
"""What serves for a shorter time may end again: only then it is over."""
_UNREACHED = ("dns", "connection_refused", "connection_timeout", "connection_reset")
"""Troubles with whom nobody reaches."""


def of_its_own(view: View, workload: Workload, ended: Iterable[Crash]) -> tuple[Crash, ...]:
    """Return the crashes without those that came of another workload's absence."""
    return tuple(crash for crash in ended if not for_want_of_another(view, workload, crash.pod))


def not_outlasted(view: View, workload: Workload, ended: Iterable[Crash]) -> tuple[Crash, ...]:
    """Return the crashes without those that came of another workload's absence, which is over."""
    return tuple(crash for crash in ended if not outlasted(view, workload, crash.pod))


def outlasted(view: View, workload: Workload, pod: Pod) -> bool:
    """Tell whether all that ended of late in a pod came of another workload's absence, and that is over.

    Both serve for long since, and the pod without a word of any trouble.
    """
    if not for_want_of_another(view, workload, pod, LONG) or any(troubles(view, workload.ref)):
        return False
    now = (hit for hit in view.hits_of(workload.ref) if hit.pod == pod.name and not hit.previous)
    return all(hit.last is not None and not view.recent(hit.last, LONG) for hit in now)


def for_want_of_another(view: View, workload: Workload, pod: Pod, serves: timedelta = SOON) -> bool:
    """Tell whether all that ended of late in a pod last told of another workload that came back only after that.

    The pod and the other workload are ready for so long since.
    """
    ended = [c for c in pod.containers if not c.init and c.restarts and c.ended and view.recent(c.ended.at, LATELY)]
    served = bool(ended) and _ready_for(view, pod, serves)
    return served and all(_of_another(view, workload, pod, each, serves) for each in ended)


def _of_another(view: View, workload: Workload, pod: Pod, container: Container, serves: timedelta) -> bool:
    at = container.ended.at if container.ended and not container.killed_for_memory else None
    logs = (log for log in view.logs_of([pod]) if log.previous and log.container == container.name)
    missed = {ref for log in logs for ref in _missed(view, workload, log)}
    others = bool(missed) and workload.ref not in missed
    return at is not None and others and all(_came_back(view, ref, at, serves) for ref in missed)


def _missed(view: View, workload: Workload, log: Log) -> Iterator[str]:
    """Yield whom the last errors of a log are about, by the names that it gives them; "" for who is none of ours."""
    for hit in view.hits_of(workload.ref, *_UNREACHED):
        if not hit.previous or (hit.pod, hit.container) != (log.pod, log.container):
            continue
        since = (line for line in lines_after(log.lines, hit.line) if is_marked(line))
        if all(any(tells(trouble, line) for trouble in _UNREACHED) for line in since):
            # An address stands beside a name, and may be that of a pod that is gone.
            yield from (view.graph.resolve(host) for host in hit.hosts if not is_address(host))


def _came_back(view: View, ref: str, at: datetime, serves: timedelta) -> bool:
    """Tell whether all pods of a workload became ready after a time, and are for so long."""
    other = view.workloads.get(ref)
    if other is None or not other.live or other.ready < other.wanted:
        return False
    return all(_ready_for(view, pod, serves) and pod.ready_since and pod.ready_since > at for pod in other.live)


def _ready_for(view: View, pod: Pod, serves: timedelta) -> bool:
    return pod.ready_since is not None and view.now - pod.ready_since >= serves
