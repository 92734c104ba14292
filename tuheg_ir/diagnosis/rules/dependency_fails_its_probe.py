"""A service that others need fails the inventory's probes of it: its callers only show it."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._sessions import full
from tuheg_ir.diagnosis.view.trouble import failed_probes
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A workload with callers fails its own probes; a database without room does not do so by itself."""
    taken = {each.ref for each in full(view)}
    for workload in view.serving:
        if workload.ref in taken:
            continue
        failed = tuple(failed_probes(view, workload.ref))
        callers = [view.workloads[ref] for ref in sorted(view.graph.callers(workload.ref)) if ref in view.workloads]
        if failed and callers:
            yield _match(view, workload, failed, callers)


def _match(view: View, workload: Workload, failed: tuple[Evidence, ...], callers: list[Workload]) -> Match:
    starved = [caller for caller in callers if starving(view, caller)]
    felt = [each for caller in callers for each in failed_probes(view, caller.ref)]
    reason = f"{workload.ref} is unhealthy by itself: nothing done to its callers mends it"
    return Match(
        component=workload.ref,
        evidence=(*failed[:3], *felt[:2]),
        certainty=0.35 if starved else 0.7,  # short of processor time, a caller slows every call it makes
        explains=tuple(caller.ref for caller in callers),
        excludes=()
        if starved
        else tuple(
            each
            for caller in callers
            for each in excluding(caller.ref, reason, *RESTARTS, "scale_workload", "rollback_workload")
        ),
    )


RULE = Rule(
    name="dependency_fails_its_probe",
    title="A service that others need fails its own probes",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service that others need fails its own probes",
    follows=True,
)
