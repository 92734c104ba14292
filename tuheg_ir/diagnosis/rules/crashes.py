"""Containers end with an error, and nothing nearer tells why."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.crashes import crashes, probe_kills
from tuheg_ir.diagnosis.view.trouble import began


def when(view: View) -> Iterator[Match]:
    """Containers ended of late."""
    for workload in view.serving:
        ended = crashes(view, workload)
        killed = probe_kills(view, workload) if any(p.restarts for p in workload.live) else ()
        if not ended and not killed:
            continue
        again = sum(crash.container.restarts for crash in ended) >= 2 or len(killed) > 1
        yield Match(
            component=workload.ref,
            evidence=(
                *(crash.evidence() for crash in ended[:3]),
                *killed[:1],
                *(view.hit_evidence(hit) for hit in view.hits_of(workload.ref)[:2]),
            ),
            certainty=0.4,
            remedy="page_human" if again else "restart_workload",
            since=began(view, workload),
            excludes=excluding(workload.ref, "the kubelet has restarted them, and they ended again", *RESTARTS)
            if again
            else (),
        )


RULE = Rule(
    name="crashes",
    title="Containers end with an error, and nobody knows why",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no container ended with an error of late",
    follows=True,
)
