"""A pool that tells that its own program keeps its connections."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import database, postgres, session, snapshot

LEAK = "WARN HikariPool-1 - Connection leak detection triggered for org.postgresql.jdbc.PgConnection@4f"
WAITS = "ERROR HikariPool-1 - Connection is not available, request timed out after 30000ms"

HOLDS = [
    Holds(
        "for long, and no release came",
        snapshot(
            shop(env=URL), postgres(), logs=[*logs("shop", LEAK), *logs("shop", WAITS, 1)], figures=[errors("shop")]
        ),
        (SHOP, "database_connection", "restart_connection_pool"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "since a release",
        snapshot(
            shop(env=URL, before=IMAGE, released=1200),
            postgres(),
            logs=[*logs("shop", LEAK), *logs("shop", WAITS, 1)],
            figures=[errors("shop")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nobody waits for a connection",
        snapshot(shop(env=URL), postgres(), logs=logs("shop", LEAK), figures=[errors("shop", 0.001)]),
    ),
    DoesNotHold(
        "a pool that is too small tells of no leak",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=logs("shop", WAITS, 0, 1),
            databases=[database(session(SHOP, "idle", 4))],
        ),
        (SHOP, "configuration_error", "page_human"),
    ),
]
