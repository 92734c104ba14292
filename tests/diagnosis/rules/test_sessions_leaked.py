"""A service that leaves transactions open: its pool is restarted, or the release that brought it is rolled back."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import FORGOTTEN, IMAGE, REFUSED, SHOP, URL, WORKING, logs, shop
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.tiny import DAY, database, figure, log, pod, postgres, session, snapshot, workload

LEAK = (SHOP, "database_connection", "restart_connection_pool")
SYNC = workload("sync", env=URL, service=False, before={"image": "registry.example/sync:0"}, released=3000)
WAITS = "HikariPool-1 - Connection is not available, request timed out after 30000ms."
KNOWN = {"shop": {"kind": "Deployment"}, "worker": {"kind": "Deployment"}}

UNUSED = session(SHOP, "idle", 70, age_s=30000)
ROOM = [figure("db_max_connections", 100, 100, component="postgres")]

HOLDS = [
    Holds(
        "its own idle transactions",
        full(sessions=[FORGOTTEN, WORKING]),
        LEAK,
        excludes=no("scale_workload", at=SHOP),
        alone=True,
    ),
    Holds(
        "a leak that came with an image",
        full(of=shop(env=URL, before=IMAGE, released=1800), sessions=[FORGOTTEN, WORKING]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a release that took all sessions within minutes takes them again after a restart",
        full(
            of=shop(env=URL, before=IMAGE, released=400),
            sessions=[FORGOTTEN, WORKING],
            figures=[*ROOM, figure("db_connections", 30, 98, 250, component="postgres")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        excludes=no("restart_connection_pool", "restart_workload", at=SHOP),
    ),
    Holds(
        "a release that took half an hour leaves the restart as a cure for as long",
        full(
            of=shop(env=URL, before=IMAGE, released=2050),
            sessions=[FORGOTTEN, WORKING],
            figures=[*ROOM, figure("db_connections", 30, 98, 250, component="postgres")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        spares=no("restart_connection_pool", "restart_workload", at=SHOP),
    ),
    Holds(
        "a release of last week is innocent",
        full(of=shop(env=URL, before=IMAGE, released=7 * DAY, started=7 * DAY), sessions=[FORGOTTEN, WORKING]),
        LEAK,
    ),
    Holds(
        "a released worker that nobody calls",
        full(SYNC, sessions=[session("Deployment/sync", "idle in transaction", 80, age_s=2000), WORKING]),
        ("Deployment/sync", "code_defect", "rollback_workload"),
    ),
    Holds(
        "a worker that nobody calls and the inventory knows as a service",
        full(
            workload("worker", env=URL, service=False),
            sessions=[session("Deployment/worker", "idle in transaction", 80, age_s=900), WORKING],
            services=KNOWN,
        ),
        ("Deployment/worker", "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "its own sessions are idle for hours, and it is refused others: its pool has lost them",
        full(sessions=[UNUSED, session(SHOP, "idle", 5, age_s=4), session("Deployment/cart", "active", 20)]),
        LEAK,
        excludes=no("scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "figures tell it where the database cannot be read",
        full(
            figures=[
                *ROOM,
                figure("db_connections", 30, 98, component="postgres"),
                figure("db_connections_by_state", 1, 80, component="postgres", state="idle in transaction"),
            ]
        ),
        LEAK,
    ),
    Holds(
        "it shows in the own pool long before the database is full",
        snapshot(
            shop(env=URL),
            postgres(),
            logs=[log(pod("shop"), WAITS)],
            databases=[database(session(SHOP, "idle in transaction", 20, age_s=600), most=300)],
        ),
        LEAK,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its sessions are busy",
        full(sessions=[session(SHOP, "active", 95, age_s=1)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its transactions are fresh",
        full(sessions=[session(SHOP, "idle in transaction", 80, age_s=2), session(SHOP, "active", 15)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its sessions are idle",
        full(sessions=[session(SHOP, "idle", 95, age_s=900)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its sessions are idle for hours, but pods have come since: they are the ones that are refused",
        full(of=shop(env=URL, started=600), sessions=[UNUSED, session("Deployment/cart", "active", 25)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "few of its sessions are idle for hours",
        full(sessions=[session(SHOP, "idle", 20, age_s=30000), session(SHOP, "active", 75, age_s=1)]),
        ("StatefulSet/postgres", "database_connection", "page_human"),
    ),
    DoesNotHold(
        "its sessions are idle for hours, and it is others who are refused",
        snapshot(
            shop(env=URL),
            workload("cart", env=URL),
            postgres(),
            logs=logs("cart", REFUSED.lines[0]),
            databases=[database(UNUSED, session("Deployment/cart", "active", 25))],
        ),
        ("Deployment/shop", "database_connection", "scale_database"),
    ),
    DoesNotHold(
        "they are somebody else's",
        full(sessions=[session("", "idle in transaction", 90, age_s=900, application="psql")]),
        ("StatefulSet/postgres", "database_connection", "scale_database"),
    ),
    DoesNotHold(
        "the database has room",
        snapshot(shop(env=URL), postgres(), databases=[database(session(SHOP, "idle in transaction", 9, age_s=900))]),
    ),
]
