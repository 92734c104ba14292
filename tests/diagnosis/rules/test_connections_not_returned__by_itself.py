"""Who holds a connection and waits for another: its pool tells not how long, or a usual rush brings it to light."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CALLS_CART, DB, IMAGE, SHOP, URL, errors, latency, pool, rate, shop
from tests.diagnosis.rules.test_connections_not_returned import twice
from tests.diagnosis.rules.tiny import (
    DAY,
    figure,
    log,
    pod,
    postgres,
    redis,
    secret_key,
    series,
    snapshot,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

SQLX = "ERROR accrue failed: pool timed out while waiting for an open connection"
KNEX = "KnexTimeoutError: Knex: Timeout acquiring a connection. The pool is probably full."
PRISMA = (
    "Timed out fetching a new connection from the connection pool."
    " (Current connection pool timeout: 10, connection limit: 10)"
)
PATIENCE = {**URL, "DB_ACQUIRE_TIMEOUT_SECS": "30"}
HIDDEN = {"DATABASE_URL": secret_key("db", "url"), "DB_POOL_TIMEOUT": "30"}
BESIDE = {**PATIENCE, **CALLS_CART, "REDIS_URL": "redis://redis:6379/0"}


def climbs(before: float, now: float, steps: int = 60) -> tuple[str, Series]:
    """Return the requests of a shop that grow evenly in an hour."""
    times = (now / before) ** (1 / steps)
    return "request_rate", series(
        {"component": "shop"}, *((3600 - n * 3600 / steps, before * times**n) for n in range(steps + 1))
    )


def held(
    *beside: Any,
    line: str = SQLX,
    first: str = "",
    asked: tuple[str, Series] | None = None,
    lasts: float = 28,
    taken: int = 10,
    pools: bool = True,
    by_user: bool = False,
    figures: Any = (),
    **made: Any,
) -> Snapshot:
    """Return a shop released 45 minutes ago, whose sessions all idle in transactions since ten while it waits."""
    states = {"idle": (20, 0), "active": (1, 0), "idle in transaction": (0, 20)}
    counted = [
        figure("db_connections_by_state", was, now, 600, component="postgres", state=state)
        for state, (was, now) in states.items()
    ]
    users = [
        figure("db_connections_by_client", was, now, 600, component="postgres", user="shop", state=state)
        for state, (was, now) in states.items()
    ]
    return snapshot(
        shop(**({"env": PATIENCE, "before": IMAGE, "released": 2700} | made)),
        *(beside or (postgres(),)),
        logs=[log(pod("shop", n), *([first] if first else []), *[line] * 30, since=570) for n in range(2)],
        figures=[
            errors("shop"),
            asked or rate("shop", 50, 50),
            *(pool(pod("shop", n), *[2] * 50, *[taken] * 10, since=3540) for n in range(2) if pools),
            *counted,
            *(users if by_user else []),
            figure("db_transaction_age_by_state", 0.03, lasts, 600, component="postgres", state="idle in transaction"),
            *figures,
        ],
    )


def asks(*figures: Any, env: Any = BESIDE, **cart: Any) -> Snapshot:
    """Return a shop that asks a cart and a cache as well."""
    return held(postgres(), redis(), workload("cart", **cart), env=env, figures=figures)


def by_client(idle: float, in_transaction: float, **rest: Any) -> Snapshot:
    """Return the same shop beside a report whose sessions are in the other one of two states, each counted by name."""
    told = [("shop", "idle", idle), ("shop", _OPEN, in_transaction), ("report", "idle", in_transaction)]
    figures = [
        figure("db_connections_by_client", count, count, 600, component="postgres", client=client, state=state)
        for client, state, count in (*told, ("report", _OPEN, idle), ("shop", "active", 1))
    ]
    return held(postgres(), workload("report", env=URL), figures=figures, **rest)


def nests(times: float, **made: Any) -> Snapshot:
    """Return a shop whose traces show a transaction within one, and whose requests grew evenly in an hour."""
    world, (signal, asked) = twice(**made), climbs(8, 8 * times)
    return replace(world, metrics={**world.metrics, signal: (asked,)})


_OPEN = "idle in transaction"
NAMED = figure("db_connections_by_client", 20, 20, component="postgres", client="shop")
QUICK = latency("cart", 0.2, 0.2)
HOLDS = [
    Holds(
        f"its connections wait for the pool they are of: {what}",
        world,
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("scale_database", at=DB),
        harmful=("scale_database", "scale_workload", "restart_workload"),
    )
    for what, world in (
        ("a setting tells how long it waits", held()),
        ("a setting in thousandths does", held(line=KNEX, env={**URL, "KNEX_ACQUIRE_CONNECTION_TIMEOUT": "30000"})),
        ("its first line does", held(env=URL, first='INFO pool ready {"max": 10, "acquire_timeout_secs": 30}')),
        ("an option of its command does", held(env=URL, args=["--db-pool-timeout=30s"])),
        ("the words of one that waits for ten seconds do", held(line=PRISMA, env=URL, lasts=9.4)),
        ("a Secret keeps the address of its database", held(env=HIDDEN)),
        ("its sessions are counted by their user alone", held(postgres(), workload("web"), pools=False, by_user=True)),
        ("whom else it asks is measured, and quick", asks(QUICK)),
        ("its requests grew fourfold, evenly", held(asked=climbs(8, 32))),
        ("they grew threefold, evenly, and traces and figures show it", nests(3)),
        ("the database counts those as its own, beside another's", by_client(0, 20)),
        ("the database counts by client, and not in which state", held(figures=[NAMED])),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"all its sessions idle in transactions, and {what}", world, (), harmful=("rollback_workload",))
        for what, world in (
            ("nothing tells how long its pool waits", held(env=URL)),
            ("two settings tell it, and not alike", held(env={**PATIENCE, "REPORTS_DB_POOL_TIMEOUT": "5"})),
            ("it is the pool of a web client that waits so long", held(env={**URL, "HTTP_POOL_TIMEOUT": "30"})),
            ("it is a lock that is waited for so long", held(env={**URL, "LOCK_ACQUIRE_TIMEOUT": "30"})),
            ("its requests grew fourfold at once long before", held(asked=rate("shop", 8, 32, 2400))),
            ("they last far longer than its pool waits", held(lasts=240)),
            ("they last far shorter than its pool waits", held(lasts=4)),
            ("its pools have far more taken than those", held(taken=20)),
            ("whom else it asks takes long", asks(latency("cart", 9, 9))),
            ("whom else it asks is not measured", asks()),
            ("whom else it asks lacks a pod", asks(QUICK, ready=1)),
            ("whom else it asks fails", asks(QUICK, errors("cart"))),
            (
                "it asks somebody outside as well",
                held(env={**PATIENCE, "PAY_URL": "https://api.pay.example/v3"}),
            ),
            ("those are another's, and its own idle outside", by_client(20, 0)),
            ("those are another's, and its pools are not measured", by_client(20, 0, pools=False)),
            ("its requests grew threefold, evenly, and traces alone show it", nests(3, states=False)),
            ("they grew threefold, evenly, and transactions were as long before", nests(3, lasted=25)),
            ("a Secret keeps whom else it asks", held(env={**PATIENCE, "PAY_URL": secret_key("pay", "url")})),
            (
                "of two databases nobody knows which a Secret means",
                held(postgres(), postgres("ledger-db"), env=HIDDEN),
            ),
        )
    ),
    *(
        DoesNotHold(
            f"all its sessions idle in transactions, and {what}",
            world,
            ("scale_workload",),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("its requests grew tenfold, evenly", held(asked=climbs(5, 50))),
            ("they grew fourfold at once", held(asked=rate("shop", 8, 32, 660))),
            ("they grew fourfold, and the release before served for days only", held(asked=climbs(8, 32), age=3 * DAY)),
        )
    ),
]
