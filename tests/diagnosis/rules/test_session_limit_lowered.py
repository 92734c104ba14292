"""The database allows fewer sessions than before; no client can raise that."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import DB, FATAL, REFUSED, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    database,
    figure,
    log,
    pod,
    postgres,
    secret_key,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.model import Snapshot

TAKEN = [database(session(SHOP, "idle", 30), session(SHOP, "active", 8), most=40)]
READS: dict[str, Any] = {"volumes": [{"name": "c", "configMap": {"name": "pg"}}]}
LOWERED: dict[str, Any] = {"args": ["-c", "max_connections=40"], "before": {"args": ["-c", "max_connections=200"]}}
BY_HAND = (DB, "configuration_error", "page_human")
IN_A_MAP = ("ConfigMap/pg", "configuration_error", "page_human")


def settings(most: int, written: float) -> Obj:
    return thing("ConfigMap", "pg", written=written, data={"postgresql.conf": f"max_connections = {most}\n"})


RAISED: dict[str, Any] = {
    "args": ["-c", "max_connections=40", "-c", "work_mem=4"],
    "before": {"args": ["-c", "max_connections=20", "-c", "work_mem=64"]},
}
POOLED = {"DATABASE_URL": "postgres://shop@pooler:6432/shop"}
NO_MORE = "psycopg.OperationalError: FATAL: no more connections allowed (max_client_conn)"


def pooler(before: str, now: str, released: float = 900) -> list[Obj]:
    """Return a pooler whose release changed how many clients it lets in ("": its default)."""
    envs = [{"POOL_MODE": "transaction", **({"MAX_CLIENT_CONN": most} if most else {})} for most in (before, now)]
    image = "edoburu/pgbouncer:v1.23.1"
    return workload("pooler", image, port=6432, env=envs[1], before={"env": envs[0]}, released=released)


SECRET = {"DSN": secret_key("db")}
REFUSES = "OperationalError: connection failed: FATAL:  sorry, too many clients already"


def at_a_start(
    most: int = 40, cart: float = 0.3, since: float = 580, limits: Sequence[float] = (200, 40), **more: Any
) -> Snapshot:
    """Return a database that was started again, with the limit of a ConfigMap that was written two days before.

    A cart was released before that. It fails as a shop does, or since another time. ``limits``: what is measured of
    the limit, before and, one after the other, since.
    """
    before, *after = limits
    measured = [(600 - 30 * n, after[n % len(after)]) for n in range(21)]
    return snapshot(
        workload("shop", env=SECRET),
        workload("cart", env=SECRET, before={"image": "registry.example/cart:0"}, released=1500),
        postgres(spec=READS, started=600),
        settings(most, 2 * DAY),
        logs=[log(pod(name), *[REFUSES] * 9, since=570) for name in ("shop", "cart")],
        figures=[
            ("db_max_connections", series({"component": "postgres"}, (3600, before), *measured)),
            figure("db_connections", min(80, before / 2), min(after), 580, component="postgres"),
            errors("shop", 0.3, 580),
            errors("cart", cart, since),
        ],
        **more,
    )


HOLDS = [
    Holds(
        "it read at its start what a ConfigMap tells since days; a client that was released before suffers by it",
        at_a_start(),
        IN_A_MAP,
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "it is measured as what is taken and what is left, which swings by a little",
        at_a_start(most=60, limits=(200, 59.8, 60.3, 59.6)),
        IN_A_MAP,
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "it fell by a little, and is as it was set since",
        at_a_start(most=960, limits=(1000, 960)),
        IN_A_MAP,
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "it fell by a little, and a ConfigMap tells what it was before",
        at_a_start(most=1000, limits=(1000, 960)),
        BY_HAND,
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "it fell at its start, and no ConfigMap tells just that",
        at_a_start(most=200),
        BY_HAND,
        harmful=("rollback_workload",),
        alone=True,
    ),
    Holds(
        "a release of the database",
        snapshot(shop(env=URL), postgres(**LOWERED), logs=[REFUSED], databases=TAKEN),
        (DB, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a figure that fell, without a release",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[REFUSED],
            figures=[
                figure("db_max_connections", 200, 40, component="postgres"),
                figure("db_connections", 80, 39, component="postgres"),
            ],
        ),
        BY_HAND,
    ),
    Holds(
        "a ConfigMap that was written",
        snapshot(shop(env=URL), postgres(spec=READS), settings(40, 900), logs=[REFUSED], databases=TAKEN),
        IN_A_MAP,
    ),
    Holds(
        "a ConfigMap that was written, a figure that fell, and users suffer",
        snapshot(
            postgres(spec=READS, started=700),
            settings(30, 800),
            workload("api", env=URL),
            databases=[
                database(session("Deployment/api", "idle", 20), session("Deployment/api", "active", 7), most=30)
            ],
            figures=[errors("api", 0.3), figure("db_max_connections", 100, 30, 700, component="postgres")],
            logs=logs("api", FATAL),
        ),
        IN_A_MAP,
    ),
    Holds(
        "a release of the pooler, which has its default again",
        snapshot(
            shop(env=POOLED),
            postgres(),
            pooler("2000", ""),
            logs=logs("shop", NO_MORE, 0, 1),
            figures=[errors("shop", 0.4, 880)],
        ),
        ("Deployment/pooler", "configuration_error", "rollback_workload"),
        alone=True,
    ),
]
INI = "[pgbouncer]\ndefault_pool_size = 4\nreserve_pool_size = 0\n"
WAITED = "WARNING C-0x7fda6b48f473: shop/shop@10.42.1.14:41571 pooler error: query_wait_timeout"


def of_a_map(written: float) -> Snapshot:
    """Return a shop whose pooler lets it wait, and that one's ConfigMap, which says how many sessions it opens."""
    by = workload(
        "pooler",
        "edoburu/pgbouncer:v1.23.1",
        port=6432,
        env={"DB_HOST": "postgres"},
        spec={"volumes": [{"name": "c", "configMap": {"name": "pooler"}}]},
        started=min(written, 9 * DAY) - 20,
    )
    return snapshot(
        shop(env=POOLED),
        by,
        postgres(),
        thing("ConfigMap", "pooler", written=written, data={"pgbouncer.ini": INI}),
        figures=[errors("shop", 0.3, since=720)],
        logs=[log(pod("pooler"), *[WAITED] * 9, since=700), *logs("shop", "query_wait_timeout", since=700)],
    )


