"""Kubernetes objects -> samples, as kube-state-metrics names and labels them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

Object = Mapping[str, Any]


class Sample(NamedTuple):
    """One sample: name of the series, labels, value."""

    name: str
    labels: dict[str, str]
    value: float


PHASES = ("Pending", "Running", "Succeeded", "Failed", "Unknown")
STATES = ("true", "false", "unknown")
UNITS = {"cpu": "core"}
POWERS = {
    "": 1.0, "n": 1e-9, "u": 1e-6, "m": 1e-3, "k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12,
    "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30, "Ti": 2.0**40,
}  # fmt: skip


def quantity(text: str) -> float:
    """Read a Kubernetes quantity: 500m, 128Mi, 1e3."""
    match = re.fullmatch(r"([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)([a-zA-Z]*)", text)
    if not match or match[2] not in POWERS:
        raise ValueError(f"{text!r} is no quantity")
    return float(match[1]) * POWERS[match[2]]


def instant(text: str) -> float:
    """Read an RFC 3339 time as seconds since 1970."""
    return datetime.fromisoformat(text).timestamp()


def pod(one: Object) -> Iterator[Sample]:
    """Return the series of a pod and its containers."""
    meta, spec, status = one["metadata"], one["spec"], one.get("status", {})
    who = {"namespace": meta["namespace"], "pod": meta["name"]}
    owner: Object = next(iter(meta.get("ownerReferences", ())), {})
    info = {
        "node": spec.get("nodeName", ""),
        "pod_ip": status.get("podIP", ""),
        "created_by_kind": owner.get("kind", ""),
        "created_by_name": owner.get("name", ""),
    }
    yield Sample("kube_pod_info", who | info, 1)
    yield Sample("kube_pod_created", who, instant(meta["creationTimestamp"]))
    for phase in PHASES:
        yield Sample("kube_pod_status_phase", who | {"phase": phase}, status.get("phase") == phase)
    for condition in status.get("conditions", ()):
        if condition["type"] == "Ready":
            yield from _states("kube_pod_status_ready", who, condition["status"], "condition")
    for container in spec["containers"]:
        yield from _resources(container, who)
    for container in status.get("containerStatuses", ()):
        yield from _container(container, who)


def _resources(container: Object, who: dict[str, str]) -> Iterator[Sample]:
    for kind in ("limits", "requests"):
        for resource, amount in container.get("resources", {}).get(kind, {}).items():
            labels = {
                "container": container["name"],
                "resource": resource,
                "unit": UNITS.get(resource, "byte"),
            }
            yield Sample(f"kube_pod_container_resource_{kind}", who | labels, quantity(str(amount)))


def _container(container: Object, who: dict[str, str]) -> Iterator[Sample]:
    name = "kube_pod_container_status"
    labels = who | {"container": container["name"]}
    state = container.get("state", {})
    last = container.get("lastState", {}).get("terminated")
    yield Sample(f"{name}_restarts_total", labels, container["restartCount"])
    yield Sample(f"{name}_ready", labels, container["ready"])
    yield Sample(f"{name}_running", labels, "running" in state)
    yield Sample(f"{name}_terminated", labels, "terminated" in state)
    if waiting := state.get("waiting"):
        reason = {"reason": waiting.get("reason", "")}
        yield Sample(f"{name}_waiting_reason", labels | reason, 1)
    if ended := state.get("terminated"):
        reason = {"reason": ended.get("reason", "")}
        yield Sample(f"{name}_terminated_reason", labels | reason, 1)
    if last:
        reason = {"reason": last.get("reason", "")}
        yield Sample(f"{name}_last_terminated_reason", labels | reason, 1)
        yield Sample(f"{name}_last_terminated_exitcode", labels, last["exitCode"])


def deployment(one: Object) -> Iterator[Sample]:
    """Return the series of a Deployment."""
    meta, status = one["metadata"], one.get("status", {})
    who = {"namespace": meta["namespace"], "deployment": meta["name"]}
    yield Sample("kube_deployment_spec_replicas", who, one["spec"].get("replicas", 1))
    yield Sample("kube_deployment_metadata_generation", who, meta["generation"])
    for name, key in (
        ("replicas", "replicas"),
        ("replicas_available", "availableReplicas"),
        ("replicas_ready", "readyReplicas"),
        ("replicas_unavailable", "unavailableReplicas"),
        ("replicas_updated", "updatedReplicas"),
        ("observed_generation", "observedGeneration"),
    ):
        yield Sample(f"kube_deployment_status_{name}", who, status.get(key, 0))
    for condition in status.get("conditions", ()):
        labels = who | {"condition": condition["type"], "reason": condition.get("reason", "")}
        yield from _states("kube_deployment_status_condition", labels, condition["status"])


def statefulset(one: Object) -> Iterator[Sample]:
    """Return the series of a StatefulSet."""
    meta, status = one["metadata"], one.get("status", {})
    who = {"namespace": meta["namespace"], "statefulset": meta["name"]}
    yield Sample("kube_statefulset_replicas", who, one["spec"].get("replicas", 1))
    yield Sample("kube_statefulset_status_replicas_ready", who, status.get("readyReplicas", 0))
    yield Sample("kube_statefulset_status_replicas_updated", who, status.get("updatedReplicas", 0))


def replicaset(one: Object) -> Iterator[Sample]:
    """Return the series of a ReplicaSet."""
    meta = one["metadata"]
    who = {"namespace": meta["namespace"], "replicaset": meta["name"]}
    yield Sample("kube_replicaset_created", who, instant(meta["creationTimestamp"]))
    yield Sample("kube_replicaset_spec_replicas", who, one["spec"].get("replicas", 1))
    for owner in meta.get("ownerReferences", ()):
        labels = {"owner_kind": owner["kind"], "owner_name": owner["name"]}
        yield Sample("kube_replicaset_owner", who | labels, 1)


def node(one: Object) -> Iterator[Sample]:
    """Return the series of a node."""
    who = {"node": one["metadata"]["name"]}
    for condition in one.get("status", {}).get("conditions", ()):
        labels = who | {"condition": condition["type"]}
        yield from _states("kube_node_status_condition", labels, condition["status"])


def _states(name: str, labels: dict[str, str], status: str, label: str = "status") -> Iterator[Sample]:
    for state in STATES:
        yield Sample(name, labels | {label: state}, status.lower() == state)


#: What is read from the API, and what becomes of it.
READS = {
    "/api/v1/pods": pod,
    "/api/v1/nodes": node,
    "/apis/apps/v1/deployments": deployment,
    "/apis/apps/v1/statefulsets": statefulset,
    "/apis/apps/v1/replicasets": replicaset,
}


def exposition(samples: Iterable[Sample]) -> str:
    """Return samples in Prometheus' text format, the series of one name together."""
    families: dict[str, list[str]] = {}
    for sample in samples:
        labels = ",".join(f'{k}="{_escape(v)}"' for k, v in sample.labels.items())
        line = f"{sample.name}{{{labels}}} {float(sample.value):.15g}"
        families.setdefault(sample.name, []).append(line)
    return "".join(
        f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}\n" + "\n".join(lines) + "\n"
        for name, lines in sorted(families.items())
    )


def _escape(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
