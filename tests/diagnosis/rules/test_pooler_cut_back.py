"""Clients queue for a pooler that was given fewer sessions: its template before is right, unless more changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, at, figure, log, pod, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

POOLER = "Deployment/pooler"
URL = {"DATABASE_URL": "postgres://shop@pooler:6432/shop"}
WAITED = "WARNING C-0x7fda6b48f473: shop/shop@10.42.1.14:41571 pooler error: query_wait_timeout"
TOLD = "psycopg.errors.ProtocolViolation: query_wait_timeout"
ZALANDO = ({"DEFAULT_SIZE": "15", "MAX_DB_CONN": "30"}, {"DEFAULT_SIZE": "3", "MAX_DB_CONN": "6"})
BITNAMI = ({"PGBOUNCER_DEFAULT_POOL_SIZE": "40"}, {"PGBOUNCER_DEFAULT_POOL_SIZE": "4"})
OPEN = ({"POOL_MODE": "session"}, {"POOL_MODE": "session", "MAX_DB_CONNECTIONS": "5"})
ROOM = [
    figure("db_connections", 29, 12, component="postgres"),
    figure("db_max_connections", 200, 200, component="postgres"),
]


def pooler(before: Mapping[str, str], now: Mapping[str, str], *, released: float = 900, **more: Any) -> list[Obj]:
    """Return a pooler whose release changed its settings, and whose pods came with it."""
    host = {"DB_HOST": "postgres"}
    was: dict[str, Any] = {"env": {**host, **before}, **more.pop("older", {})}
    image = more.pop("image", "edoburu/pgbouncer:v1.23.1")
    env = {**host, **now}
    return workload("pooler", image, port=6432, env=env, before=was, released=released, started=released - 10, **more)


def stats(wait: int, number: int = 0, since: float = 840) -> Log:
    line = (
        f"[1] LOG stats: 4 xacts/s, 120 queries/s, 0 client parses/s, in 9 B/s, out 9 B/s, "
        f"xact 900000 us, query 26000 us, wait {wait} us"
    )
    return log(pod("pooler", number), *[line] * 14, since=since)


def edited(age: float, field: str = "f:connectionPooler") -> Obj:
    """Return the object by which an operator makes a pooler, of which somebody wrote a field."""
    made = thing("postgresql", "postgres", written=age)
    made["metadata"]["managedFields"][0] |= {
        "fieldsV1": {"f:spec": {field: {"f:maxDBConnections": {}}}},
        "time": at(age),
    }
    return made


SAID = logs("shop", TOLD, 0, 1, since=700)
QUEUE = (stats(9_000_000), stats(9_000_000, 1))


def world(*of: Any, told: Any = (*QUEUE, *SAID), figures: Any = ROOM, client: Any = None) -> Snapshot:
    return snapshot(
        client or shop(env=URL), postgres(), *of, figures=[*figures, errors("shop", 0.3, since=720)], logs=list(told)
    )


BACK = (POOLER, "configuration_error", "rollback_workload")
HOLDS = [
    Holds(
        "an operator wrote fewer sessions an instance, since somebody wrote fewer of all",
        world(pooler(*ZALANDO), edited(903)),
        BACK,
        excludes=(
            *no("restart_workload", "scale_workload", "rollback_workload", at=SHOP),
            *no("restart_workload", "scale_database", at=DB),
            *no("restart_workload", at=POOLER),
        ),
        alone=True,
        harmful=("restart_workload", "scale_workload", "scale_database"),
        sure=(0.8, 1.0),
    ),
    Holds(
        "its own log tells of those alone whom it let wait for too long",
        world(pooler(*BITNAMI, image="bitnami/pgbouncer:1.23"), told=[log(pod("pooler"), *[WAITED] * 9, since=700)]),
        BACK,
        alone=True,
    ),
    Holds(
        "figures alone tell who waits",
        world(
            pooler(*BITNAMI),
            told=SAID,
            figures=[*ROOM, figure("pool_waiting", 0, 44, 860, component="pooler")],
        ),
        BACK,
    ),
    Holds(
        "as many as were asked for were opened before, and nobody knows its database",
        snapshot(
            shop(env=URL),
            pooler(*OPEN),
            figures=[errors("shop", 0.3, since=720)],
            logs=[*QUEUE, *SAID],
        ),
        BACK,
    ),
    Holds(
        "its arguments name fewer",
        world(
            workload(
                "pooler",
                "ghcr.io/postgresml/pgcat:1.2",
                port=6432,
                env={"DB_HOST": "postgres"},
                args=["--set", "pool_size=5"],
                before={"args": ["--set", "pool_size=40"], "env": {"DB_HOST": "postgres"}},
                released=900,
            ),
        ),
        BACK,
    ),
    *(
        Holds(
            f"more than that changed: {what}",
            world(*of, **more),
            (POOLER, "configuration_error", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, of, more in (
            ("its image", (pooler(*ZALANDO, older={"image": "edoburu/pgbouncer:v1.20"}),), {}),
            ("its client", (pooler(*ZALANDO),), {"client": shop(env=URL, before=IMAGE, released=780)}),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody waits",
        snapshot(shop(env=URL), postgres(), pooler(*ZALANDO), figures=ROOM, logs=[stats(90), stats(80, 1)]),
    ),
    *(
        DoesNotHold(
            f"clients wait, and its release did not lower how many sessions it opens: {what}",
            world(pooler(before, now)),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, before, now in (
            ("it raised them", ZALANDO[1], ZALANDO[0]),
            ("it keeps fewer at least", {"MIN_POOL_SIZE": "7"}, {"MIN_POOL_SIZE": "1"}),
            ("it lowered one number and raised another", ZALANDO[0], {"DEFAULT_SIZE": "10", "MAX_DB_CONN": "60"}),
            ("one is told now that was not before", {}, {"DEFAULT_POOL_SIZE": "20"}),
            ("as many as are asked for", {"MAX_DB_CONNECTIONS": "30"}, {"MAX_DB_CONNECTIONS": "0"}),
        )
    ),
    DoesNotHold(
        "clients waited before it",
        world(pooler(*ZALANDO), told=[*QUEUE, *logs("shop", TOLD, 0, 1, since=2400)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it was released days ago, and served well with as many",
        world(pooler(*ZALANDO, released=5 * 86400)),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the database is full, and fewer sessions may be there to spare it",
        world(
            pooler(*ZALANDO),
            figures=[
                figure("db_connections", 29, 99, component="postgres"),
                figure("db_max_connections", 100, 100, component="postgres"),
            ],
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "twice as much is asked as before",
        world(pooler(*ZALANDO), figures=[*ROOM, rate("shop", 50, 120, since=700)]),
        harmful=("rollback_workload",),
    ),
]
