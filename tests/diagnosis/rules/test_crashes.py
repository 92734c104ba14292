"""Containers end, and nothing tells why: a guess, and after several times a person's."""

from __future__ import annotations

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, looping, pods_of, put
from tests.diagnosis.rules.scenes import API, SHOP, WELL, errors, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, event, log, pod, snapshot, thing, workload


def first(objects: list[Obj], status: Obj, *, unready: float | None = None) -> list[Obj]:
    """Return a workload of which the first pod is in a state."""
    put(pods_of(objects)[0], status, unready=unready)
    return objects


def bare(name: str) -> Obj:
    """Return a pod that nobody owns and that ends again and again."""
    made = thing("Pod", name, age=DAY, spec={"containers": [container("c", "x:1")], "nodeName": "n1"})
    made["metadata"]["labels"] = {"app": name}
    made["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "False", "lastTransitionTime": at(500)}],
        "containerStatuses": [{"name": "c", **looping()}],
    }
    return made


def failed_job() -> list[Obj]:
    """Return a Job that nobody waits for, with its dead pod."""
    job = thing("Job", "report", age=DAY, spec={"template": {"spec": {"containers": []}}}, status={"failed": 1})
    dead = thing("Pod", "report-x", age=DAY)
    dead["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report", "controller": True}]
    dead["status"] = {"phase": "Failed", "containerStatuses": [{"name": "report", **looping()}]}
    return [job, dead]


LATE = event(f"Pod/{pod('shop')}", "Unhealthy", "Liveness probe failed: context deadline exceeded", age=900, count=1)
"""A probe that failed a quarter of an hour ago."""


HOLDS = [
    Holds(
        "again and again",
        snapshot(first(shop(), looping(), unready=100)),
        (SHOP, "service_crash", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        sure=(0.0, 0.59),
    ),
    Holds(
        "once, and some requests fail since",
        snapshot(
            first(workload("api"), again("Error", 139, age=300)),
            figures=[errors("api", 0.08, 310)],
            logs=[log(pod("api"), "Segmentation fault (core dumped)", previous=True)],
        ),
        (API, "service_crash", "restart_workload"),
    ),
    Holds(
        "of a pod that nobody owns",
        snapshot(
            bare("tool"),
            workload("api"),
            figures=[errors("api", 0.001)],
            logs=[log("tool", "panic: boom", of="c", previous=True)],
        ),
        ("Pod/tool", "service_crash", "page_human"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "told to end by a probe, and started again since",
        snapshot(first(shop(), again("Completed", 0, age=880)), LATE),
        (SHOP, "service_crash", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("once, hours ago", snapshot(first(shop(), again("Error", 1, age=4 * 3600)), figures=[WELL]), HEALTHY),
    DoesNotHold(
        "a probe failed once of late, and the last start was weeks ago",
        snapshot(first(shop(), again("Error", 1, age=30 * DAY, restarts=3)), LATE, figures=[WELL]),
        HEALTHY,
    ),
    DoesNotHold("a failed Job that nobody waits for", snapshot(shop(), failed_job(), figures=[WELL]), HEALTHY),
]
