"""The only pod of a service is sent away with each node that is drained, and nobody serves until the next one is ready.

A drain is an ordinary thing that whoever has a second pod lives through: what lacks is that pod, above all where there
was one before. Taking back a release, or a restart, only has the one pod begin once more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._drained import Sent, sent_away
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules.scaled_down import lost
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints, told
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, text, whole
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.scaling import autoscaler, may_go_to_nought
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""A node is drained now and then; who fell with two of them falls with the next one too."""
AT_ONCE = timedelta(minutes=2)
"""So soon a pod is made anew for one that had to go."""
ROLLED = timedelta(minutes=10)
"""So long after a release pods may end by it."""
_HAD = "deployment.kubernetes.io/desired-replicas"


def when(view: View) -> Iterator[Match]:
    """The one pod of a service had to leave drained nodes, again or where it had a second one before, and users suffer.

    Not where only one may run at a time.
    """
    for workload in view.serving:
        if not _of_one(view, workload):
            continue
        sent = [each for each in sent_away(view, workload) if not _by_release(workload, each)]
        more = tuple(_had_more(view, workload))
        if len(sent) < (1 if more else AGAIN) or not _starts_since(workload, sent[-1]):
            continue
        felt = _felt(view, workload)
        if felt:
            yield _match(view, workload, sent, more, felt)


def _of_one(view: View, workload: Workload) -> bool:
    """Tell whether a workload has one replica, by nobody's decision that it may be no more."""
    if workload.kind != "Deployment" or workload.wanted != 1 or len(workload.live) != 1:
        return False
    if keeps_data(view, workload) or is_store(workload) or text(workload.obj, "spec", "strategy", "type") == "Recreate":
        return False
    return autoscaler(view, workload.ref) is None and not may_go_to_nought(view, workload.ref)


def _by_release(workload: Workload, sent: Sent) -> bool:
    at = workload.released_at if workload.changes else None
    return at is not None and timedelta(0) <= sent.at - at <= ROLLED


def _starts_since(workload: Workload, sent: Sent) -> bool:
    """Tell whether the pod that was made for the last one starts since, and nothing keeps it from it."""
    pod = workload.live[0]
    soon = pod.created is not None and timedelta(0) <= pod.created - sent.at <= AT_ONCE
    return soon and never_ready(pod) and bool(pod.node) and _unharmed(pod)


def _unharmed(pod: Pod) -> bool:
    return not pod.restarts and all(c.state == "running" or c.reason == "ContainerCreating" for c in pod.containers)


def _had_more(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that a workload had more replicas before, and who last wrote how many it is to have."""
    yield from lost(view, workload)
    for obj in view.snapshot.of("ReplicaSet"):
        was = _desired(obj)
        if was > workload.wanted and name(obj) in {each.name for each in workload.revisions[1:2]}:
            yield Evidence("objects", workload.ref, f"{name(obj)}, the one before, had {was} replicas")
            yield from _scaled(workload)
            return


def _scaled(workload: Workload) -> Iterator[Evidence]:
    for write in items(workload.obj, "metadata", "managedFields"):
        if text(write, "subresource") == "scale":
            fact = f"{text(write, 'manager')} wrote how many replicas it is to have"
            yield Evidence("objects", workload.ref, fact, moment(write, "time"))


def _desired(obj: Obj) -> int:
    """Return how many replicas a ReplicaSet's Deployment was to have while it was in force."""
    return whole({"n": mapping(obj, "metadata", "annotations").get(_HAD)}, "n")


def _felt(view: View, workload: Workload) -> list[Evidence]:
    """Return who tells that it does not answer: its callers, alerts about it or them, its own figures."""
    blamed = [each for each in complaints(view, *UNANSWERED) if each.about == workload.ref]
    own = (seen for seen, _ in troubles(view, workload.ref))
    return [*told(view, blamed, 2), *own, *suffering(view, workload.ref)]


def _match(
    view: View, workload: Workload, sent: Sequence[Sent], more: Sequence[Evidence], felt: Sequence[Evidence]
) -> Match:
    callers = behind(view, workload.ref, but=workload.ref)
    times = f"{len(sent)} times" if len(sent) >= AGAIN else "once"
    fact = f"its one pod had to go with its node {times}, and nobody serves until the next one is ready"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, fact, sent[-1].at),
            *(_left(view, each) for each in sent[-3:]),
            *more,
            *felt[:3],
        ),
        certainty=0.75,
        since=sent[-1].at,
        explains=callers,
        excludes=(
            *excluding(workload.ref, "its one pod would have to begin to start once more", *RESTARTS),
            *excluding(workload.ref, "no template says how many pods there are to be", "rollback_workload"),
            *not_for(callers, f"it waits for {workload.ref}, whose one pod was sent away with its node"),
        ),
    )


def _left(view: View, sent: Sent) -> Evidence:
    seen = view.event_evidence(sent.event)
    return seen._replace(fact=f"{seen.fact}, as {sent.node} was drained") if sent.node else seen


RULE = Rule(
    name="alone_on_drained_nodes",
    title="The one pod of a service falls with each node that is drained",
    root_cause="configuration_error",
    remedy="scale_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no service with one replica lost it to the drain of its node while it is needed",
)
