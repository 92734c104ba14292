"""No worker is free: more replicas where traffic grew, a person where it did not."""

from __future__ import annotations

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


HOLDS = [
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
        snapshot(
            workload("api"),
            workload("web", env={"API_URL": "http://api:8080"}),
            figures=[latency("web", 0.1, 3.0), *(figure("cpu_share", 0.1, 0.22, pod=pod("api", n)) for n in range(2))],
            logs=logs("api", FPM),
        ),
        (API, "capacity", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody is slow", taken(slow=0.1)),
    DoesNotHold("it was told once", taken(times=1), (API, "unknown", "page_human")),
    DoesNotHold("a release brought it", taken(released=660), (API, "code_defect", "rollback_workload")),
]
