"""Who only waits in vain, and was released with somebody who has no pod since, is not what failed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

HARDENED: dict[str, Any] = {"env": {"MODE": "hardened"}, "before": {"env": {"MODE": "plain"}}}
AWAITS = (SHOP, "dependency_failure", "page_human")
SAYS = (
    '10.0.0.7 - - "POST /plans HTTP/1.1" {} 160',
    '{{"level":"ERROR","msg":"http","method":"POST","path":"/plans","status":{},"error":"planner rpc timeout"}}',
    "ERROR http: request method=POST path=/plans status={} latency_ms=10002",
)


def released_together(*statuses: int, says: str = SAYS[0], apart: float = 10.0, ready: int = 0) -> Snapshot:
    """Return a shop that fails since its release, and a planner that got the same setting ``apart`` seconds before."""
    told = [says.format(status) for status in statuses for _ in range(20)]
    return snapshot(
        shop(released=900, **HARDENED),
        workload("planner", released=900 + apart, ready=ready, **HARDENED),
        logs=[log(pod("shop", n), *[says.format(200)] * 20, *told, since=840) for n in (0, 1)],
    )


HOLDS = [
    *(
        Holds(what, world, (SHOP, "configuration_error", "rollback_workload"))
        for what, world in (
            ("it fails by itself as well", released_together(504, 500)),
            ("who was released with it has pods", released_together(504, ready=2)),
            ("who has none was released an hour before", released_together(504, apart=3600.0)),
        )
    ),
    *(Holds(f"it waits in vain, as its log tells: {says}", released_together(504, says=says), AWAITS) for says in SAYS),
]
DOES_NOT_HOLD: list[DoesNotHold] = []
