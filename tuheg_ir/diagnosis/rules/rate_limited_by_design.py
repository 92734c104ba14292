"""A client gets 429 as the limits want it, and nobody else feels anything: nothing is broken."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view import View

SHARE = 0.01


def when(view: View) -> Iterator[Match]:
    """Requests are refused by rate limits, and no alert apart, nothing is wrong."""
    for label, ratio in sorted(view.figures.latest("rate_limited_ratio", "component").items()):
        if ratio < SHARE or any(sign.source != "alerts" for sign in signs_of_trouble(view)):
            continue
        ref = view.component(label) or f"Service/{label}"
        failing = view.figures.now("error_ratio", component=label)
        told = f"{ratio:.1%} of requests are refused with 429"
        told += f", {failing:.1%} fail otherwise" if failing is not None else ""
        yield Match(
            component=ref,
            evidence=(
                Evidence("metrics", ref, told, view.figures.crossed("rate_limited_ratio", SHARE, component=label)),
                Evidence("objects", "", "all workloads are complete, and none has crashed"),
            ),
            certainty=0.65,
        )


RULE = Rule(
    name="rate_limited_by_design",
    title="A client is held back by rate limits, as wanted",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no requests are refused by rate limits while all else is well",
)
