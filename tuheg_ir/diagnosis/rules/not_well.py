"""Pods are not ready, requests fail or are slow, and nothing nearer tells why."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._word import word_of
from tuheg_ir.diagnosis.view.crashes import crashes, unready
from tuheg_ir.diagnosis.view.trouble import began, troubles
from tuheg_ir.diagnosis.view.view import View

YOUNG = timedelta(minutes=2)


def when(view: View) -> Iterator[Match]:
    """Something of a workload is wrong, whatever it is."""
    for workload in view.serving:
        evidence = [seen for seen, _ in troubles(view, workload.ref)]
        late = [pod for pod in workload.live if not pod.ready and not view.recent(pod.created, YOUNG)]
        if late:
            evidence.append(workload.standing(late[0].unready_since))
            evidence += unready(view, workload)[:1]
        if evidence:
            evidence += [view.hit_evidence(hit) for hit in view.hits_of(workload.ref)[:2]]
            ends = any(crashes(view, workload))  # the rule of that name tells the word
            yield Match(
                component=workload.ref,
                evidence=tuple(evidence),
                certainty=0.3,
                root_cause="" if ends else word_of(view, workload.ref, ""),
                since=began(view, workload),
            )


RULE = Rule(
    name="not_well",
    title="A workload is not well, and nobody knows why",
    root_cause="unknown",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no workload has failing requests or pods that are not ready",
    follows=True,
)
