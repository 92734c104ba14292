"""An init container fails, so that no pod of the template starts."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.inits import as_before, failing
from tests.diagnosis.rules.pods import pods_of, rollout
from tests.diagnosis.rules.scenes import IMAGE, SHOP, shop
from tests.diagnosis.rules.tiny import Obj, at, snapshot


def running() -> list[Obj]:
    """Return a roll-out whose last pod is at its init container, which runs."""
    objects = failing(rollout("shop", None, before=IMAGE, released=40))
    state = {"name": "migrate", "ready": False, "restartCount": 0, "state": {"running": {"startedAt": at(30)}}}
    pods_of(objects)[-1]["status"]["initContainerStatuses"] = [state]
    return objects


WAIT, MIGRATE = {"name": "wait", "image": "wait:1"}, {"name": "migrate", "image": "migrate:2"}

HOLDS = [
    Holds(
        "since a release",
        snapshot(failing(rollout("shop", None, before=IMAGE))),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "a release left it as it was: the template before has the same",
        snapshot(as_before()),
        (SHOP, "service_crash", "page_human"),
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"a release left it as it was, but {what}",
            snapshot(world),
            (SHOP, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("brought another one before it", as_before(first="wait:1")),
            ("changed what all containers of a pod share", as_before(serviceAccountName="other")),
            ("put it before another one", as_before(inits=[WAIT, MIGRATE], now=[MIGRATE, WAIT])),
            (
                "waits for another one no longer",
                as_before(inits=[WAIT, MIGRATE], now=[{**WAIT, "restartPolicy": "Always"}, MIGRATE]),
            ),
        )
    ),
    Holds(
        "without a release",
        snapshot(failing(shop(pods=2, ready=1))),
        (SHOP, "service_crash", "page_human"),
    ),
]
DOES_NOT_HOLD = [DoesNotHold("it runs still", snapshot(running()), ("unknown", "page_human"))]
