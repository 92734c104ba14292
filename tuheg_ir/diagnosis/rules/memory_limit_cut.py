"""A template lowered the memory limit, and containers are killed for memory since."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._memory import short_of_memory
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.usage import killed_for_memory, limits_cut
from tuheg_ir.diagnosis.view.view import View

SUSPECT = timedelta(hours=24)


def when(view: View) -> Iterator[Match]:
    """Containers are short of memory since their limit was cut."""
    for workload in view.serving:
        cut = limits_cut(workload, "memory")
        killed = {container.name for _, container in killed_for_memory(view, workload)}
        if not cut or (killed and not killed & {*cut}):
            continue  # who is killed may have as much as before
        evidence = short_of_memory(view, workload)
        if evidence and releases(view, workload, SUSPECT):
            yield Match(
                component=workload.ref,
                evidence=(*evidence, *release_evidence(workload, "limits")),
                certainty=0.8,
                since=workload.released_at,
                excludes=excluding(workload.ref, "a restart keeps the lower limit", *RESTARTS),
            )


RULE = Rule(
    name="memory_limit_cut",
    title="A release lowered the memory limit below what is used",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no container is short of memory since its limit was lowered",
)
