"""A database has no session left, and nothing tells why."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._holders import holders
from tuheg_ir.diagnosis.rules._sessions import clients, full
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A database is full."""
    for each in full(view):
        shown = tuple(
            Evidence("database", each.ref, f"{h.name} holds {h.count} sessions")
            for h in (holders(each.database)[:3] if each.database else ())
        )
        yield Match(
            component=each.ref,
            evidence=(*each.evidence, *shown),
            certainty=0.5,
            since=each.since,
            explains=behind(view, each.ref),
            excludes=not_for(
                clients(view, each.ref), "more instances take more sessions, and none is left", ("scale_workload",)
            ),
        )


RULE = Rule(
    name="sessions_all_taken",
    title="The database has no session left",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no database is without a free session",
    follows=True,
)
