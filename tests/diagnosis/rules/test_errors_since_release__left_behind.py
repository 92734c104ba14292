"""Requests fail since a release, and a container's message of how it ended once tells of something else."""

from __future__ import annotations

from tests.diagnosis.rules.cases import Holds
from tests.diagnosis.rules.pods import again, ended, pods_of, put
from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

NO_ROOM = "OSError: [Errno 28] No space left on device"
ROLLBACK = ("Deployment/cart", "code_defect", "rollback_workload")


def beside(status: Obj, *, age: float, ready: bool = True) -> Snapshot:
    """Return a release by which requests fail, and a caller whose pod left a message behind so long ago."""
    caller = workload("shop", pods=1, started=30 * DAY, env={"CART_URL": "http://cart:8080"})
    status |= {"lastState": ended("Error", 1, age=age, message=NO_ROOM)}
    put(pods_of(caller)[0], status, ready=ready)
    cart = workload("cart", before={"image": "cart:0"}, released=600)
    return snapshot(caller, cart, figures=[errors("shop", 0.3, 580), errors("cart", 0.4, 590)])


HOLDS = [
    *(
        Holds(
            f"its caller's container tells of no room as it ended {what}, and runs since",
            beside(again("Error", 1, age=age), age=age),
            ROLLBACK,
        )
        for what, age in (("five days ago", 5 * DAY), ("two hours ago", 7200))
    ),
    Holds(
        "its caller's container ended days ago for want of room, and runs since without being ready",
        beside(again("Error", 1, age=5 * DAY) | {"ready": False}, age=5 * DAY, ready=False),
        ROLLBACK,
    ),
]
