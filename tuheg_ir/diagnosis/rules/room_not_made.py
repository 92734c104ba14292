"""The runs that make room for a store fail, and it is full by that."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._makes_room import of_missed, room_not_made
from tuheg_ir.diagnosis.rules._word import word_of
from tuheg_ir.diagnosis.view.batch import failed_runs
from tuheg_ir.diagnosis.view.reading import moment
from tuheg_ir.diagnosis.view.view import View

FAILED = timedelta(days=31)
"""Runs come once a month or oftener: the last one tells how they end, whenever that was."""


def when(view: View) -> Iterator[Match]:
    """A run failed, none was well for long before a store got full for which they make room, and that is not why."""
    for run in failed_runs(view, FAILED):
        schedule, hits = view.workloads[run.component], view.hits_of(run.component)
        if any(hit.trouble == "disk_full" for hit in hits):
            continue  # it fails as others do, since there is no room
        room = room_not_made(view, schedule, moment(schedule.obj, "status", "lastSuccessfulTime"))
        if room is not None:
            yield Match(
                component=run.component,
                evidence=(*run.evidence, *(view.hit_evidence(hit) for hit in hits[:1]), *room.evidence),
                certainty=0.75,
                root_cause=word_of(view, run.component, "", hits),
                since=room.since,
                explains=room.suffer,
                excludes=of_missed(run.component, room),
            )


RULE = Rule(
    name="room_not_made",
    title="A store is full since the runs fail that make room for it",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nothing is full for want of runs that fail",
)
