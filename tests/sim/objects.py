"""Objects that tests of the simulated cluster start from."""

from __future__ import annotations

import copy
from typing import Any

Obj = dict[str, Any]
DEPLOYMENTS = "/apis/apps/v1/namespaces/default/deployments"
PODS = "/api/v1/namespaces/default/pods"
LEASES = "/apis/coordination.k8s.io/v1/namespaces/default/leases"


def pod_template(app: str, image: str) -> Obj:
    probe = {"httpGet": {"path": "/", "port": 80}}
    container = {"name": "main", "image": image, "readinessProbe": probe}
    return {"metadata": {"labels": {"app": app}}, "spec": {"containers": [container]}}


def deployment(name: str = "web", image: str = "ok:1", replicas: int = 2, **spec: Any) -> Obj:
    wanted = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": pod_template(name, image),
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": copy.deepcopy(wanted | spec),
    }


def stateful_set(name: str = "db", image: str = "ok:1", replicas: int = 3, **spec: Any) -> Obj:
    wanted = {
        "replicas": replicas,
        "serviceName": name,
        "selector": {"matchLabels": {"app": name}},
        "template": pod_template(name, image),
    }
    return {"apiVersion": "apps/v1", "kind": "StatefulSet", "metadata": {"name": name}, "spec": wanted | spec}


def lease(name: str = "lock", holder: str = "me", version: str | None = None) -> Obj:
    meta = {"name": name} | ({"resourceVersion": version} if version is not None else {})
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": meta,
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 60},
    }
