"""Pods are ill on exactly those nodes to which the roll-out of a DaemonSet has come: what they need there changed."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._rolled_out import TROUBLES, RolledOut, met_by_roll_out, names_fail_besides, rolled_out
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View


def when(view: View) -> Iterator[Match]:
    """All odd pods, and no others, share their nodes with a DaemonSet's new revision, each since it came there."""
    for each in rolled_out(view):
        yield _match(view, each, doubted=names_fail_besides(view, each))


def _match(view: View, rolled: RolledOut, *, doubted: bool) -> Match:
    """Return it; where names fail besides a person decides whether the roll-out has a part in it."""
    daemon, workload, odd = rolled
    nodes = sorted({pod.node for pod in workload.live if pod.name in odd})
    well = len(workload.live) - len(odd)
    since = oldest(odd.values())
    told = f"all {len(odd)} pods of {workload.ref} on {', '.join(nodes)[:120]} are ill since it was replaced there"
    others = met_by_roll_out(view) - {each.daemon.ref for each in rolled_out(view)}
    callers = behind(view, daemon.ref, workload.ref, *sorted(others), but=daemon.ref)
    hits = [hit for hit in view.hits_of(workload.ref, *TROUBLES) if hit.pod in odd]
    return Match(
        component=daemon.ref,
        evidence=(
            Evidence("objects", daemon.ref, f"{told}; {well} elsewhere are well", since),
            *release_evidence(daemon, "ports", "command", "env"),
            *[seen for seen, _ in troubles(view, workload.ref)][:1],
            *(view.hit_evidence(hit) for hit in hits[:2]),
        ),
        certainty=0.4 if doubted else 0.8 if len(nodes) > 1 else 0.6,
        root_cause=release_cause(view, daemon),
        remedy="page_human" if doubted else "",
        since=since,
        explains=(*callers, *(f"Node/{node}" for node in nodes)),
        excludes=(
            *excluding(daemon.ref, "its new revision is what harms: a restart brings it to no node less", *RESTARTS),
            *not_for(callers, f"its pods are well where {daemon.ref} was not replaced yet"),
        ),
    )


RULE = Rule(
    name="node_agent_rolled",
    title="A DaemonSet's roll-out harms the pods of each node that it comes to",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pods are ill on exactly the nodes with a DaemonSet's new revision",
)
