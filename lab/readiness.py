"""What a cluster still waits for: pure, over objects as the API gives them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Object = Mapping[str, Any]

READS = {
    "nodes": "/api/v1/nodes",
    "pods": "/api/v1/pods",
    "deployments": "/apis/apps/v1/deployments",
    "statefulsets": "/apis/apps/v1/statefulsets",
    "apiservices": "/apis/apiregistration.k8s.io/v1/apiservices",
}


def waiting_for(objects: Mapping[str, Iterable[Object]]) -> list[str]:
    """Return one line for each thing that is not ready; nothing left means that the lab is up."""
    nodes = list(objects["nodes"])
    return [
        *([] if nodes else ["node: not registered"]),
        *(f"node {_name(o)}: not ready" for o in nodes if not condition(o, "Ready")),
        *(
            f"{kind} {_name(o)}: {why}"
            for kind in ("deployment", "statefulset")
            for o in objects[f"{kind}s"]
            if (why := workload_waits(o))
        ),
        *(f"pod {_name(o)}: {why}" for o in objects["pods"] if (why := pod_waits(o))),
        *(
            f"apiservice {o['metadata']['name']}: not available"
            for o in objects["apiservices"]
            if not condition(o, "Available")
        ),
    ]


def workload_waits(one: Object) -> str:
    """Say why a Deployment or StatefulSet is not wholly rolled out, "" if it is."""
    status, wanted = one.get("status", {}), one["spec"].get("replicas", 1)
    if status.get("observedGeneration", 0) < one["metadata"]["generation"]:
        return "not seen by its controller"
    for key in ("updatedReplicas", "readyReplicas"):
        if status.get(key, 0) != wanted:
            return f"{key} {status.get(key, 0)} of {wanted}"
    return ""


def pod_waits(one: Object) -> str:
    """Say why a pod is not ready, "" if it is, has done its work, or is going."""
    status = one.get("status", {})
    if status.get("phase") == "Succeeded" or "deletionTimestamp" in one["metadata"]:
        return ""
    if condition(one, "Ready"):
        return ""
    return pod_reason(one) or status.get("phase", "Unknown")


def pod_reason(one: Object) -> str:
    """Return what the pod's containers say about themselves: waiting reason, or how they ended."""
    status = one.get("status", {})
    found = []
    for container in (*status.get("initContainerStatuses", ()), *status.get("containerStatuses", ())):
        state = container.get("state", {})
        if reason := state.get("waiting", {}).get("reason"):
            found.append(f"{container['name']} {reason}")
        elif (ended := state.get("terminated")) and ended.get("exitCode"):
            found.append(f"{container['name']} exited {ended['exitCode']}")
    return ", ".join(found)


def condition(one: Object, name: str) -> bool:
    """Say whether a condition is there and True."""
    conditions = one.get("status", {}).get("conditions", ())
    return any(c["type"] == name and c["status"] == "True" for c in conditions)


def _name(one: Object) -> str:
    meta = one["metadata"]
    return "/".join(filter(None, (meta.get("namespace"), meta["name"])))
