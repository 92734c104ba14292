"""An interface outside has switched off the version that we ask for: only another release of ours helps."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN


def when(view: View) -> Iterator[Match]:
    """A workload is told again and again that the version it asks for has ended, and no release of it brought that."""
    for workload in view.serving:
        hits = [hit for hit in view.hits_of(workload.ref, "version_retired") if fresh(view, hit) and not hit.previous]
        began = oldest(hit.first for hit in hits)
        if sum(hit.count for hit in hits) < OFTEN or since_release(workload, began):
            continue
        older = Evidence("objects", workload.ref, "its own template is older", workload.released_at)
        yield Match(
            component=workload.ref,
            evidence=(*(view.hit_evidence(hit) for hit in hits[:2]), older),
            certainty=0.65,
            since=began,
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=excluding(
                workload.ref, "every release so far asks for that version", *RESTARTS, "rollback_workload"
            ),
        )


RULE = Rule(
    name="outside_version_retired",
    title="An interface outside ended the version that is asked for",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="nobody outside says that the version which is asked for has ended",
)
