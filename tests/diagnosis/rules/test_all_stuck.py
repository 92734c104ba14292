"""All processes of a service say that they are stuck: new ones work again."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, OLD, errors, latency, logs
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

BLOCKED = "event loop is blocked for more than 30000 ms"


def stuck(released: float = 9 * DAY, times: int = 5, ratio: float = 0.7) -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=released),
        figures=[
            latency("api", 0.1, 30.0 if ratio > 0.1 else 0.1, 700),
            errors("api", ratio, 700),
            *(figure("cpu_share", 0.4, 0.01, 700, pod=pod("api", n), container="api") for n in range(2)),
        ],
        logs=logs("api", BLOCKED, 0, 1, times=times),
    )


HOLDS = [
    Holds(
        "they say so, use no processor time, and users wait",
        stuck(),
        (API, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a release came with it", stuck(released=900), (API, "code_defect", "rollback_workload")),
    DoesNotHold("they said so once", stuck(times=1), (API, "unknown", "page_human")),
    DoesNotHold("users feel nothing", stuck(ratio=0.001), (API, "no_fault", "no_action")),
]
