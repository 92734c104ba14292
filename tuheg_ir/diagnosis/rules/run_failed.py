"""A Job failed and nobody knows why: a person has to look, and nothing that serves is touched."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._word import word_of
from tuheg_ir.diagnosis.view.batch import failed_runs
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A run failed of late, or an alert speaks of it, and no later run was well."""
    for run in failed_runs(view):
        hits = view.hits_of(run.component)
        yield Match(
            component=run.component,
            evidence=(*run.evidence, *(view.hit_evidence(hit) for hit in hits[:2])),
            certainty=0.4 if run.alerts else 0.3,
            root_cause=word_of(view, run.component, "", hits),
            since=run.at,
        )


RULE = Rule(
    name="run_failed",
    title="A Job failed, and nobody knows why",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no Job failed of late without a later run that was well",
    follows=True,
)
