"""Deadlocks since a release are the release's; else a person looks at the statements."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, postgres, snapshot, workload

LINES = ("ERROR:  deadlock detected", "DETAIL:  Process 81 waits for ShareLock", "ERROR:  deadlock detected")

HOLDS = [
    Holds(
        "since a release of a client",
        snapshot(shop(env=URL, before=IMAGE), postgres(), logs=[log("postgres-0", *LINES)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "there were always a few, and there are many since another writer was released",
        snapshot(
            shop(env=URL, age=30 * DAY),
            workload("feed", env=URL, before={"image": "feed:0"}, released=630),
            postgres(),
            figures=[figure("db_deadlocks", 0.01, 0.9, component="postgres"), errors("shop", 0.2)],
            logs=logs("shop", LINES[0]),
        ),
        ("Deployment/feed", "code_defect", "rollback_workload"),
        excludes=no("restart_workload", at=DB),
        alone=True,
    ),
    Holds(
        "a client whose settings do not name the database is told of them as well, since its release alone",
        snapshot(
            shop(age=30 * DAY),
            workload("feed", before={"image": "feed:0"}, released=630),
            workload("other", before={"image": "other:0"}, released=640),
            postgres(),
            logs=[
                log("postgres-0", "checkpoint complete", LINES[0], LINES[0], LINES[0], since=800),
                *logs("shop", LINES[0]),
                *logs("feed", LINES[0]),
            ],
        ),
        ("Deployment/feed", "code_defect", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at="Deployment/feed"),
    ),
    Holds(
        "no log of those that tell of them reaches back before the release",
        snapshot(
            shop(age=30 * DAY),
            workload("feed", before={"image": "feed:0"}, released=630),
            postgres(),
            logs=[log("postgres-0", LINES[0], LINES[0], LINES[0]), *logs("shop", LINES[0]), *logs("feed", LINES[0])],
        ),
        (DB, "database_connection", "page_human"),
    ),
    Holds(
        "there are as many as always, though a writer was released",
        snapshot(
            workload("feed", env=URL, before={"image": "feed:0"}, released=630),
            postgres(),
            figures=[figure("db_deadlocks", 0.4, 0.5, component="postgres")],
        ),
        (DB, "database_connection", "page_human"),
    ),
    Holds(
        "others alone tell of them, and the log of the client that was released tells of none",
        snapshot(
            shop(env=URL, before=IMAGE, released=630),
            workload("feed", env=URL),
            postgres(),
            logs=[*logs("feed", LINES[0], 0, 1, since=560), *logs("shop", "GET /a 200", 0, 1)],
        ),
        (DB, "database_connection", "page_human"),
        harmful=("rollback_workload",),
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
    DoesNotHold(
        "a single one, of which the database tells and the client that it ended",
        snapshot(
            shop(env=URL, before=IMAGE),
            postgres(),
            logs=[log("postgres-0", *LINES[:2]), *logs("shop", LINES[0], times=1)],
        ),
    ),
]
