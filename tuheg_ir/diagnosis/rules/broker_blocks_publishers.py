"""The message broker protects itself: it takes no more messages."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._alarmed import Alarm, alarm_of, in_vain
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._broker_room import of_cut, room_cut
from tuheg_ir.diagnosis.rules._helping import behind, not_for, settings_written
from tuheg_ir.diagnosis.rules._kept_growing import kept_growing
from tuheg_ir.diagnosis.rules._kept_unacked import kept_unacked, of_kept, stands_still
from tuheg_ir.diagnosis.rules._outrun import Outrun, longest, outrun
from tuheg_ir.diagnosis.rules._reader_away import Away, paused, reader_away
from tuheg_ir.diagnosis.rules._readers import by_release, grown, reader
from tuheg_ir.diagnosis.rules._reads_elsewhere import reads_elsewhere
from tuheg_ir.diagnosis.rules._standing_reader import Standing, standing_reader
from tuheg_ir.diagnosis.rules.crash_later import SUSPECT
from tuheg_ir.diagnosis.rules.outside_dependency_fails import EARLIER
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.reading import name, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.scaling import scaled_by
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


def when(view: View) -> Iterator[Match]:
    """A broker, who publishes to it, or figures tell of a resource alarm."""
    for broker in of_role(view.workloads, "broker"):
        if (alarm := alarm_of(view, broker)) is not None:
            yield _of_alarm(view, alarm)


def _of_alarm(view: View, alarm: Alarm) -> Match:
    """Return whose fault an alarm is: of who does not work off what comes, or the broker's own."""
    broker, since = alarm.broker, alarm.since
    if (rests := paused(view)) is not None:
        return _of_paused(view, alarm, rests)
    if (away := reader_away(view, alarm)) is not None:
        return _of_away(view, alarm, away)
    if (worse := _gives_back(view, since) or _slower(view, since) or _elsewhere(view, since)) is not None:
        return _of_consumer(view, alarm, worse)
    if (kept := kept_unacked(view, alarm) or kept_growing(view, alarm)) is not None:
        return of_kept(view, alarm, kept)
    if (standing := standing_reader(view, since)) is not None:
        return _of_standing(view, alarm, standing)
    if (few := outrun(view, since)) is not None:
        return _of_too_few(view, alarm, few)
    suffer = behind(view, broker.ref, *alarm.clients(view), but=broker.ref)
    callers = tuple(ref for ref in suffer if not _ill_before(view, ref, since))
    if (cut := room_cut(view, alarm)) is not None:
        return of_cut(cut, alarm.told(view), callers)
    settings, still = settings_written(view, broker, since), stands_still(view, alarm)
    return Match(
        component=settings[0].object if settings else broker.ref,
        evidence=(*settings, *alarm.told(view)),
        certainty=0.75,
        root_cause="configuration_error" if settings else "",
        since=since,
        explains=(*callers, *((broker.ref,) if settings else ())),
        excludes=(
            *not_for(
                (ref for ref in callers if ref != still),
                f"{broker.ref} blocks who publishes: nothing done to them makes room",
            ),
            *in_vain(broker),
        ),
    )


def _ill_before(view: View, ref: str, alarm: datetime | None) -> bool:
    """Tell whether what users feel of a workload began with its own release, and clearly before the alarm.

    Not where nobody knows that the broker took all until then: the logs of who publishes have to reach back further.
    """
    workload = view.workloads.get(ref)
    if workload is None or alarm is None or workload.released_at is None:
        return False
    felt = oldest(since for _, since in troubles(view, ref))
    if felt is None or not since_release(workload, felt) or alarm - felt <= EARLIER:
        return False
    told = {c.hit.pod for c in complaints(view, "broker_alarm")}
    heard = (heard_since([log]) for log in view.snapshot.logs if log.pod in told and not log.previous)
    return any(first is not None and first < workload.released_at + BEFORE for first in heard)


def _of_paused(view: View, alarm: Alarm, scaled: Obj) -> Match:
    """Return that nobody works the queue off, because who should is paused at zero."""
    target = scaled_by(scaled)
    component = f"ScaledObject/{name(scaled)}"
    suffer = behind(view, alarm.broker.ref)
    return Match(
        component=component,
        evidence=(Evidence("objects", component, f"it is paused, and {target} has no pods"), *alarm.told(view, 2)),
        certainty=0.75,
        root_cause="configuration_error",
        since=alarm.since,
        explains=(target, *suffer),
        excludes=not_for(suffer, "nobody works off what is published: nothing done to it changes that"),
    )


def _of_away(view: View, alarm: Alarm, away: Away) -> Match:
    """Return that the queue of who was scaled to nought has filled the broker: its pods, given back, work it off.

    Where a note says why they rest, or they rest for long, who took them away has to say what becomes of all that.
    """
    reader, broker = away.reader, alarm.broker
    suffer = behind(view, broker.ref, *alarm.clients(view), but=reader.ref)
    why = f"the broker is full because nobody reads for {reader.ref}: nothing done to this one makes room"
    return Match(
        component=reader.ref,
        evidence=(*away.evidence, *alarm.told(view, 2)),
        certainty=0.8,
        root_cause="configuration_error",
        remedy="page_human" if away.asks else "scale_workload",
        since=away.since,
        explains=suffer,
        excludes=(
            *not_for((ref for ref in suffer if ref != broker.ref), why),
            *in_vain(broker),
            *not_for(
                (reader.ref,), "there is no pod of it, and its template is well", (*RESTARTS, "rollback_workload")
            ),
            *not_for((reader.ref,) if away.noted else (), "it rests for a reason that is told", ("scale_workload",)),
        ),
    )


