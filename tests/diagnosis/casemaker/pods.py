"""Pods with their container statuses, as a kubelet reports them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tests.diagnosis.casemaker.names import digest, safe
from tests.diagnosis.casemaker.world import World

Obj = dict[str, Any]
State = tuple[str, dict[str, Any]]
"""Kind of a container state (running, waiting, terminated) and its fields; times in it are still ages."""

AGES = ("startedAt", "finishedAt")
NEVER = "1970-01-01T00:00:00Z"
"""Start of what never started."""


def running(since: float) -> State:
    return ("running", {"startedAt": since})


def waiting(reason: str, message: str = "") -> State:
    return ("waiting", {"reason": reason} | ({"message": message} if message else {}))


def terminated(code: int, reason: str, *, started: float, finished: float, message: str = "") -> State:
    more = {"message": message} if message else {}
    return ("terminated", {"exitCode": code, "reason": reason, "startedAt": started, "finishedAt": finished} | more)


def oom(*, started: float, finished: float) -> State:
    return terminated(137, "OOMKilled", started=started, finished=finished)


def not_started(message: str, *, finished: float) -> State:
    """Return the end of a container that the runtime could not start; its start is the zero of Unix time."""
    fields = {"exitCode": 128, "reason": "StartError", "startedAt": NEVER, "finishedAt": finished, "message": message}
    return ("terminated", fields)


def crash_wait(pod: str, container: str, delay: str = "5m0s") -> State:
    """Return the waiting state between two tries; the kubelet names pod and container in it."""
    return waiting("CrashLoopBackOff", f"back-off {delay} restarting failed container={container} pod={pod}")


@dataclass(frozen=True)
class P:
    """One pod: of which revision (-1 the newest), how old, in which state."""

    rev: int = -1
    age: float | None = None
    state: State | None = None
    last: State | None = None
    ready: bool | None = None
    restarts: int = 0
    node: str = ""
    phase: str = ""
    unready: float | None = None
    """Seconds since it lost (or did not reach) readiness."""
    unschedulable: str = ""
    reason: str = ""
    message: str = ""
    deleting: float | None = None
    sidecar: State | None = None
    backoff: str = ""
    """Shorthand for the waiting state CrashLoopBackOff with this delay, e.g. 5m0s."""


def pod(
    w: World,
    name: str,
    spec: Obj,
    labels: Obj,
    owner: Obj | None,
    described: P,
    age: float,
    number: int,
    annotations: Obj | None = None,
) -> Obj:
    """Return one pod; ``owner`` is the ownerReference."""
    meta = w.meta("Pod", name, age, labels=labels, annotations=annotations)
    if owner:
        meta["generateName"] = name.rsplit("-", 1)[0] + "-"
        meta["ownerReferences"] = [owner]
    if described.deleting is not None:
        meta |= {"deletionTimestamp": w.at(described.deleting), "deletionGracePeriodSeconds": 30}
    placed = dict(spec)
    if not described.unschedulable:
        placed["nodeName"] = described.node or w.node(number)
    status = _status(w, name, spec, described, age)
    return w.add({"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": placed, "status": status})


def _status(w: World, name: str, spec: Obj, described: P, age: float) -> Obj:
    if described.unschedulable:
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": described.unschedulable,
            "lastProbeTime": None,
            "lastTransitionTime": w.at(age),
        }
        return {"phase": "Pending", "conditions": [condition], "qosClass": "Burstable"}
    first = spec["containers"][0]["name"]
    state = described.state or (crash_wait(name, first, described.backoff) if described.backoff else running(age - 3))
    if described.phase == "Failed" and described.reason == "Evicted":
        return {
            "phase": "Failed",
            "reason": "Evicted",
            "message": described.message,
            "startTime": w.at(age),
            "qosClass": "Burstable",
        }
    ready = state[0] == "running" if described.ready is None else described.ready
    pulled = described.phase or ("Pending" if state[0] == "waiting" and not described.restarts else "Running")
    statuses = [
        _container(
            w, name, each, state if index == 0 else described.sidecar or running(age - 3), described, index, ready
        )
        for index, each in enumerate(spec["containers"])
    ]
    made: Obj = {"phase": pulled, "conditions": _conditions(w, spec, ready, described, age)}
    if described.reason:
        made |= {"reason": described.reason, "message": described.message}
    return made | {
        "hostIP": f"10.0.0.{11 + int(digest(described.node)[:2], 16) % 9}",
        "podIP": w.address(),
        "startTime": w.at(age),
        "qosClass": "Burstable",
        "containerStatuses": statuses,
    }


def _conditions(w: World, spec: Obj, ready: bool, described: P, age: float) -> list[Obj]:
    since = age - 8 if described.unready is None else described.unready
    over = {"Failed": "PodFailed", "Succeeded": "PodCompleted"}.get(described.phase)
    made: list[Obj] = [
        {
            "type": kind,
            "status": str(not over or kind != "PodReadyToStartContainers"),
            "lastProbeTime": None,
            "lastTransitionTime": w.at(since if over and kind == "PodReadyToStartContainers" else age - offset),
        }
        for kind, offset in (("PodReadyToStartContainers", 2), ("Initialized", 1), ("PodScheduled", 0))
    ]
    for kind in ("Ready", "ContainersReady"):
        one: Obj = {
            "type": kind,
            "status": str(ready),
            "lastProbeTime": None,
            "lastTransitionTime": w.at(max(since, 0)),
        }
        if over:
            one["reason"] = over
        elif not ready:
            one |= {
                "reason": "ContainersNotReady",
                "message": f"containers with unready status: [{spec['containers'][0]['name']}]",
            }
        made.append(one)
    return made


def _container(w: World, pod_name: str, spec: Obj, state: State, described: P, index: int, ready: bool) -> Obj:
    restarts = described.restarts if index == 0 else 0
    ref = f"containerd://{digest('container', pod_name, spec['name'], restarts)}"
    image = spec["image"]
    never = state[0] == "waiting" and not restarts
    return {
        "name": spec["name"],
        "image": image,
        "imageID": "" if never else f"{image.split(':')[0]}@sha256:{digest('image', image)}",
        "containerID": "" if never else ref,
        "ready": ready if index == 0 else True,
        "started": state[0] == "running",
        "restartCount": restarts,
        "state": {state[0]: _timed(w, state, ref)},
        "lastState": {described.last[0]: _timed(w, described.last, f"{ref[:-6]}0a0b0c")}
        if described.last and index == 0
        else {},
    }


def _timed(w: World, state: State, ref: str) -> Obj:
    made = {key: w.at(value) if key in AGES and value != NEVER else value for key, value in state[1].items()}
    return made | {"containerID": ref} if state[0] == "terminated" else made


def suffix(*parts: object) -> str:
    return safe(5, *parts)


def is_ready(obj: Obj) -> bool:
    """Tell whether a pod is ready."""
    return any(each["type"] == "Ready" and each["status"] == "True" for each in obj["status"].get("conditions", []))
