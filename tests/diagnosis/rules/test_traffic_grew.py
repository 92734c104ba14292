"""More requests than the replicas carry are met with replicas; one busy pod is another trouble."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, latency, rate, shop
from tests.diagnosis.rules.tiny import figure, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def loaded(*shares: float, requests: float = 180) -> Snapshot:
    """Return a slow shop whose pods use these shares of their processor limit."""
    used = [figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n, share in enumerate(shares)]
    return snapshot(shop(), figures=[rate("shop", 60, requests), latency("shop", now=2.5), *used])


HOLDS = [
    Holds(
        "all pods are busy; a restart would add none",
        loaded(0.97, 0.95),
        (SHOP, "capacity", "scale_workload"),
        excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold("one pod is busy", loaded(0.97, 0.2)),
    DoesNotHold(
        "all pods are busy without more requests", loaded(0.97, 0.95, requests=62), (SHOP, "capacity", "scale_workload")
    ),
]
