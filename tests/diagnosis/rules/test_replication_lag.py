"""A replica that is far behind needs a person; nothing done to who reads it helps."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, URL, shop
from tests.diagnosis.rules.tiny import Obj, figure, postgres, snapshot, workload

REPLICA = "StatefulSet/postgres-replica"
READS = {**URL, "REPLICA_HOST": "postgres-replica"}


def replica() -> list[Obj]:
    return workload("postgres-replica", "postgres:16", kind="StatefulSet", pods=1, port=5432)


HOLDS = [
    Holds(
        "minutes behind",
        snapshot(
            shop(env=READS),
            postgres(),
            replica(),
            figures=[figure("db_replication_lag", 0.5, 240, component="postgres-replica")],
        ),
        (REPLICA, "database_connection", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "seconds behind",
        snapshot(
            shop(env=READS),
            postgres(),
            replica(),
            figures=[figure("db_replication_lag", 0.5, 8, component="postgres-replica")],
        ),
    ),
    DoesNotHold("nobody measures it", snapshot(postgres(), replica())),
]
