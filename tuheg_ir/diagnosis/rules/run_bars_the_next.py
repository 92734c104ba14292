"""A run hangs, and its schedule lets no other one in beside it: what it makes grows old, though nothing fails."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.reading import moment, newest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(hours=1)
SILENT = timedelta(minutes=30)


def when(view: View) -> Iterator[Match]:
    """A CronJob that forbids a second run skips runs for one that goes on for long and has gone silent."""
    for schedule in view.workloads.values():
        if schedule.kind != "CronJob" or text(schedule.obj, "spec", "concurrencyPolicy") != "Forbid":
            continue
        runs = sorted((p for p in schedule.live if p.created), key=lambda p: str(p.created))
        skipped = view.events_of(schedule.ref, "JobAlreadyActive")
        if not runs or not skipped or runs[0].created is None or view.now - runs[0].created < LONG:
            continue
        said = _last_word(view, schedule)
        if said is not None and view.now - said < SILENT:
            continue  # it is slow, and works
        well = moment(schedule.obj, "status", "lastSuccessfulTime")
        if well is not None and well > runs[0].created:
            continue
        word = [Evidence("logs", f"Pod/{runs[0].name}", "it has said nothing since", said)] if said else []
        yield Match(
            component=schedule.ref,
            evidence=(
                Evidence("objects", f"Pod/{runs[0].name}", "the run goes on since then", runs[0].created),
                view.event_evidence(skipped[0]),
                *word,
            ),
            certainty=0.6,
            since=runs[0].created,
        )


def _last_word(view: View, schedule: Workload) -> datetime | None:
    lines = (line for log in view.logs_of(schedule.live, previous=False) for line in log.lines[-20:])
    return newest(map(stamp, lines))


RULE = Rule(
    name="run_bars_the_next",
    title="A run hangs and bars the next ones",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no run that went silent keeps the next ones of its schedule out",
)
