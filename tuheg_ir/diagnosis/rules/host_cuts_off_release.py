"""A host outside cuts off every connection of a release, while it serves another program here as before.

What a client says first when it calls is of the libraries it was built with: how long its greeting is, what it offers.
Something on the way, or the host itself, may not take it. Who was built before is served from the same nodes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._looks_back import looks_back
from tuheg_ir.diagnosis.rules._onset import others_written
from tuheg_ir.diagnosis.rules.errors_since_release import LATE
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL, Complaint, complaints
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CUT = late(r"connection reset by peer|ECONNRESET|handshake|SSL_ERROR_SYSCALL|unexpected eof|UNEXPECTED_EOF")
"""What a client tells that is cut off before it has asked anything; no answer, no refusal, no slowness."""
_SERVED = late(r"\b(?:status(?:_?code)?|code)[\"']?[=:] ?\"?2\d\d\b|\bHTTP/\d(?:\.\d)?\"? 2\d\d\b|(?:->|=>) ?2\d\d\b")
"""How a client tells that it got what it asked for."""
AT_ONCE = timedelta(minutes=5)
"""Whom a host takes nothing of meets that with its first calls."""

KEPT, IDLE = timedelta(hours=1), timedelta(minutes=5)
"""No server keeps a connection longer (keepalive_time of nginx, load balancers alike), nor one so long unused."""


class Served(NamedTuple):
    """A program that the host serves all along: since when it tells of it, and its last such line."""

    workload: Workload
    times: int
    line: str


def when(view: View) -> Iterator[Match]:
    """All pods of a release are cut off by a host outside from their first minutes on, and another program is not.

    That one was not changed, calls the same host from one of their nodes, and was served before the release and since.
    Nothing else was changed in those minutes, and whoever rang an alarm did not before.
    """
    for workload in view.serving:
        if not workload.changes or workload.returned or workload.older_pods():
            continue
        said = [c for c in complaints(view, "connection_reset", "connection_timeout") if c.caller == workload.ref]
        said = [c for c in said if not c.about and not c.hit.previous and _CUT.search(c.hit.line)]
        for host in sorted({host for c in said for host in c.hosts if "." in host and not is_address(host)}):
            of_host = [c for c in said if host in c.hosts]
            if not _from_the_first(view, workload, host, of_host) or _changed_beside(view, workload, of_host):
                continue
            served = _served(view, workload, host)
            if served is not None and _alarmed_since(view, workload):
                yield _match(view, workload, host, of_host, served)


def _from_the_first(view: View, workload: Workload, host: str, said: Iterable[Complaint]) -> bool:
    """Tell whether all pods of a release tell of a host from their first minutes on, and still, and of no success.

    They are on several nodes: one alone may be cut off by something else.
    """
    found = list(said)
    pods = workload.newest_pods()
    if len({pod.node for pod in pods}) < 2 or sum(c.hit.count for c in found) < OFTEN:
        return False
    if any(host in line and _SERVED.search(line) and not complains(line) for line in view.lines_of(workload)):
        return False
    for pod in pods:
        first = oldest(c.hit.first for c in found if c.hit.pod == pod.name)
        last = newest(c.hit.last for c in found if c.hit.pod == pod.name)
        if first is None or pod.started is None or first - pod.started > AT_ONCE or not view.recent(last, STILL):
            return False
    return since_release(workload, oldest(c.hit.first for c in found))


def _changed_beside(view: View, workload: Workload, said: Iterable[Complaint]) -> bool:
    """Tell whether another release, or an edit of settings and ways, came in the same minutes: it may be that."""
    began = oldest(c.hit.first for c in said)
    if any(since_release(each, began) for each in view.workloads.values() if each is not workload):
        return True
    return any(soon_after(began, at) for at in others_written(view))


def _served(view: View, workload: Workload, host: str) -> Served | None:
    """Return another program that a host serves as before: no complaint, from a node of the release, until now."""
    nodes = {pod.node for pod in workload.newest_pods()}
    at = workload.released_at
    for other in view.serving:
        if at is None or other is workload or not nodes & {pod.node for pod in other.live}:
            continue
        if any(pod.created is None or pod.created > at for pod in other.live):
            continue
        said = [line for line in view.lines_of(other) if host in line]
        if any(complains(line) for line in said) or any(host in hit.hosts for hit in view.hits_of(other.ref)):
            continue
        lines = [line for line in said if _SERVED.search(line)]
        times = [time for line in lines if (time := stamp(line)) is not None]
        since = [time for time in times if time > at]
        if len(since) >= OFTEN and len(times) - len(since) >= OFTEN and view.recent(max(since), STILL) and _anew(since):
            return Served(other, len(since), lines[-1])
    return None


def _anew(times: Iterable[datetime]) -> bool:
    """Tell whether who was served at some times connected anew amid them, and does not live on an old connection."""
    ordered = sorted(times)
    return ordered[-1] - ordered[0] >= KEPT or any(later - one >= IDLE for one, later in pairwise(ordered))


def _alarmed_since(view: View, workload: Workload) -> bool:
    """Tell whether the alerts about a workload, or who calls it, tell of a time that began with its release."""
    concerned = behind(view, workload.ref)
    fired = [a.starts_at - looks_back(a) for a in view.alerts if a.starts_at and view.about_alert(a) in concerned]
    return bool(fired) and since_release(workload, min(fired), LATE)


def _match(view: View, workload: Workload, host: str, said: list[Complaint], served: Served) -> Match:
    first = oldest(c.hit.first for c in said)
    most = max(said, key=lambda c: c.hit.count)
    told = f"{host} serves it from the same nodes, {served.times} times since: {served.line.strip()}"
    suffer = behind(view, workload.ref, but=workload.ref)
    felt = [*(seen for seen, _ in troubles(view, workload.ref)), *suffering(view, workload.ref)]
    reason = f"{workload.ref} is cut off by {host} since its release: nothing done to this one mends that"
    return Match(
        component=workload.ref,
        evidence=(
            view.hit_evidence(most.hit),
            Evidence("logs", served.workload.ref, told),
            *release_evidence(workload, "image"),
            *felt[:1],
        ),
        certainty=0.7,
        root_cause=release_cause(view, workload),
        since=first,
        explains=suffer,
        excludes=(
            *not_for((workload.ref,), "the same release greets in the same way", (*RESTARTS, "scale_workload")),
            *not_for((*suffer, served.workload.ref), reason),
        ),
    )


RULE = Rule(
    name="host_cuts_off_release",
    title="A host outside cuts off a release, and serves another program here as before",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no host outside cuts off all pods of a young release while it serves who was not changed",
)
