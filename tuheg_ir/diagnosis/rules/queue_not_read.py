"""Messages pile up in a queue that the release of its readers took from the list of what they read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._readers import grown, name_of, named_in, queues_of, unread, waiting, works_on_messages
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import BEFORE, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATER = timedelta(hours=2)
"""A queue into which little is sent takes so long to be long."""


def when(view: View) -> Iterator[Match]:
    """A queue grows since a release whose list of queues lacks it, and nobody else is told to read it."""
    for series in view.figures.series("queue_depth"):
        grew, queue = grown(view, series), name_of(series)
        able = [w for w in view.workloads.values() if works_on_messages(view, w)]
        if grew is None or any(queue in queues_of(w.template) for w in able):
            continue
        readers = view.figures.now("queue_consumers", component=queue)
        left = [w for w in able if w in view.serving and _left(w, queue, readers, grew)]
        if not readers and len(left) == 1 and left[0].ready >= max(1, left[0].wanted):
            seen = (waiting(series, left[0].ref, grew), *unread(view, left[0].ref, queue))
            yield _match(view, left[0], queue, named_in(series), seen, grew.since)


def _left(workload: Workload, queue: str, readers: float | None, grew: Turn) -> bool:
    """Tell whether a release took a queue from what a workload reads, and the queue grew only then.

    Where its new template has no list at all it may be told elsewhere, unless nobody reads the queue.
    """
    if not queue or not workload.changes or workload.released_at is None or grew.since is None:
        return False
    if not BEFORE <= grew.since - workload.released_at <= LATER:
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
        explains=tuple(dict.fromkeys((*brokers, view.component(label) or label))),
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
