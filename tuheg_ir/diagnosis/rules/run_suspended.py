"""A CronJob is suspended, and somebody misses what it does."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.view.batch import suspended
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """An alert is about a CronJob that is suspended."""
    for ref, told in suspended(view):
        missed = tuple(
            Evidence("alerts", ref, f"alert {alert.name} fires", alert.starts_at)
            for alert in view.alerts
            if view.about_alert(alert) == ref
        )
        if missed:
            yield Match(component=ref, evidence=(told, *missed[:2]), certainty=0.75, since=told.time)


RULE = Rule(
    name="run_suspended",
    title="A CronJob that is missed is suspended",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no alert is about a CronJob that is suspended",
)
