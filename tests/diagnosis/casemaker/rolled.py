"""StatefulSets and DaemonSets with a history of revisions, and owners that a cluster only knows as custom ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.casemaker.events import born, event
from tests.diagnosis.casemaker.names import safe, template_hash
from tests.diagnosis.casemaker.pods import P, is_ready, pod, suffix
from tests.diagnosis.casemaker.workloads import Rev, Workload, reference
from tests.diagnosis.casemaker.world import World, days

Obj = dict[str, Any]


def rolled(
    w: World,
    kind: str,
    name: str,
    revisions: Sequence[Rev],
    pods: Sequence[P],
    *,
    age: float = days(200),
    labels: Obj | None = None,
    claim: str = "",
    replicas: int | None = None,
) -> Workload:
    """Return a StatefulSet or DaemonSet with a ControllerRevision for each revision, oldest first, and its pods."""
    labels = labels or {"app": name}
    newest = revisions[-1]
    spec: Obj = {"selector": {"matchLabels": labels}, "template": _template(labels, newest)}
    spec |= {"updateStrategy": {"type": "RollingUpdate"}, "revisionHistoryLimit": 10}
    if kind == "StatefulSet":
        spec |= {
            "replicas": len(pods) if replicas is None else replicas,
            "serviceName": name,
            "podManagementPolicy": "OrderedReady",
        }
    meta = w.meta(kind, name, max(age, revisions[0].age), labels=labels, generation=len(revisions))
    top = w.add({"apiVersion": "apps/v1", "kind": kind, "metadata": meta, "spec": spec})
    made = Workload(kind, name, labels, top)
    hashes = [_revision(w, top, rev, number + 1) for number, rev in enumerate(revisions)]
    for index, each in enumerate(pods):
        rev = each.rev % len(revisions)
        made.pods.append(_pod(w, made, revisions[rev], hashes[rev], each, index, claim))
    top["status"] = _status(kind, made, hashes, [each.rev % len(revisions) for each in pods], spec.get("replicas"))
    return made


def _template(labels: Obj, rev: Rev) -> Obj:
    meta: Obj = {"labels": labels}
    if rev.annotations:
        meta["annotations"] = dict(rev.annotations)
    return {"metadata": meta, "spec": rev.spec}


def _revision(w: World, top: Obj, rev: Rev, number: int) -> str:
    """Add the ControllerRevision of a template and return the hash that its pods bear."""
    labels, name = top["spec"]["selector"]["matchLabels"], top["metadata"]["name"]
    mark = template_hash(name, [rev.spec, dict(rev.annotations)])
    meta = w.meta(
        "ControllerRevision",
        f"{name}-{mark}",
        rev.age,
        labels=labels | {"controller-revision-hash": mark},
        ownerReferences=[reference(top)],
    )
    data = {"spec": {"template": _template(labels, rev) | {"$patch": "replace"}}}
    w.add({"apiVersion": "apps/v1", "kind": "ControllerRevision", "metadata": meta, "data": data, "revision": number})
    return mark


def _pod(w: World, of: Workload, rev: Rev, mark: str, each: P, index: int, claim: str) -> Obj:
    ordinal = of.kind == "StatefulSet"
    name = f"{of.name}-{index}" if ordinal else f"{of.name}-{suffix(of.name, index)}"
    extra = {"controller-revision-hash": f"{of.name}-{mark}" if ordinal else mark}
    spec = dict(rev.spec)
    if ordinal:
        extra |= {"statefulset.kubernetes.io/pod-name": name, "apps.kubernetes.io/pod-index": str(index)}
    if claim:
        volume = {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}"}}
        spec["volumes"] = [volume, *spec.get("volumes", [])]
    old = max(rev.age - 25 * (index + 1), 5) if each.age is None else each.age
    made = pod(w, name, spec, of.labels | extra, reference(of.obj), each, old, index, dict(rev.annotations))
    born(w, made, of.obj, old)
    return made


def _status(kind: str, of: Workload, hashes: Sequence[str], revs: Sequence[int], wanted: int | None) -> Obj:
    ready = sum(is_ready(each) for each in of.pods)
    updated = sum(rev == len(hashes) - 1 for rev in revs)
    if kind == "DaemonSet":
        count = len(of.pods)
        made = {"desiredNumberScheduled": count, "currentNumberScheduled": count, "numberMisscheduled": 0}
        made |= {"updatedNumberScheduled": updated, "numberReady": ready, "numberAvailable": ready}
        return made | {"numberUnavailable": count - ready, "observedGeneration": len(hashes)}
    done = updated == len(of.pods) and ready == wanted
    old = hashes[-1] if done or len(hashes) == 1 else hashes[-2]
    return {
        "observedGeneration": len(hashes),
        "replicas": len(of.pods),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentReplicas": len(of.pods) - updated if not done else len(of.pods),
        "updatedReplicas": updated,
        "currentRevision": f"{of.name}-{old}",
        "updateRevision": f"{of.name}-{hashes[-1]}",
    }


def rollout(w: World, name: str, revisions: Sequence[Rev], pods: Sequence[P], *, age: float = days(120)) -> Workload:
    """Return a Rollout of argoproj.io, of two revisions at once: ReplicaSets and pods that it owns."""
    labels = {"app": name}
    spec: Obj = {"replicas": len(pods), "selector": {"matchLabels": labels}}
    spec |= {"strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}]}}}
    meta = w.meta("Rollout", name, age, labels=labels, generation=9)
    top = w.add(
        {
            "apiVersion": "argoproj.io/v1alpha1",
            "kind": "Rollout",
            "metadata": meta,
            "spec": spec | {"template": _template(labels, revisions[-1])},
            "status": {"phase": "Paused", "message": "CanaryPauseStep", "replicas": len(pods)},
        }
    )
    made = Workload("Rollout", name, labels, top)
    for number, rev in enumerate(revisions):
        mark = safe(9, name, number)
        mine = [each for each in pods if each.rev % len(revisions) == number]
        more = labels | {"rollouts-pod-template-hash": mark}
        inner = _template(more, rev)
        meta = w.meta(
            "ReplicaSet",
            f"{name}-{mark}",
            rev.age,
            labels=more,
            annotations={"rollout.argoproj.io/revision": str(number + 6)},
            ownerReferences=[reference(top)],
        )
        owner = w.add({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": meta, "spec": {}})
        owner["spec"] = {"replicas": len(mine), "selector": {"matchLabels": more}, "template": inner}
        made.sets.append(owner)
        for each in mine:
            index = len(made.pods)
            old = rev.age - 9 * index if each.age is None else each.age
            one = pod(w, f"{name}-{mark}-{suffix(name, index)}", rev.spec, more, reference(owner), each, old, index)
            made.pods.append(one)
            born(w, one, owner, old)
        ready = sum(is_ready(each) for each in made.pods if each["metadata"]["labels"].items() >= more.items())
        owner["status"] = {"replicas": len(mine), "readyReplicas": ready, "availableReplicas": ready}
    text = f"Scaled up ReplicaSet {name}-{safe(9, name, len(revisions) - 1)} (revision 7) from 0 to 1"
    event(w, top, "ScalingReplicaSet", text, kind="Normal", last=revisions[-1].age, writer="rollouts-controller")
    return made


def bare(w: World, name: str, spec: Obj, each: P, *, age: float, labels: Obj | None = None) -> Workload:
    """Return a pod that nothing owns."""
    made = pod(w, name, spec, labels or {"run": name}, None, each, age, 0)
    return Workload("Pod", name, labels or {"run": name}, made, [made])
