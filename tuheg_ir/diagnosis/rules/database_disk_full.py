"""The volume of a database, cache or broker is full."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._spills import spilled
from tuheg_ir.diagnosis.rules._unfinished_growth import unfinished
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.97


def when(view: View) -> Iterator[Match]:
    """A data service has no room to write."""
    for workload in of_role(view.workloads, *DATA):
        lines = tuple(h for h in view.hits_of(workload.ref, "disk_full") if view.recent(h.last) or h.last is None)
        volumes = tuple(_volumes(view, workload))
        told_by = _callers(view, workload)
        if not lines and not volumes and not told_by:
            continue
        if spilled(view, workload) is not None or unfinished(view, workload) is not None:
            continue
        callers = behind(view, workload.ref, but=workload.ref)
        yield Match(
            component=workload.ref,
            evidence=(*volumes, *(view.hit_evidence(h) for h in lines[:2]), *told(view, told_by, 2)),
            certainty=0.8 if lines or volumes else 0.6,
            since=_since(volumes) or min((h.first for h in lines if h.first), default=None),
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


def _volumes(view: View, workload: Workload) -> Iterator[Evidence]:
    for label, used in view.figures.latest("volume_used_share", "persistentvolumeclaim").items():
        if used >= FULL and label in claims_of(workload):
            since = view.figures.crossed("volume_used_share", FULL, persistentvolumeclaim=label)
            yield Evidence("metrics", f"PersistentVolumeClaim/{label}", f"{used:.0%} of the volume is used", since)


def _callers(view: View, workload: Workload) -> tuple[Complaint, ...]:
    return tuple(c for c in complaints(view, "disk_full") if c.about == workload.ref and c.caller != workload.ref)


def _since(found: tuple[Evidence, ...]) -> datetime | None:
    return min((e.time for e in found if e.time), default=None)


RULE = Rule(
    name="database_disk_full",
    title="A database, cache or broker has no room left on its volume",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no volume of a data service is full",
)
