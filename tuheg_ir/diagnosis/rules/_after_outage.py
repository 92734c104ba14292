"""A backlog that came while a host did not answer its reader, and melts since it does again: it is gone in minutes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._readers import LEAST, TIMES, queues, reader
from tuheg_ir.diagnosis.rules._worked_off import NEARLY_S, OF_QUEUES, falls, left_s, meant
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.network import is_inner
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.silent import ENOUGH, GOES_ON, LONG
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

GIVEN_UP = late(r"dead.?letter|dlq|dlx|poison|park|undeliver|bounce|reject|discard|dropped|lost\b", re.IGNORECASE)
"""Words of an alert about work that nobody comes back to."""
NEAR = timedelta(minutes=5)
"""So near to the two ends of what its reader tells of a queue begins to grow and to melt."""
SMALL = 0.1
"""A queue that has come to this share of its height has begun to grow."""


class _Melting(NamedTuple):
    """When a queue began to grow and to melt, how many waited at its longest and wait now, and when it is empty."""

    began: datetime
    turned: datetime
    most: float
    left: float
    empty_s: float


def melts(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that what an alert finds waiting came of such an outage and melts; None: not so.

    What was given up meanwhile, or waits for another reader, does not.
    """
    workload = view.workloads.get(ref)
    if workload is None or not OF_QUEUES.search(alert.said) or GIVEN_UP.search(alert.said):
        return None
    found = meant(view, alert, ref)
    if not found or any(reader(view, each) is not workload or height(each) < LEAST for each in found):
        return None
    if any(hit.trouble == "message_rejected" for hit in view.hits):
        return None
    seen = after_outage(view, workload)
    return Evidence(seen.source, ref, f"{alert.name} fires; {seen.fact}", seen.time) if seen else None


@once
def after_outage(view: View, workload: Workload) -> Evidence | None:
    """Return that every queue of a workload that grew melts since a host answers again, by its own logs; None: not so.

    All its pods work since then without a complaint. Who had to be taken back would complain still.
    """
    mine = [each for each in queues(view) if reader(view, each) is workload]
    grew = [each for each in mine if height(each) >= LEAST]
    found = [melting for each in grew if (melting := _melting(each))]
    if not found or len(found) < len(grew) or workload.ready < workload.wanted:
        return None
    told = was_away(view, workload)
    first, last = oldest(hit.first for hit in told), newest(hit.last for hit in told)
    if first is None or last is None or not all(_fits(each, first, last) for each in found):
        return None
    return Evidence("metrics", workload.ref, _said(view, told, found, first, last), last)


@once
def was_away(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return the errors by which a workload told that a host outside did not answer; () if that may not be over.

    It works on since then without a complaint, and with all that was released before: of that it did not come.
    """
    hits = (hit for hit in view.hits_of(workload.ref, *UNANSWERED) if hit.hosts and not hit.previous)
    told = tuple(hit for hit in hits if all(_outside(view, host) for host in hit.hosts))
    last = newest(hit.last for hit in told)
    return told if last is not None and _works_since(view, workload, last) else ()


def _outside(view: View, host: str) -> bool:
    """Tell whether a host is of nobody in the cluster: a neighbour has releases of its own, and pods that leave."""
    if view.graph.resolve(host) or "." not in host or host.endswith((".local", ".svc", ".cluster")):
        return False
    return not is_inner(host)


def away_at(view: View, workload: Workload, onset: datetime | None) -> tuple[Hit, ...]:
    """Return the same where it began with what is looked at."""
    told = was_away(view, workload)
    first = oldest(hit.first for hit in told)
    return told if first is not None and onset is not None and abs(first - onset) <= NEAR else ()


def _fits(melting: _Melting, first: datetime, last: datetime) -> bool:
    """Tell whether a queue grew for as long as a trouble was told of, and is empty soon."""
    return abs(melting.began - first) <= NEAR and abs(melting.turned - last) <= NEAR and melting.empty_s <= NEARLY_S


def _said(view: View, told: Sequence[Hit], found: Sequence[_Melting], first: datetime, last: datetime) -> str:
    most, left = sum(each.most for each in found), sum(each.left for each in found)
    empty = view.now + timedelta(seconds=max(each.empty_s for each in found))
    away = f"{told[0].hosts[0]} did not answer from {first:%H:%M} to {last:%H:%M} UTC, and does since"
    return f"{away}: {most:.0f} waited then, {left:.0f} do now, none at {empty:%H:%M} UTC at this pace"


def height(series: Series) -> float:
    """Return how much longer a queue came to be than it was at first; 0 where it is short of so many times that."""
    values = [value for _, value in series.points]
    most = max(values, default=0.0)
    return most if values and most >= TIMES * values[0] else 0.0


def _melting(series: Series) -> _Melting | None:
    """Return how a queue melts since its longest; None if it does not, or only for a moment."""
    points = series.points
    top = max(range(len(points)), key=lambda at: points[at][1])
    since = points[top:]
    if since[-1][0] - since[0][0] < LONG.total_seconds() or not falls([value for _, value in since]):
        return None
    small = [at for at, value in points[:top] if value <= SMALL * points[top][1]]
    if not small:
        return None
    began, turned = (datetime.fromtimestamp(at, UTC) for at in (small[-1], points[top][0]))
    return _Melting(began, turned, points[top][1], since[-1][1], left_s(Series(series.labels, since)))


def _works_since(view: View, workload: Workload, last: datetime) -> bool:
    """Tell whether all pods of a workload tell of work since then until now, and of nothing wrong."""
    if view.now - last < LONG:
        return False
    for pod in workload.live:
        lines = [line for log in view.logs_of([pod], previous=False) for line in log.lines]
        since = [(at, line) for line in lines if (at := stamp(line)) is not None and at > last + NEAR]
        if len(since) < ENOUGH or any(complains(line) for _, line in since):
            return False
        if not view.recent(max(at for at, _ in since), GOES_ON):
            return False
    return bool(workload.live)
