"""A CronJob is not suspended, and no run of it is begun any more: what it makes grows old, and nothing fails.

Its controller gives up on one of which it missed more than a hundred runs: while it was suspended, or while the
controller itself was away. Until somebody sets a deadline for late starts, or makes it anew, it never runs again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._makes_room import Missed, of_missed, pace, ran_each, room_not_made
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import created, items, moment, newest, text, writers
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.writers import fields

MISSED = 3
"""So many runs in a row are not begun late: they are not begun."""
AWAY = timedelta(minutes=15)
"""For less than this a controller may have been between two leaders."""
_NEVER = ("FailedNeedsStart", "TooManyMissedTimes", "UnparseableSchedule", "InvalidSchedule", "UnknownTimeZone")
"""Reasons of events in which the controller says that it cannot tell when to begin a run."""
_REFUSED = ("FailedCreate", "JobAlreadyActive")
"""Reasons why a run was not begun that are another's: a quota, a webhook, a former run that hangs."""
_WHENCE = "spec.suspend"


def when(view: View) -> Iterator[Match]:
    """Several runs in a row were not begun of a CronJob that is not suspended, and none of it goes on.

    Its controller says that it gives up, or somebody misses them and it is there: where no schedule goes on, it may be
    away.
    """
    for schedule in view.workloads.values():
        yield from _put_off(view, schedule) if schedule.kind == "CronJob" else ()
        due = _due(view, schedule) if schedule.kind == "CronJob" else None
        if due is None or view.events_of(schedule.ref, *_REFUSED):
            continue
        said = view.events_of(schedule.ref, *_NEVER)
        room = room_not_made(view, schedule, _ran(view, schedule))
        missed = (*_alerts(view, schedule.ref), *(room.evidence if room else ()))
        known = _ran(view, schedule) is not None  # of one that never ran its status may only not be there
        if said or (missed and known and not _all_stand(view, schedule)):
            yield _match(view, schedule, due, said, missed, room)


def _put_off(view: View, schedule: Workload) -> Iterator[Match]:
    """Yield that since its schedule was written no run is due for many times as long as they came, and that is missed.

    Some suspend a CronJob so: for a day that hardly ever comes.
    """
    ran, wrote = _ran(view, schedule), newest(_set_going(schedule, "spec.schedule"))
    now, was = pace(text(schedule.obj, "spec", "schedule")), ran_each(view, schedule)
    if ran is None or wrote is None or wrote <= ran or was is None or now is None or now <= MISSED * was:
        return
    room = room_not_made(view, schedule, ran, was)
    if room is not None:
        said = text(schedule.obj, "spec", "schedule")
        told = f"its schedule was written, {said}: since {ran:%Y-%m-%d %H:%M} UTC no run was begun"
        yield Match(
            component=schedule.ref,
            evidence=(Evidence("objects", schedule.ref, told, wrote), *room.evidence),
            certainty=0.75,
            since=room.since,
            explains=room.suffer,
            excludes=of_missed(schedule.ref, room),
        )


def _match(
    view: View,
    schedule: Workload,
    due: datetime,
    said: tuple[Event, ...],
    missed: tuple[Evidence, ...],
    room: Missed | None,
) -> Match:
    ran = _ran(view, schedule)
    last = f"since {ran:%Y-%m-%d %H:%M} UTC" if ran else "at all"
    told = f"it is not suspended, its schedule is {text(schedule.obj, 'spec', 'schedule')}, and no run was begun {last}"
    return Match(
        component=schedule.ref,
        evidence=(
            *(view.event_evidence(event) for event in said[:1]),
            Evidence("objects", schedule.ref, told, due),
            *missed[:3],
        ),
        certainty=0.8 if said and missed else 0.7,
        since=room.since if room else due,
        explains=room.suffer if room else (),
        excludes=of_missed(schedule.ref, room) if room else (),
    )


def _due(view: View, schedule: Workload) -> datetime | None:
    """Return since when a run is due, if several are; None where one goes on, or none has to."""
    obj = schedule.obj
    each_time = pace(text(obj, "spec", "schedule"))
    busy = bool(schedule.live or items(obj, "status", "active"))
    if each_time is None or busy or text(obj, "spec", "suspend").lower() == "true":
        return None
    begins = newest((_ran(view, schedule), created(obj), *_set_going(schedule, _WHENCE)))
    late = view.now - begins if begins else timedelta()
    return begins + each_time if begins and late > max(MISSED * each_time, AWAY) else None


def _ran(view: View, schedule: Workload) -> datetime | None:
    """Return when a run was begun last, by what is said of it or by the runs that are there."""
    told = [moment(schedule.obj, "status", key) for key in ("lastScheduleTime", "lastSuccessfulTime")]
    return newest((*told, *(created(job) for job in view.snapshot.of("Job") if controller(job) == schedule.ref)))


def _set_going(schedule: Workload, field: str) -> Iterator[datetime | None]:
    """Yield when somebody wrote a field of it: whether it is suspended, before that no run was due."""
    for each in writers(schedule.obj):
        if field in fields(each):
            yield moment(each, "time")


def _alerts(view: View, ref: str) -> Iterator[Evidence]:
    for alert in view.alerts:
        if view.about_alert(alert) == ref:
            yield alert.fires(ref)


def _all_stand(view: View, schedule: Workload) -> bool:
    """Tell whether no run of any other schedule was begun since either: then it is their controller that is away."""
    others = [each for each in view.workloads.values() if each.kind == "CronJob" and each.ref != schedule.ref]
    due = [each for each in others if _due(view, each)]
    return bool(others) and len(due) == len(others)


RULE = Rule(
    name="schedule_stands_still",
    title="No run of a CronJob is begun any more, though it is not suspended",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="runs of every CronJob that is not suspended are begun when they are due",
)
