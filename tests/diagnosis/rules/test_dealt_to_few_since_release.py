"""Who deals out its calls no longer sends all of them to few pods of a server, from its release on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, errors, latency, shop
from tests.diagnosis.rules.tiny import Obj, figure, meta, pod, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

ROUND = {"env": {"CART_URL": "dns:///cart-headless:8080", "CART_LB": "round_robin"}}

LATE = (SHOP, "configuration_error", "rollback_workload")
"""What is late since its release, and nobody knows by what of it."""


def dealt(*now: float, was: Sequence[float] = (), signal: str = "request_rate_by_pod", **of: Any) -> list[Any]:
    """Return how much each pod of a cart did and does."""
    most = was or [40.0 if signal.startswith("request") else 0.4] * len(now)
    return [
        figure(signal, before, each, 600, pod=pod("cart", n), **of)
        for n, (before, each) in enumerate(zip(most, now, strict=True))
    ]


def world(
    figures: list[tuple[str, Series]], *more: list[Obj] | Obj, pods: int = 4, released: float = 650, **of_shop: Any
) -> Snapshot:
    """Return a shop that was released just before its calls came to few pods of a cart; both are slow."""
    called = more or (workload("cart", pods=pods),)
    caller = shop(env=CALLS_CART, **{"before": ROUND, **of_shop}, released=released)
    return snapshot(caller, *called, figures=[*figures, latency("cart"), latency("shop")])


def changed_way() -> list[Obj]:
    """Return a cart whose Service was written as the calls came to few of its pods."""
    return [*workload("cart", pods=4, service=False), service_for("cart") | {"metadata": meta("cart", written=605)}]


def one_unready() -> list[Obj]:
    objects = workload("cart", pods=4)
    put(pods_of(objects)[3], {}, ready=False, unready=600)
    return objects


HOLDS = [
    Holds(
        "two have all calls, as each pod of the caller keeps one connection",
        world(dealt(110, 50, 0, 0)),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=(*no("restart_workload", "scale_workload", "rollback_workload", at=CART),),
        harmful=("restart_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "a server of which processor time alone is measured, and a new library",
        world(dealt(0.98, 0.55, 0.01, 0.01, signal="cpu_share", container="cart"), before=OLD),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "one of two has all of it, and only the caller is seen to suffer",
        snapshot(
            shop(env=CALLS_CART, before=ROUND, released=650),
            workload("cart"),
            figures=[*dealt(79, 0), errors("shop", 0.2, 580)],
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("its release came an hour before", world(dealt(160, 0, 0, 0), released=3600)),
    DoesNotHold("all get some still", world(dealt(70, 30, 30, 30)), LATE),
    DoesNotHold("one of them always had all of it", world(dealt(160, 0, 0, 0, was=(150, 0.1, 0.1, 0.1))), LATE),
    DoesNotHold(
        "who has nothing more to do is not ready",
        world(dealt(53, 53, 54, 0), one_unready()),
        (CART, "service_crash", "restart_workload"),
    ),
    DoesNotHold("the Service was written in the same minute", world(dealt(160, 0, 0, 0), changed_way()), LATE),
    DoesNotHold(
        "the server was released in the same minutes",
        world(dealt(160, 0, 0, 0), workload("cart", pods=4, before=OLD, released=700)),
        (CART, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "two of its callers were released then",
        world(
            dealt(160, 0, 0, 0),
            workload("cart", pods=4),
            workload("web", env=CALLS_CART, before=OLD, released=640),
        ),
        LATE,
    ),
    DoesNotHold("what it gets ended: nobody has the work of the others", world(dealt(40, 40, 0, 0)), LATE),
]
