"""What the API refuses, in its own words: the mistakes that plays and people can make here."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from tuheg_ir.sim.selectors import matches
from tuheg_ir.sim.status import Cause, Obj

_SUBDOMAIN = r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start "
    "and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    rf"'{_SUBDOMAIN}')"
)
_FREE_NAMES = ("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
_STATEFUL_MAY = (
    "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', "
    "'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
)
_STATEFUL_FREE = (
    "replicas",
    "ordinals",
    "template",
    "updateStrategy",
    "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy",
    "minReadySeconds",
)
_POD_MAY = (
    "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,"
    "`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),"
    "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
)
Causes = Iterator[Cause]


def shown(value: Any) -> str:
    """Return a value as it stands in a message: compact JSON."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _required(field: str, rule: str = "") -> Cause:
    return Cause(field, rule, reason="FieldValueRequired")


def metadata(obj: Obj) -> Causes:
    """Yield what is wrong with an object's name."""
    name = obj["metadata"].get("name", "")
    if not name:
        yield _required("metadata.name", "name or generateName is required")
    elif obj["kind"] not in _FREE_NAMES and not re.fullmatch(_SUBDOMAIN, name):
        yield Cause("metadata.name", _NAME_RULE, shown(name))


def _not_negative(value: Any, field: str) -> Causes:
    if isinstance(value, int) and value < 0:
        yield Cause(field, "must be greater than or equal to 0", str(value))


def _containers(spec: Obj, field: str) -> Causes:
    containers = spec.get("containers") or []
    if not containers:
        yield _required(f"{field}.containers")
    seen = set()
    for number, container in enumerate(containers):
        place = f"{field}.containers[{number}]"
        name = container.get("name")
        if not name:
            yield _required(f"{place}.name")
        elif name in seen:
            yield Cause(f"{place}.name", "", shown(name), reason="FieldValueDuplicate")
        seen.add(name)
        if not container.get("image"):
            yield _required(f"{place}.image")


def _workload(obj: Obj, old: Obj | None) -> Causes:
    spec = obj["spec"]
    selector, labels = spec.get("selector"), spec["template"]["metadata"].get("labels")
    yield from _not_negative(spec.get("replicas"), "spec.replicas")
    if selector is None:
        yield _required("spec.selector")
    if not matches(selector, labels or {}):
        yield Cause("spec.template.metadata.labels", "`selector` does not match template `labels`", shown(labels))
    yield from _containers(spec["template"]["spec"], "spec.template.spec")
    if old and obj["kind"] != "StatefulSet" and old["spec"].get("selector") != selector:
        yield Cause("spec.selector", "field is immutable", shown(selector))


def _stateful(obj: Obj, old: Obj | None) -> Causes:
    yield from _workload(obj, old)
    if not old:
        return
    fixed = [{k: v for k, v in state["spec"].items() if k not in _STATEFUL_FREE} for state in (obj, old)]
    if fixed[0] != fixed[1]:
        yield Cause("spec", _STATEFUL_MAY, reason="FieldValueForbidden")


def _pod(obj: Obj, old: Obj | None) -> Causes:
    yield from _containers(obj["spec"], "spec")
    if old and _without_images(obj["spec"]) != _without_images(old["spec"]):
        yield Cause("spec", _POD_MAY, reason="FieldValueForbidden")


def _without_images(spec: Obj) -> Obj:
    bare = [{key: value for key, value in container.items() if key != "image"} for container in spec["containers"]]
    return {**spec, "containers": bare, "tolerations": None, "activeDeadlineSeconds": None}


def _ingress(obj: Obj, _old: Obj | None) -> Causes:
    spec = obj["spec"]
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield Cause("spec", "either `defaultBackend` or `rules` must be specified", shown(spec.get("rules")))


def _autoscaler(obj: Obj, _old: Obj | None) -> Causes:
    spec = obj["spec"]
    low, high = spec.get("minReplicas", 1), spec.get("maxReplicas", 0)
    if low < 1:
        yield Cause("spec.minReplicas", "must be greater than or equal to 1", str(low))
    if high < 1:
        yield Cause("spec.maxReplicas", "must be greater than 0", str(high))
    if high < low:
        yield Cause("spec.maxReplicas", "must be greater than or equal to `minReplicas`", str(high))


def _lease(obj: Obj, _old: Obj | None) -> Causes:
    seconds = obj["spec"].get("leaseDurationSeconds")
    if isinstance(seconds, int) and seconds <= 0:
        yield Cause("spec.leaseDurationSeconds", "must be greater than 0", str(seconds))


def _budget(obj: Obj, _old: Obj | None) -> Causes:
    spec = obj["spec"]
    if "minAvailable" in spec and "maxUnavailable" in spec:
        rule = "minAvailable and maxUnavailable cannot be both set"
        yield Cause("spec", rule, shown(spec))


def _service(obj: Obj, _old: Obj | None) -> Causes:
    spec = obj["spec"]
    if not spec.get("ports") and spec.get("clusterIP") != "None" and spec.get("type") != "ExternalName":
        yield _required("spec.ports")


_RULES: dict[str, Callable[[Obj, Obj | None], Causes]] = {
    "Deployment": _workload,
    "ReplicaSet": _workload,
    "StatefulSet": _stateful,
    "Pod": _pod,
    "Ingress": _ingress,
    "HorizontalPodAutoscaler": _autoscaler,
    "Lease": _lease,
    "PodDisruptionBudget": _budget,
    "Service": _service,
}


def problems(obj: Obj, old: Obj | None) -> list[Cause]:
    """Return what is wrong with an object that is to be stored, with ``old`` as what is there now."""
    rule = _RULES.get(obj["kind"])
    return [*metadata(obj), *(rule(obj, old) if rule else ())]


def scale_problems(scale: Obj) -> list[Cause]:
    """Return what is wrong with a Scale."""
    return list(_not_negative((scale.get("spec") or {}).get("replicas"), "spec.replicas"))
