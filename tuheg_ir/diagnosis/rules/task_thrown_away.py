"""A runtime threw away a task that was at work in the background: only a new process does that work again."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._missed import felt_since, missed_by_others
from tuheg_ir.diagnosis.rules.all_stuck import SUSPECT
from tuheg_ir.diagnosis.rules.threads_deadlocked import LONG
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.threads import thrown_away
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A process goes on without a task that its runtime threw away amid its work, and something is wrong since.

    That nothing refers to such a task is a defect of the program, whichever version brought it; where a release did
    so of late, a new process may lose its task as soon.
    """
    for workload in view.serving:
        lost = () if role(workload) or keeps_data(view, workload) else thrown_away(view, workload)
        began = min((each.at for each in lost), default=None)
        if began is None or not view.recent(began, LONG) or since_release(workload, began, SUSPECT):
            continue
        own = tuple(felt_since(view, workload, began))
        if not own and not missed_by_others(view, workload, began):
            continue
        yield Match(
            component=workload.ref,
            evidence=(*(seen for each in lost[:2] for seen in each.evidence()), *own[:1]),
            certainty=0.65,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(workload.ref, "no release came with it", "rollback_workload"),
        )


RULE = Rule(
    name="task_thrown_away",
    title="A runtime threw away a task that was at work in the background",
    root_cause="code_defect",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no process tells that a task of it was thrown away with its work undone since",
    follows=True,
)
