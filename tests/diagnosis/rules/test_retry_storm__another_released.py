"""Another caller's release is the latest, and of other code: the tries of one that may try more often are the storm."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answer, Holds
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, errors, rate
from tests.diagnosis.rules.test_retry_storm__after_trouble import GO, JAVA, PYTHON, SINCE, spent, tries
from tests.diagnosis.rules.test_retry_storm__tries_otherwise import FIVE, STOCK, TWO, stalled
from tests.diagnosis.rules.tiny import DAY, figure, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

SET: Answer = (SHOP, "configuration_error", "rollback_workload")
WEB = "Deployment/web"
NO_MASTER = 'level=warn msg="redis: no master, reading from db"'
SENTINEL = "WARN valkey sentinel knows no reachable master for carts, going on without"


def moment(line: str) -> list[Log]:
    """Return what the cart tells of its store for a moment, as its requests grew."""
    return [timed(pod("cart", n), *((SINCE + 40 - 8 * k, line) for k in range(5))) for n in (0, 1)]


def world(
    *,
    told: list[Log] | None = None,
    cart: list[Log] | None = None,
    web: dict[str, Any] | None = None,
    shop: dict[str, Any] | None = None,
    more: float = 0,
) -> Snapshot:
    """Return a cart that a shop, and a web that was just released, ask; and its cache was away for a moment.

    ``more``: how many times as much the web works since then, if that is measured.
    """
    work = [figure("cpu_share", 0.1, 0.1 * more, SINCE, pod=pod("web", n)) for n in (0, 1) if more]
    return snapshot(
        workload("shop", **{"env": FIVE, "before": {"env": TWO}, "released": DAY / 2, **(shop or {})}),
        workload("web", **{"env": CALLS_CART, "before": IMAGE, "released": SINCE + 1300, **(web or {})}),
        workload("cart", env=STOCK),
        redis(),
        figures=[
            *(rate("cart", 50, 210, since=SINCE), rate("shop"), rate("web"), errors("shop", 0.4, since=SINCE)),
            *(*spent(), *work),
        ],
        logs=[*(tries(JAVA) if told is None else told), *(stalled() if cart is None else cart)],
    )


HOLDS = [
    *(
        Holds(f"its tries are the storm, whoever was released since: {what}", found, SET, alone=True)
        for what, found in (
            ("Java", world()),
            ("Go", world(told=tries(GO))),
            ("Python", world(told=tries(PYTHON))),
            ("the cache had no master", world(cart=moment(NO_MASTER))),
            ("the web works as much as ever", world(more=1)),
            ("a sentinel knew of no master", world(cart=moment(SENTINEL))),
        )
    ),
]
HOLDS += [
    Holds(
        f"the latest release is told of, as {what}",
        found,
        (WEB, "code_defect", "rollback_workload"),
    )
    for what, found in (
        ("the requests grew with it", world(web={"released": SINCE + 60})),
        ("the shop was not released", world(shop={"before": None}, web={"released": SINCE + 60})),
    )
]
HOLDS += [
    Holds(
        f"nobody knows who asks so often, as {what}",
        found,
        (WEB, "code_defect", "page_human"),
        harmful=("rollback_workload",),
    )
    for what, found in (
        ("the shop tells of no tries", world(told=[])),
        ("nothing was away for a moment", world(cart=[])),
        ("the web works six times as much since then, as by the hour", world(more=6)),
    )
]
HOLDS += [
    Holds(
        f"whoever tells of tries since the cache was away is named, and nobody knows since when he may: {what}",
        found,
        (SHOP, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    )
    for what, found in (
        ("the shop was not released", world(shop={"before": None})),
        ("it may try less often since", world(shop={"before": {"env": {**FIVE, "CART_MAX_ATTEMPTS": "20"}}})),
    )
]
