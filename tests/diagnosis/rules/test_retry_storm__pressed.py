"""A storm of requests reaches the store behind who is asked: that one has too much to do, and is well by itself."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import Answer, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import CALLS_CART, DB, IMAGE, SHOP, URL, errors, latency, rate
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

SINCE = 1500.0
SET: Answer = (SHOP, "configuration_error", "rollback_workload")
NOW, WAS = {**CALLS_CART, "CART_RETRIES": "9"}, {**CALLS_CART, "CART_RETRIES": "1"}
STORE = ("restart_workload", "scale_database")
MY = {"pod": "mysql-0", "container": "mysql"}
AT_RELEASE = SINCE + 60
DORMANT = SINCE + 900
"""So long ago came a release whose tries nobody saw until something was away."""


def busy(was: float = 0.15, since: float = SINCE, **where: str) -> tuple[str, Series]:
    """Return the processor time of a store that is used up since then."""
    return figure("cpu_share", was, 0.98, since, **(where or {"pod": "postgres-0", "container": "postgres"}))


def drained() -> list[Obj]:
    """Return a cart one of whose pods was made anew as its node was emptied, just before the storm."""
    return younger(workload("cart", env=URL), 1, age=SINCE + 30)


def world(
    *more: Any,
    released: float = AT_RELEASE,
    cart: list[Obj] | None = None,
    store: list[Obj] | None = None,
    cpu: tuple[str, Series] | None = None,
    figures: tuple[tuple[str, Series], ...] = (),
    times: float = 7,
) -> Snapshot:
    """Return a shop that asks many times as often by a setting of its release, and the store behind whom it asks."""
    told = [
        rate("shop", since=SINCE),
        rate("cart", 60, 60 * times, since=SINCE),
        errors("cart", 0.4, since=SINCE - 30, before=0.0),
        latency("cart", now=4.0, since=SINCE - 30),
    ]
    return snapshot(
        workload("shop", env=NOW, before={"env": WAS}, released=released),
        cart or workload("cart", env=URL),
        postgres() if store is None else store,
        *more,
        figures=[*told, cpu or busy(), *figures],
    )


MYSQL = workload("mysql", "mysql:8.4", kind="StatefulSet", pods=1, port=3306)
OTHER = workload("reports", env=URL)
OTHERS_RELEASE = workload("reports", env=URL, before=IMAGE, released=SINCE + 80)
RUN = thing("Job", "stock-take", status={"startTime": at(SINCE + 90)})
HOLDS = [
    Holds(
        "a release brought more tries, and the database has no processor left since",
        world(),
        SET,
        excludes=no(*STORE, at=DB),
        alone=True,
        harmful=STORE,
    ),
    Holds(
        "the tries lay still for a while, until a pod moved",
        world(released=DORMANT, cart=drained()),
        SET,
        excludes=no(*STORE, at=DB),
        alone=True,
    ),
    Holds(
        "a MySQL, and twelve times the requests",
        world(
            cart=workload("cart", env={"DB_HOST": "mysql"}),
            store=MYSQL,
            cpu=busy(0.08, SINCE - 30, **MY),
            times=12,
        ),
        SET,
        excludes=no(*STORE, at="StatefulSet/mysql"),
        alone=True,
    ),
    Holds(
        "others ask the database as often as ever",
        world(OTHER, figures=(rate("reports", since=SINCE),)),
        SET,
        alone=True,
    ),
    *(
        Holds(
            f"the database may have too much to do without it: {what}",
            found,
            SET,
            believed="data_service_saturated",
            harmful=("scale_database", "restart_workload"),
        )
        for what, found in (
            ("it was busy before the requests came", world(cpu=busy(since=SINCE + 150))),
            ("it always was", world(cpu=busy(0.97))),
            ("so many requests would take half of it", world(cpu=busy(0.15), times=3)),
            ("the tries lay still, and nothing else was away", world(released=DORMANT)),
            ("a run began just before", world(RUN, released=DORMANT, cart=drained())),
            ("others ask it for more as well", world(OTHER, figures=(rate("reports", 50, 90, since=SINCE),))),
            (
                "another one that asks it was released as well",
                world(
                    workload("reports", env=URL, before=IMAGE, released=SINCE + 80), released=DORMANT, cart=drained()
                ),
            ),
            (
                "it was given less",
                world(
                    store=postgres(
                        resources={"limits": {"cpu": "1"}},
                        before={"resources": {"limits": {"cpu": "4"}}},
                        released=9 * DAY,
                    )
                ),
            ),
            ("it was started a while before", world(store=postgres(started=SINCE + 300))),
        )
    ),
]
