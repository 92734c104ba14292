"""The one pod that is not ready is starting as its like did, and has not taken longer than they."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._published import publishes
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.undone import asks_for_the_end
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = timedelta(minutes=1)
"""Who starts faster than this is not waited for."""


def when(view: View) -> Iterator[Match]:
    """A pod has never been ready nor ended, all others of its template took at least as long to become so.

    Not where a Service sends callers to pods that are not ready: these are refused as long. Nor where alerts
    are of work that does not end.
    """
    if asks_for_the_end(view):
        return
    for workload in view.serving:
        late = [pod for pod in workload.live if not pod.ready]
        if len(late) != 1 or not _unharmed(late[0]) or any(troubles(view, workload.ref)):
            continue
        if any(publishes(each) for each in view.leading_to(workload.ref)):
            continue
        ready = [pod for pod in workload.live if pod.ready]
        took = [pod.ready_since - pod.created for pod in ready if pod.ready_since and pod.created]
        age = view.now - late[0].created if late[0].created else None
        if not took or len(took) < len(ready) or age is None or not same_template(workload.live):
            continue
        if LEAST <= age <= min(took) and not any(p.restarts for p in ready):
            yield _match(workload, late[0], age, min(took))


def _unharmed(pod: Pod) -> bool:
    return (
        never_ready(pod) and not pod.restarts and bool(pod.node) and all(c.state == "running" for c in pod.containers)
    )


def _match(workload: Workload, pod: Pod, age: timedelta, took: timedelta) -> Match:
    minutes = age.total_seconds() / 60, took.total_seconds() / 60
    told = f"it starts for {minutes[0]:.0f} minutes; each of its like took {minutes[1]:.0f} or more, and is ready"
    return Match(
        component=workload.ref,
        evidence=(Evidence("objects", f"Pod/{pod.name}", told, pod.created),),
        certainty=0.7,
        since=pod.created,
        excludes=excluding(workload.ref, "it would have to begin once more", *RESTARTS),
    )


RULE = Rule(
    name="still_starting",
    title="A pod starts as long as its like did",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.PATTERN,
    when=when,
    why_not="no pod is starting that has not taken longer than all its like",
)
