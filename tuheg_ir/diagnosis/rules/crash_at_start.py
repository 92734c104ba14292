"""Containers of a new template end before they ever serve, while the template before was well."""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._not_its_release import not_its_release
from tuheg_ir.diagnosis.view.crashes import Crash, crashes, probe_kills
from tuheg_ir.diagnosis.view.releases import (
    brought_by_release,
    healthy_older,
    never_ready,
    release_cause,
    release_evidence,
)
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import first_to_start_with

_KILLED = frozenset({0, 137, 143})
"""Exit codes of what was told to end, or made to."""


def when(view: View) -> Iterator[Match]:
    """Pods of a release never became ready because their containers end."""
    for workload in view.serving:
        ended = [c for c in crashes(view, workload) if never_ready(c.pod) and not c.container.killed_for_memory]
        pods = [c.pod for c in ended]
        brought = brought_by_release(workload, pods) and not workload.returned
        own = brought and not first_to_start_with(view, workload, pods)
        if ended and own and not _by_probes(view, workload, ended):
            yield _match(view, workload, ended)


def _by_probes(view: View, workload: Workload, ended: list[Crash]) -> bool:
    """Tell whether the kubelet killed containers because probes failed.

    A probe that failed may only have met a program that was not up yet, or had ended by itself.
    """
    told = probe_kills(view, workload, [c.pod for c in ended])
    killed = any(each.fact.startswith("Killing") for each in told)
    return killed or (bool(told) and any(c.ended.exit_code in _KILLED for c in ended))


def _match(view: View, workload: Workload, ended: list[Crash]) -> Match:
    older = healthy_older(workload)
    well = [p for p in workload.newest_pods() if p.ready and p.node not in {crash.pod.node for crash in ended}]
    hits = [h for h in view.hits_of(workload.ref) if h.pod in {c.pod.name for c in ended}]
    others = not_its_release(view, workload, [crash.pod for crash in ended])
    return Match(
        component=workload.ref,
        evidence=(
            *(crash.evidence() for crash in ended[:2]),
            *((others,) if others else ()),
            *release_evidence(workload),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(view.event_evidence(e) for e in view.events_of(workload.ref, "BackOff")[:1]),
        ),
        # A release whose pods are well on other nodes does not end by itself, nor one that others end like.
        certainty=0.5 if well or others else 0.8 if older else 0.7,
        root_cause="dependency_failure" if others else release_cause(view, workload, ended[0].container.name),
        remedy="page_human" if well or others else "",
        since=workload.released_at or ended[0].pod.created,
        excludes=excluding(workload.ref, "the newest template ends at start; a restart runs it again", *RESTARTS)
        + excluding(workload.ref, "further pods of the newest template would end at start", "scale_workload"),
    )


RULE = Rule(
    name="crash_at_start",
    title="A release ends at start",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no pod of a release ended before it was ready",
    follows=True,
)
