"""The reader of most of what waits at a full broker, if it did nothing for long before that, and does nothing now."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._hosts_outside import TROUBLES
from tuheg_ir.diagnosis.rules._outrun import could_work, longest
from tuheg_ir.diagnosis.rules._readers import QUIET, name_of, reader, silent, unread
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.threads import deadlocked
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LAST_WORDS = 20
"""So many lines hold the last words of who says nothing more."""


class Standing(NamedTuple):
    """A consumer that stands still: since when, and what shows it."""

    consumer: Workload
    since: datetime
    evidence: tuple[Evidence, ...]


def standing_reader(view: View, alarm: datetime | None) -> Standing | None:
    """Return the consumer of most of what waits, if it did nothing for long before the alarm, and does nothing since.

    Who stands still only since the alarm may wait to publish itself: the broker holds it up like all others.
    """
    found = longest(view)
    consumer = reader(view, found.series) if found else None
    if alarm is None or found is None or consumer is None or not could_work(view, consumer):
        return None
    told = _locked_up(view, consumer) or _says_nothing(view, consumer, name_of(found.series))
    if told is None or alarm - told.since < QUIET:
        return None
    return told._replace(evidence=(found.told(consumer.ref), *told.evidence))


def _locked_up(view: View, consumer: Workload) -> Standing | None:
    """Return that threads of all pods of a consumer wait for each other: so they do whoever answers, until they end.

    Its watchdog, or who tells of its health, may have much to say all the while.
    """
    dead = deadlocked(view, consumer)
    since = newest(each.since for each in dead)
    if since is None or {each.pod for each in dead} != {pod.name for pod in consumer.live}:
        return None
    return Standing(consumer, since, tuple(dead[0].evidence()))


def _says_nothing(view: View, consumer: Workload, queue: str) -> Standing | None:
    """Return that a consumer says nothing any more, and either does nothing or is no reader to the broker."""
    # Who has no limit of the processor has no share of one; the broker's word that nobody reads is as good.
    still = (*silent(view, consumer), *unread(view, consumer.ref, queue))
    said = next((each.time for each in still if each.source == "logs"), None)
    if len(still) < 2 or said is None or _spoke_of_who_fails(view, consumer):
        return None
    return Standing(consumer, said, still)


def _spoke_of_who_fails(view: View, consumer: Workload) -> bool:
    """Tell whether the last words of a consumer name a host that others miss still: it would stand still again."""
    words = (line for log in view.logs_of(consumer.live, previous=False) for line in log.lines[-LAST_WORDS:])
    hosts = set(hosts_named(words))
    return any(hosts & {*each.hosts} for each in complaints(view, *TROUBLES) if each.caller != consumer.ref)
