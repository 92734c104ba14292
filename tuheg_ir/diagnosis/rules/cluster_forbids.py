"""The cluster's API refuses what a service asks for: a right of its account is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(hours=6)


def when(view: View) -> Iterator[Match]:
    """Logs repeat that an account may not do something, and the workload suffers."""
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, "forbidden_by_cluster") if fresh(view, h)]
        ended = crashes(view, workload)
        if not hits or (sum(h.count for h in hits) < OFTEN and not ended) or is_well(view, [workload.ref]):
            continue
        moved = has_another_account(workload) and releases(view, workload, LATELY)
        yield Match(
            component=workload.ref,
            evidence=(
                *(view.hit_evidence(h) for h in hits[:2]),
                *(crash.evidence() for crash in ended[:2]),
                *(seen for seen, _ in troubles(view, workload.ref)),
                *(release_evidence(workload, "other") if moved else ()),
            ),
            certainty=0.65,
            remedy="rollback_workload" if moved else "",
            since=oldest(h.first for h in hits),
            explains=behind(view, workload.ref, but=workload.ref),
            excludes=() if moved else not_for((workload.ref,), "new pods use the same account and are refused as well"),
        )


def has_another_account(workload: Workload) -> bool:
    """Tell whether the release of a workload gave it another account."""
    return any(change.field in ("serviceAccountName", "serviceAccount") for change in workload.changes)


RULE = Rule(
    name="cluster_forbids",
    title="A service's account lacks a right in the cluster",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no log repeats that the cluster refuses an account",
)
