"""Deadlocks since a release are the release's; else a person looks at the statements."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, shop
from tests.diagnosis.rules.tiny import figure, log, postgres, snapshot

LINES = ("ERROR:  deadlock detected", "DETAIL:  Process 81 waits for ShareLock", "ERROR:  deadlock detected")

HOLDS = [
    Holds(
        "since a release of a client",
        snapshot(shop(env=URL, before=IMAGE), postgres(), logs=[log("postgres-0", *LINES)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "without a release",
        snapshot(shop(env=URL), postgres(), figures=[figure("db_deadlocks", 0, 2, component="postgres")]),
        (DB, "database_connection", "page_human"),
        excludes=no("restart_workload", at=DB),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "one is what every database has",
        snapshot(shop(env=URL, before=IMAGE), postgres(), logs=[log("postgres-0", LINES[0])]),
    ),
]
