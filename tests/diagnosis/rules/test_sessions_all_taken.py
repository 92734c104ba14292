"""A full database of which nothing more is known needs a person."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import DB, SHOP, URL, WELL, alert, errors, logs, shop
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.tiny import database, log, pod, postgres, session, snapshot, workload

TAKEN = (DB, "database_connection", "page_human")
LINES = (
    "FATAL:  sorry, too many clients already",
    "ERROR 1040 (HY000): Too many connections",
    "FATAL: remaining connection slots are reserved for non-replication superuser connections",
    'org.postgresql.util.PSQLException: FATAL: too many connections for role "shop"',
    "pq: sorry, too many clients already",
    "error: SQLSTATE 53300",
)
TOO_MANY = (
    '{{"s":"I","c":"NETWORK","ctx":"listener","msg":"Connection refused because there are too many open connections",'
    '"attr":{{"remote":"{}:52221","connectionCount":601}}}}'
)


def address(name: str) -> str:
    """Return the address of a workload's first pod."""
    found: str = pods_of(workload(name))[0]["status"]["podIP"]
    return found


HOLDS = [
    Holds("a client is refused", full(), TAKEN, excludes=no("scale_workload", at=SHOP)),
    *(
        Holds(
            f"it is told in many words: {line}",
            snapshot(shop(env=URL), postgres(), logs=[log(pod("shop"), line)]),
            TAKEN,
        )
        for line in LINES
    ),
    Holds(
        "MySQL, by the logs of its client alone",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
            workload("api", env={"DB_HOST": "mysql"}, pods=3),
            alerts=[alert(service="api")],
            logs=logs("api", "SQLSTATE[HY000] [1040] Too many connections"),
        ),
        ("StatefulSet/mysql", "database_connection", "page_human"),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    ),
    Holds(
        "by the log of the server alone, which names the addresses of those that it refuses",
        snapshot(
            workload("mongo", "mongo:6", kind="StatefulSet", pods=1, port=27017),
            workload("api", env={"MONGO_URL": "mongodb://mongo:27017/a"}),
            figures=[errors("api", 0.5)],
            logs=[log("mongo-0", *[TOO_MANY.format(address("api"))] * 4, of="mongo")],
        ),
        ("StatefulSet/mongo", "database_connection", "page_human"),
        excludes=no("scale_workload", at="Deployment/api"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "a pooler",
        snapshot(
            postgres(),
            workload("pgbouncer", "edoburu/pgbouncer:1", port=6432, env={"DB_HOST": "postgres"}),
            workload("api", env={"DATABASE_URL": "postgres://a@pgbouncer:6432/a"}),
            figures=[errors("api", 0.5)],
            logs=logs("api", "FATAL: no more connections allowed (max_client_conn)"),
        ),
        ("Deployment/pgbouncer", "database_connection", "page_human"),
        harmful=("scale_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("a refusal or two while users feel nothing", full(figures=[WELL]), (SHOP, "no_fault", "no_action")),
    DoesNotHold(
        "most sessions are free",
        snapshot(shop(env=URL), postgres(), databases=[database(session(SHOP, "active", 40))]),
    ),
]
