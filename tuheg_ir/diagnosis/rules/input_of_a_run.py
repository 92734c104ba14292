"""A scheduled run writes what the readers of its file cannot take: all of them end at once, whatever version they are.

They end at each start as well, for the file is still there, and the next run writes it again.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._written_by_runs import Turn, turn, writers
from tuheg_ir.diagnosis.view.crashes import ended_by_themselves
from tuheg_ir.diagnosis.view.felled import felled_together
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """All pods of a workload fell at once, minutes after a run wrote far more or less into a file that they read."""
    for workload in view.serving:
        fell = felled_together(view, workload)
        for schedule, shared in writers(view, workload) if fell else ():
            changed = turn(view, schedule, fell) if fell else None
            if fell is not None and changed is not None:
                yield _match(view, workload, schedule, shared, changed, fell)


def _match(view: View, reader: Workload, schedule: Workload, shared: str, changed: Turn, fell: datetime) -> Match:
    told = f"{reader.ref} reads {shared}, and this writes it; all its {len(reader.live)} pods fell then"
    reason = f"its pods served well until {schedule.name} wrote {shared} anew: any template reads the same"
    return Match(
        component=schedule.ref,
        evidence=(
            Evidence("objects", schedule.ref, told, fell),
            *changed.evidence,
            *(crash.evidence() for crash in ended_by_themselves(view, reader)[:2]),
        ),
        certainty=0.65,
        since=changed.began,
        explains=(reader.ref, *behind(view, reader.ref, but=reader.ref)),
        excludes=not_for((reader.ref,), reason, ON_CALLERS),
    )


RULE = Rule(
    name="input_of_a_run",
    title="A scheduled run writes what the readers of its file cannot take",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no workload fell as a run had written far more or less into a file that it reads",
)
