"""Threads of a process wait for each other for ever, as it says itself: only a new process does their work again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules.all_stuck import SUSPECT
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.threads import deadlocked
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(hours=12)
"""What nobody has done for longer is not what is missed now."""
_TOLD = ("logs", "alerts")
"""Sources of signs that others may give for the lack of what a workload did."""


def when(view: View) -> Iterator[Match]:
    """A pod tells of a deadlock of its threads and no longer of what it often did, and something is wrong since."""
    for workload in view.serving:
        dead = () if role(workload) or keeps_data(view, workload) else deadlocked(view, workload)
        began = min((each.since for each in dead), default=None)
        if began is None or not view.recent(began, LONG) or since_release(workload, began, SUSPECT):
            continue
        own = tuple(_felt(view, workload, began))
        if not own and not _missed_by_others(view, workload, began):
            continue
        yield Match(
            component=workload.ref,
            evidence=(*(seen for each in dead[:2] for seen in each.evidence()), *own[:1]),
            certainty=0.65,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(workload.ref, "no release came with it", "rollback_workload"),
        )


def _felt(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    """Yield the signs of trouble at a workload and those that call it, but such as were there before."""
    near = behind(view, workload.ref)
    for sign in signs_of_trouble(view):
        if belongs_to(view, sign) in near and (sign.time is None or sign.time >= began + BEFORE):
            yield sign


def _missed_by_others(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether others complain since then, of whom nothing is measured and seen that may be their own trouble.

    What a broker brings from one to the other is in no graph of calls.
    """
    near = behind(view, workload.ref)
    others = [sign for sign in signs_of_trouble(view) if belongs_to(view, sign) not in near]
    if any(sign.source not in _TOLD for sign in others):
        return False
    return any(sign.time is not None and sign.time >= began + BEFORE for sign in others)


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
