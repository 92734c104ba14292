"""One replica runs and is not ready for long, while its twins of the same template are: it hangs."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._not_of_its_own import refused_sessions
from tuheg_ir.diagnosis.rules._onset import others_written
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.crashes import unready
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import never_ready, soon_after
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(minutes=5)
OF_OTHERS = (
    *("database_", "cache_", "broker_", "connection_refused", "connection_timeout", "connection_reset"),
    *("upstream_failure", "dns"),
)
"""Troubles (by their beginnings) that a program has with what it calls."""


def when(view: View) -> Iterator[Match]:
    """Few pods of a workload run without an end and are not ready for minutes; most like them are."""
    ill = {node.name for node in nodes(view) if node.lost or node.pressures or node.cordoned}
    for workload in view.serving:
        hung = [pod for pod in workload.newest_pods() if _hangs(view, pod) and pod.node not in ill]
        well = [pod for pod in workload.newest_pods() if pod.ready]
        # A restart would give the others the build that the one of them has which does not become ready.
        pulled = another_build(view, workload, {pod.name for pod in hung})
        if not hung or len(well) < 2 * len(hung) or pulled or role(workload) or keeps_data(view, workload):
            continue
        if _fell_with_others(view, workload, hung, ill) or refused_sessions(view, {pod.name for pod in hung}):
            continue
        if not _meet_the_same(view, workload, hung, well) and not _cut_off(view, hung):
            yield _match(view, workload, hung, well)


def _hangs(view: View, pod: Pod) -> bool:
    """Tell whether a pod was ready once, runs on without having ended, and is not ready any more."""
    runs = bool(pod.containers) and all(c.state == "running" and not c.restarts for c in pod.containers if not c.init)
    long = pod.unready_since is not None and view.now - pod.unready_since >= LONG
    return runs and long and not pod.ready and not never_ready(pod)


def _fell_with_others(view: View, workload: Workload, hung: list[Pod], ill: Collection[str]) -> bool:
    """Tell whether a pod of somebody who has nothing to do with these fell out right then: that has one cause.

    What fell out on a node that is ill did so with its node.
    """
    began = [pod.unready_since for pod in hung if pod.unready_since]
    near = view.graph.needs(workload.ref) | view.graph.callers(workload.ref)
    return any(
        abs(at - pod.unready_since) <= MINUTE
        for other in view.serving
        if other.ref not in near | {workload.ref}
        for pod in other.live
        if _hangs(view, pod) and pod.unready_since and pod.node not in ill
        for at in began
    )


def _cut_off(view: View, hung: list[Pod]) -> bool:
    """Tell whether something was written in the minutes before pods fell out, and no log says what they wait for."""
    began = [pod.unready_since for pod in hung if pod.unready_since]
    silent = not any(view.logs_of(hung))
    return silent and any(soon_after(since, at) for since in began for at in others_written(view))


def _meet_the_same(view: View, workload: Workload, hung: list[Pod], well: list[Pod]) -> bool:
    """Tell whether all pods, the ready ones too, tell of one trouble with what is behind them: one is the first of it.

    It lost its place by a probe that asks for what none of them gets; a fresh one gets it no more than they do.
    """
    told: dict[str, set[str]] = {pod.name: set() for pod in (*hung, *well)}
    for hit in view.hits_of(workload.ref):
        if hit.pod in told and not hit.previous and hit.trouble.startswith(OF_OTHERS) and fresh(view, hit):
            told[hit.pod].add(hit.trouble)
    return bool(set.intersection(*told.values()))


def _match(view: View, workload: Workload, hung: list[Pod], well: list[Pod]) -> Match:
    names = {f"Pod/{pod.name}" for pod in hung}
    told = f"runs and is not ready; {len(well)} pods of the same template are"
    hits = [hit for hit in view.hits_of(workload.ref) if f"Pod/{hit.pod}" in names]
    return Match(
        component=workload.ref,
        evidence=(
            *(Evidence("objects", f"Pod/{pod.name}", told, pod.unready_since) for pod in hung[:2]),
            *[e for e in unready(view, workload) if e.object in names][:1],
            *(view.hit_evidence(hit) for hit in hits[:2]),
        ),
        certainty=0.6,
        since=hung[0].unready_since,
        excludes=excluding(workload.ref, "pods with the same template are well", "rollback_workload"),
    )


RULE = Rule(
    name="replica_not_ready",
    title="One replica hangs: it runs and is not ready",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no replica runs on without being ready while its like are",
    follows=True,
)
