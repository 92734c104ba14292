"""A StatefulSet has another template by now, and still waits for a pod of the one before, which never became ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.view.changes import changes
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import last_write, oldest, text, whole
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Revision, Workload

PATIENCE = timedelta(minutes=2)
"""A pod may take that long to become ready, and a controller to replace it."""
_OUTSIDE = ("ContainerCreating",)
"""What a container waits for that no template brought: a volume, an address."""


def when(view: View) -> Iterator[Match]:
    """A pod of a revision whose pods were never ready holds up a set that changes one pod after the other."""
    for workload in view.serving:
        changed = last_write(workload.obj)
        if not _in_order(workload) or (changed is not None and view.recent(changed, PATIENCE)):
            continue
        for revision in workload.revisions[1:]:
            broken = [pod for pod in workload.older_pods() if pod.revision == revision.name]
            differs = changes(revision.template, workload.revisions[0].template)
            if broken and differs and all(_broken(view, pod) for pod in broken):
                yield _match(view, workload, revision, broken)
                break


def _in_order(workload: Workload) -> bool:
    """Tell whether a set waits for each pod before it changes the next, and is to change all of them."""
    spec = workload.obj
    ordered = text(spec, "spec", "podManagementPolicy") in ("", "OrderedReady")
    rolls = text(spec, "spec", "updateStrategy", "type") in ("", "RollingUpdate")
    staged = whole(spec, "spec", "updateStrategy", "rollingUpdate", "partition")
    return workload.kind == "StatefulSet" and ordered and rolls and not staged


def _broken(view: View, pod: Pod) -> bool:
    """Tell whether a pod has never become ready, on a node that took it, for what its own template says."""
    waits = any(c.state == "waiting" and c.reason in _OUTSIDE for c in pod.containers)
    placed = bool(pod.node and pod.containers) and not waits
    return placed and never_ready(pod) and not view.recent(pod.created, PATIENCE)


def _match(view: View, workload: Workload, revision: Revision, broken: Sequence[Pod]) -> Match:
    well = [pod for pod in workload.newest_pods() if pod.ready]
    back = "came back" if workload.returned else "is another one"
    reason = f"the set waits for {broken[0].name}, which it does not replace: that pod has to be deleted"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence(
                "objects",
                workload.ref,
                f"its template {back}; {len(well)} pods of it are ready",
                last_write(workload.obj),
            ),
            *(_told(pod, revision) for pod in broken[:2]),
            *[view.event_evidence(e) for pod in broken for e in view.events_of(f"Pod/{pod.name}", "Failed", "BackOff")][
                :2
            ],
        ),
        certainty=0.8 if well else 0.6,
        since=oldest(pod.created for pod in broken),
        excludes=(
            *excluding(workload.ref, f"it goes back to the template of the broken pod; {reason}", "rollback_workload"),
            *excluding(workload.ref, reason, *RESTARTS),
        ),
    )


def _told(pod: Pod, revision: Revision) -> Evidence:
    why = next((f"{c.reason}: {c.message[:160]}" for c in pod.containers if c.state == "waiting"), "it is not ready")
    return Evidence("objects", f"Pod/{pod.name}", f"still of {revision.name}, never ready: {why}", pod.created)


RULE = Rule(
    name="set_waits_for_broken_pod",
    title="A StatefulSet waits for a broken pod of a template that it has no more",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no StatefulSet waits for a pod of an older template that was never ready",
)
