"""No worker is free: more replicas where traffic grew, a person where it did not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, autoscaler, latency, logs, rate
from tests.diagnosis.rules.tiny import DAY, Obj, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

FPM = "WARNING: [pool www] server reached pm.max_children setting (20), consider raising it"


def taken(*more: Obj, requests: float = 50, times: int = 9, slow: float = 3.0, released: float = 9 * DAY) -> Snapshot:
    """Return a service whose log repeats that no worker is free."""
    return snapshot(
        workload("api", before=OLD, released=released),
        *more,
        figures=[latency("api", 0.1, slow), rate("api", 50, requests)],
        logs=logs("api", FPM, times=times),
    )


def counted(
    *shares: float,
    was: float = 0.2,
    requests: float = 200,
    web: float = 200,
    released: float = 9 * DAY,
    **more: Any,
) -> Snapshot:
    """Return a service whose server counts how many of its workers are busy, behind one that sends it requests."""
    beside = more.pop("figures", ())
    return snapshot(
        workload("api", before=OLD, released=released, env={"CART_URL": "http://cart:8080"}),
        workload("web", env={"API_URL": "http://api:8080"}),
        workload("cart"),
        figures=[
            *(figure("workers_busy_share", was, share, pod=pod("api", n)) for n, share in enumerate(shares)),
            *(figure("cpu_share", 0.1, 0.1, pod=pod(name, n)) for name in ("api", "web") for n in range(2)),
            rate("web", 50, web),
            rate("api", 50, requests),
            latency("web", 0.1, 3.0),
            *beside,
        ],
        **more,
    )


def calls_of_cart(now: float) -> Any:
    return figure("dependency_latency_p95", 0.05, now, component="api", dependency="cart")


def worked(**of_web: Any) -> Snapshot:
    """Return a service that works twice as much, behind one whose users suffer."""
    return snapshot(
        workload("api"),
        workload("web", env={"API_URL": "http://api:8080"}, **of_web),
        figures=[latency("web", 0.1, 3.0), *(figure("cpu_share", 0.1, 0.22, pod=pod("api", n)) for n in range(2))],
        logs=logs("api", FPM),
    )


HOLDS = [
    Holds(
        "its server counts that all are busy, and requests grew",
        counted(1.0, 1.0),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    ),
    Holds(
        "as before none was ever busy when it was looked at",
        counted(1.0, 1.0, was=0),
        (API, "capacity", "scale_workload"),
    ),
    Holds(
        "what it asks of others is as fast as ever",
        counted(1.0, 1.0, figures=[calls_of_cart(0.06)]),
        (API, "capacity", "scale_workload"),
    ),
    Holds(
        "traffic grew",
        taken(requests=90),
        (API, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=API),
    ),
    Holds(
        "traffic grew, and the autoscaler may make no more",
        taken(autoscaler("api", 2, 2), requests=90),
        (API, "capacity", "page_human"),
        excludes=no("scale_workload", at=API),
    ),
    Holds("traffic is as before", taken(), (API, "capacity", "page_human"), harmful=("scale_workload",)),
]
HOLDS += [
    Holds(
        "nobody counts its requests: its processors work twice as much, and users suffer before it",
        worked(),
        (API, "capacity", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody counts its requests, and users suffer since a release before it: that may send more of them",
        worked(before=OLD, released=660),
        ("Deployment/web", "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold("nobody is slow", taken(slow=0.1)),
    DoesNotHold("one pod has workers that are free", counted(1.0, 0.3)),
    DoesNotHold(
        "requests are as before: whatever holds the workers, it is not their number",
        counted(1.0, 1.0, requests=52, web=50),
    ),
    DoesNotHold(
        "each request holds its worker many times as long: something holds it up",
        counted(1.0, 1.0, was=0.02, requests=110),
    ),
    DoesNotHold("what it asks has become slow", counted(1.0, 1.0, figures=[calls_of_cart(2.5)])),
    DoesNotHold(
        "it waits in vain for what it asks",
        counted(1.0, 1.0, logs=logs("api", "ERROR connect to http://cart:8080: connection timed out")),
    ),
    DoesNotHold("its caller multiplies the requests that it gets", counted(1.0, 1.0, web=50)),
    DoesNotHold("they were busy, and are free again", counted(0.2, 0.2, was=1.0)),
    DoesNotHold("it was counted since its release", counted(1.0, 1.0, released=660)),
    DoesNotHold("it was told once", taken(times=1), (API, "unknown", "page_human")),
    DoesNotHold("a release brought it", taken(released=660), (API, "code_defect", "rollback_workload")),
]
