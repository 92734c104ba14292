"""Kubernetes objects as the API gives them, as small as the tests need."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime(2025, 11, 5, 14, 30, tzinfo=UTC)
NAMESPACE = "tuheg-production"
SERVICES: dict[str, Any] = {
    "backend-gateway": {
        "kind": "Deployment",
        "container": "gateway",
        "ingress": "main-ingress",
        "depends_on": ["postgres", "redis"],
        "probes": [
            {"name": "errors", "purpose": "user", "promql": "ratio[$window]", "window": "1m", "max": 0.01},
        ],
    },
    "postgres": {"kind": "StatefulSet", "database": {"exec_container": "postgres", "single_primary": True}},
    "redis": {"kind": "Deployment"},
}


def at(seconds_ago: float) -> str:
    """Return a time before NOW as Kubernetes writes it."""
    return (NOW - timedelta(seconds=seconds_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


def template(version: str) -> dict[str, Any]:
    return {
        "metadata": {"labels": {"app": "backend-gateway"}},
        "spec": {"containers": [{"name": "gateway", "image": f"gateway:{version}"}]},
    }


def deployment(version: str, *, rolled_out: bool = True, replicas: int = 3, ready: int = 3) -> dict[str, Any]:
    reason = "NewReplicaSetAvailable" if rolled_out else "ReplicaSetUpdated"
    return {
        "metadata": {
            "name": "backend-gateway",
            "namespace": NAMESPACE,
            "uid": "dep-1",
            "generation": 2,
            "resourceVersion": "7",
        },
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "backend-gateway"}},
            "template": template(version),
        },
        "status": {
            "observedGeneration": 2,
            "replicas": replicas,
            "updatedReplicas": replicas,
            "readyReplicas": ready,
            "availableReplicas": ready,
            "conditions": [{"type": "Progressing", "status": "True", "reason": reason}],
        },
    }


def replicaset(version: str, number: int, *, age: float) -> dict[str, Any]:
    made = template(version)
    made["metadata"]["labels"]["pod-template-hash"] = f"h{number}"
    return {
        "metadata": {
            "name": f"backend-gateway-h{number}",
            "uid": f"rs-{number}",
            "creationTimestamp": at(age),
            "labels": {"pod-template-hash": f"h{number}"},
            "annotations": {"deployment.kubernetes.io/revision": str(number)},
            "ownerReferences": [{"kind": "Deployment", "name": "backend-gateway", "uid": "dep-1", "controller": True}],
        },
        "spec": {"template": made},
        "status": {},
    }


def pod(
    number: int,
    name: str,
    *,
    ready: bool = True,
    age: float = 600,
    restarts: int = 0,
    state: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
    limits: dict[str, str] | None = None,
    address: str = "",
) -> dict[str, Any]:
    return {
        "metadata": {
            "name": f"backend-gateway-h{number}-{name}",
            "uid": f"pod-{number}-{name}",
            "creationTimestamp": at(age),
            "labels": {"app": "backend-gateway", "pod-template-hash": f"h{number}"},
            "ownerReferences": [
                {"kind": "ReplicaSet", "name": f"backend-gateway-h{number}", "uid": f"rs-{number}", "controller": True}
            ],
        },
        "spec": {"containers": [{"name": "gateway", "resources": {"limits": limits or {}}}]},
        "status": {
            "phase": "Running",
            "podIP": address,
            "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": at(age)}],
            "containerStatuses": [
                {
                    "name": "gateway",
                    "ready": ready,
                    "restartCount": restarts,
                    "state": state or {"running": {"startedAt": at(age)}},
                    "lastState": last or {},
                }
            ],
        },
    }


def ended(code: int, *, ago: float = 20, reason: str = "Error") -> dict[str, Any]:
    return {"terminated": {"exitCode": code, "reason": reason, "finishedAt": at(ago), "startedAt": at(ago + 1)}}


def sessions(*clients: tuple[str, str, int]) -> str:
    """Return what the sessions query prints: (address, state, how many)."""
    rows = [
        {
            "pid": 100 + n,
            "backend_start": "2025-11-05T14:00:00.000000Z",
            "client": address,
            "user": "app",
            "database": "app",
            "application": "",
            "state": state,
            "age_s": 120.0,
        }
        for n, (address, state) in enumerate((a, s) for a, s, count in clients for _ in range(count))
    ]
    return json.dumps({"max": 40, "reserved": 3, "sessions": rows})
