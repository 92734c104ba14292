"""A database, cache or broker outside the namespace: those who use it tell what it lacks."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, FATAL, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import postgres, snapshot

FAR = {"DATABASE_URL": "postgres://shop@db.far.example:5432/shop"}
REDIS = {"REDIS_URL": "redis://cache.far.example:6379"}
FULL = "redis.exceptions.OutOfMemoryError: OOM command not allowed when used memory > 'maxmemory'."

HOLDS = [
    Holds(
        "a database that is full",
        snapshot(shop(env=FAR), logs=logs("shop", FATAL), figures=[errors("shop")]),
        (SHOP, "database_connection", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a cache that is full",
        snapshot(shop(env=REDIS), logs=logs("shop", FULL), figures=[errors("shop")]),
        (SHOP, "resource_exhaustion", "page_human"),
        harmful=("restart_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the database is here",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=logs("shop", FATAL),
            figures=[errors("shop")],
        ),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "two lines, and users are served well",
        snapshot(shop(env=FAR), logs=logs("shop", FATAL, times=2), figures=[errors("shop", 0.001)]),
    ),
]
