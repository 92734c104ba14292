"""Requests fail since another template came in force, and nothing nearer explains it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view import View

SOON = timedelta(minutes=15)
"""Errors that begin later than this after a release are seldom its own."""


def when(view: View) -> Iterator[Match]:
    """Failed requests began with a release."""
    for label, ratio in view.figures.latest("error_ratio", "component").items():
        workload = view.workloads.get(view.component(label))
        if workload is None or ratio <= ERRORS or not workload.changes or workload.released_at is None:
            continue
        began = view.figures.crossed("error_ratio", ERRORS, component=label)
        if began is None or not timedelta(minutes=-1) <= began - workload.released_at <= SOON:
            continue
        yield Match(
            component=workload.ref,
            evidence=(
                Evidence("metrics", workload.ref, f"{ratio:.1%} of requests fail", began),
                *(Evidence("objects", workload.ref, c.told(), workload.released_at) for c in workload.changes[:3]),
                *(view.hit_evidence(h) for h in view.hits_of(workload.ref, "code_crash", "schema")[:2]),
            ),
            certainty=0.75,
            root_cause="code_defect" if workload.changed("image") else "configuration_error",
            since=began,
        )


RULE = Rule(
    name="errors_since_release",
    title="Requests fail since a release",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no failing requests began with a release",
    follows=True,
)
