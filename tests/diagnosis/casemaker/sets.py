"""StatefulSets and DaemonSets with their pods."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.casemaker.events import born
from tests.diagnosis.casemaker.names import safe
from tests.diagnosis.casemaker.pods import P, is_ready, pod, suffix
from tests.diagnosis.casemaker.workloads import Workload, reference
from tests.diagnosis.casemaker.world import World, days

Obj = dict[str, Any]


def statefulset(
    w: World,
    name: str,
    spec: Obj,
    pods: Sequence[P] | int = 1,
    *,
    age: float = days(200),
    labels: Obj | None = None,
    claim: str = "",
    replicas: int | None = None,
) -> Workload:
    """Return a StatefulSet and its pods, numbered from 0; ``claim`` is the name of its volume claim template."""
    described = [P() for _ in range(pods)] if isinstance(pods, int) else list(pods)
    labels = labels or {"app": name}
    wanted = len(described) if replicas is None else replicas
    revision = f"{name}-{safe(10, name, 'revision')}"
    top = w.add(
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": w.meta("StatefulSet", name, age, labels=labels, generation=1),
            "spec": {
                "replicas": wanted,
                "serviceName": name,
                "podManagementPolicy": "OrderedReady",
                "selector": {"matchLabels": labels},
                "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
                "template": {"metadata": {"labels": labels}, "spec": spec},
            },
        }
    )
    made = Workload("StatefulSet", name, labels, top)
    for index, each in enumerate(described):
        mine = dict(spec)
        if claim:
            volume = {"name": claim, "persistentVolumeClaim": {"claimName": f"{claim}-{name}-{index}"}}
            mine["volumes"] = [volume, *spec.get("volumes", [])]
        extra = {
            "controller-revision-hash": revision,
            "statefulset.kubernetes.io/pod-name": f"{name}-{index}",
            "apps.kubernetes.io/pod-index": str(index),
        }
        old = age - 60 * index - 30 if each.age is None else each.age
        one = pod(w, f"{name}-{index}", mine, labels | extra, reference(top), each, old, index)
        made.pods.append(one)
        born(w, one, top, old)
    ready = sum(is_ready(each) for each in made.pods)
    top["status"] = {
        "observedGeneration": 1,
        "replicas": len(described),
        "readyReplicas": ready,
        "availableReplicas": ready,
        "currentReplicas": len(described),
        "updatedReplicas": len(described),
        "currentRevision": revision,
        "updateRevision": revision,
    }
    return made


def daemonset(w: World, name: str, spec: Obj, pods: Sequence[P] | int = 3, *, age: float = days(300)) -> Workload:
    """Return a DaemonSet with a pod for each node."""
    described = [P() for _ in range(pods)] if isinstance(pods, int) else list(pods)
    labels = {"k8s-app": name}
    top = w.add(
        {
            "apiVersion": "apps/v1",
            "kind": "DaemonSet",
            "metadata": w.meta("DaemonSet", name, age, labels=labels, generation=1),
            "spec": {
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": spec},
                "updateStrategy": {"type": "RollingUpdate"},
            },
        }
    )
    made = Workload("DaemonSet", name, labels, top)
    for index, each in enumerate(described):
        old = age - 20 if each.age is None else each.age
        one = pod(w, f"{name}-{suffix(name, index)}", spec, labels, reference(top), each, old, index)
        made.pods.append(one)
        born(w, one, top, old)
    ready = sum(is_ready(each) for each in made.pods)
    top["status"] = {
        "desiredNumberScheduled": len(described),
        "currentNumberScheduled": len(described),
        "updatedNumberScheduled": len(described),
        "numberReady": ready,
        "numberAvailable": ready,
        "numberMisscheduled": 0,
        "observedGeneration": 1,
    }
    return made
