"""A second replica of the same source, which follows it still: readers of one that has stopped can be led to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._colours import coloured, in_another_role
from tuheg_ir.diagnosis.rules._delayed import delay_of
from tuheg_ir.diagnosis.rules._new_primary import WRITES, leads_since
from tuheg_ir.diagnosis.rules._twins import started_alike
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

CURRENT_S = 5.0
"""Readers of a replica that is no further behind see what they would see at its source."""
LATELY = timedelta(hours=1)
_FOLLOWS = late(
    r"\bconnected to (?:source|master) '([^']{1,200})'|(?:Slave|Replica) SQL thread .{0,60}initialized", re.IGNORECASE
)
"""What a server of MySQL or MariaDB says once it follows another, which the first words name."""
_WORDS = late(r"[\w.-]+")
_BEHIND = late(r"\bseconds[_ ]behind[_ ](?:source|master)\W{1,4}(\d{1,9}|NULL)\b", re.IGNORECASE)
"""The name under which MySQL and MariaDB tell how late a replica is; who reads from it may log it."""


def other_replica(view: View, stopped: Workload) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return the one Service that leads to a stopped replica and could lead to another, and what shows that it may.

    Both name the source that they follow, and it is the same: who names none may follow the one that has stopped. The
    other one has as many pods and has not stopped, and figures or its readers tell that it is not behind. A primary is
    none: it may not bear what readers ask. Nor may one that is to be late, or was made the primary itself, be left.
    """
    since = _halted(view, stopped)
    sources = _sources(view, stopped, since) if since is not None else set()
    leading = [
        service for service in view.services.values() if stopped.ref in service.backends and not service.headless
    ]
    if since is None or not sources or len(leading) != 1 or leading[0].backends != (stopped.ref,):
        return None
    (service,) = leading
    found = [
        (other, seen)
        for other in view.serving
        if _like(view, service, stopped, other)
        and _sources(view, other, None) == sources
        and (seen := _current(view, stopped, other, since)) is not None
    ]
    if len(found) != 1:
        return None
    other, seen = found[0]
    told = f"it follows the same source and has not stopped; {service.ref} could lead to it"
    return service.ref, (seen, Evidence("objects", other.ref, told))


def _halted(view: View, workload: Workload) -> datetime | None:
    """Return when a replica stopped following; None if nobody knows, it leads since, is to be late, or is not late."""
    hits = [hit for hit in view.hits_of(workload.ref, "replication_stopped") if not hit.previous]
    if any(leads_since(view, hit) for hit in hits) or delay_of(view, workload) or _measured_current(view, workload):
        return None
    return newest(hit.last for hit in hits)


def _like(view: View, service: Service, stopped: Workload, other: Workload) -> bool:
    if other.ref == stopped.ref or not coloured(service, other, stopped) or not started_alike(stopped, other):
        return False
    if in_another_role(service, other):
        return False
    whole = other.ready >= max(1, other.wanted, stopped.wanted)
    ill = view.hits_of(other.ref, "replication_stopped") or view.hits_of(other.ref, "replication_broken")
    return whole and not ill and not any(troubles(view, other.ref))


def _sources(view: View, workload: Workload, stopped: datetime | None) -> set[str]:
    """Return whom a server says to follow; none if it takes writes since, or follows again since it stopped."""
    found: set[str] = set()
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            if (writes := WRITES.search(line)) is not None and writes[1]:
                found.clear()
            if (said := _FOLLOWS.search(line)) is None:
                continue
            at = stamp(line)
            if stopped is not None and at is not None and at > stopped:
                return set()
            found |= {said.group(1).rpartition("@")[2]} if said.group(1) else set()
    return found


def _measured_current(view: View, workload: Workload) -> bool | None:
    """Tell whether figures say that a replica is not behind; None if there are none."""
    labels = labels_of(view, workload.ref, "db_replication_lag")
    lags = [view.figures.now("db_replication_lag", component=label) for label in labels]
    return all(lag is not None and lag <= CURRENT_S for lag in lags) if lags else None


def _current(view: View, stopped: Workload, other: Workload, since: datetime) -> Evidence | None:
    """Return that a replica is not behind, as figures or those who read from it tell since the other one stopped."""
    measured = _measured_current(view, other)
    if measured is not None:
        return Evidence("metrics", other.ref, "it is not behind its source") if measured else None
    last: dict[str, tuple[datetime, str, Evidence]] = {}
    for pod, at, lag, shown in _lags_told(view, stopped, other):
        if at > since and (pod not in last or last[pod][0] <= at):
            last[pod] = at, lag, shown
    if not {pod.name for pod in other.live} <= last.keys():
        return None  # of one of them nobody tells
    if not all(view.recent(at, LATELY) and lag.isdecimal() and int(lag) <= CURRENT_S for at, lag, _ in last.values()):
        return None
    return next((shown for _, _, shown in last.values()), None)


def _lags_told(view: View, stopped: Workload, other: Workload) -> Iterator[tuple[str, datetime, str, Evidence]]:
    """Yield the pods of a replica of which it, or who reads from it, tells how far they are behind: when, how far."""
    mine = {pod.name for pod in other.live}
    known = {*mine, *(pod.name for pod in stopped.live)}
    for ref in sorted({*view.graph.callers(other.ref), other.ref} & view.workloads.keys()):
        for log in view.logs_of(view.workloads[ref].live, previous=False):
            for line in log.lines:
                said, at = _BEHIND.search(line), stamp(line)
                if said is None or at is None:
                    continue
                named = {each.partition(".")[0] for each in _WORDS.findall(line)} & known
                whose = named or ({log.pod} & mine)
                if len(whose) == 1 and whose <= mine:
                    yield whose.pop(), at, said.group(1), Evidence("logs", ref, line.strip(), at)
