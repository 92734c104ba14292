"""A template lowered the processor limit, and its containers are held back since."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules.memory_limit_cut import SUSPECT
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import traffic_growth, troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, limit_cut, usage
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """Containers are throttled, or their service slow, since their limit was cut."""
    for workload in view.serving:
        if not limit_cut(workload, "cpu") or not releases(view, workload, SUSPECT):
            continue
        throttled = usage(view.figures, workload, "throttled_share").most
        busy = usage(view.figures, workload, "cpu_share").most
        felt = [seen for seen, _ in troubles(view, workload.ref)]
        if throttled < THROTTLED and busy < BUSY:
            continue
        told = f"throttled in {throttled:.0%} of periods, {busy:.0%} of the limit used"
        yield Match(
            component=workload.ref,
            evidence=(
                Evidence("metrics", workload.ref, told),
                *felt,
                *release_evidence(workload, "limits"),
            ),
            certainty=0.8 if (traffic_growth(view, workload.ref) or 1.0) < 1.5 else 0.6,
            since=workload.released_at,
        )


RULE = Rule(
    name="cpu_limit_cut",
    title="A release lowered the processor limit below what is used",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no container is held back since its processor limit was lowered",
)
