"""A CronJob is suspended, and somebody misses what it does."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._left_waiting import Waits, left_waiting, of_waiting
from tuheg_ir.diagnosis.rules._makes_room import Missed, of_missed, room_not_made
from tuheg_ir.diagnosis.view.batch import suspended
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, moment, newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """An alert is about a CronJob that is suspended, a store is full for want of its runs, or what they take waits."""
    for ref, told in suspended(view):
        missed = tuple(alert.fires(ref) for alert in view.alerts if view.about_alert(alert) == ref)
        room = _room(view, ref)
        if room is not None:
            yield Match(
                component=ref,
                evidence=(told, *missed[:1], *room.evidence),
                certainty=0.8,
                since=room.since,
                explains=room.suffer,
                excludes=of_missed(ref, room),
            )
        elif (waits := _waits(view, ref)) is not None:
            yield Match(
                component=ref,
                evidence=(told, *missed[:1], *waits.evidence),
                certainty=0.75,
                since=waits.since,
                explains=waits.suffer,
                excludes=of_waiting(ref, waits),
            )
        elif missed:
            yield Match(component=ref, evidence=(told, *missed[:2]), certainty=0.75, since=told.time)


def _room(view: View, ref: str) -> Missed | None:
    schedule = view.workloads.get(ref)
    if schedule is None:
        return None
    return room_not_made(view, schedule, newest(_told_runs(schedule)))


def _waits(view: View, ref: str) -> Waits | None:
    """Return what has waited since the last run; those count that somebody began by hand since it is suspended."""
    schedule = view.workloads.get(ref)
    if schedule is None:
        return None
    made = (created(job) for job in view.snapshot.of("Job") if controller(job) == ref)
    return left_waiting(view, schedule, newest((*_told_runs(schedule), *made)))


def _told_runs(schedule: Workload) -> list[datetime | None]:
    return [moment(schedule.obj, "status", each) for each in ("lastScheduleTime", "lastSuccessfulTime")]


RULE = Rule(
    name="run_suspended",
    title="A CronJob that is missed is suspended",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no alert is about a CronJob that is suspended, and nothing is full, or waits, for want of its runs",
)
