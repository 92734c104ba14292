"""An init container fails, so that no pod of the template starts."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put, rollout, waiting
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import Obj, at, snapshot


def failing(objects: list[Obj]) -> list[Obj]:
    """Return a workload whose last pod does not get past its init container."""
    for each in pods_of(objects)[-1:]:
        each["spec"]["initContainers"] = [{"name": "migrate", "image": "migrate:2"}]
        put(each, waiting("PodInitializing"))
        each["status"]["initContainerStatuses"] = [{"name": "migrate", **looping()}]
    return objects


def running() -> list[Obj]:
    """Return a roll-out whose last pod is at its init container, which runs."""
    objects = failing(rollout("shop", None, before=IMAGE, released=40))
    state = {"name": "migrate", "ready": False, "restartCount": 0, "state": {"running": {"startedAt": at(30)}}}
    pods_of(objects)[-1]["status"]["initContainerStatuses"] = [state]
    return objects


HOLDS = [
    Holds(
        "since a release",
        snapshot(failing(rollout("shop", None, before=IMAGE))),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "without a release",
        snapshot(failing(shop(pods=2, ready=1))),
        (SHOP, "service_crash", "page_human"),
    ),
]
DOES_NOT_HOLD = [DoesNotHold("it runs still", snapshot(running()), ("unknown", "page_human"))]
