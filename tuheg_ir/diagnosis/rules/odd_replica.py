"""One replica is slow or fails while its like, with the same template, are well: a stuck instance."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.odd import odd_pods
from tuheg_ir.diagnosis.view.trouble import by_revision, troubles


def when(view: View) -> Iterator[Match]:
    """Few pods of a workload stand out from the others, whatever revision they are of."""
    for workload in view.serving:
        odd = odd_pods(view, workload)
        if not odd or by_revision(view, workload):
            continue
        felt = [seen for seen, _ in troubles(view, workload.ref)]
        hits = [h for h in view.hits_of(workload.ref) if h.pod in odd]
        began = view.figures.crossed("error_ratio_by_pod", 0.05, pod=min(odd))
        well = len(workload.live) - len(odd)
        yield Match(
            component=workload.ref,
            evidence=(
                *(
                    Evidence("metrics", f"Pod/{pod}", f"{told}; {well} like it are well", began)
                    for pod, told in odd.items()
                ),
                *felt[:1],
                Evidence("objects", f"Pod/{min(odd)}", "it has the same template as those that are well"),
                *(view.hit_evidence(hit) for hit in hits[:2]),
            ),
            certainty=0.7 if len(odd) == 1 else 0.6,
            since=began,
            excludes=excluding(workload.ref, "pods with the same template are well", "rollback_workload"),
        )


RULE = Rule(
    name="odd_replica",
    title="One replica is stuck",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no replica stands out from its like",
)
