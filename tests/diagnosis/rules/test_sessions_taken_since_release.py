"""A client's sessions multiply with its release until the database is full; what only looks like it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, OLD, SHOP, URL, alert, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, postgres, snapshot, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

NO_SLOT = "FATAL: sorry, too many clients already (postgres:5432)"
SLOW = "LOG:  duration: 12000.1 ms  statement: SELECT 1"
LOCKED = "LOG:  process 71 still waiting for ShareLock on transaction 88 after 1000.5 ms"


def counted(client: str, before: float, now: float, since: float = 1700, state: str = "active") -> tuple[str, Series]:
    labels = {"component": "postgres", "client": client, "state": state}
    return figure("db_connections_by_client", before, now, since, **labels)


def filled(
    *more: tuple[str, Series],
    held: tuple[tuple[str, Series], ...] = (counted("shop", 10, 85), counted("api", 9, 9)),
    told: tuple[Any, ...] = (),
    also: tuple[Any, ...] = (),
    **release: Any,
) -> Snapshot:
    """Return a database that is full since ten minutes; the shop was released half an hour ago."""
    return snapshot(
        shop(env=URL, **{"before": IMAGE, "released": 1800, **release}),
        workload("api", env=URL),
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        postgres(**(also[0] if also else {})),
        figures=[
            figure("db_connections", 22, 99, 600, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            errors("api", 0.4, 580),
            *held,
            *more,
        ],
        logs=[*logs("api", NO_SLOT, since=570), *told],
        alerts=[alert("ApiErrors", deployment="api")],
    )


HOLDS = [
    Holds(
        "it works with all of them, as far as anybody knows",
        filled(),
        (SHOP, "database_connection", "rollback_workload"),
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
        sure=(0.6, 0.92),
        began=600,
    ),
    Holds(
        "another setting alone came with it",
        filled(before={"env": URL | {"MODE": "a"}}),
        (SHOP, "database_connection", "rollback_workload"),
    ),
    Holds(
        "the database told of a lock since",
        filled(told=(log("postgres-0", *[LOCKED] * 9, since=400),)),
        (SHOP, "database_connection", "rollback_workload"),
    ),
    Holds(
        "it has thrice as many, and its caller asks as much of it as before",
        filled(rate("web", 50, 52, 1700), held=(counted("shop", 28, 85), counted("api", 9, 9))),
        (SHOP, "database_connection", "rollback_workload"),
    ),
    Holds(
        "the database told of slow statements since",
        filled(told=(log("postgres-0", *[SLOW] * 30, since=1500),)),
        (SHOP, "database_connection", "rollback_workload"),
    ),
    Holds(
        "they are counted by what they do",
        filled(held=(counted("shop", 8, 60), counted("shop", 2, 25, state="idle"), counted("api", 9, 9))),
        (SHOP, "database_connection", "rollback_workload"),
    ),
]
NOTHING = ("rollback_workload",)
DOES_NOT_HOLD = [
    DoesNotHold("it had as many before", filled(held=(counted("shop", 70, 85), counted("api", 9, 9))), harmful=NOTHING),
    DoesNotHold(
        "they rose before it was released",
        filled(held=(counted("shop", 10, 85, 2400), counted("api", 9, 9))),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "they rose long after it was released",
        filled(held=(counted("shop", 10, 85, 700), counted("api", 9, 9)), released=3000),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "nobody knows how many it had when it was released",
        filled(released=4000),
        harmful=NOTHING,
    ),
    DoesNotHold("it was released last week", filled(released=7 * DAY), harmful=NOTHING),
    DoesNotHold(
        "the other client's grew as well",
        filled(held=(counted("shop", 10, 60), counted("api", 9, 39))),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "the other client has most of them",
        filled(held=(counted("shop", 5, 40), counted("api", 55, 55))),
        harmful=NOTHING,
    ),
    DoesNotHold("it gets twice as many requests", filled(rate("shop", 50, 100, 1700)), harmful=NOTHING),
    DoesNotHold(
        "it has more replicas than before",
        filled(figure("replicas_wanted", 2, 8, 1700, component="shop")),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "the database told of locks before they rose",
        filled(told=(log("postgres-0", *[LOCKED] * 30, since=2400),)),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "the database told of slow statements before they rose",
        filled(told=(log("postgres-0", *[SLOW] * 30, since=2400),)),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "it has twice as many: those of the pods before it may linger",
        filled(held=(counted("shop", 41, 83), counted("api", 9, 9))),
        harmful=NOTHING,
    ),
    DoesNotHold("its caller gets twice as many requests", filled(rate("web", 50, 100, 1700)), harmful=NOTHING),
    DoesNotHold(
        "all that its release changed is how much of a processor it asks for",
        filled(before={"resources": {"requests": {"cpu": "1"}}}),
        harmful=NOTHING,
    ),
    DoesNotHold(
        "the database was released in the same minutes",
        filled(also=({"before": OLD, "released": 1750},)),
        harmful=NOTHING,
    ),
]
