"""Memory runs out since a release: the older template did with less, or kept its scratch files on a disk."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._filled_by_silence import filled_by_silence, outlived, waits_with_room
from tuheg_ir.diagnosis.rules._follows_load import follows_load
from tuheg_ir.diagnosis.rules._kind_of_node import on_one_kind
from tuheg_ir.diagnosis.rules._memory import (
    asks_for_more,
    has_settled,
    killed_beside,
    killed_in_turn,
    put_into_memory,
    rose_before_release,
    short_of_memory,
)
from tuheg_ir.diagnosis.rules._past_limit import let_go
from tuheg_ir.diagnosis.rules._unbounded import kept_by_twin
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.given import given_limit
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import NEAR, killed_for_memory, limit_cut, memory_before, memory_grows
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=48)
"""A leak may take that long to fill a container; where what bounded it was taken away, it is told for longer."""
_SEVERAL = 3
"""So many kills tell how long lives are by now; of two the first life and the one between are not told apart."""
_SETTLED = 0.4
"""Memory that has come to stand below the limit, and nobody misses it: a person looks what it is full of."""


def when(view: View) -> Iterator[Match]:
    """Containers are short of memory, and their template is new, or took away what bounded it and fills it since."""
    for workload in view.serving:
        if limit_cut(workload, "memory"):
            continue
        if not releases(view, workload, SUSPECT) and not let_go(view, workload):
            continue
        newest = {f"Pod/{pod.name}" for pod in workload.newest_pods()}
        evidence = short_of_memory(view, workload) or killed_in_turn(view, workload)
        if killed_beside(view, workload) or on_one_kind(view, workload):
            continue
        if any(given_limit(workload, pod, "memory") for pod, _ in killed_for_memory(view, workload)):
            continue  # the limit that they were killed at is in neither template
        if not evidence or any(e.object.startswith("Pod/") and e.object not in newest for e in evidence[:3]):
            continue
        if not asks_for_more(view, workload) or filled_by_silence(view, workload):
            continue
        if not put_into_memory(workload) and not let_go(view, workload) and follows_load(view, workload):
            continue  # the template before would hold as much for as many
        match = _match(view, workload, evidence)
        settled = has_settled(view, workload) and not any(troubles(view, workload.ref))
        if rose_before_release(view, workload):
            rose = Evidence("metrics", workload.ref, "memory rose as fast before the release", workload.released_at)
            match = match._replace(remedy="page_human", certainty=_SETTLED, evidence=(*match.evidence, rose))
        yield match._replace(remedy="page_human", certainty=_SETTLED) if settled else match


def _match(view: View, workload: Workload, evidence: tuple[Evidence, ...]) -> Match:
    grows = memory_grows(view, workload)
    before = memory_before(view, workload, workload.released_at) if workload.released_at else None
    told = [Evidence("metrics", workload.ref, "memory rises steadily", workload.released_at)] if grows else []
    if before is not None and before < NEAR:
        told.append(Evidence("metrics", workload.ref, f"before the release {before:.0%} of the limit was used"))
    told += [
        Evidence("objects", workload.ref, f"its release keeps the volume {name} in memory", workload.released_at)
        for name in put_into_memory(workload)
    ]
    if bound := let_go(view, workload):
        told.append(Evidence("objects", workload.ref, bound, workload.released_at))
        told += [twin] if (twin := kept_by_twin(view, workload)) else []
    proof = waits_with_room(view, workload)
    calm = view.snapshot.logs and not view.hits_of(workload.ref, *UNANSWERED)
    plain = calm and cause_of_release(workload) == "configuration_error"  # what an image brought nobody knows
    seen = proof or told or view.figures.any_known or plain
    late = not seen and _came_late(view, workload)
    return Match(
        component=workload.ref,
        evidence=(
            *evidence,
            *([proof] if proof else []),
            *told,
            *release_evidence(workload, *(("command", "env") if bound else ("image", "mounts"))),
        ),
        certainty=0.95 if proof else 0.75 if told else 0.6,
        root_cause=cause_of_release(workload),
        remedy="page_human" if late else "",  # nobody sees what fills it now, and the release alone did not
        since=workload.released_at,
    )


def _came_late(view: View, workload: Workload) -> bool:
    """Tell whether all pods lived for long under the template before the first of several kills, and far shorter since.

    Their calls may wait for somebody since then, as their logs may tell; only figures show whether these fill it.
    """
    often = all(each.restarts >= _SEVERAL for _, each in killed_for_memory(view, workload))
    return often and workload.released_at is not None and outlived(view, workload, workload.released_at)


RULE = Rule(
    name="memory_since_release",
    title="Memory runs out since a release",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no container is short of memory since a release",
)
