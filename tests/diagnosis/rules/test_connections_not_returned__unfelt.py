"""Transactions that a program leaves open since a moment at which no release came: nobody feels it until it is full."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, DB, IMAGE, SHOP, URL, errors, latency, logs, pool
from tests.diagnosis.rules.test_connections_not_returned__amid_calls import CRM
from tests.diagnosis.rules.test_connections_not_returned__transactions import (
    AT_ONCE,
    HIKARI,
    LOCKED,
    OTHER,
    PAYS,
    PG,
    RAILS,
    SILENT,
    STEPPED,
    left,
    tells,
)
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, postgres, workload
from tuheg_ir.diagnosis.model import Snapshot

LOST = "WARN invoice %d: early exit, session never released (db_pool in_use=%d/10)"
QUICK = (1, 1, 1, 1, 1, 1, 1, 2, 8, *[10] * 7)
TURNS = (*range(1, 11), 6, 10, 5, 10, 7, 10)
LARGE = (2, 2, 1, 4, 7, 11, 15, 18, 22, 26, 29, 30, 30, 30, 29, 30)
OF: dict[str, Any] = {"component": "postgres"}
GIVEN_UP = "ERROR GET http://shop:8080/orders: net/http: request canceled (Client.Timeout exceeded)"
WEB = workload("web", env={"SHOP_URL": "http://shop:8080"})


def old(*others: Any, **rest: Any) -> Snapshot:
    """Return a shop that nobody released for days, whose pools lose one connection after the other, and which fails."""
    return left(*others, **{"before": None, "age": 9 * DAY} | rest)


def by_client(name: str, count: float = 20) -> Any:
    return figure("db_connections_by_client", 0, count, 900, **OF, client=name, state="idle in transaction")


def aged(seconds: float, name: str = "shop") -> Any:
    return figure("db_transaction_age_by_client", 0, seconds, 900, **OF, client=name, state="idle in transaction")


def untold(world: Snapshot) -> Snapshot:
    """Return a world whose database does not tell how old the oldest transaction of each state is."""
    kept = {name: each for name, each in world.metrics.items() if name != "db_transaction_age_by_state"}
    return replace(world, metrics=kept)


def climbing(counts: tuple[int, ...], steps: list[tuple[float, float]], **rest: Any) -> Snapshot:
    return old(counts=counts, steps=steps, **rest)


SIXTY = [(3600.0, 3.0), (2600.0, 9.0), (2000.0, 25.0), (1500.0, 44.0), (1100.0, 58.0), (900.0, 60.0)]
ONE = pool(pod("shop"), *STEPPED, since=3300)
TEN = [(3600.0, 0.0), (900.0, 10.0)]
POOL = (SHOP, "database_connection", "restart_connection_pool")
HARM = ("restart_connection_pool", "rollback_workload")

HOLDS = [
    *(
        Holds(
            f"no release came, and each pool loses one after the other: {what}",
            world,
            POOL,
            excludes=(*no("rollback_workload", at=SHOP), *no("scale_database", at=DB)),
            harmful=("scale_database", "scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("knex", old()),
            ("psycopg", old(line=PG)),
            ("Hikari", old(line=HIKARI)),
            ("Rails", old(line=RAILS)),
            ("another program uses the database as well", old(postgres(), OTHER)),
            ("the database counts them by client", old(postgres(), OTHER, figures=[by_client("shop")])),
            (
                "figures tell by client alone how old they are",
                untold(old(postgres(), OTHER, figures=[by_client("shop"), aged(3000)])),
            ),
            ("it asks somebody outside too, who answers others", old(beside=[CRM], env=PAYS)),
            ("pools of thirty", climbing(LARGE, SIXTY)),
            ("its last release was a week ago", old(before=IMAGE, released=7 * DAY, age=30 * DAY)),
        )
    ),
    Holds(
        "its own log tells of each session that it never gave back, and no release came",
        old(said=[log(pod("shop", 1), *(LOST.replace("%d", str(n)) for n in range(1, 11)), since=2400)], counts=None),
        POOL,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("scale_database", "scale_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(f"no release came, and {what}", world, harmful=HARM)
    for what, world in (
        ("nobody counts its pools", old(counts=None)),
        (
            "one of its pools is not counted",
            old(steps=TEN, counts=None, figures=[pool(pod("shop"), *STEPPED, since=3300)]),
        ),
        ("they are taken all at once: they hang", climbing(QUICK, AT_ONCE)),
        ("they are given back, and taken again", old(counts=TURNS)),
        ("each of the transactions ends within a minute", old(oldest=40)),
        ("nobody tells how old any of the transactions is", untold(old(oldest=40))),
        (
            "those of its own are young, and nobody tells the age of all",
            untold(old(postgres(), OTHER, figures=[by_client("shop"), aged(40)])),
        ),
        ("its sessions do not idle in transactions", old(steps=[(3600.0, 1.0), (900.0, 2.0)])),
        ("fewer idle so than its pools have taken", old(steps=[(3600.0, 1.0), (900.0, 12.0)])),
        ("as many idled so before", old(steps=[(3600.0, 19.0), (900.0, 20.0)])),
        ("twice as many idle so: they may be of another", old(postgres(), OTHER, steps=[(3600.0, 1.0), (900.0, 40.0)])),
        ("those who idle so are another's", old(postgres(), OTHER, figures=[by_client("crm"), by_client("shop", 1)])),
        ("somebody waits for a lock", old(more=LOCKED)),
        ("another one waits for a lock", old(postgres(), OTHER, said=logs("crm", LOCKED, since=900))),
        ("its release of two hours ago may have brought it", old(before=IMAGE, released=7200, age=4 * 3600)),
        ("much more is asked of it", old(to=150)),
        ("its users waited before its pools were empty", old(figures=[latency("shop", since=2900)])),
        ("its users failed before its pools were empty", old(figures=[errors("shop", since=2900)])),
        ("who asks it gave up before its pools were empty", old(beside=[WEB], said=logs("web", GIVEN_UP, since=2900))),
        (
            "whom it asks within its transactions is slow",
            old(
                figures=[
                    figure("dependency_latency_p95", 0.1, 8.0, 3000, component="shop", dependency="api.pay.example")
                ]
            ),
        ),
        (
            "whom it asks within its transactions is ill",
            old(postgres(), workload("cart"), env={**URL, **CALLS_CART}, figures=[errors("cart", since=3000)]),
        ),
        ("whom it asks outside answers nobody else either", old(beside=[CRM], env=PAYS, said=tells(SILENT))),
        ("nobody waits for a connection", old(line="INFO order stored")),
    )
]
