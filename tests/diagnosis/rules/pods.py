"""Pods in states that a tiny snapshot needs: waiting, ended, killed, pending; changed in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tests.diagnosis.rules.tiny import Obj, at, thing, workload

MINUTE = 60.0
HOUR = 3600.0
NODES = ("n1", "n2", "n3", "n4")


def waiting(reason: str, message: str = "") -> Obj:
    return {"ready": False, "state": {"waiting": {"reason": reason, "message": message}}}


def ended(reason: str, code: int, *, age: float = 60, lived: float = 5, message: str = "") -> Obj:
    """Return the past state of a container that ended ``age`` seconds ago."""
    state = {"reason": reason, "exitCode": code, "startedAt": at(age + lived), "finishedAt": at(age)}
    return {"terminated": state | ({"message": message} if message else {})}


def looping(reason: str = "Error", code: int = 1, *, restarts: int = 5, lived: float = 5, age: float = 60) -> Obj:
    """Return a container that waits for its next start after it ended."""
    return waiting("CrashLoopBackOff", "back-off 2m40s restarting failed container") | {
        "restartCount": restarts,
        "lastState": ended(reason, code, lived=lived, age=age),
    }


def again(reason: str, code: int, *, age: float, restarts: int = 1, lived: float = HOUR) -> Obj:
    """Return a container that runs again after it ended ``age`` seconds ago."""
    return {
        "ready": True,
        "restartCount": restarts,
        "state": {"running": {"startedAt": at(age - 1)}},
        "lastState": ended(reason, code, age=age, lived=lived),
    }


def owned(obj: Obj, by: str) -> Obj:
    """Return an object that Kind/name made and controls."""
    kind, _, name = by.partition("/")
    obj["metadata"]["ownerReferences"] = [{"kind": kind, "name": name, "controller": True}]
    return obj


def pods_of(objects: Iterable[Obj]) -> list[Obj]:
    return [obj for obj in objects if obj["kind"] == "Pod"]


def put(pod: Obj, status: Mapping[str, Any], *, ready: bool | None = None, unready: float | None = None) -> Obj:
    """Change a pod's first container; ``ready`` and ``unready`` (age) its condition."""
    held = pod["status"]["containerStatuses"][0]
    held.update(status)
    fine = held["ready"] if ready is None else ready
    held["ready"] = fine
    came = pod["metadata"]["creationTimestamp"]
    turned = came if unready is None else at(unready)
    pod["status"]["conditions"] = [{"type": "Ready", "status": str(fine), "lastTransitionTime": turned}]
    return pod


def later(objects: list[Obj], count: int, status: Mapping[str, Any], *, age: float = 900) -> list[Obj]:
    """Make the last pods of a workload ones that came long after the others and are in a state."""
    for pod in pods_of(objects)[-count:]:
        pod["metadata"]["creationTimestamp"] = at(age)
        put(pod, status)
    objects[0]["status"]["readyReplicas"] = len(pods_of(objects)) - count
    return objects


def old_anew(objects: list[Obj], status: Mapping[str, Any], *, age: float) -> list[Obj]:
    """Make the second pod of a roll-out's older template one that was made anew and is in a state."""
    made = pods_of(objects)[1]
    made["metadata"]["creationTimestamp"] = at(age)
    put(made, status)
    return objects


def younger(objects: list[Obj], count: int, *, age: float = 900) -> list[Obj]:
    """Make the last pods of a workload ones that were started long after the others, and are well."""
    for pod in pods_of(objects)[-count:]:
        pod["metadata"]["creationTimestamp"] = at(age)
        put(pod, {"state": {"running": {"startedAt": at(age)}}}, ready=True)
    return objects


def rollout(
    name: str,
    status: Mapping[str, Any] | None,
    *,
    before: Mapping[str, Any],
    released: float = 600,
    old: int = 2,
    new: int = 1,
    **now: Any,
) -> list[Obj]:
    """Return a Deployment in the midst of a roll-out: ``old`` pods well, ``new`` ones in a state (None: well)."""
    made = workload(name, pods=old + new, ready=old, before=before, released=released, **now)
    top = made[0]
    top["spec"]["replicas"] = max(old, 1)
    mine = pods_of(made)
    for pod in mine[:old]:
        reown(pod, f"{name}-r1", released + 30 * 86400)
        put(pod, {}, ready=True)
    for pod in mine[old:]:
        put(pod, status or {}, ready=status is None)
    return made


