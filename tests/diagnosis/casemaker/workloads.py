"""Workloads with their whole chain of owners: Deployment, ReplicaSets with revisions, pods; StatefulSet; DaemonSet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.diagnosis.casemaker.events import born, event
from tests.diagnosis.casemaker.names import template_hash
from tests.diagnosis.casemaker.pods import P, is_ready, pod, suffix
from tests.diagnosis.casemaker.world import EVENT_LIFE, World, days

Obj = dict[str, Any]


@dataclass
class Workload:
    """What was made of a workload."""

    kind: str
    name: str
    labels: Obj
    obj: Obj
    pods: list[Obj] = field(default_factory=list)
    sets: list[Obj] = field(default_factory=list)

    def pod(self, number: int) -> str:
        """Return a pod's name."""
        return str(self.pods[number]["metadata"]["name"])


@dataclass(frozen=True)
class Rev:
    """A revision of a pod template and how old it is (seconds)."""

    spec: Obj
    age: float
    annotations: Mapping[str, str] = field(default_factory=dict)
    cause: str = ""
    """Text of kubernetes.io/change-cause."""


def reference(obj: Obj) -> Obj:
    return {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": obj["metadata"]["name"],
        "uid": obj["metadata"]["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }


def deployment(
    w: World,
    name: str,
    revisions: Sequence[Rev],
    pods: Sequence[P] | int = 2,
    *,
    replicas: int | None = None,
    age: float = days(120),
    labels: Obj | None = None,
    desired: Mapping[int, int] | None = None,
    number: int = 4,
    strategy: Obj | None = None,
    failure: str = "",
    annotations: Obj | None = None,
    deadline: int = 600,
    scaled: float | None = None,
) -> Workload:
    """Return a Deployment with a ReplicaSet for each revision, oldest first, and its pods.

    ``pods`` is a number of healthy pods of the newest revision, or each pod; ``desired`` overrides what a
    ReplicaSet (by index) wants; ``failure`` is why pods could not be made ({set}: name of the newest
    ReplicaSet); ``scaled`` is how long ago (seconds) the number of replicas was changed.
    """
    described = [P() for _ in range(pods)] if isinstance(pods, int) else list(pods)
    labels = labels or {"app": name}
    live = [each for each in described if each.phase not in {"Failed", "Succeeded"}]
    wanted = len(live) if replicas is None else replicas
    newest = revisions[-1]
    top = w.add(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": w.meta(
                "Deployment",
                name,
                max(age, revisions[0].age),
                labels=labels,
                annotations={"deployment.kubernetes.io/revision": str(number + len(revisions) - 1)}
                | ({"kubernetes.io/change-cause": newest.cause} if newest.cause else {})
                | (annotations or {}),
                generation=number + len(revisions) + 3,
            ),
            "spec": {
                "replicas": wanted,
                "revisionHistoryLimit": 10,
                "progressDeadlineSeconds": deadline,
                "selector": {"matchLabels": labels},
                "strategy": strategy
                or {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
                "template": _template(labels, newest),
            },
        }
    )
    made = Workload("Deployment", name, labels, top)
    for index, rev in enumerate(revisions):
        mine = [each for each in described if each.rev % len(revisions) == index]
        _replicaset(w, made, rev, mine, number + index, wanted, (desired or {}).get(index))
    _deployment_status(w, made, wanted, newest, failure, deadline)
    _roll_events(w, made, revisions, scaled)
    return made


def _template(labels: Obj, rev: Rev, more: Obj | None = None) -> Obj:
    meta: Obj = {"labels": labels | (more or {})}
    if rev.annotations:
        meta["annotations"] = dict(rev.annotations)
    return {"metadata": meta, "spec": rev.spec}


def _replicaset(
    w: World, top: Workload, rev: Rev, pods: Sequence[P], number: int, wanted: int, desired: int | None
) -> None:
    made_hash = template_hash(top.name, [rev.spec, dict(rev.annotations)])
    labels = top.labels | {"pod-template-hash": made_hash}
    live = [each for each in pods if each.phase not in {"Failed", "Succeeded"}]
    replicas = len(live) if desired is None else desired
    obj = w.add(
        {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": w.meta(
                "ReplicaSet",
                f"{top.name}-{made_hash}",
                rev.age,
                labels=labels,
                annotations={
                    "deployment.kubernetes.io/desired-replicas": str(wanted),
                    "deployment.kubernetes.io/max-replicas": str(wanted + max(1, wanted // 4)),
                    "deployment.kubernetes.io/revision": str(number),
                }
                | ({"kubernetes.io/change-cause": rev.cause} if rev.cause else {}),
                ownerReferences=[reference(top.obj)],
            ),
            "spec": {
                "replicas": replicas,
                "selector": {"matchLabels": labels},
                "template": _template(top.labels, rev, {"pod-template-hash": made_hash}),
            },
        }
    )
    top.sets.append(obj)
    name = obj["metadata"]["name"]
    for each in pods:
        count = len(top.pods)
        old = rev.age - 4 - 9 * count if each.age is None else each.age
        one = pod(
            w,
            f"{name}-{suffix(name, count)}",
            rev.spec,
            labels,
            reference(obj),
            each,
            max(old, 5),
            count,
            dict(rev.annotations),
        )
        top.pods.append(one)
        born(w, one, obj, max(old, 5))
    ready = sum(is_ready(each) for each in top.pods if each["metadata"]["ownerReferences"][0]["name"] == name)
    status: Obj = {"replicas": len(live), "observedGeneration": 2}
    if live:
        status |= {"fullyLabeledReplicas": len(live), "readyReplicas": ready, "availableReplicas": ready}
    obj["status"] = status


def _deployment_status(w: World, top: Workload, wanted: int, newest: Rev, failure: str, deadline: int) -> None:
    last = top.sets[-1]
    live = sum(each["status"]["replicas"] for each in top.sets)
    ready = sum(each["status"].get("readyReplicas", 0) for each in top.sets)
    updated = last["status"]["replicas"]
    done = updated == live == wanted and last["status"].get("readyReplicas", 0) == wanted
    settled = done or (len(top.sets) > 0 and updated == live and newest.age > 2 * deadline and not failure)
    reason = "NewReplicaSetAvailable" if settled else "ReplicaSetUpdated"
    if not settled and newest.age > deadline:
        reason = "ProgressDeadlineExceeded"
    word = {
        "NewReplicaSetAvailable": "has successfully progressed.",
        "ReplicaSetUpdated": "is progressing.",
        "ProgressDeadlineExceeded": "has timed out progressing.",
    }[reason]
    enough = ready >= wanted - wanted // 4
    conditions: list[Obj] = [
        {
            "type": "Progressing",
            "status": str(reason != "ProgressDeadlineExceeded"),
            "reason": reason,
            "message": f'ReplicaSet "{last["metadata"]["name"]}" {word}',
            "lastUpdateTime": w.at(max(newest.age - 30, 0)),
            "lastTransitionTime": w.at(newest.age),
        },
        {
            "type": "Available",
            "status": str(enough),
            "reason": "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable",
            "message": "Deployment has minimum availability."
            if enough
            else "Deployment does not have minimum availability.",
            "lastUpdateTime": w.at(max(newest.age - 40, 0)),
            "lastTransitionTime": w.at(max(newest.age - 40, 0)),
        },
    ]
    if failure:
        conditions.append(
            {
                "type": "ReplicaFailure",
                "status": "True",
                "reason": "FailedCreate",
                "message": failure.replace("{set}", last["metadata"]["name"]),
                "lastUpdateTime": w.at(60),
                "lastTransitionTime": w.at(min(newest.age, 3000)),
            }
        )
    status: Obj = {
        "observedGeneration": top.obj["metadata"]["generation"],
        "replicas": live,
        "updatedReplicas": updated,
    }
    if ready:
        status |= {"readyReplicas": ready, "availableReplicas": ready}
    if wanted > ready:
        status["unavailableReplicas"] = max(live, wanted) - ready
    top.obj["status"] = status | {"conditions": conditions}


def _roll_events(w: World, top: Workload, revisions: Sequence[Rev], scaled: float | None) -> None:
    newest = top.sets[-1]
    text = f"Scaled up replica set {newest['metadata']['name']} from"
    age, wanted = revisions[-1].age, top.obj["spec"]["replicas"]
    if len(revisions) > 1 and age < EVENT_LIFE:
        event(w, top.obj, "ScalingReplicaSet", f"{text} 0 to 1", kind="Normal", last=age)
        if newest["spec"]["replicas"] == wanted:
            _replaced(w, top, age, wanted)
    elif scaled is not None and scaled < EVENT_LIFE:
        few = sum(1 for each in top.pods if each["metadata"]["creationTimestamp"] < w.at(scaled + 30))
        event(w, top.obj, "ScalingReplicaSet", f"{text} {few} to {wanted}", kind="Normal", last=scaled)


def _replaced(w: World, top: Workload, age: float, wanted: int) -> None:
    """Add the events of the revision that a finished roll-out took away."""
    old = top.sets[-2]
    name = old["metadata"]["name"]
    for left in range(wanted, 0, -1):
        text = f"Scaled down replica set {name} from {left} to {left - 1}"
        when = max(age - 20 * (wanted - left + 1), 1)
        event(w, top.obj, "ScalingReplicaSet", text, kind="Normal", last=when)
        text = f"Deleted pod: {name}-{suffix(name, 'old', left)}"
        event(w, old, "SuccessfulDelete", text, kind="Normal", last=when)
