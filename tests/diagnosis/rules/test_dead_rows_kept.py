"""Whoever keeps a transaction open for hours is found; those that read over the dead rows are left alone."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, DB, SHOP, URL, errors, ingress, latency, logs, shop
from tests.diagnosis.rules.tiny import Obj, database, figure, log, postgres, session, snapshot, workload

KEPT = "tuples: 0 removed, 41880312 remain, 41790021 are dead but not yet removable, oldest xmin: 881231"
VERBOSE = "DETAIL:  8811920 dead row versions cannot be removed yet, oldest xmin: 88123114"
FEW = "tuples: 90000000 removed, 412 remain, 12 are dead but not yet removable"
SLOW = "LOG:  duration: 11865.118 ms  execute <unnamed>: SELECT id FROM jobs WHERE state = 'available' LIMIT 10"
BOOKS = "Deployment/books"
OPEN: dict[str, Any] = {"age_s": 50_000.0, "query": "SELECT * FROM samples"}


def books() -> list[Obj]:
    return workload("books", "quay.io/jupyter/scipy-notebook:1", pods=1, env=URL)


HOLDS = [
    Holds(
        "a notebook keeps a transaction open for days",
        snapshot(
            shop(env=URL),
            books(),
            postgres(),
            logs=[log("postgres-0", *[KEPT, SLOW] * 9)],
            databases=[database(session(BOOKS, "idle in transaction", 1, **OPEN), session(SHOP, "active", 9, age_s=4))],
        ),
        (BOOKS, "database_connection", "page_human"),
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
        alone=True,
        sure=(0.7, 1.0),
    ),
    Holds(
        "a service that users need forgot one",
        snapshot(
            workload("api", env=URL),
            shop(env=URL),
            postgres(),
            ingress("api", "api.town.example"),
            figures=[latency("shop")],
            logs=[log("postgres-0", *[VERBOSE] * 3)],
            databases=[database(session(API, "idle in transaction", 1, **OPEN), session(SHOP, "active", 5, age_s=2))],
        ),
        (API, "database_connection", "restart_connection_pool"),
        excludes=no("rollback_workload", at=API),
    ),
    Holds(
        "nobody read whose session it is; the exporter tells its age",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
            workload("api", env={"DB_HOST": "mysql"}),
            figures=[figure("db_transaction_age", 86_000, 89_600, component="mysql"), errors("api")],
            logs=[log("mysql-0", "History list length 9211034")],
        ),
        ("StatefulSet/mysql", "database_connection", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "an old transaction that keeps hardly any row",
        snapshot(
            books(),
            postgres(),
            logs=[log("postgres-0", *[FEW] * 9)],
            databases=[database(session(BOOKS, "idle in transaction", 1, **OPEN))],
        ),
    ),
    DoesNotHold(
        "many dead rows, and no transaction that is old",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[log("postgres-0", *[KEPT, SLOW] * 9)],
            databases=[database(session(SHOP, "active", 9, age_s=4))],
        ),
    ),
    DoesNotHold(
        "a replica's session is as old, and keeps no rows",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[log("postgres-0", *[KEPT, SLOW] * 9)],
            databases=[database(session("", "active", 1, age_s=900_000, query='START_REPLICATION SLOT "r" 3/0'))],
        ),
    ),
    DoesNotHold(
        "nobody suffers from it yet",
        snapshot(
            books(),
            shop(env=URL),
            postgres(),
            logs=[log("postgres-0", KEPT), *logs("shop", "order saved")],
            databases=[database(session(BOOKS, "idle in transaction", 1, **OPEN))],
        ),
    ),
]
