"""Who holds the lock decides: somebody else's transaction needs a person, the service's own goes with its pool."""

from __future__ import annotations

from dataclasses import replace

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, database, figure, postgres, session, snapshot, workload

WAITING = session(SHOP, "active", 30, wait="Lock", age_s=60, query="UPDATE orders SET ...")
CONSOLE = session("", "idle in transaction", 1, application="psql", age_s=900, query="ALTER TABLE orders ...")
OWN = session(SHOP, "idle in transaction", 1, age_s=900)

HOLDS = [
    Holds(
        "somebody else's open transaction",
        snapshot(shop(env=URL), postgres(), databases=[database(WAITING, CONSOLE)]),
        (DB, "database_connection", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "the service's own forgotten transaction",
        snapshot(shop(env=URL), postgres(), databases=[database(WAITING, OWN)]),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "the kind of lock is told with it",
        snapshot(shop(env=URL), postgres(), databases=[database(replace(WAITING, wait="Lock:transactionid"), OWN)]),
        (SHOP, "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "figures alone",
        snapshot(shop(env=URL), postgres(), figures=[figure("db_locks_waiting", 0, 25, component="postgres")]),
        (DB, "database_connection", "page_human"),
    ),
    Holds(
        "clients of MySQL that give up",
        snapshot(
            workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
            workload("api", env={"DB_HOST": "mysql"}, before=OLD, released=3 * DAY),
            figures=[errors("api", 0.4)],
            logs=logs("api", "ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction"),
        ),
        ("StatefulSet/mysql", "database_connection", "page_human"),
        harmful=("rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one wait is ordinary",
        snapshot(shop(env=URL), postgres(), databases=[database(session(SHOP, "active", 1, wait="Lock"))]),
    ),
]
