"""What the API fills in when an object is written, by kind."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from tuheg_ir.sim.status import Obj

_PROBES = ("livenessProbe", "readinessProbe", "startupProbe")
_PROBE_DEFAULTS = {"timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3}


def _fill(obj: Obj, values: Obj) -> None:
    for key, value in values.items():
        if obj.get(key) is None:
            obj[key] = value


def _container(container: Obj) -> None:
    image = str(container.get("image", ""))
    latest = ":" not in image.rsplit("/", 1)[-1] or image.endswith(":latest")
    _fill(
        container,
        {
            "resources": {},
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "Always" if latest else "IfNotPresent",
        },
    )
    for port in container.get("ports") or []:
        _fill(port, {"protocol": "TCP"})
    for variable in container.get("env") or []:
        if field := (variable.get("valueFrom") or {}).get("fieldRef"):
            _fill(field, {"apiVersion": "v1"})
    for name in _PROBES:
        if probe := container.get(name):
            _fill(probe, dict(_PROBE_DEFAULTS))
            if get := probe.get("httpGet"):
                _fill(get, {"path": "/", "scheme": "HTTP"})
    limits = container["resources"].get("limits")
    if limits:
        container["resources"].setdefault("requests", {})
        _fill(container["resources"]["requests"], dict(limits))


def _volume(volume: Obj) -> None:
    for kind in ("configMap", "secret", "projected", "downwardAPI"):
        if kind in volume:
            _fill(volume[kind], {"defaultMode": 420})
    if "hostPath" in volume:
        _fill(volume["hostPath"], {"type": ""})


def _pod_spec(spec: Obj, *, own_pod: bool = False) -> None:
    for container in (spec.get("containers") or []) + (spec.get("initContainers") or []):
        limits_only = "requests" not in (container.get("resources") or {})
        _container(container)
        if not own_pod and limits_only:  # only a pod itself gets requests from its limits
            container["resources"].pop("requests", None)
    for volume in spec.get("volumes") or []:
        _volume(volume)
    _fill(
        spec,
        {
            "restartPolicy": "Always",
            "terminationGracePeriodSeconds": 30,
            "dnsPolicy": "ClusterFirst",
            "securityContext": {},
            "schedulerName": "default-scheduler",
        },
    )


def _tolerations() -> list[Obj]:
    """Return how long every pod stays on a node that is lost."""
    lost = ("not-ready", "unreachable")
    return [
        {"key": f"node.kubernetes.io/{what}", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}
        for what in lost
    ]


def _pod(obj: Obj) -> None:
    _pod_spec(obj["spec"], own_pod=True)
    _fill(obj["spec"], {"enableServiceLinks": True, "serviceAccountName": "default", "serviceAccount": "default"})
    _fill(obj["spec"], {"priority": 0, "preemptionPolicy": "PreemptLowerPriority", "tolerations": _tolerations()})
    _fill(obj, {"status": {"phase": "Pending", "qosClass": "BestEffort"}})


def _template(spec: Obj) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    template.setdefault("spec", {})
    _pod_spec(template["spec"])


def _deployment(obj: Obj) -> None:
    spec = obj["spec"]
    _template(spec)
    _fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    strategy = spec.setdefault("strategy", {})
    _fill(strategy, {"type": "RollingUpdate"})
    if strategy["type"] == "RollingUpdate":
        strategy["rollingUpdate"] = {"maxUnavailable": "25%", "maxSurge": "25%"} | (strategy.get("rollingUpdate") or {})


def _replica_set(obj: Obj) -> None:
    _template(obj["spec"])
    _fill(obj["spec"], {"replicas": 1})


def _stateful_set(obj: Obj) -> None:
    spec = obj["spec"]
    _template(spec)
    _fill(
        spec,
        {
            "replicas": 1,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate"},
            "revisionHistoryLimit": 10,
            "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
        },
    )
    if spec["updateStrategy"].get("type") == "RollingUpdate":
        spec["updateStrategy"]["rollingUpdate"] = {"partition": 0} | (spec["updateStrategy"].get("rollingUpdate") or {})
    for claim in spec.get("volumeClaimTemplates") or []:
        _fill(claim, {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "status": {"phase": "Pending"}})
        _fill(claim["spec"], {"volumeMode": "Filesystem"})


def _service(obj: Obj) -> None:
    spec = obj["spec"]
    _fill(spec, {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"})
    _fill(spec, {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
    for port in spec.get("ports") or []:
        _fill(port, {"protocol": "TCP", "targetPort": port.get("port")})
    _fill(obj, {"status": {"loadBalancer": {}}})


def _ingress(obj: Obj) -> None:
    _fill(obj, {"status": {"loadBalancer": {}}})


def _autoscaler(obj: Obj) -> None:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    _fill(obj["spec"], {"minReplicas": 1, "metrics": [{"type": "Resource", "resource": cpu}]})
    _fill(obj, {"status": {"desiredReplicas": 0, "currentMetrics": None}})


def _budget(obj: Obj) -> None:
    zero = {"disruptionsAllowed": 0, "currentHealthy": 0, "desiredHealthy": 0, "expectedPods": 0}
    _fill(obj, {"status": zero})


def _namespace(obj: Obj) -> None:
    obj["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = obj["metadata"].get("name", "")
    _fill(obj, {"spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"}})


def _secret(obj: Obj) -> None:
    _fill(obj, {"type": "Opaque"})
    plain = obj.pop("stringData", None) or {}
    if plain:
        encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in plain.items()}
        obj["data"] = (obj.get("data") or {}) | encoded


def _claim(obj: Obj) -> None:
    _fill(obj["spec"], {"volumeMode": "Filesystem"})
    _fill(obj, {"status": {"phase": "Pending"}})


def _binding(obj: Obj) -> None:
    for subject in obj.get("subjects") or []:
        if subject.get("kind") in ("User", "Group"):
            _fill(subject, {"apiGroup": "rbac.authorization.k8s.io"})


_HOOKS: dict[str, Callable[[Obj], None]] = {
    "Pod": _pod,
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "StatefulSet": _stateful_set,
    "Service": _service,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _autoscaler,
    "PodDisruptionBudget": _budget,
    "Namespace": _namespace,
    "Secret": _secret,
    "PersistentVolumeClaim": _claim,
    "RoleBinding": _binding,
    "ClusterRoleBinding": _binding,
}
_WITH_PODS = ("Pod", "Deployment", "ReplicaSet", "StatefulSet")
_WITH_SPEC = {
    "Pod",
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "Service",
    "Ingress",
    "HorizontalPodAutoscaler",
    "PodDisruptionBudget",
    "PersistentVolumeClaim",
    "Lease",
    "ResourceQuota",
}


def prune(value: Any) -> Any:
    """Return a value without the keys whose value is null, as typed objects have none."""
    if isinstance(value, dict):
        return {key: prune(item) for key, item in value.items() if item is not None}
    if isinstance(value, list):
        return [prune(item) for item in value]
    return value


def _without_empty_lists(value: Any) -> Any:
    """Return a value without its empty lists: in a pod there is no difference between none and empty."""
    if isinstance(value, dict):
        return {key: _without_empty_lists(item) for key, item in value.items() if item != []}
    return [_without_empty_lists(item) for item in value] if isinstance(value, list) else value


def fill(obj: Obj) -> None:
    """Fill in the defaults of the object's kind, in place."""
    if obj["kind"] in _WITH_PODS and isinstance(obj.get("spec"), dict):
        obj["spec"] = _without_empty_lists(obj["spec"])
    if obj["kind"] in _WITH_SPEC and not isinstance(obj.get("spec"), dict):
        obj["spec"] = {}
    hook = _HOOKS.get(obj["kind"])
    if hook:
        hook(obj)