class _Worse(NamedTuple):
    """A consumer that works less off since its release, what shows it, and how one says that in short."""

    consumer: Workload
    shown: Evidence
    does: str


def _gives_back(view: View, alarm: datetime | None) -> _Worse | None:
    """Return the one consumer whose young release gives messages back instead of working them off.

    It did so before the broker was full: afterwards it may be held up itself, as all that publish are.
    """
    found = [
        workload
        for workload in view.serving
        if sum(hit.count for hit in view.hits_of(workload.ref, "message_rejected")) >= OFTEN
        and workload.changes
        and releases(view, workload, SUSPECT)
        and not _took_all_until(view, workload, alarm)
    ]
    if len(found) != 1:
        return None
    shown = view.hit_evidence(view.hits_of(found[0].ref, "message_rejected")[0])
    return _Worse(found[0], shown, "gives back what it takes")


def _took_all_until(view: View, workload: Workload, alarm: datetime | None) -> bool:
    """Tell whether a consumer's log reaches back to before an alarm, and gives nothing back until then."""
    first = oldest(hit.first for hit in view.hits_of(workload.ref, "message_rejected"))
    heard = heard_since(view.logs_of(workload.live, previous=False))
    return first is not None and heard is not None and alarm is not None and heard < alarm < first


def _slower(view: View, alarm: datetime | None) -> _Worse | None:
    """Return the consumer of most of what waits, if that began to grow with its release and before the alarm."""
    found = longest(view)
    consumer = reader(view, found.series) if found else None
    grew = grown(view, found.series) if found else None
    if found is None or consumer is None or grew is None or role(consumer) or not by_release(consumer, grew):
        return None
    if alarm is None or grew.since is None or grew.since >= alarm or blames_another(view, consumer, consumer):
        return None
    return _Worse(consumer, found.told(consumer.ref), "does not keep up since its release")


def _elsewhere(view: View, alarm: datetime | None) -> _Worse | None:
    """Return who reads another queue since its release, if that was before the alarm."""
    found = reads_elsewhere(view)
    if found is None or alarm is None or found.since >= alarm:
        return None
    return _Worse(found.reader, found.evidence[0], f"does not read {found.queue} any more")


def _of_consumer(view: View, alarm: Alarm, worse: _Worse) -> Match:
    """Return that the queue fills because a release works less off: the broker and who publishes only suffer."""
    consumer = worse.consumer
    callers = behind(view, alarm.broker.ref, but=consumer.ref)
    return Match(
        component=consumer.ref,
        evidence=(worse.shown, *alarm.told(view, 2), *release_evidence(consumer)),
        certainty=0.75,
        root_cause=release_cause(view, consumer),
        remedy="rollback_workload",
        since=consumer.released_at,
        explains=callers,
        excludes=not_for(callers, f"the queue fills because {consumer.ref} {worse.does}"),
    )


def _of_standing(view: View, alarm: Alarm, standing: Standing) -> Match:
    """Return that the queue of a consumer that stands still has filled the broker: all others only suffer."""
    consumer = standing.consumer
    suffer = behind(view, alarm.broker.ref, *alarm.tellers, but=consumer.ref)
    return Match(
        component=consumer.ref,
        evidence=(*standing.evidence, *alarm.told(view, 2)),
        certainty=0.75,
        root_cause="service_crash",
        remedy="restart_workload",
        since=standing.since,
        explains=suffer,
        excludes=(
            *not_for(
                (ref for ref in suffer if ref != alarm.broker.ref),
                f"the broker is full because {consumer.ref} stands still: nothing done to this one makes room",
            ),
            *in_vain(alarm.broker),
            *not_for((consumer.ref,), "its pods do nothing, however many they are", ("scale_workload",)),
        ),
    )


def _of_too_few(view: View, alarm: Alarm, few: Outrun) -> Match:
    """Return that consumers that do all they can are outrun: their queue has filled the broker, and all others suffer.

    All of them are busy, so nobody has what another could take: who joins them takes from the same queue.
    """
    consumer = few.consumer
    suffer = behind(view, alarm.broker.ref, *alarm.tellers, but=consumer.ref)
    return Match(
        component=consumer.ref,
        evidence=(*few.evidence, *alarm.told(view, 2)),
        certainty=0.65,
        root_cause="capacity",
        remedy=few.remedy,
        since=few.since,
        explains=suffer,
        excludes=(
            *not_for(
                (ref for ref in suffer if ref != alarm.broker.ref),
                f"the broker is full because {consumer.ref} does not keep up: nothing done to this one makes room",
            ),
            *in_vain(alarm.broker),
            *not_for(
                (consumer.ref,), "it works as fast as it can, in any of its versions", (*RESTARTS, "rollback_workload")
            ),
            *few.barred,
        ),
    )


RULE = Rule(
    name="broker_blocks_publishers",
    title="The message broker is out of memory or disk and blocks publishers",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no broker tells of a resource alarm",
)
