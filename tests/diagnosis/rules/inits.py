"""Pods that do not get past their init container."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.pods import looping, pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE
from tests.diagnosis.rules.tiny import Obj


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
