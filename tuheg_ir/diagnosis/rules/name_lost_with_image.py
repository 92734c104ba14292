"""A release brought an image that looks names up otherwise, and its pods alone do not find one that others find."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._other_resolver import other_resolver
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """All pods of a release that looks names up otherwise fail to resolve one, which others find meanwhile."""
    for workload in view.serving:
        found = other_resolver(view, workload)
        if found is None:
            continue
        yield Match(
            component=workload.ref,
            evidence=(
                *release_evidence(workload, "image"),
                *(view.hit_evidence(hit) for hit in found.hits[:2]),
                found.witness,
            ),
            certainty=0.75,
            root_cause=release_cause(view, workload),
            since=found.began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(workload.ref, "new pods look names up alike", *RESTARTS, "scale_workload"),
        )


RULE = Rule(
    name="name_lost_with_image",
    title="Since an image that looks names up otherwise one is not found, which others find",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release brought another C library and fails to resolve a name that others resolve",
)
