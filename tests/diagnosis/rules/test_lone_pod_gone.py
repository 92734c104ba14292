"""A pod that nobody owns has ended, and somebody needs it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, service_for, snapshot, thing

LONE = "Pod/tool"


def gone(reason: str = "Evicted", message: str = "", *, ended: float = 600, phase: str = "Failed") -> Obj:
    """Return a pod of no owner that ended."""
    made = thing("Pod", "tool", age=9 * DAY, spec={"containers": [container("tool", "x:1")], "nodeName": "n1"})
    made["metadata"]["labels"] = {"app": "tool"}
    state = {"terminated": {"reason": "Error", "exitCode": 137, "startedAt": at(DAY), "finishedAt": at(ended)}}
    held = {"name": "tool", "ready": False, "restartCount": 0, "state": state}
    made["status"] = {"phase": phase, "reason": reason, "message": message, "containerStatuses": [held]}
    return made


HOLDS = [
    Holds(
        "its node evicted it",
        snapshot(gone(message="The node was low on resource: memory."), service_for("tool"), shop()),
        (LONE, "resource_exhaustion", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "it ended, and who calls it fails",
        snapshot(
            gone("Error"),
            service_for("tool"),
            shop(env={"TOOL_URL": "http://tool:8080"}),
            figures=[errors("shop")],
        ),
        (LONE, "service_crash", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody needs it", snapshot(gone(), shop(), figures=[errors("shop", 0.001)])),
    DoesNotHold(
        "it ended days ago",
        snapshot(gone(ended=3 * DAY), service_for("tool"), shop(), figures=[errors("shop", 0.001)]),
    ),
]
