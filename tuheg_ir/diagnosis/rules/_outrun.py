"""What fills a broker: the queue in which most messages wait, and whether those who read it are only too few."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Excluded, Series
from tuheg_ir.diagnosis.rules._capacity import PEAK, remedy_for_load
from tuheg_ir.diagnosis.rules._figures import finds_slow
from tuheg_ir.diagnosis.rules._publishing import flooded_by
from tuheg_ir.diagnosis.rules._readers import LEAST, given_up, grown, name_of, queues, reader, silent
from tuheg_ir.diagnosis.rules._unreadable import unreadable
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view.marked import OFTEN, marked
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import SOON, releases
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MOST = 0.9
"""Who has so much of all that waits fills the broker alone."""
MANY = 1000.0
"""So few more messages than before fill no broker."""
HALF = 0.5
"""What waited in part before a release is not all sent by it."""
ELSEWHERE = {"consumergroup", "key"}
"""Labels of what a group has still to read of a log, or what lies in a store: no broker keeps it in its memory."""


class Longest(NamedTuple):
    """The queue in which at least half of all messages wait, how many those are, and were, and of how many."""

    series: Series
    before: float
    waiting: float
    every: float

    def told(self, ref: str) -> Evidence:
        """Return it as evidence; ``ref``: who reads it."""
        fact = f"{self.waiting:.0f} of {self.every:.0f} messages that wait are in {name_of(self.series)}"
        return Evidence("metrics", ref, fact)


class Outrun(NamedTuple):
    """Consumers that do all they can and are too few: since when, what shows it, what helps and what does not."""

    consumer: Workload
    since: datetime
    evidence: tuple[Evidence, ...]
    remedy: str
    barred: tuple[Excluded, ...]


@once_a_view
def longest(view: View) -> Longest | None:
    """Return the queue in which at least half of all messages wait, if they are many and no fewer than before."""
    waits = [
        (now, series)
        for series in queues(view)
        if not ELSEWHERE & series.labels.keys()
        and not given_up(view, series)
        and (now := view.figures.alone("queue_depth", series).now("queue_depth")) is not None
    ]
    every = sum(now for now, _ in waits)
    most, series = max(waits, key=lambda each: each[0], default=(0.0, None))
    if series is None or most < max(LEAST, every / 2):
        return None
    first = view.figures.alone("queue_depth", series).first("queue_depth")
    return None if first is None or most < first else Longest(series, first, most, every)


def could_work(view: View, consumer: Workload) -> bool:
    """Tell whether all pods of a consumer are there, of an older release, and what they need is there as well."""
    return needs_are_there(view, consumer) and not releases(view, consumer, SUSPECT)


def needs_are_there(view: View, consumer: Workload) -> bool:
    """Tell whether all pods of a consumer are there, and what they need is there as well."""
    needs = (w for ref in view.graph.needs(consumer.ref) if (w := view.workloads.get(ref)))
    return all(each.ready and each.ready >= each.wanted for each in (consumer, *needs))


def outrun(view: View, alarm: datetime | None) -> Outrun | None:
    """Return the consumer of nearly all that waits, if all its pods are at their processor limit since before an alarm.

    Only where all that it tells is that it works: who fails, waits or says nothing may use the processor for nothing.
    """
    found = longest(view)
    consumer = reader(view, found.series) if found else None
    if alarm is None or found is None or consumer is None or found.waiting < MOST * found.every:
        return None
    since = _busy_since(view, consumer) if found.waiting - found.before >= MANY else None
    if since is None or since >= alarm or not could_work(view, consumer) or releases(view, consumer, PEAK):
        return None
    if not _works_well(view, consumer) or _sent_more(view, found, since):
        return None
    remedy, seen, barred = remedy_for_load(view, consumer)
    busy = Evidence("metrics", consumer.ref, "all its pods are at their processor limit", since)
    return Outrun(consumer, since, (found.told(consumer.ref), busy, *seen), remedy, barred)


def _works_well(view: View, consumer: Workload) -> bool:
    """Tell whether a consumer speaks, and of no trouble."""
    return untroubled(view, consumer) and not any(silent(view, consumer))


def untroubled(view: View, consumer: Workload) -> bool:
    """Tell whether a consumer tells of no trouble but that its broker is full, and finds nobody slow."""
    told = {hit.trouble for hit in view.hits_of(consumer.ref)} - {"broker_alarm"} or unreadable(view, consumer)
    fails = any(each.count >= OFTEN for each in marked(view, consumer))
    return not (told or fails or finds_slow(view, consumer.ref))


def _sent_more(view: View, found: Longest, since: datetime) -> bool:
    """Tell whether most of what waits may come from somebody's release, or from a run that a person may have to stop.

    ``since``: when those who read it became busy.
    """
    most = view.figures.alone("queue_depth", found.series).crossed("queue_depth", HALF * found.waiting)
    for workload in view.serving:
        came = workload.released_at if workload.changes and not role(workload) else None
        if came is not None and since - came <= SOON and (most is None or came <= most):
            return True
    grew = grown(view, found.series)
    return grew is not None and flooded_by(view, grew) is not None


def _busy_since(view: View, consumer: Workload) -> datetime | None:
    """Return since when all pods of a consumer are at their processor limit; None if one is not, or is not known."""
    if set(usage(view.figures, consumer, "cpu_share").beyond(BUSY)) != {pod.name for pod in consumer.live}:
        return None
    return newest(view.figures.crossed("cpu_share", BUSY, pod=pod.name) for pod in consumer.live)
