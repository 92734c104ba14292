"""The volume of a database, cache or broker is full."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._full_store import full
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._outgrown_volume import outgrown_volume
from tuheg_ir.diagnosis.rules._spills import spilled
from tuheg_ir.diagnosis.rules._unfinished_growth import unfinished
from tuheg_ir.diagnosis.view.complaints import told
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A data service has no room to write.

    What honest data has outgrown is enlarged, where that is known and can be; what fills otherwise is a person's.
    """
    for workload in of_role(view.workloads, *DATA):
        found = full(view, workload)
        if found is None:
            continue
        if spilled(view, workload) is not None or unfinished(view, workload) is not None:
            continue
        callers = behind(view, workload.ref, but=workload.ref)
        grown = outgrown_volume(view, workload, found)
        yield Match(
            component=workload.ref,
            evidence=(
                *grown,
                *found.volumes,
                *(view.hit_evidence(h) for h in found.lines[:2]),
                *told(view, found.told, 2),
            ),
            certainty=0.8 if found.lines or found.volumes else 0.6,
            root_cause="capacity" if grown else "",
            remedy="scale_database" if grown else "",
            since=found.since,
            explains=callers,
            excludes=(
                *not_for(callers, f"{workload.ref} cannot write: nothing done to its callers makes room"),
                *not_for(
                    (workload.ref,),
                    "a server without room to write may not come up again, and a restart makes none",
                    ("restart_workload", "rollback_workload", "scale_workload"),
                ),
            ),
        )


RULE = Rule(
    name="database_disk_full",
    title="A database, cache or broker has no room left on its volume",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no volume of a data service is full",
)
