"""A release sends to another queue than before, which nobody is told to read: all is well, and nothing is done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._keeper import keeper
from tuheg_ir.diagnosis.rules._readers import (
    given_up,
    name_of,
    named_in,
    queues_of,
    waiting,
    works_on_messages,
)
from tuheg_ir.diagnosis.rules._sends_to import sends_to
from tuheg_ir.diagnosis.rules._unread_queue import LATER, kept, labelled
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.named import NamedTuple

_STORES = ("broker", "cache")


class Sender(NamedTuple):
    """Who sends to a queue since its release, and what tells that it does."""

    workload: Workload
    queue: str
    told: Evidence


def when(view: View) -> Iterator[Match]:
    """A queue that was at rest grows since the release of who sends to it now; nobody is told to read it, nor does.

    Where no figure tells how much waits, an alert that bears the name of that queue does.
    """
    measured = set()
    for series in view.figures.series("queue_depth"):
        queue = name_of(series)
        measured.add(queue)
        grew = None if given_up(view, series) else kept(view, series, queue)
        if grew is None or grew.since is None:
            continue
        sender, label = _sender(view, queue, grew.since), named_in(series) or queue
        if sender and sender.workload.released_at and _at_rest(series, sender.workload.released_at):
            yield _match(view, sender, label, waiting(series, keeper(view, label), grew), grew.since)
    for alert in view.alerts:
        for queue in sorted(labelled(alert) - measured - {""}):
            if alert.starts_at is None or given_up(view, Series({"queue": queue}, ())):
                continue
            if sender := _sender(view, queue, alert.starts_at):
                ref = sender.workload.ref
                said = alert.fires(ref, f", of {queue}")
                yield _match(view, sender, queue, said, alert.starts_at)


def _sender(view: View, queue: str, since: datetime) -> Sender | None:
    """Return the one workload that may have begun to send to a queue with its release; None for none, or several."""
    found = [
        Sender(each, queue, told)
        for each in view.serving
        if not role(each)
        and each.changes
        and not each.returned
        and each.released_at is not None
        and BEFORE <= since - each.released_at <= LATER
        and (told := sends_to(view, each, queue))
    ]
    return found[0] if len(found) == 1 and _nobody_reads(view, found[0].workload, queue) else None


def _at_rest(series: Series, until: datetime) -> bool:
    """Tell whether a queue did not move before a release, and nothing was ever taken out of it.

    In one that is read there is a little, now and then.
    """
    values = [value for _, value in series.points]
    before = [value for at, value in series.points if at < (until + BEFORE).timestamp()]
    return values == sorted(values) and (not before or min(before) == max(before))


def _nobody_reads(view: View, sender: Workload, queue: str) -> bool:
    """Tell whether nobody reads a queue, by the count of its broker, or as all are told by name what to read.

    Who read it before and does so no more is missed: then it lies with that one.
    """
    others = [each for each in view.workloads.values() if each is not sender and not role(each)]
    if any(queue in queues_of(t) for each in others for t in (each.template, template_before(each))):
        return False
    counts = [v for each in view.figures.series("queue_consumers", component=queue) for _, v in each.points]
    if counts:
        return max(counts) == 0
    stores = [store for store in view.called(sender.ref) if role(store) in _STORES]
    free = [each for each in others if each.kind not in BATCH and not queues_of(each.template)]
    return bool(_readers(view, sender)) and not any(_may_read(view, each, stores) for each in free)


def _readers(view: View, sender: Workload) -> list[Workload]:
    """Return those who are told by name what to read."""
    able = (each for each in view.serving if each is not sender and works_on_messages(view, each))
    return [each for each in able if queues_of(each.template)]


def _may_read(view: View, workload: Workload, stores: list[Workload]) -> bool:
    """Tell whether a workload that is told no queues may read some of a store: its code may name them.

    Who takes requests reads queues as well of a broker; of a store for all purposes it takes other things.
    """
    called = view.called(workload.ref)
    asks = not stores or not called or any(store in called for store in stores)
    return asks and (works_on_messages(view, workload) or any(role(store) == "broker" for store in stores))


def _match(view: View, sender: Sender, label: str, seen: Evidence, since: datetime) -> Match:
    workload, queue, told = sender
    readers = _readers(view, workload)
    read = ", ".join(sorted({each for reader in readers for each in queues_of(reader.template)}))
    nobody = Evidence("objects", workload.ref, f"nobody reads {queue}; what is read is {read or 'not told by name'}")
    return Match(
        component=workload.ref,
        evidence=(told, seen, nobody, *release_evidence(workload)),
        certainty=0.65,
        root_cause=release_cause(view, workload) if told.source == "logs" else "configuration_error",
        since=since,
        explains=(keeper(view, label),),
        excludes=(
            *excluding(workload.ref, f"it sends to {queue} again after a start", *RESTARTS, "scale_workload"),
            *not_for((each.ref for each in readers), f"it reads other queues than {queue}, and works on those"),
        ),
    )


RULE = Rule(
    name="sent_where_nobody_reads",
    title="A release sends to a queue that nobody reads",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no queue that nobody reads grows since the release of who sends to it",
)
