"""More requests than the replicas carry are met with replicas; one busy pod is another trouble."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, latency, rate, shop
from tests.diagnosis.rules.tiny import figure, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot


def loaded(*shares: float, requests: float = 180, slow: float = 600, throttled: float = 0.0) -> Snapshot:
    """Return a shop, slow since some seconds ago, whose pods use these shares of their processor limit."""
    used = [figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n, share in enumerate(shares)]
    held = [figure("throttled_share", 0.0, throttled, pod=pod("shop", n), container="shop") for n in range(len(shares))]
    felt = (rate("shop", 60, requests), latency("shop", now=2.5, since=slow))
    return snapshot(shop(pods=len(shares)), figures=[*felt, *used, *(held if throttled else [])])


HOLDS = [
    Holds(
        "all pods are busy; a restart would add none",
        loaded(0.97, 0.95),
        (SHOP, "capacity", "scale_workload"),
        excludes=no("restart_workload", "restart_connection_pool", at=SHOP),
    ),
    Holds(
        "it was slow minutes before, as more came by and by",
        loaded(0.97, 0.95, slow=900),
        (SHOP, "capacity", "scale_workload"),
    ),
    Holds(
        "all pods are held back, and half of them have next to nothing to do: so would further ones",
        loaded(0.97, 0.95, 0.02, 0.02, throttled=0.6),
        (SHOP, "capacity", "page_human"),
        harmful=("scale_workload",),
    ),
    Holds(
        "all pods are held back, and most of them are busy",
        loaded(0.97, 0.95, 0.96, 0.02, throttled=0.6),
        (SHOP, "capacity", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was slow for half an hour before more came",
        loaded(0.97, 0.95, slow=2400),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold("one pod is busy", loaded(0.97, 0.2)),
    DoesNotHold(
        "all pods are busy without more requests", loaded(0.97, 0.95, requests=62), (SHOP, "capacity", "scale_workload")
    ),
]
