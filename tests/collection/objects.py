"""Builders of Kubernetes objects as the API server gives them, with only what is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2025, 11, 5, 14, 30, 0, tzinfo=UTC)


def at(seconds: float) -> str:
    """A time relative to NOW, as Kubernetes writes it."""
    return (NOW + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def template(image: str = "app:1", annotations: Mapping[str, str] | None = None, **labels: str) -> dict[str, Any]:
    meta: dict[str, Any] = {"labels": {"app": "web", **labels}}
    if annotations:
        meta["annotations"] = dict(annotations)
    return {"metadata": meta, "spec": {"containers": [{"name": "app", "image": image}]}}


def deployment(
    pod_template: Mapping[str, Any] | None = None,
    *,
    replicas: int = 2,
    generation: int = 3,
    observed: int | None = None,
    uid: str = "d-1",
    name: str = "web",
    annotations: Mapping[str, str] | None = None,
    paused: bool = False,
    **status: Any,
) -> dict[str, Any]:
    """A Deployment whose status says that it is complete, unless `status` says otherwise."""
    counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
    progressing = {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}
    full = {"observedGeneration": generation if observed is None else observed, "conditions": [progressing]}
    spec: dict[str, Any] = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": "web"}},
        "template": dict(pod_template or template()),
        "progressDeadlineSeconds": 600,
    }
    if paused:
        spec["paused"] = True
    meta = {"name": name, "namespace": "ns", "uid": uid, "generation": generation, "resourceVersion": "100"}
    if annotations:
        meta["annotations"] = dict(annotations)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta,
        "spec": spec,
        "status": {**counts, **full, **status},
    }


def replicaset(
    name: str,
    pod_template: Mapping[str, Any] | None = None,
    *,
    number: int = 1,
    owner: str = "d-1",
    conditions: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    code = name.rpartition("-")[2]
    own = dict(pod_template or template())
    labels = {**own["metadata"]["labels"], "pod-template-hash": code}
    own = {**own, "metadata": {**own["metadata"], "labels": labels}}
    return {
        "kind": "ReplicaSet",
        "metadata": {
            "name": name,
            "uid": f"uid-{name}",
            "labels": labels,
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [{"kind": "Deployment", "name": "web", "uid": owner, "controller": True}],
        },
        "spec": {"template": own},
        "status": {"conditions": conditions or []},
    }


def pod(
    name: str,
    owner: str,
    *,
    ready: bool = True,
    phase: str = "Running",
    deleted: bool = False,
    age_s: float = 30,
    owner_kind: str = "ReplicaSet",
    status: Mapping[str, Any] | None = None,
    labels: Mapping[str, str] | None = None,
    **container: Any,
) -> dict[str, Any]:
    """A pod of the ReplicaSet `owner` with one container `app`; `container` is its status."""
    meta: dict[str, Any] = {
        "name": name,
        "uid": f"uid-{name}",
        "creationTimestamp": at(-age_s),
        "labels": {"app": "web", "pod-template-hash": owner.rpartition("-")[2], **(labels or {})},
        "ownerReferences": [{"kind": owner_kind, "name": owner, "uid": f"uid-{owner}", "controller": True}],
    }
    if deleted:
        meta["deletionTimestamp"] = at(0)
    running = {"running": {"startedAt": at(-age_s)}}
    shown = {"name": "app", "ready": ready, "restartCount": 0, "state": running, **container}
    conditions = [{"type": "Ready", "status": str(ready), "lastTransitionTime": at(-age_s)}]
    return {
        "metadata": meta,
        "spec": {"nodeName": "node"},
        "status": {
            "phase": phase,
            "podIP": "10.0.0.1",
            "conditions": conditions,
            "containerStatuses": [shown],
            **(status or {}),
        },
    }


def ended(code: int = 1, reason: str = "Error", *, seconds: float = -1) -> dict[str, Any]:
    """A terminated state that ended `seconds` from NOW."""
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at(seconds)}}


def waiting(reason: str, message: str = "") -> dict[str, Any]:
    return {"waiting": {"reason": reason, "message": message}}
