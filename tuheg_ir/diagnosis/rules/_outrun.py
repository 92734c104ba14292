"""What fills a broker: the queue in which most messages wait, and whether those who read it are only too few."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Excluded, Series
from tuheg_ir.diagnosis.rules._capacity import FROM_BEHIND, remedy_for_load
from tuheg_ir.diagnosis.rules._readers import LEAST, given_up, name_of, queues, reader
from tuheg_ir.diagnosis.rules._unreadable import unreadable
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.workloads import Workload

MOST = 0.9
"""Who has so much of all that waits fills the broker alone."""


@dataclass(frozen=True, slots=True)
class Longest:
    """The queue in which at least half of all messages wait, how many those are, and of how many."""

    series: Series
    waiting: float
    every: float

    def told(self, ref: str) -> Evidence:
        """Return it as evidence; ``ref``: who reads it."""
        fact = f"{self.waiting:.0f} of {self.every:.0f} messages that wait are in {name_of(self.series)}"
        return Evidence("metrics", ref, fact)


@dataclass(frozen=True, slots=True)
class Outrun:
    """Consumers that do all they can and are too few: since when, what shows it, what helps and what does not."""

    consumer: Workload
    since: datetime
    evidence: tuple[Evidence, ...]
    remedy: str
    barred: tuple[Excluded, ...]


def longest(view: View) -> Longest | None:
    """Return the queue in which at least half of all messages wait, if they are many and no fewer than before."""
    waits = [
        (now, series)
        for series in queues(view)
        if not given_up(view, series)
        and (now := view.figures.alone("queue_depth", series).now("queue_depth")) is not None
    ]
    every = sum(now for now, _ in waits)
    most, series = max(waits, key=lambda each: each[0], default=(0.0, None))
    if series is None or most < max(LEAST, every / 2):
        return None
    first = view.figures.alone("queue_depth", series).first("queue_depth")
    return None if first is None or most < first else Longest(series, most, every)


def could_work(view: View, consumer: Workload) -> bool:
    """Tell whether all pods of a consumer are there, of an older release, and what they need is there as well."""
    needs = (w for ref in view.graph.needs(consumer.ref) if (w := view.workloads.get(ref)))
    there = all(each.ready and each.ready >= each.wanted for each in (consumer, *needs))
    return there and not releases(view, consumer, SUSPECT)


def outrun(view: View, alarm: datetime | None) -> Outrun | None:
    """Return the consumer of nearly all that waits, if all its pods are at their processor limit since before an alarm.

    Not where it takes messages again and again that it cannot do, or waits for somebody else: more of it do no more.
    """
    found = longest(view)
    consumer = reader(view, found.series) if found else None
    if alarm is None or found is None or consumer is None or found.waiting < MOST * found.every:
        return None
    since = _busy_since(view, consumer)
    if since is None or since >= alarm or not could_work(view, consumer):
        return None
    if view.hits_of(consumer.ref, "message_rejected", *FROM_BEHIND) or unreadable(view, consumer):
        return None
    remedy, seen, barred = remedy_for_load(view, consumer)
    busy = Evidence("metrics", consumer.ref, "all its pods are at their processor limit", since)
    return Outrun(consumer, since, (found.told(consumer.ref), busy, *seen), remedy, barred)


def _busy_since(view: View, consumer: Workload) -> datetime | None:
    """Return since when all pods of a consumer are at their processor limit; None if one is not, or is not known."""
    if set(usage(view.figures, consumer, "cpu_share").beyond(BUSY)) != {pod.name for pod in consumer.live}:
        return None
    return newest(view.figures.crossed("cpu_share", BUSY, pod=pod.name) for pod in consumer.live)
