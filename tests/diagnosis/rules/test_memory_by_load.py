"""Memory that follows the traffic is shared by more replicas."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    CART,
    IMAGE,
    MORE,
    ROOM,
    SHOP,
    autoscaler,
    killed,
    latency,
    logs,
    rate,
    rising,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

MORE_TRAFFIC = rate("shop", 20, 60, 1500)
LATE = "ERROR error while proxying to http://cart:8080, status code 504: context deadline exceeded"


def waiting(
    *,
    slow: float = 40,
    since: float = 1500,
    signal: str = "cpu_share",
    full: float = 0.98,
    used: float = 0.4,
    said: str = LATE,
    filled: float = 1490,
    asked: float = 60,
    cart: Any = None,
    figures: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop whose memory fills, of containers that are killed for it, and a cart that answers it late."""
    return snapshot(
        killed(shop(**({"env": CALLS_CART} | made)), 2),
        workload("cart", **(cart or {})),
        logs=logs("shop", said, 0, 1, since=1400) if said else [],
        figures=[
            rate("shop", 20, asked, 1500),
            rate("cart", 20, 23, 1500),
            latency("cart", 0.15, slow, since),
            latency("shop", 0.1, slow, since),
            *(figure(signal, used, full, 1500, pod=pod("cart", n), container="cart") for n in range(2)),
            *(figure("memory_share", 0.25, 0.96, filled, pod=pod("shop", n), container="shop") for n in range(2)),
            *figures,
        ],
    )


HOLDS = [
    *(
        Holds(f"traffic has grown, and {what}", world, (SHOP, "capacity", "scale_workload"))
        for what, world in (
            ("whom it asks answers well", waiting(slow=0.15, said="INFO ok", full=0.5)),
            ("whom it asks is busy, and answers a little later", waiting(slow=1.2, said="INFO ok")),
        )
    ),
    *(
        Holds(f"traffic has grown, and {what}", world, (SHOP, "capacity", "scale_workload"), believed=rule)
        for what, world, rule in (
            ("whom it asks is late, but has time to spare", waiting(full=0.5), ""),
            ("whom it asks is late, and was always busy", waiting(used=0.98), ""),
            ("memory rose long before the answers became slow", waiting(filled=3000, since=900), ""),
            ("its own release came just before it filled", waiting(before=IMAGE, released=1600), ""),
        )
    ),
    Holds(
        "traffic has grown",
        snapshot(killed(shop(before=IMAGE, released=20 * DAY), 2), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "scale_workload"),
    ),
    Holds(
        "traffic has grown, and the autoscaler may make no more",
        snapshot(killed(shop(before=IMAGE, released=20 * DAY), 2), autoscaler("shop", 2, 2), figures=[MORE_TRAFFIC]),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"it holds the requests that wait for another: {what}",
            world,
            (CART, "capacity", "scale_workload"),
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("whose processors are at their limit", waiting()),
            ("whose processors are at their limit, as its own users feel it alone", waiting(said="")),
            (
                "whose release was a week before, and its own hours before",
                waiting(
                    before=IMAGE,
                    released=4 * 3600,
                    cart={"before": {"image": "registry.example/cart:0"}, "released": 7 * DAY},
                ),
            ),
        )
    ),
    DoesNotHold(
        "it holds the requests that wait for another whose workers are all busy",
        waiting(signal="workers_busy_share", full=1.0, asked=70, figures=[rate("cart", 20, 50, 1500)]),
        instead=("capacity", "scale_workload"),
    ),
    DoesNotHold(
        "its limit was cut, and it holds requests that wait",
        waiting(before=MORE, released=1600, **ROOM),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "traffic is as before",
        snapshot(
            killed(shop(before=IMAGE, released=20 * DAY)),
            figures=[rising(pod("shop", 1), 0.6, 0.95), rate("shop", 20, 20)],
        ),
        (SHOP, "resource_exhaustion", "restart_workload"),
    ),
    DoesNotHold("nobody is short of memory", snapshot(shop(), figures=[MORE_TRAFFIC])),
]
