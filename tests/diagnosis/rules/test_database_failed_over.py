"""Clients with sessions to the former primary are restarted; those that came after the failover are not."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import log, pod, postgres, snapshot, workload

LINES = (
    "ERROR: cannot execute INSERT in a read-only transaction",
    "ERROR 1290 (HY000): The MySQL server is running with the --read-only option so it cannot execute this",
    "org.postgresql.util.PSQLException: SQLSTATE 25006",
)
PHP = (
    "SQLSTATE[HY000]: General error: 1290 The MySQL server is running with the "
    "--super-read-only option so it cannot execute this statement"
)

HOLDS = [
    *(
        Holds(
            f"writes are refused: {line}",
            snapshot(
                shop(env=URL),
                postgres(),
                logs=[log(pod("shop"), line), log("postgres-0", "LOG:  received promote request")],
            ),
            (SHOP, "database_connection", "restart_workload"),
            excludes=no("rollback_workload", at=SHOP),
        )
        for line in LINES
    ),
    Holds(
        "a new primary of MongoDB was elected",
        snapshot(
            workload("mongo", "mongo:7", kind="StatefulSet", pods=3, port=27017),
            workload("api", env={"MONGO": "mongodb://mongo-0.mongo,mongo-1.mongo"}),
            figures=[errors("api", 0.6)],
            logs=[
                log("mongo-1", "REPL election succeeded, new primary elected", of="mongo", since=700),
                *logs("api", "MongoServerError: not primary", since=650),
            ],
        ),
        (API, "database_connection", "restart_workload"),
        harmful=("rollback_workload",),
    ),
    Holds(
        "nobody saw the failover, and MySQL is read-only for a client",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306),
            workload("api", env={"DB_HOST": "mysql"}, pods=3),
            figures=[errors("api", 0.5)],
            logs=logs("api", PHP),
        ),
        (API, "database_connection", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "clients that came after it fail as well",
        snapshot(
            shop(env=URL, started=300),
            postgres(),
            logs=[log(pod("shop"), LINES[0]), log("postgres-0", "LOG:  received promote request", since=1800)],
        ),
    ),
]
