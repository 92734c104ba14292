"""A volume is full that was enlarged already: its file system grows when its pod is started anew."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._unfinished_growth import Growth, comes_up_larger, unfinished
from tuheg_ir.diagnosis.rules.volume_full import FULL, TIGHT, alarmed
from tuheg_ir.diagnosis.view.complaints import complaints, fresh, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """A volume has no room, and its claim tells that the disk is larger than the file system until the pod starts."""
    for workload in view.serving:
        growth = unfinished(view, workload)
        if growth is None:
            continue
        used = view.figures.latest("volume_used_share", "persistentvolumeclaim").get(growth.claim)
        said = [view.hit_evidence(hit) for hit in view.hits_of(workload.ref, "disk_full") if fresh(view, hit)]
        about = tuple(c for c in complaints(view, "disk_full") if c.about == workload.ref and c.caller != workload.ref)
        said += told(view, about, 2)
        if said or alarmed(view, growth.claim) or (used is not None and used >= FULL):
            yield _match(view, workload, growth, used, said)


def _match(view: View, workload: Workload, growth: Growth, used: float | None, said: list[Evidence]) -> Match:
    ref = f"PersistentVolumeClaim/{growth.claim}"
    waits = f"it asks for {growth.gets}, and its file system has {growth.has} until {growth.users[0].name} starts anew"
    began = view.figures.crossed("volume_used_share", TIGHT, persistentvolumeclaim=growth.claim)
    full = [] if used is None else [Evidence("metrics", ref, f"{used:.0%} of the volume is used", began)]
    callers = behind(view, workload.ref, but=workload.ref)
    return Match(
        component=workload.ref,
        evidence=(Evidence("objects", ref, waits, growth.since), *full, *said[:3]),
        certainty=0.85,
        remedy="restart_workload" if comes_up_larger(workload, growth) else "page_human",
        since=oldest((began, *(each.time for each in said))) or growth.since,
        explains=callers,
        excludes=(
            *not_for(callers, f"{workload.ref} cannot write: nothing done to its callers makes room"),
            *excluding(
                workload.ref,
                "its volume is as full after it as before",
                "rollback_workload",
                "scale_workload",
                "scale_database",
                "restart_connection_pool",
            ),
        ),
    )


RULE = Rule(
    name="volume_not_grown",
    title="A volume is full that was enlarged, and whose file system waits for a start of its pod",
    root_cause="resource_exhaustion",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no full volume has a claim whose file system waits for a start",
)
