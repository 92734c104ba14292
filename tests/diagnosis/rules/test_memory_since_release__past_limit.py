"""A release let a heap grow above the limit of its container: told for as long as its pods are killed since."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put
from tests.diagnosis.rules.scenes import SHOP, rate, rising
from tests.diagnosis.rules.tiny import DAY, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

LIMIT: dict[str, Any] = {"resources": {"limits": {"memory": "2Gi"}}}
BACK = (SHOP, "configuration_error", "rollback_workload")
ANEW = (SHOP, "resource_exhaustion", "restart_workload")


def heap(before: Any, now: Any, *, restarts: int = 11, **more: Any) -> Snapshot:
    """Return a shop whose pods were killed for memory every ten hours since a release of five days ago."""
    told = {**LIMIT, **now, "before": before, "released": 5 * DAY, **more}
    objects = workload("shop", **told)
    for each in pods_of(objects):
        put(each, again("OOMKilled", 137, age=300, restarts=restarts, lived=10 * HOUR))
    return snapshot(objects, figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)])


def java(told: str) -> dict[str, Any]:
    return {"env": {"JAVA_TOOL_OPTIONS": f"-XX:+UseG1GC {told}"}}


def node(megabytes: int) -> dict[str, Any]:
    return {"args": ["node", f"--max-old-space-size={megabytes}", "main.js"]}


def go(much: str) -> dict[str, Any]:
    return {"env": {"GOMEMLIMIT": much}}


HOLDS = [
    Holds("a heap as large as the container", heap(java("-Xmx1400m"), java("-Xmx2g")), BACK),
    Holds(
        "a heap of nearly all of the container",
        heap(java("-XX:MaxRAMPercentage=70.0"), java("-XX:MaxRAMPercentage=95")),
        BACK,
    ),
    Holds("Node counts in megabytes", heap(node(1500), node(2600)), BACK),
    Holds("the collector of Go begins above the limit", heap(go("1500MiB"), go("2500MiB")), BACK),
]
DOES_NOT_HOLD = [
    DoesNotHold("a heap that leaves as much room as most do", heap(java("-Xmx1g"), java("-Xmx1500m")), ANEW),
    DoesNotHold("a heap that left little room before", heap(java("-Xmx1900m"), java("-Xmx2g")), ANEW),
    DoesNotHold(
        "the collector of Go begins just below the limit, as it should", heap(go("1500MiB"), go("1900MiB")), ANEW
    ),
    DoesNotHold(
        "the limit was raised as well",
        heap({**java("-Xmx1400m"), **LIMIT}, {**java("-Xmx2g"), "resources": {"limits": {"memory": "3Gi"}}}),
        ANEW,
    ),
    DoesNotHold("of two flags the last holds", heap(java("-Xmx1g"), java("-Xmx3g -Xmx1200m")), ANEW),
    DoesNotHold("its pods lived for days with it first", heap(java("-Xmx1400m"), java("-Xmx2g"), restarts=2), ANEW),
]
