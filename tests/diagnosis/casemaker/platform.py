"""What surrounds workloads: nodes, quotas, autoscalers, volumes, ConfigMaps, Secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.diagnosis.casemaker.names import secret_value
from tests.diagnosis.casemaker.pods import suffix
from tests.diagnosis.casemaker.workloads import Workload
from tests.diagnosis.casemaker.world import World, days

Obj = dict[str, Any]

GOOD = {
    "MemoryPressure": ("False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
    "Ready": ("True", "KubeletReady", "kubelet is posting ready status"),
}


def node(
    w: World,
    name: str,
    *,
    age: float = days(240),
    cpu: str = "4",
    memory: str = "16266460Ki",
    conditions: Mapping[str, tuple[str, str, str]] | None = None,
    since: float = days(30),
    taints: Sequence[str] = (),
    unschedulable: bool = False,
) -> Obj:
    """Return a node; ``conditions`` differ from the good ones since ``since`` seconds."""
    if name not in w.nodes:
        w.nodes.append(name)
    odd = dict(conditions or {})
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "topology.kubernetes.io/zone": "zone-a"}
    spec: Obj = {"podCIDR": f"10.244.{len(w.nodes)}.0/24"}
    if taints:
        spec["taints"] = [
            {"key": taint.split(":")[0], "effect": taint.split(":")[1], "timeAdded": w.at(since)} for taint in taints
        ]
    if unschedulable:
        spec["unschedulable"] = True
    alive = odd.get("Ready", GOOD["Ready"])[0] != "Unknown"
    listed = [
        {
            "type": kind,
            "status": status,
            "reason": reason,
            "message": message,
            "lastHeartbeatTime": w.at(25 if alive else since + 40),
            "lastTransitionTime": w.at(since if kind in odd else age - 60),
        }
        for kind, (status, reason, message) in (GOOD | odd).items()
    ]
    room = {"cpu": cpu, "memory": memory, "pods": "110", "ephemeral-storage": "61255492Ki"}
    return w.add(
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": w.meta("Node", name, age, namespace="", labels=labels),
            "spec": spec,
            "status": {
                "capacity": room,
                "allocatable": room,
                "conditions": listed,
                "nodeInfo": {"kubeletVersion": "v1.33.4", "containerRuntimeVersion": "containerd://2.0.5"},
            },
        }
    )


def nodes(w: World, *names: str, **more: Any) -> None:
    for name in names:
        node(w, name, **more)


def config_map(
    w: World, name: str, data: Mapping[str, str], *, age: float = days(90), changed: float | None = None, by: str = ""
) -> Obj:
    """Return a ConfigMap, last written ``changed`` seconds ago."""
    made: Obj = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": w.meta("ConfigMap", name, age)}
    made["data"] = dict(data)
    if changed is not None:
        w.changed(made, changed, by or "kubectl-edit", {"f:data": {f"f:{key}": {} for key in data}})
    return w.add(made)


def secret(
    w: World,
    name: str,
    keys: Sequence[str],
    *,
    age: float = days(90),
    changed: float | None = None,
    by: str = "external-secrets",
    kind: str = "Opaque",
    annotations: Mapping[str, str] | None = None,
) -> Obj:
    """Return a Secret: its keys and hashes, never values."""
    made: Obj = {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "metadata": w.meta("Secret", name, age, annotations=dict(annotations or {})),
        "data": {key: secret_value(w.namespace, name, key, changed) for key in keys},
    }
    if changed is not None:
        w.changed(made, changed, by, {"f:data": {f"f:{key}": {} for key in keys}})
    return w.add(made)


def hpa(
    w: World,
    of: Workload,
    *,
    low: int,
    high: int,
    now: int,
    wanted: int | None = None,
    used: int | None,
    target: int = 70,
    age: float = days(100),
    limited: str = "",
    broken: str = "",
    scaled: float | None = None,
) -> Obj:
    """Return an autoscaler on CPU; ``used`` None: no metric came, ``broken`` is then the message."""
    conditions = [
        _condition(w, "AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size", age),
        _condition(w, "ScalingActive", "False", "FailedGetResourceMetric", broken, 2700)
        if broken
        else _condition(
            w,
            "ScalingActive",
            "True",
            "ValidMetricFound",
            "the HPA was able to successfully calculate a replica count from cpu resource utilization "
            "(percentage of request)",
            age,
        ),
    ]
    if not broken:
        text = {
            "": "the desired count is within the acceptable range",
            "TooManyReplicas": "the desired replica count is more than the maximum replica count",
            "TooFewReplicas": "the desired replica count is less than the minimum replica count",
        }[limited]
        reason = limited or "DesiredWithinRange"
        conditions.append(_condition(w, "ScalingLimited", str(bool(limited)), reason, text, 1500))
    status: Obj = {
        "currentReplicas": now,
        "desiredReplicas": now if wanted is None else wanted,
        "conditions": conditions,
    }
    if used is not None:
        current = {"averageUtilization": used, "averageValue": f"{used * 5}m"}
        status["currentMetrics"] = [{"type": "Resource", "resource": {"name": "cpu", "current": current}}]
    if scaled is not None:
        status["lastScaleTime"] = w.at(scaled)
    metric = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": target}}
    return w.add(
        {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": w.meta("HorizontalPodAutoscaler", of.name, age),
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": of.kind, "name": of.name},
                "minReplicas": low,
                "maxReplicas": high,
                "metrics": [{"type": "Resource", "resource": metric}],
            },
            "status": status,
        }
    )


def _condition(w: World, kind: str, status: str, reason: str, message: str, since: float) -> Obj:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": w.at(since),
    }


def quota(w: World, name: str, hard: Mapping[str, str], used: Mapping[str, str], *, age: float = days(60)) -> Obj:
    return w.add(
        {
            "apiVersion": "v1",
            "kind": "ResourceQuota",
            "metadata": w.meta("ResourceQuota", name, age),
            "spec": {"hard": dict(hard)},
            "status": {"hard": dict(hard), "used": dict(used)},
        }
    )


def budget(w: World, of: Workload, *, minimum: int, healthy: int, age: float = days(100)) -> Obj:
    return w.add(
        {
            "apiVersion": "policy/v1",
            "kind": "PodDisruptionBudget",
            "metadata": w.meta("PodDisruptionBudget", of.name, age),
            "spec": {"minAvailable": minimum, "selector": {"matchLabels": of.labels}},
            "status": {
                "currentHealthy": healthy,
                "desiredHealthy": minimum,
                "disruptionsAllowed": max(0, healthy - minimum),
                "expectedPods": len(of.pods),
                "observedGeneration": 1,
            },
        }
    )


def claim(w: World, name: str, *, size: str = "20Gi", phase: str = "Bound", age: float = days(200)) -> Obj:
    spec: Obj = {
        "accessModes": ["ReadWriteOnce"],
        "resources": {"requests": {"storage": size}},
        "storageClassName": "standard",
        "volumeMode": "Filesystem",
    }
    status: Obj = {"phase": phase}
    if phase == "Bound":
        spec["volumeName"] = f"pvc-{suffix(name, 'volume')}"
        status |= {"accessModes": ["ReadWriteOnce"], "capacity": {"storage": size}}
    meta = w.meta("PersistentVolumeClaim", name, age)
    return w.add(
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta, "spec": spec, "status": status}
    )


def limit_range(w: World, name: str, limits: Mapping[str, Any], *, age: float, changed: float | None = None) -> Obj:
    """Return a LimitRange for containers; ``limits`` e.g. {"max": {"memory": "1Gi"}}."""
    made: Obj = {"apiVersion": "v1", "kind": "LimitRange", "metadata": w.meta("LimitRange", name, age)}
    made["spec"] = {"limits": [{"type": "Container", **limits}]}
    if changed is not None:
        w.changed(made, changed, "kubectl-client-side-apply", {"f:spec": {"f:limits": {}}})
    return w.add(made)
