"""Messages pile up in a queue that the release of its readers took from the list of what they read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._keeper import keeper
from tuheg_ir.diagnosis.rules._readers import name_of, named_in, queues_of, unread, waiting, works_on_messages
from tuheg_ir.diagnosis.rules._unread_queue import LATER, is_about, long_since, piled_up
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import BEFORE, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

DAY = timedelta(days=1)
"""What was released longer ago than this has been lived with."""


def when(view: View) -> Iterator[Match]:
    """A queue that a release took from a list of what is read grows since, or an alert names it; nobody else reads it.

    Where no figure tells how much waits, an alert about that very queue does. It may have grown before all figures.
    """
    able = [w for w in view.workloads.values() if works_on_messages(view, w)]
    read = {queue for w in able for queue in queues_of(w.template)}
    measured = {name_of(each) for each in view.figures.series("queue_depth")}
    for series in view.figures.series("queue_depth"):
        queue = name_of(series)
        grew = piled_up(view, series, queue) if queue not in read else None
        long = long_since(view, series, queue) if queue not in read and grew is None else None
        left = _left(view, able, queue, grew.since) if grew else long and _left(view, able, queue, long.since, series)
        if left and (turn := grew or long):
            seen = (waiting(series, left.ref, turn), *unread(view, left.ref, queue))
            yield _match(view, left, queue, named_in(series), seen, turn.since or left.released_at)
    for queue in sorted({each for w in able if w.changes for each in queues_of(template_before(w))} - read - measured):
        for alert in view.alerts:
            left = _left(view, able, queue, alert.starts_at) if is_about(alert, queue) else None
            if left:
                said = alert.fires(left.ref, f", of {queue}")
                yield _match(view, left, queue, queue, (said, *unread(view, left.ref, queue)), alert.starts_at)
                break


def _left(
    view: View, able: Sequence[Workload], queue: str, since: datetime | None, long: Series | None = None
) -> Workload | None:
    """Return who alone was released before a time, is whole, and was told to read a queue until then; nobody reads it.

    Where its new template has no list at all it may be told elsewhere, unless nobody reads the queue. One that was
    `long` when it was first measured may have grown since any release of that day, if nothing tells since when.
    """
    readers = view.figures.now("queue_consumers", component=queue)
    able = [w for w in able if w in view.serving and (long is None or _is_older(view, w, long))]
    left = [w for w in able if _took_out(w, queue, readers, since or (w.released_at if long else None))]
    return left[0] if not readers and len(left) == 1 and left[0].ready >= max(1, left[0].wanted) else None


def _is_older(view: View, workload: Workload, series: Series) -> bool:
    """Tell whether a release of this day is older than all that is measured of a queue."""
    at = workload.released_at
    return at is not None and view.recent(at, DAY) and at.timestamp() < series.points[0][0]


def _took_out(workload: Workload, queue: str, readers: float | None, since: datetime | None) -> bool:
    """Tell whether a release took a queue from what a workload reads, and what tells of the queue began only then."""
    if not queue or not workload.changes or workload.released_at is None or since is None:
        return False
    if not BEFORE <= since - workload.released_at <= LATER:
        return False
    now = queues_of(workload.template)
    return queue in queues_of(template_before(workload)) - now and (bool(now) or readers == 0)


def _match(
    view: View, workload: Workload, queue: str, label: str, seen: tuple[Evidence, ...], since: datetime | None
) -> Match:
    now = ", ".join(sorted(queues_of(workload.template))) or "no queue by name"
    fact = f"before its release it was told to read {queue}, and now {now}"
    brokers = (each.ref for each in of_role(view.workloads, "broker"))
    return Match(
        component=workload.ref,
        evidence=(Evidence("objects", workload.ref, fact, workload.released_at), *seen),
        certainty=0.75,
        since=since,
        explains=tuple(dict.fromkeys((*brokers, keeper(view, label)))),
        excludes=excluding(
            workload.ref,
            f"its pods do not ask for {queue}, however many they are and however often they start",
            *RESTARTS,
            "scale_workload",
        ),
    )


RULE = Rule(
    name="queue_not_read",
    title="A release reads a queue no more, and messages pile up in it",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no queue grows since a release took it from the list of what its readers read",
)
