"""Since a release of one client its statements fill the database's volume with temporary files, again and again."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._spills import spilled
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """A database's volume fills and empties by itself, and one client that was released before writes such files."""
    for server in of_role(view.workloads, "database"):
        found = spilled(view, server)
        if found is None:
            continue
        client = found.client
        others = tuple(ref for ref in behind(view, server.ref, but=client.ref) if ref != server.ref)
        reason = f"statements of {client.ref} fill the volume of {server.ref}: nothing done here ends them"
        yield Match(
            component=client.ref,
            evidence=(*found.evidence, *release_evidence(client)),
            certainty=0.75,
            root_cause=cause_of_release(client),
            since=found.since,
            explains=(server.ref, *others),
            excludes=(
                *not_for(others, reason),
                *not_for(
                    (server.ref,),
                    "the same statements would fill any room again, and it comes back as they end",
                    ("restart_workload", "rollback_workload", "scale_workload", "scale_database"),
                ),
                *not_for(
                    (client.ref,),
                    "the same statements would be sent again, by more instances even more",
                    ("restart_workload", "restart_connection_pool", "scale_workload"),
                ),
            ),
        )


RULE = Rule(
    name="spills_since_release",
    title="Since a release of one client its statements fill the database's volume with temporary files",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no database's volume fills and empties by itself since a release of a client that writes temporary files",
)
