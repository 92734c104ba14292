"""A service that others need fails the inventory's probes of it: its callers only show it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, SHOP, busy, shop
from tests.diagnosis.rules.tiny import redis, snapshot
from tuheg_ir.diagnosis.model import Snapshot

ASKS = {"REDIS_URL": "redis://redis:6379"}
SERVICES: dict[str, Any] = {"shop": {"kind": "Deployment", "depends_on": ["redis"]}, "redis": {"kind": "Deployment"}}


def probed(*unhealthy: str, **more: Any) -> Snapshot:
    """Return a shop and its cache, and what their probes say."""
    probes = [
        {
            "service": service,
            "name": "latency",
            "purpose": "health" if service == "redis" else "user",
            "verdict": "unhealthy" if service in unhealthy else "healthy",
            "reason": "measured",
        }
        for service in SERVICES
    ]
    return snapshot(shop(env=ASKS), redis(), services=SERVICES, probes=probes, **more)


HOLDS = [
    Holds(
        "it and its caller are slow",
        probed("shop", "redis"),
        (CACHE, "dependency_failure", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "its caller is short of processor time, which slows every call it makes",
        probed("shop", "redis", figures=busy()),
        (CACHE, "dependency_failure", "page_human"),
        believed="cpu_saturated",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("only its caller is slow", probed("shop")),
    DoesNotHold("all probes are healthy", probed(), (SHOP, "no_fault", "no_action")),
]
