"""A CronJob is suspended, and somebody misses what it does."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._makes_room import Missed, of_missed, room_not_made
from tuheg_ir.diagnosis.view.batch import suspended
from tuheg_ir.diagnosis.view.reading import moment, newest
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """An alert is about a CronJob that is suspended, or a store is full for which its runs made room."""
    for ref, told in suspended(view):
        missed = tuple(
            Evidence("alerts", ref, f"alert {alert.name} fires", alert.starts_at)
            for alert in view.alerts
            if view.about_alert(alert) == ref
        )
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
        elif missed:
            yield Match(component=ref, evidence=(told, *missed[:2]), certainty=0.75, since=told.time)


def _room(view: View, ref: str) -> Missed | None:
    schedule = view.workloads.get(ref)
    if schedule is None:
        return None
    ran = newest(moment(schedule.obj, "status", each) for each in ("lastScheduleTime", "lastSuccessfulTime"))
    return room_not_made(view, schedule, ran)


RULE = Rule(
    name="run_suspended",
    title="A CronJob that is missed is suspended",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no alert is about a CronJob that is suspended, and nothing is full for want of its runs",
)
