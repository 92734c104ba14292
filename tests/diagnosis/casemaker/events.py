"""Events, as the kubelet, the scheduler and the controllers write them."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.names import digest
from tests.diagnosis.casemaker.world import EVENT_LIFE, World

Obj = dict[str, Any]

WRITERS = {
    "Pod": "kubelet",
    "ReplicaSet": "replicaset-controller",
    "Deployment": "deployment-controller",
    "StatefulSet": "statefulset-controller",
    "HorizontalPodAutoscaler": "horizontal-pod-autoscaler",
    "Node": "node-controller",
    "Job": "job-controller",
    "CronJob": "cronjob-controller",
}
SCHEDULER = {"Scheduled", "FailedScheduling", "Preempted"}


def event(
    w: World,
    obj: Obj,
    reason: str,
    message: str,
    *,
    last: float,
    first: float | None = None,
    count: int = 1,
    kind: str = "Warning",
    container: str = "",
    writer: str = "",
) -> None:
    """Add an event about an object; one that is older than the API server keeps is not added."""
    if last > EVENT_LIFE:
        return
    first = min(last if first is None else first, 4 * EVENT_LIFE)
    meta = obj["metadata"]
    component = writer or ("default-scheduler" if reason in SCHEDULER else WRITERS.get(obj["kind"], "controller"))
    about: Obj = {
        "apiVersion": obj["apiVersion"],
        "kind": obj["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
    }
    if "namespace" in meta:
        about["namespace"] = meta["namespace"]
    if container:
        about["fieldPath"] = f"spec.containers{{{container}}}"
    mark = digest(meta["uid"], reason, message)[:16]
    made: Obj = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": w.meta("Event", f"{meta['name']}.{mark}", first),
        "involvedObject": about,
        "reason": reason,
        "message": message,
        "type": kind,
        "reportingComponent": component,
        "reportingInstance": "",
    }
    if component == "default-scheduler":
        # The scheduler writes the newer form: no count, no first and last time.
        made |= {"eventTime": w.micro(first), "firstTimestamp": None, "lastTimestamp": None, "action": "Binding"}
        made["source"] = {}
        if count > 1:
            made["series"] = {"count": count, "lastObservedTime": w.micro(last)}
    else:
        made |= {"eventTime": None, "count": count, "firstTimestamp": w.at(first), "lastTimestamp": w.at(last)}
        made["source"] = {"component": component}
        if component == "kubelet" and obj["spec"].get("nodeName"):
            made["source"]["host"] = obj["spec"]["nodeName"]
    w.add(made)


def born(w: World, pod: Obj, owner: Obj, age: float) -> None:
    """Add the events of a pod's start, as far as it came."""
    name, statuses = pod["metadata"]["name"], pod["status"].get("containerStatuses", [])
    event(w, owner, "SuccessfulCreate", f"Created pod: {name}", kind="Normal", last=age)
    node = pod["spec"].get("nodeName")
    if not node:
        return
    place = pod["metadata"]["namespace"]
    event(w, pod, "Scheduled", f"Successfully assigned {place}/{name} to {node}", kind="Normal", last=age)
    if not statuses or not statuses[0]["containerID"]:
        return
    image, container = statuses[0]["image"], statuses[0]["name"]
    present = f'Container image "{image}" already present on machine'
    event(w, pod, "Pulled", present, kind="Normal", container=container, last=age - 2)
    event(w, pod, "Created", f"Created container: {container}", kind="Normal", container=container, last=age - 2)
    event(w, pod, "Started", f"Started container {container}", kind="Normal", container=container, last=age - 3)


def pull_failure(w: World, pod: Obj, cause: str, *, since: float) -> None:
    """Add the events of an image that cannot be pulled."""
    container = pod["spec"]["containers"][0]
    image, name = container["image"], container["name"]
    tries = 1 + min(5, int(since // 90))
    event(
        w, pod, "Pulling", f'Pulling image "{image}"', kind="Normal", first=since, last=40, count=tries, container=name
    )
    text = f'Failed to pull image "{image}": {cause}'
    event(w, pod, "Failed", text, first=since - 2, last=38, count=tries, container=name)
    event(w, pod, "Failed", "Error: ErrImagePull", first=since - 2, last=38, count=tries, container=name)
    waits = max(1, int(since // 14))
    text = f'Back-off pulling image "{image}"'
    event(w, pod, "BackOff", text, kind="Normal", first=since - 14, last=9, count=waits, container=name)
    event(w, pod, "Failed", "Error: ImagePullBackOff", first=since - 14, last=9, count=waits, container=name)


def restarting(w: World, pod: Obj, *, first: float, last: float, count: int) -> None:
    """Add the kubelet's word that it waits before the next try."""
    container, meta = pod["spec"]["containers"][0]["name"], pod["metadata"]
    place = f"{meta['name']}_{meta['namespace']}({meta['uid']})"
    text = f"Back-off restarting failed container {container} in pod {place}"
    event(w, pod, "BackOff", text, first=first, last=last, count=count, container=container)


def probe_failure(
    w: World, pod: Obj, which: str, cause: str, *, first: float, last: float, count: int, killed: int = 0
) -> None:
    """Add failed probes (which: Readiness, Liveness or Startup), and how often the container was killed for it."""
    container = pod["spec"]["containers"][0]["name"]
    event(
        w, pod, "Unhealthy", f"{which} probe failed: {cause}", first=first, last=last, count=count, container=container
    )
    if killed:
        text = f"Container {container} failed {which.lower()} probe, will be restarted"
        event(w, pod, "Killing", text, kind="Normal", first=first, last=last, count=killed, container=container)
