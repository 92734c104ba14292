"""A volume is full: what writes to it fails, and fails again after each start."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.stores import claims_of
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.97
TIGHT = 0.9


def when(view: View) -> Iterator[Match]:
    """A workload's volume has no room, by its figures or by its logs."""
    shares = view.figures.latest("volume_used_share", "persistentvolumeclaim")
    for workload in view.serving:
        mine = {claim: shares[claim] for claim in claims_of(workload) if claim in shares}
        hits = view.hits_of(workload.ref, "disk_full")
        fullest = max(mine.items(), key=lambda item: (item[1], item[0]), default=("", 0.0))
        if fullest[1] >= FULL or (hits and (not mine or fullest[1] >= TIGHT)):
            yield _match(view, workload, fullest, hits)


def _match(view: View, workload: Workload, fullest: tuple[str, float], hits: tuple[Hit, ...]) -> Match:
    claim, share = fullest
    began = view.figures.crossed("volume_used_share", TIGHT, persistentvolumeclaim=claim) if claim else None
    told = [Evidence("metrics", f"PersistentVolumeClaim/{claim}", f"{share:.0%} of the volume is used", began)]
    short = [Evidence("objects", workload.ref, f"{workload.ready} of {workload.wanted} pods are ready")]
    return Match(
        component=workload.ref,
        evidence=(
            *(told if share >= TIGHT else ()),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(short if workload.ready < workload.wanted else ()),
        ),
        certainty=0.8 if hits else 0.6,
        since=oldest([began, *(hit.first for hit in hits)]),
        excludes=excluding(
            workload.ref,
            "the volume is as full after it as before",
            *RESTARTS,
            "rollback_workload",
            "scale_workload",
            "scale_database",
        ),
    )


RULE = Rule(
    name="volume_full",
    title="A volume is full",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no volume is full, and no log tells of a full disk",
)
