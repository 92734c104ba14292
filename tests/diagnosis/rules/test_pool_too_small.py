"""A pool that is too small is raised, or what a release cut is given back; more replicas are not needed."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import API, DB, SHOP, URL, errors, latency, logs, shop
from tests.diagnosis.rules.tiny import database, figure, log, pod, postgres, session, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WAITS = logs("shop", "QueuePool limit of size 2 overflow 0 reached, connection timed out, timeout 30.00")
LINES = (
    "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=2, active=2)",
    "psycopg_pool.PoolTimeout: couldn't get a connection after 30.00 sec",
    "Error: timeout exceeded when trying to connect",
    "Error: Timeout - timeout exceeded when trying to acquire a connection",
)
NONE_HELD = LINES[0].replace("total=2, active=2", "total=0, active=0, idle=0, waiting=30")
KNEX = "Knex: Timeout acquiring a connection. The pool is probably full."
RAILS = "ActiveRecord::ConnectionTimeoutError (could not obtain a connection from the pool within 5.000 seconds)"
THREADS = {"PUMA_MAX_THREADS": "16"}
CUT: dict[str, Any] = {"env": {**URL, "DB_POOL_SIZE": "2"}, "before": {"env": {**URL, "DB_POOL_SIZE": "20"}}}

PAYS = {**URL, "PAY_URL": "https://api.pay.example/v3"}


def asks(line: str, since: float, whom: str = "api.pay.example") -> Snapshot:
    """Return a shop whose pool is waited for since four minutes, and somebody's answers take long since some time."""
    slow = figure("dependency_latency_p95", 0.2, 23.0, since, component="shop", dependency=whom)
    listed = database(session(SHOP, "idle in transaction", 4))
    return snapshot(
        shop(env=PAYS), postgres(), logs=logs("shop", line), figures=[errors("shop"), slow], databases=[listed]
    )


HOLDS = [
    *(
        Holds(
            f"a host outside was slow before somebody waited for a pool: {line}",
            asks(line, 700),
            (SHOP, "configuration_error", "page_human"),
            believed="outside_dependency_fails",
            harmful=("restart_connection_pool", "scale_workload", "restart_workload"),
        )
        for line in (LINES[0], LINES[1], KNEX, RAILS)
    ),
    Holds(
        "its database is slow, for which somebody waits who waits for a connection to it",
        asks(LINES[1], 700, "postgres"),
        (SHOP, "configuration_error", "page_human"),
    ),
    Holds(
        "one of four tells so alone: it has a pool like the others', so little is said for its size",
        snapshot(
            postgres(),
            workload("api", pods=4, env=URL),
            figures=[errors("api", 0.2, 680)],
            logs=logs("api", KNEX, 0, times=20, since=670),
            databases=[database(session(API, "active", 20))],
        ),
        (API, "configuration_error", "page_human"),
        sure=(0.0, 0.59),
        harmful=("restart_workload",),
    ),
    Holds(
        "a release cut it",
        snapshot(shop(**CUT), postgres(), logs=WAITS, databases=[database(session(SHOP, "active", 4))]),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release cut it, and all pods tell so while requests fail",
        snapshot(
            postgres(),
            workload("api", released=700, pods=4, **CUT),
            figures=[errors("api", 0.4, 680)],
            logs=logs("api", KNEX, *range(4), times=20, since=670),
        ),
        (API, "configuration_error", "rollback_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "a release gave each process more threads than it has connections",
        snapshot(
            postgres(),
            workload("api", released=700, env=URL | THREADS, before={"env": URL | {"PUMA_MAX_THREADS": "5"}}),
            figures=[errors("api", 0.4, 680)],
            logs=logs("api", RAILS, 0, 1, times=20, since=670),
            databases=[database(session(API, "active", 20))],
        ),
        (API, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release starts it with more workers",
        snapshot(
            shop(env=URL, args=["serve", "--workers", "40"], before={"args": ["serve", "--workers", "8"]}),
            postgres(),
            logs=WAITS,
        ),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a release gave it fewer threads",
        snapshot(
            postgres(),
            workload("api", released=700, env=URL | THREADS, before={"env": URL | {"PUMA_MAX_THREADS": "32"}}),
            logs=logs("api", RAILS, times=20, since=670),
        ),
        (API, "configuration_error", "page_human"),
    ),
    Holds(
        "it got more threads hours before",
        snapshot(
            postgres(),
            workload("api", released=3 * 3600, env=URL | THREADS, before={"env": URL | {"PUMA_MAX_THREADS": "5"}}),
            logs=logs("api", RAILS, times=20, since=670),
        ),
        (API, "configuration_error", "page_human"),
    ),
    *(
        Holds(
            f"no release cut it: {line}",
            snapshot(
                shop(env=URL), postgres(), logs=logs("shop", line), databases=[database(session(SHOP, "idle", 4))]
            ),
            (SHOP, "configuration_error", "page_human"),
        )
        for line in LINES
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its pool holds no connection at all, and waits for a database that is not there",
        snapshot(shop(env=URL), logs=logs("shop", NONE_HELD, 0, 1, times=20, since=500), figures=[errors("shop")]),
        (SHOP, "unknown", "page_human"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the complaints are of a trouble before, and requests are slow since then",
        snapshot(
            shop(env=URL),
            postgres(),
            figures=[latency("shop", since=240)],
            logs=[log(pod("shop"), *[LINES[1]] * 9, *["GET / 200"] * 20, since=240)],
            databases=[database(session(SHOP, "idle", 4))],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the complaints were over before requests became slow",
        snapshot(
            shop(env=URL),
            postgres(),
            figures=[latency("shop", since=300)],
            logs=[log(pod("shop"), *[LINES[1]] * 9, *["GET / 200"] * 60, since=600)],
            databases=[database(session(SHOP, "idle", 4))],
        ),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the database itself is full",
        snapshot(shop(env=URL), postgres(), logs=WAITS, databases=[database(session(SHOP, "active", 97))]),
        (DB, "database_connection", "page_human"),
    ),
]
