"""Roll-outs to watch on a real cluster: good Deployments, and every way we know to break one."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

IMAGE = "registry.invalid/lab/busybox:1"
SERVE = "mkdir -p /www && echo ok > /www/index.html && exec busybox httpd -f -p 8080 -h /www"


def deployment(name: str, *, replicas: int = 2, deadline_s: int = 15) -> dict[str, Any]:
    """A small web server with two replicas that is ready after a second."""
    labels = {"app": name}
    container = {
        "name": "web",
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": ["sh", "-c", SERVE],
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "5m", "memory": "8Mi"}},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "progressDeadlineSeconds": deadline_s,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"terminationGracePeriodSeconds": 1, "containers": [container]},
            },
        },
    }


def statefulset(name: str) -> dict[str, Any]:
    """The same as a StatefulSet with one replica."""
    made = deployment(name, replicas=1)
    spec = {key: value for key, value in made["spec"].items() if key != "progressDeadlineSeconds"}
    return made | {"kind": "StatefulSet", "spec": spec | {"serviceName": name}}


Change = Callable[[dict[str, Any], dict[str, Any]], object]


def changed(workload: dict[str, Any], change: Change) -> dict[str, Any]:
    """A copy with its pod spec and container changed."""
    made = copy.deepcopy(workload)
    pod = made["spec"]["template"]["spec"]
    change(pod, pod["containers"][0])
    return made


@dataclass(frozen=True)
class Bad:
    """A bad roll-out: how it is made, what it must be called, and the text that must be told.

    within_s counts from the first sign of failure in a pod's status (our own grace included).
    """

    name: str
    change: Change
    cause: str
    says: str
    within_s: float = 5.0


#: Whether its end is seen, or already that it waits for the next start, is a matter of milliseconds.
ENDED = "Error|CrashLoopBackOff"
BAD: tuple[Bad, ...] = (
    Bad(
        "missing-configmap",
        lambda _, box: box.update(envFrom=[{"configMapRef": {"name": "nosuch"}}]),
        "CreateContainerConfigError",
        'configmap "nosuch" not found',
    ),
    Bad("no-such-command", lambda _, box: box.update(command=["/nosuch"]), "StartError|RunContainerError", "/nosuch"),
    Bad("crash-at-start", lambda _, box: box.update(command=["sh", "-c", "exit 3"]), ENDED, "exit 3 Error"),
    Bad("killed-not-oom", lambda _, box: box.update(command=["sh", "-c", "exit 137"]), ENDED, "exit 137 Error"),
    Bad(
        "image-never",
        lambda _, box: box.update(image="registry.invalid/lab/nosuch:1", imagePullPolicy="Never"),
        "ErrImageNeverPull",
        "registry.invalid/lab/nosuch:1",
    ),
    Bad(
        "image-missing",
        lambda _, box: box.update(image="registry.invalid/lab/nosuch:1"),
        "ErrImagePull|ImagePullBackOff",
        "registry.invalid/lab/nosuch:1",
    ),
    Bad(
        "unschedulable",
        lambda _, box: box["resources"].update(requests={"cpu": "999"}),
        "Unschedulable",
        "Insufficient cpu",
        within_s=15.0,
    ),
    Bad(
        "out-of-memory",
        lambda _, box: box.update(
            command=["sh", "-c", "exec tail /dev/zero"], resources={"limits": {"memory": "16Mi"}}
        ),
        "OOMKilled",
        "OOMKilled",
    ),
    Bad(
        "init-fails",
        lambda pod, _: pod.update(
            initContainers=[{"name": "setup", "image": IMAGE, "command": ["sh", "-c", "exit 4"]}]
        ),
        "Error|CrashLoopBackOff",
        "exit 4 Error",
        within_s=30.0,
    ),
)