def labelled(objects: list[Obj], found: Mapping[str, str]) -> list[Obj]:
    """Return a workload whose newest template and its pods have some more labels."""
    objects[0]["spec"]["template"]["metadata"]["labels"] |= found
    newest = [each for each in objects if each["kind"] == "ReplicaSet"][-1]
    newest["spec"]["template"]["metadata"]["labels"] |= found
    for pod in pods_of(objects):
        pod["metadata"]["labels"] |= found
    return objects


def labelled_before(objects: list[Obj], found: Mapping[str, str]) -> list[Obj]:
    """Return a Deployment whose pods had some more labels before its release."""
    body = next(each for each in objects if each["kind"] == "ReplicaSet")["spec"]["template"]
    body["metadata"] = {"labels": {**body["metadata"]["labels"], **found}}
    return objects


def reown(pod: Obj, revision: str, age: float) -> None:
    """Give a pod to another revision."""
    pod["metadata"]["ownerReferences"] = [{"kind": "ReplicaSet", "name": revision, "controller": True}]
    pod["metadata"]["labels"]["controller-revision-hash"] = revision
    pod["metadata"]["creationTimestamp"] = at(age)
    pod["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(age)}}


def built(objects: list[Obj], *builds: str) -> list[Obj]:
    """Return a workload whose pods run these builds of their images."""
    for each, build in zip(pods_of(objects), builds, strict=True):
        each["status"]["containerStatuses"][0]["imageID"] = f"mirror.example/x@sha256:{build * 8}"
    return objects


def pending(pod: Obj, message: str, age: float = 300) -> Obj:
    """Make a pod one that the scheduler finds no node for."""
    pod["spec"].pop("nodeName", None)
    pod["metadata"]["creationTimestamp"] = at(age)
    why = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": message}
    pod["status"] = {"phase": "Pending", "conditions": [why]}
    return pod


def evicted(name: str, of: Obj, node: str, message: str, age: float = 600) -> Obj:
    """Return a pod that a node evicted, beside one of the same workload."""
    made = thing("Pod", name, age=age, spec={**of["spec"], "nodeName": node})
    made["metadata"] |= {"labels": of["metadata"]["labels"], "ownerReferences": of["metadata"]["ownerReferences"]}
    return made | {"status": {"phase": "Failed", "reason": "Evicted", "message": message}}


def node(name: str, *, ready: str = "True", since: float = 300, **pressures: str) -> Obj:
    """Return a node; pressures: DiskPressure="True" and so on."""
    told = {"Ready": ready, "DiskPressure": "False", "MemoryPressure": "False", **pressures}
    odd = {kind for kind, value in told.items() if value != ("True" if kind == "Ready" else "False")}
    conditions = [
        {
            "type": kind,
            "status": value,
            "reason": "NodeStatusUnknown" if kind == "Ready" and kind in odd else kind,
            "message": "Kubelet stopped posting node status." if kind == "Ready" and kind in odd else "",
            "lastTransitionTime": at(since if kind in odd else 90 * 86400),
        }
        for kind, value in told.items()
    ]
    return thing("Node", name, age=200 * 86400, status={"conditions": conditions})


def beats(name: str, ahead: float) -> Obj:
    """Return a node whose agent gave its last sign of life at a time that is so many seconds to come."""
    made = node(name)
    for each in made["status"]["conditions"]:
        each["lastHeartbeatTime"] = at(-ahead)
    return made


def agent(*replaced: float, image: str = "", before: Obj | None = None) -> list[Obj]:
    """Return an agent on four nodes; ``replaced``: how long ago its pod was replaced on the first ones of them."""
    made = workload(
        "agent",
        image,
        kind="DaemonSet",
        pods=4,
        nodes=NODES,
        before=before or {"args": ["--listen=:5000"]},
        released=max(replaced) + 20,
        service=False,
        args=["--listen=:11211"],
    )
    made[0]["status"] = {"desiredNumberScheduled": 4, "numberReady": 4}
    for number, each in enumerate(pods_of(made)):
        new = number < len(replaced)
        reown(each, "agent-r2" if new else "agent-r1", replaced[number] if new else 20 * 86400)
        each["metadata"]["ownerReferences"] = [{"kind": "DaemonSet", "name": "agent", "controller": True}]
    return made
