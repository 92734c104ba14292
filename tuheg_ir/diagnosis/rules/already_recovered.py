"""There was trouble, it is over, and nothing is wrong now: to act would only risk a new fault."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of

QUIET = timedelta(minutes=5)


def when(view: View) -> Iterator[Match]:
    """Requests failed within the hour, do so no more for minutes, and only an alert may still say so."""
    if any(sign.source != "alerts" for sign in signs_of_trouble(view)):
        return
    for workload in view.serving:
        for label in labels_of(view, workload.ref, "error_ratio"):
            since = view.figures.quiet_since("error_ratio", ERRORS, component=label)
            if since is None or view.now - since < QUIET:
                continue
            peak = view.figures.peak("error_ratio", component=label) or 0.0
            yield Match(
                component=workload.ref,
                evidence=(
                    Evidence("metrics", workload.ref, f"up to {peak:.1%} of requests failed, until then", since),
                    Evidence("objects", workload.ref, f"{workload.ready} of {workload.wanted} pods ready"),
                ),
                certainty=0.7,
            )


RULE = Rule(
    name="already_recovered",
    title="It is over",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no trouble of the last hour is over, with nothing wrong now",
)
