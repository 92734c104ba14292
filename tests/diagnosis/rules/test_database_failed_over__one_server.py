"""A client that was made to name one server alone, and found the one that leads before, gets its template before.

Whoever named one server, or any, all along is for a person: its release brought nothing of it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, log, postgres, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

READONLY = "ReplyError: READONLY You can't write against a read only replica."
MASTER = "1:M * MASTER MODE enabled (user request from 'id=31 addr=10.42.7.15:39008')"
SENTINELS = {"REDIS_MODE": "sentinel", "REDIS_SENTINELS": "redis-0.redis:26379,redis-1.redis:26379"}
WATCHED = {"REDIS_URL": "redis+sentinel://sentinel:26379/mymaster"}
ONE = {"REDIS_MODE": "standalone", "REDIS_HOST": "redis-0.redis"}
MOVED = log("redis-1", MASTER, since=900)


def of_redis(
    env: dict[str, str], before: dict[str, Any], *told: Log, refused: bool = True, released: float = 4 * DAY
) -> Snapshot:
    """Return a shop that was released four days ago, and that its cache refuses for a quarter of an hour."""
    return snapshot(
        shop(env=env, before=before, released=released),
        workload("redis", "redis:7", kind="StatefulSet", pods=3, port=6379),
        workload("sentinel", "redis:7", port=26379, env={"REDIS_HOST": "redis"}),
        figures=[errors("shop", 0.4, since=880)] if refused else [],
        logs=[*(logs("shop", READONLY, 0, 1, since=880) if refused else ()), *told],
    )


def of_mongo(env: dict[str, str], before: dict[str, Any]) -> Snapshot:
    return snapshot(
        workload("mongo", "mongo:7", kind="StatefulSet", pods=3, port=27017),
        workload("api", env=env, before=before, released=9 * DAY),
        figures=[errors("api", 0.6, since=640)],
        logs=[
            log("mongo-1", "REPL election succeeded, new primary elected", of="mongo", since=700),
            *logs("api", "MongoServerError: not primary", 0, 1, since=650),
        ],
    )


def of_postgres(env: dict[str, str], before: dict[str, Any], *, started: float | None = None) -> Snapshot:
    """Return a shop whose writes a former primary refuses; its database has a Service that leads to the primary."""
    return snapshot(
        shop(env=env, before=before, released=2 * DAY, started=started),
        postgres(pods=2),
        service_for("postgres-rw", selector={"app": "postgres", "role": "primary"}, port=5432),
        figures=[errors("shop", 0.5, since=880)],
        logs=[
            *logs("shop", "ERROR: cannot execute INSERT in a read-only transaction", 0, 1, since=880),
            log("postgres-1", "LOG:  received promote request", since=900),
        ],
    )


PRIMARY = {"DB_HOST": "postgres-rw"}
BACK = (SHOP, "configuration_error", "rollback_workload")
BY_HAND = (SHOP, "database_connection", "page_human")
RENEW = (SHOP, "database_connection", "restart_workload")
MONGO = {"MONGO_URL": "mongodb://mongo-0.mongo:27017,mongo-1.mongo:27017/shop"}
HOLDS = [
    *(
        Holds(
            f"a release of days ago made it name one server of a Redis, and it {what}",
            of_redis(ONE, {"env": before}, MOVED),
            BACK,
            excludes=no("restart_workload", "restart_connection_pool", "scale_workload", at=SHOP),
            harmful=("restart_workload", "restart_connection_pool"),
            alone=True,
            sure=(0.75, 1.0),
        )
        for what, before in (("asked the Sentinels before", SENTINELS), ("asked one Sentinel before", WATCHED))
    ),
    Holds(
        "nobody tells of another primary",
        of_redis(ONE, {"env": SENTINELS}),
        BACK,
        sure=(0.6, 0.8),
    ),
    Holds(
        "of three servers of a MongoDB it names one since its release",
        of_mongo({"MONGO_URL": "mongodb://mongo-0.mongo:27017/shop"}, {"env": MONGO}),
        (API, "configuration_error", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "it named the Service of the primary of PostgreSQL before",
        of_postgres({"DB_HOST": "postgres-0.postgres"}, {"env": PRIMARY}),
        BACK,
        alone=True,
    ),
    Holds(
        "all its pods are younger than the failover, and name the former primary of PostgreSQL all the same",
        of_postgres({"DB_HOST": "postgres-0.postgres"}, {"env": PRIMARY}, started=300),
        BACK,
        alone=True,
    ),
    Holds(
        "the same release brought another image: a person undoes what it set alone",
        of_redis(ONE, {"env": SENTINELS, **IMAGE}, MOVED),
        (SHOP, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
HOLDS += [
    Holds(
        f"it names one server, and its release brought nothing of that: {what}",
        of_redis(env, {"env": before}, MOVED),
        BY_HAND,
        harmful=("rollback_workload", "restart_workload"),
    )
    for what, env, before in (
        ("another setting changed", {**ONE, "BASKET_TTL": "60"}, {**ONE, "BASKET_TTL": "30"}),
        ("it named another one alone", ONE, {**ONE, "REDIS_HOST": "redis-2.redis"}),
        ("it named any of them", ONE, {**ONE, "REDIS_HOST": "redis"}),
    )
]
HOLDS += [
    Holds(
        "it asks the Sentinels since its release, and named one server before",
        of_redis(SENTINELS, {"env": ONE}, MOVED),
        RENEW,
        harmful=("rollback_workload",),
    ),
    Holds(
        "it names one server of a cache since its release, as a host for reads, and the Sentinels for the rest",
        of_redis({**SENTINELS, "REDIS_READ_HOST": "redis-2.redis"}, {"env": SENTINELS}, MOVED),
        RENEW,
        harmful=("rollback_workload",),
    ),
]
HOLDS += [
    Holds(
        f"the one server it asks was started anew {what}, and refuses writes since, beside another one",
        snapshot(
            shop(env={"REDIS_HOST": "redis"}),
            workload("redis", "redis:7", kind="StatefulSet", pods=1, port=6379, started=started),
            workload("redis-replica", "redis:7", port=6379, env={"REDIS_HOST": "redis"}),
            figures=[errors("shop", 0.4, since=880)],
            logs=logs("shop", READONLY, 0, 1, since=880),
        ),
        (SHOP, "database_connection", remedy),
        harmful=("rollback_workload",) if remedy == "restart_workload" else ("rollback_workload", "restart_workload"),
    )
    for what, started, remedy in (
        ("just before", 900.0, "page_human"),
        ("hours before", 9000.0, "restart_workload"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it names one server alone since its release, and that one leads",
        of_redis(ONE, {"env": SENTINELS}, refused=False),
        harmful=("rollback_workload",),
    ),
]
