"""Pods that do not get past their init container."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.pods import ended, later, looping, pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE
from tests.diagnosis.rules.tiny import Obj, log, pod, workload
from tuheg_ir.diagnosis.model import Log


def failing(objects: list[Obj]) -> list[Obj]:
    """Return a workload whose last pod does not get past its init container."""
    for each in pods_of(objects)[-1:]:
        each["spec"]["initContainers"] = [{"name": "migrate", "image": "migrate:2"}]
        put(each, waiting("PodInitializing"))
        each["status"]["initContainerStatuses"] = [{"name": "migrate", **looping()}]
    return objects


def as_before(*, first: str = "", inits: Sequence[Obj] = (), now: Sequence[Obj] = (), **spec: str) -> list[Obj]:
    """Return a roll-out of a workload whose templates have an init container, at which its last pod fails.

    ``inits`` are those of all templates; ``now`` those of the newest one, and ``first`` the image of one before them.
    """
    inits = list(inits or [{"name": "migrate", "image": "migrate:2"}])
    objects = failing(rollout("shop", None, before=IMAGE, spec={"initContainers": inits}))
    newest = [each for each in objects if each["kind"] == "ReplicaSet"][-1]
    for holder in (objects[0], newest):
        template = holder["spec"]["template"]["spec"] = dict(holder["spec"]["template"]["spec"])
        template |= spec
        if first or now:
            template["initContainers"] = [*([{"name": "wait", "image": first}] if first else []), *(now or inits)]
    return objects


def fetching(failed: int = 2, *, pods: int = 4, age: float = 900, **init: Any) -> list[Obj]:
    """Return a workload whose last pods, made anew, end at an init container; the others passed it days ago."""
    held = {"name": "fetch", "image": "fetch:1", **init}
    objects = later(workload("shop", pods=pods, spec={"initContainers": [held]}), failed, waiting("x"), age=age)
    for each in pods_of(objects)[-failed:]:
        put(each, waiting("PodInitializing"))
        each["status"]["initContainerStatuses"] = [{"name": "fetch", **looping()}]
    return objects


def said(*lines: str, failed: int = 2, pods: int = 4) -> list[Log]:
    """Return what the init containers that fail tell."""
    return [log(pod("shop", number), *lines, since=70, of="fetch") for number in range(pods - failed, pods)]


def left(objects: list[Obj], message: str, *, reason: str = "Error") -> list[Obj]:
    """Return objects whose init containers that fail leave a message behind as they end."""
    for each in pods_of(objects):
        for status in each["status"].get("initContainerStatuses", ()):
            if "lastState" in status:
                status["lastState"] = ended(reason, 1, message=message)
    return objects
