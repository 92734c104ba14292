"""A second replica of the same source, which follows it still: readers of one that has stopped can be led to it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._colours import coloured, in_another_role
from tuheg_ir.diagnosis.rules._twins import started_alike
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import newest, text
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.workloads import Workload

CURRENT_S = 5.0
"""Readers of a replica that is no further behind see what they would see at its source."""
LATELY = timedelta(hours=1)
_FOLLOWS = late(
    r"\bconnected to (?:source|master) '([^']{1,200})'|started streaming WAL from primary"
    r"|(?:Slave|Replica) SQL thread .{0,60}initialized",
    re.IGNORECASE,
)
"""What a server says once it follows another, which may be named."""
_BEHIND = late(r"\bseconds[_ ]behind[_ ](?:source|master)\W{1,4}(\d{1,9}|NULL)\b", re.IGNORECASE)
"""The name under which MySQL and MariaDB tell how late a replica is; who reads from it may log it."""


def other_replica(view: View, stopped: Workload, since: datetime | None) -> tuple[str, tuple[Evidence, ...]] | None:
    """Return the one Service that leads to a stopped replica and could lead to another, and what shows that it may.

    Both tell that they follow, and of the same source where they name it; the other one has not stopped, and figures
    or its readers tell that it is not behind. A primary is none: it may not bear what readers ask.
    """
    sources = _sources(view, stopped, since)
    leading = [
        service
        for service in view.services.values()
        if stopped.ref in service.backends and text(service.obj, "spec", "clusterIP") != "None"
    ]
    if sources is None or len(leading) != 1 or leading[0].backends != (stopped.ref,):
        return None
    (service,) = leading
    found = [
        (other, seen)
        for other in view.serving
        if _like(view, service, stopped, other)
        and _same(sources, _sources(view, other, None))
        and (seen := next(_current(view, other, since), None)) is not None
    ]
    if len(found) != 1:
        return None
    other, seen = found[0]
    told = f"it follows the same source and has not stopped; {service.ref} could lead to it"
    return service.ref, (seen, Evidence("objects", other.ref, told))


def _like(view: View, service: Service, stopped: Workload, other: Workload) -> bool:
    if other.ref == stopped.ref or not coloured(service, other, stopped) or not started_alike(stopped, other):
        return False
    if in_another_role(service, other):
        return False
    whole = other.ready >= max(1, other.wanted)
    ill = view.hits_of(other.ref, "replication_stopped") or view.hits_of(other.ref, "replication_broken")
    return whole and not ill and not any(troubles(view, other.ref))


def _sources(view: View, workload: Workload, stopped: datetime | None) -> set[str] | None:
    """Return whom a server says to follow, if it names them; None if it follows nobody, or again since it stopped."""
    found: set[str] = set()
    follows = False
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            said = _FOLLOWS.search(line)
            if said is None:
                continue
            at = stamp(line)
            if stopped is not None and at is not None and at > stopped:
                return None
            follows = True
            found |= {said.group(1).rpartition("@")[2]} if said.group(1) else set()
    return found if follows else None


def _same(mine: set[str], theirs: set[str] | None) -> bool:
    return theirs is not None and (not mine or not theirs or bool(mine & theirs))


def _current(view: View, other: Workload, since: datetime | None) -> Iterator[Evidence]:
    """Yield that a replica is not behind, as figures or those who read from it tell since the other one stopped."""
    labels = labels_of(view, other.ref, "db_replication_lag")
    lags = [view.figures.now("db_replication_lag", component=label) for label in labels]
    if lags:
        if all(lag is not None and lag <= CURRENT_S for lag in lags):
            yield Evidence("metrics", other.ref, "it is not behind its source")
        return
    names = {pod.name for pod in other.live}
    for ref in sorted({*view.graph.callers(other.ref), other.ref} & view.workloads.keys()):
        told = [
            (at, said.group(1), line)
            for log in view.logs_of(view.workloads[ref].live, previous=False)
            for line in log.lines
            if (said := _BEHIND.search(line)) is not None
            and (ref == other.ref or any(name in line for name in names))
            and (at := stamp(line)) is not None
        ]
        last = newest(at for at, _, _ in told)
        if last is None or not view.recent(last, LATELY) or (since is not None and last <= since):
            continue
        if all(value.isdigit() and int(value) <= CURRENT_S for at, value, _ in told if at == last):
            yield Evidence("logs", ref, next(line for at, _, line in told if at == last).strip()[:200], last)
