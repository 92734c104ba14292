"""A replica of the database is behind its primary."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.programs import of_role

BEHIND_S = 30.0


def when(view: View) -> Iterator[Match]:
    """The lag is long, and longer than it was."""
    for label, lag in view.figures.latest("db_replication_lag", "component").items():
        since = view.figures.crossed("db_replication_lag", BEHIND_S, component=label)
        if lag <= BEHIND_S or since is None:
            continue
        ref = view.component(label) or label
        databases = {w.ref for w in of_role(view.workloads, "database")}
        callers = tuple(sorted(view.graph.callers(ref) - databases))
        yield Match(
            component=ref,
            evidence=(
                Evidence("metrics", ref, f"the replica is {lag:.0f} s behind", since),
                *(view.hit_evidence(h) for h in view.hits_of(ref, "replication")[:2]),
            ),
            certainty=0.65,
            since=since,
            explains=(*callers, *sorted(databases - {ref})),
            excludes=not_for(callers, "it reads what the replica has: nothing done to it makes the replica catch up"),
        )


RULE = Rule(
    name="replication_lag",
    title="A database replica is far behind its primary",
    root_cause="database_connection",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not=f"no replica is more than {BEHIND_S:.0f} s behind",
)
