"""Readers that keep what they were handed, since a release of theirs: a full hand takes nothing more.

A message that is not acknowledged counts against how many a reader may hold at once. Where a release leaves some so, it
works until its hand is full of them, and then stands still without a word, connected and ready.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match
from tuheg_ir.diagnosis.rules._alarmed import Alarm, in_vain
from tuheg_ir.diagnosis.rules._behind_a_queue import HAS_ITSELF
from tuheg_ir.diagnosis.rules._fell_silent import LONG, fell_silent
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._hosts_outside import TROUBLES
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.rules._outrun import Longest, longest, needs_are_there, untroubled
from tuheg_ir.diagnosis.rules._readers import IDLE, QUIET, name_of, reader
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import complains, shape_of
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

FULL_SOON = timedelta(hours=1)
"""What a release leaves unacknowledged fills the hand of a busy reader so soon; who stops later may wait for others."""
AROUND = timedelta(minutes=5)
"""Who complains within so long of when readers stopped may tell of what stopped them."""
NEARLY = 0.9
"""Share of the time in which a hand that is full counts the same: one pod that is made anew lets go for a moment."""
FLAT = 0.98
"""A queue of a broker that takes no more messages, and that became shorter than this since, is worked off."""
MOSTLY = 0.5
"""Share of a full hand that was in it before its reader stopped, if it stopped of that: who hangs is handed it then."""


class Kept(NamedTuple):
    """Readers whose hands are full: since when they do nothing, and what shows it."""

    consumer: Workload
    since: datetime
    evidence: tuple[Evidence, ...]


def kept_unacked(view: View, alarm: Alarm) -> Kept | None:
    """Return the reader of most of what waits, if it keeps what it was handed since its release, before an alarm."""
    found = longest(view)
    consumer = reader(view, found.series) if found else None
    if alarm.since is None or found is None or consumer is None or role(consumer) or consumer.returned:
        return None
    if not releases(view, consumer, SUSPECT) or not needs_are_there(view, consumer) or not untroubled(view, consumer):
        return None
    held = _full_hand(view, consumer, name_of(found.series), alarm.since)
    if held is None or _worked_off(view, found, alarm.since):
        return None
    stopped = _stopped(view, alarm, consumer, name_of(found.series))
    return stopped and stopped._replace(evidence=(found.told(consumer.ref), held, *stopped.evidence))


def _full_hand(view: View, consumer: Workload, queue: str, alarm: datetime) -> Evidence | None:
    """Return that readers of a queue hold the same number of messages since before an alarm, each its like share.

    What they held as full a hand of before their release says nothing: so they do who are only slow.
    """
    held = view.figures.now("queue_unacked", component=queue)
    if not held:
        return None
    came = consumer.released_at
    before = None if came is None else view.figures.before("queue_unacked", came, component=queue)
    if before is not None and before >= held:
        return None
    start = (alarm - QUIET).timestamp()
    counts = [v for s in view.figures.series("queue_unacked", component=queue) for t, v in s.points if t >= start]
    readers = view.figures.now("queue_consumers", component=queue)
    alike = readers is None or (readers > 0 and held % readers == 0)
    if not alike or sum(count == held for count in counts) < NEARLY * len(counts):
        return None
    fact = f"{held:.0f} messages of {queue} are handed out and not acknowledged, all the time"
    return Evidence("metrics", consumer.ref, fact)


def _worked_off(view: View, found: Longest, alarm: datetime) -> bool:
    """Tell whether a queue becomes shorter while its broker takes nothing: who works on is not full."""
    highest = view.figures.alone("queue_depth", found.series).peak("queue_depth", alarm)
    return highest is not None and found.waiting < FLAT * highest


def stands_still(view: View, alarm: Alarm) -> str:
    """Return the reader of most of what waits, if none of its pods worked any more before an alarm; "" if it is not so.

    It does not wait for the broker: whatever else it hangs on, what makes it work again makes room as well.
    """
    found = longest(view)
    consumer = reader(view, found.series) if found else None
    silent = fell_silent(view, consumer, LONG, IDLE) if consumer else {}
    if consumer is None or alarm.since is None or set(silent) != {pod.name for pod in consumer.live}:
        return ""
    since = newest(silent.values())
    return consumer.ref if since is not None and alarm.since - since >= QUIET else ""


def _stopped(view: View, alarm: Alarm, consumer: Workload, queue: str) -> Kept | None:
    """Return since when no pod of a consumer works any more, where its release is all that may have stopped them.

    Who stops only as the broker is full may wait to publish itself. A pod that was made since and does nothing either
    shows that it is in what they run; where there is none, they have to have stopped soon after the release.
    """
    silent = fell_silent(view, consumer, LONG, IDLE)
    pods = {pod.name: pod for pod in consumer.live}
    first = oldest(silent.values())
    if set(silent) != set(pods) or first is None or alarm.since is None or consumer.released_at is None:
        return None
    young = {name for name, pod in pods.items() if pod.created is not None and pod.created > first}
    older = {name: at for name, at in silent.items() if name not in young}
    since = newest(older.values())
    if since is None or alarm.since - since < QUIET or _told_why(view, consumer, older, alarm.since):
        return None
    if _changed(view, alarm, consumer, since) or _hangs(view, alarm, consumer, queue, older.values()):
        return None
    soon = since - consumer.released_at <= FULL_SOON and not _missed_then(view, consumer, since)
    if not young and not soon:
        return None
    seen = Evidence("logs", consumer.ref, "its pods are ready, and tell of no more work since", since)
    again = (Evidence("logs", f"Pod/{name}", "it was made since, and stands still too", silent[name]) for name in young)
    return Kept(consumer, since, (seen, *sorted(again, key=lambda each: each.object)[:1]))


def _changed(view: View, alarm: Alarm, consumer: Workload, stopped: datetime) -> bool:
    """Tell whether something else changed until a consumer stopped: who sends to it, what it needs, or settings."""
    released = consumer.released_at
    beside = {*alarm.clients(view), *view.graph.needs(consumer.ref)} - {consumer.ref}
    others = (view.workloads[ref].released_at for ref in beside if ref in view.workloads)
    if any(at is not None and released is not None and released + BEFORE <= at <= stopped - BEFORE for at in others):
        return True
    return any(at is not None and near(at, stopped) for at in others_written(view))


def _hangs(view: View, alarm: Alarm, consumer: Workload, queue: str, stopped: Collection[datetime]) -> bool:
    """Tell whether readers may wait for somebody else without a word since they stopped.

    Pods of what they need came anew then, whose connections may be open on this side alone; they are within a statement
    or a transaction since; or they were handed most of what they hold only as they did nothing any more.
    """
    asked = {alarm.broker.ref, *view.graph.needs(consumer.ref)}
    needs = (view.workloads[ref] for ref in asked if ref in view.workloads)
    anew = [at for each in needs for pod in each.live for at in (pod.created, pod.started, pod.ready_since) if at]
    if any(near(at, stop) for at in anew for stop in stopped):
        return True
    return _within(view, consumer, max(stopped)) or _filled_later(view, queue, min(stopped))


def _within(view: View, consumer: Workload, stopped: datetime) -> bool:
    """Tell whether a database lists sessions of a consumer that wait for a lock, or do one thing since it stopped."""
    mine = [s for each in view.databases for s in each.sessions if s.owner == consumer.ref]
    since = (view.now - stopped - AROUND).total_seconds()
    at_it = (s for s in mine if s.state == "active" or s.state.startswith("idle in transaction"))
    return any(s.locked_out for s in mine) or any(s.age_s >= since for s in at_it)


def _filled_later(view: View, queue: str, stopped: datetime) -> bool:
    """Tell whether little was in a hand before its reader stopped; where nobody counted that, at the first count."""
    held = view.figures.now("queue_unacked", component=queue) or 0.0
    before = view.figures.before("queue_unacked", stopped, AROUND, component=queue)
    if before is None:
        before = view.figures.first("queue_unacked", component=queue)
    return before is not None and before < MOSTLY * held


def _missed_then(view: View, consumer: Workload, stopped: datetime) -> bool:
    """Tell whether somebody else missed an answer when a consumer stopped: it may wait for the same one ever since."""
    return any(
        hit.first <= stopped + AROUND and hit.last >= stopped - AROUND
        for hit in view.hits
        if hit.trouble in TROUBLES and hit.component != consumer.ref and hit.first is not None and hit.last is not None
    )


def _told_why(view: View, consumer: Workload, stopped: Mapping[str, datetime], alarm: datetime) -> bool:
    """Tell whether a pod that stopped then complained of what it had not before, or told that it waits for a lock."""
    pods = [pod for pod in consumer.live if pod.name in stopped]
    logs = view.logs_of(pods, previous=False)
    return any(_new_words(log.lines, stopped[log.pod], max(alarm, stopped[log.pod] + AROUND)) for log in logs)


def _new_words(lines: Sequence[str], stopped: datetime, end: datetime) -> bool:
    told = [(at, shape_of(line)) for line in lines if _says_why(line) and (at := stamp(line)) is not None]
    before = {shape for at, shape in told if at < stopped - AROUND}
    return any(stopped - AROUND <= at < end and shape not in before for at, shape in told)


def _says_why(line: str) -> bool:
    return (complains(line) and not tells("broker_alarm", line)) or HAS_ITSELF.search(line) is not None


def of_kept(view: View, alarm: Alarm, kept: Kept) -> Match:
    """Return that readers who keep what they were handed have filled the broker: what they ran before lets it go."""
    consumer, broker = kept.consumer, alarm.broker
    suffer = behind(view, broker.ref, *alarm.clients(view), but=consumer.ref)
    why = f"the broker is full because {consumer.ref} keeps what it was handed: nothing done to this one makes room"
    again = "new pods are handed the same messages, and keep them too"
    return Match(
        component=consumer.ref,
        evidence=(*kept.evidence, *alarm.told(view, 2), *release_evidence(consumer)),
        certainty=0.75,
        root_cause=release_cause(view, consumer),
        remedy="rollback_workload",
        since=kept.since,
        explains=suffer,
        excludes=(
            *not_for((ref for ref in suffer if ref != broker.ref), why),
            *in_vain(broker),
            *not_for((consumer.ref,), again, (*RESTARTS, "scale_workload")),
        ),
    )
