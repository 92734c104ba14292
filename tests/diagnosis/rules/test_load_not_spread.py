"""Callers keep the connections that they have: pods that were added idle beside full ones."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Series


def cart(young: int = 2) -> list[Obj]:
    return younger(workload("cart", pods=4), young) if young else workload("cart", pods=4)


def busy(*shares: float) -> list[tuple[str, Series]]:
    used = [
        figure("cpu_share", 0.5, share, 600, pod=pod("cart", n), container="cart") for n, share in enumerate(shares)
    ]
    return [*used, latency("cart"), rate("cart", 100, 200), latency("shop"), rate("shop", 50, 100)]


HOLDS = [
    Holds(
        "two are full, two that were added since idle",
        snapshot(shop(env=CALLS_CART), cart(), figures=busy(0.99, 0.98, 0.02, 0.02)),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", at=CART),
        harmful=("scale_workload",),
    ),
    Holds(
        "nobody knows who calls: it is started anew itself, and so are its connections",
        snapshot(cart(), figures=busy(0.99, 0.98, 0.02, 0.02)[:6]),
        (CART, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", at=CART),
    ),
    Holds(
        "the one that was ready when all connections were made anew is full and late, and those beside it get nothing",
        snapshot(
            shop(env=CALLS_CART),
            cart(3),
            figures=[
                *busy(0.99, 0.01, 0.01, 0.01),
                *(figure("request_rate_by_pod", 100, r, 600, pod=pod("cart", n)) for n, r in enumerate((400, 0, 0, 0))),
            ],
            logs=logs("cart", "WARN request abandoned by caller: context canceled", 0)
            + [log(pod("cart", n), *["INFO server stats conns=0"] * 9) for n in (1, 2, 3)],
        ),
        (SHOP, "configuration_error", "restart_workload"),
        excludes=no("scale_workload", at=CART),
        harmful=("scale_workload",),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the idle ones came a moment ago",
        snapshot(
            shop(env=CALLS_CART), younger(workload("cart", pods=4), 2, age=120), figures=busy(0.99, 0.98, 0.02, 0.02)
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "all are full",
        snapshot(shop(env=CALLS_CART), cart(), figures=busy(0.99, 0.98, 0.97, 0.99)),
        (CART, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "the idle ones are as old as the full ones",
        snapshot(shop(env=CALLS_CART), cart(0), figures=busy(0.99, 0.98, 0.02, 0.02)),
        (SHOP, "capacity", "scale_workload"),
    ),
]
