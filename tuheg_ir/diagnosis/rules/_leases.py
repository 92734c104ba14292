"""Controllers that ended together because they could not renew their leases, as they are meant to, and lead again."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

HOUR = timedelta(hours=1)
TOGETHER = timedelta(minutes=5)
"""What several controllers lose within so short a time they lose by the same."""
LONG_S = 86400.0
"""Who had run for a day does not end again and again."""
SEVERAL = 2
"""So many controllers that had run for a day are no matter of one release."""
_SPEAKS_OF_IT = late(r"restart|crash|leader|lease|terminat|not.?ready|unavailable|unhealthy|down\b", re.IGNORECASE)
_LOST_IT = late(
    r"leader ?election lost|lost leader ?election|leadership lost|stopped leading|leader lease (?:was |has been )?lost"
    r"|failed to renew (?:leader |leadership )?lease \S+/\S+",
    re.IGNORECASE,
)
"""Last words of a controller; as a trouble of their own they would be none: another one leads on, or it comes back."""
_WANTS_IT = late(r"attempting to acquire (?:leader )?lease|waiting to (?:become|acquire) leader", re.IGNORECASE)
_HAS_IT = late(
    r"successfully acquired lease|(?:became|becoming|elected|acquired|started) (?:the )?(?:new )?lead(?:er|ing)"
    r"|new leader elected|leader election won",
    re.IGNORECASE,
)
End = tuple[Workload, Pod, Container, datetime]


class LeasesLost(NamedTuple):
    """Who ended for a lost lease, from when to when, and what shows it."""

    begin: datetime
    end: datetime
    component: str
    evidence: tuple[Evidence, ...]


def leases_lost(view: View) -> LeasesLost | None:
    """Return that all that ended within the hour lost their leases together, once, and run and lead again.

    One alone may have been too slow to renew its lease; several at once could not reach the API server. One that is
    younger than a day, for it was released, went with those that had run for long.
    """
    ended = _ended(view)
    long = {workload.ref for workload, _, container, _ in ended if _lived(container) >= LONG_S}
    if len(long) < SEVERAL or any(node.lost or node.pressures for node in nodes(view)):
        return None
    begin, end = min(at for *_, at in ended), max(at for *_, at in ended)
    if end - begin > TOGETHER or not all(_settled(view, pod, container) for _, pod, container, _ in ended):
        return None
    words = {pod.name: _last_words(view, pod) for _, pod, *_ in ended}
    if not all(words.values()) or any(_waits(view, workload) for workload, *_ in ended):
        return None
    first = min(ended, key=lambda each: (each[3], each[0].ref))
    told = Evidence("logs", f"Pod/{first[1].name}", words[first[1].name], first[3])
    again = f"{len(ended)} containers ended together, and run since; {len(long)} controllers had run for a day or more"
    return LeasesLost(begin, end, first[0].ref, (Evidence("objects", first[0].ref, again, end), told))


def speaks_of_restarts(view: View) -> bool:
    """Tell whether each alert that fires is about containers that end or are away."""
    return all(_SPEAKS_OF_IT.search(alert.said) for alert in view.alerts)


def _ended(view: View) -> list[End]:
    return [
        (workload, pod, container, at)
        for workload in view.serving
        for pod in workload.live
        for container in pod.containers
        if not container.init and container.ended is not None and container.ended.badly
        if (at := container.ended.at) is not None and view.recent(at, HOUR)
    ]


def _settled(view: View, pod: Pod, container: Container) -> bool:
    """Tell whether a container runs, and had run for a day; or ended once only, and runs for longer than before."""
    runs = pod.ready and container.ready and container.state == "running"
    if not runs or container.killed_for_memory or container.started_at is None:
        return False
    since = (view.now - container.started_at).total_seconds()
    return _lived(container) >= LONG_S or (container.restarts == 1 and 0 < _lived(container) < since)


def _lived(container: Container) -> float:
    """Return for how many seconds the former process of a container ran; 0 where nobody knows."""
    return (container.ended.lived_s or 0.0) if container.ended else 0.0


def _last_words(view: View, pod: Pod) -> str:
    """Return the line in which the former process of a pod tells that it lost its lease; "" if none does."""
    lines = [line for log in view.logs_of((pod,)) if log.previous for line in log.lines]
    return next((line.strip()[:240] for line in reversed(lines) if _LOST_IT.search(line)), "")


def _waits(view: View, workload: Workload) -> bool:
    """Tell whether a controller asks for its lease and none of its pods tells that it got it."""
    lines = [line for log in view.logs_of(workload.live, previous=False) for line in log.lines]
    return any(map(_WANTS_IT.search, lines)) and not any(map(_HAS_IT.search, lines))
