"""Pods are ill on exactly those nodes to which the roll-out of a DaemonSet has come: what they need there changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.beneath import rolled_beneath
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.odd import ill_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TROUBLES = (*UNANSWERED, "dns")


def when(view: View) -> Iterator[Match]:
    """All odd pods, and no others, share their nodes with a DaemonSet's new revision, each since it came there."""
    for workload in view.serving:
        for odd in (*ill_since(view, workload), _complaining(view, workload)):
            daemon = rolled_beneath(view, workload, odd)
            if daemon is not None:
                yield _match(view, workload, daemon, odd)
                break


def _complaining(view: View, workload: Workload) -> Mapping[str, datetime | None]:
    """Return pod -> since when it complains of others."""
    found = [c.hit for c in complaints(view, *TROUBLES) if c.caller == workload.ref and not c.hit.previous]
    return {hit.pod: oldest(each.first for each in found if each.pod == hit.pod) for hit in found}


def _match(view: View, workload: Workload, daemon: Workload, odd: Mapping[str, datetime | None]) -> Match:
    nodes = sorted({pod.node for pod in workload.live if pod.name in odd})
    well = len(workload.live) - len(odd)
    since = oldest(odd.values())
    told = f"all {len(odd)} pods of {workload.ref} on {', '.join(nodes)[:120]} are ill since it was replaced there"
    callers = behind(view, daemon.ref, workload.ref, but=daemon.ref)
    hits = [hit for hit in view.hits_of(workload.ref, *TROUBLES) if hit.pod in odd]
    return Match(
        component=daemon.ref,
        evidence=(
            Evidence("objects", daemon.ref, f"{told}; {well} elsewhere are well", since),
            *release_evidence(daemon, "ports", "command", "env"),
            *[seen for seen, _ in troubles(view, workload.ref)][:1],
            *(view.hit_evidence(hit) for hit in hits[:2]),
        ),
        certainty=0.8 if len(nodes) > 1 else 0.6,
        root_cause=release_cause(view, daemon),
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
