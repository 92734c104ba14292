"""Threads of a process wait for each other for ever, as it says itself: only a new process does their work again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._missed import felt_since, missed_by_others
from tuheg_ir.diagnosis.rules.all_stuck import SUSPECT
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.threads import deadlocked
from tuheg_ir.diagnosis.view.view import View

LONG = timedelta(hours=12)
"""What nobody has done for longer is not what is missed now."""


def when(view: View) -> Iterator[Match]:
    """A pod tells of a deadlock of its threads and no longer of what it often did, and something is wrong since."""
    for workload in view.serving:
        dead = () if role(workload) or keeps_data(view, workload) else deadlocked(view, workload)
        began = min((each.since for each in dead), default=None)
        if began is None or not view.recent(began, LONG) or since_release(workload, began, SUSPECT):
            continue
        own = tuple(felt_since(view, workload, began))
        if not own and not missed_by_others(view, workload, began):
            continue
        yield Match(
            component=workload.ref,
            evidence=(*(seen for each in dead[:2] for seen in each.evidence()), *own[:1]),
            certainty=0.65,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(workload.ref, "no release came with it", "rollback_workload"),
        )


RULE = Rule(
    name="threads_deadlocked",
    title="Threads of a process wait for each other for ever",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no process tells of a deadlock of its threads with its work undone since",
    follows=True,
)