HOLDS += [
    Holds(
        "a ConfigMap of a pooler that says how many sessions it opens was written",
        of_a_map(900),
        ("ConfigMap/pooler", "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a ConfigMap of a pooler that says how many sessions it opens was written days ago",
        of_a_map(9 * DAY),
        ("Deployment/pooler", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "a figure of what is taken and what is left that swings",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[REFUSED],
            figures=[
                figure("db_max_connections", 608, 600, component="postgres"),
                figure("db_connections", 300, 599, component="postgres"),
            ],
        ),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "it never changed",
        snapshot(shop(env=URL), postgres(), logs=[REFUSED], databases=TAKEN),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its release raised it",
        snapshot(shop(env=URL), postgres(**RAISED), logs=[REFUSED], databases=TAKEN),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "it was lowered weeks ago, and has been enough",
        snapshot(
            shop(env=POOLED),
            postgres(),
            pooler("2000", "1000", released=20 * DAY),
            logs=logs("shop", NO_MORE, 0, 1),
            figures=[errors("shop", 0.4, 880)],
        ),
        ("Deployment/pooler", "database_connection", "page_human"),
    ),
]


def test_who_failed_long_before_has_a_reason_of_its_own() -> None:
    """A limit that fell later explains no client that fails since its own release."""
    found = {(each.component, each.remedy) for each in decide(at_a_start(since=1480)).findings}
    assert found == {("ConfigMap/pg", "page_human"), ("Deployment/cart", "rollback_workload")}
