"""A database without processor time left slows all that ask it; more of them make it worse."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import database, figure, postgres, series, session, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Series, Session, Snapshot

ASKS = {"DB_HOST": "postgres"}
BUSY = figure("cpu_share", 0.3, 0.99, pod="postgres-0", container="postgres")
BUSY_SINCE = figure("cpu_share", 0.3, 0.99, 840, pod="postgres-0", container="postgres")
REPORTS = workload("reports", env=ASKS, service=False)
SLOW = (DB, "capacity", "page_human")
THEIRS = session("Deployment/audit", "active", 4, age_s=640)
BASKETS = session(SHOP, "active", 20, age_s=3)


def asked(*sessions: Session, of: Any = None, figures: Sequence[tuple[str, Series]] = ()) -> Snapshot:
    """Return a slow shop and the reports on one busy database with some sessions."""
    told = [database(*sessions, BASKETS)]
    slow = latency("shop", now=4.0)
    return snapshot(of or shop(env=ASKS), REPORTS, postgres(), databases=told, figures=[BUSY, slow, *figures])


def report(age: float, state: str = "active", owner: str = "reports", **more: str) -> Session:
    """Return statements of somebody else that run for so long."""
    return session(f"Deployment/{owner}", state, 6, age_s=age, query="SELECT sum(net) FROM orders", **more)


def slow_before(told: float = 1500) -> Snapshot:
    """Return two clients of a busy database, one of them new, whose log tells of slow statements since that age."""
    duration = "LOG:  duration: 11788.9 ms  execute <unnamed>: SELECT count(*) FROM builds"
    return snapshot(
        shop(env=ASKS, before=IMAGE, released=600),
        REPORTS,
        postgres(),
        figures=[BUSY, latency("shop", now=4.0, since=480)],
        logs=[timed("postgres-0", *[(age, duration) for age in range(int(told), 0, -20)])],
    )


HOLDS = [
    Holds("it told of slow statements before one of its clients was released", slow_before(), SLOW),
    Holds(
        "its clients are slow",
        snapshot(shop(env=ASKS), postgres(), figures=[BUSY, latency("shop", now=4.0)]),
        (DB, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
    ),
    *(
        Holds(
            f"its clients are slow, and only their words tell whom they ask: {line[:40]}",
            snapshot(
                shop(), postgres(), figures=[BUSY, latency("shop", now=4.0)], logs=logs("shop", line, 0, 1, times=20)
            ),
            SLOW,
            excludes=no("scale_workload", at=SHOP),
        )
        for line in (
            "psycopg.OperationalError: connection to server at 'postgres', port 5432 failed: timeout expired",
            "ERROR: canceling statement due to statement timeout (SQLSTATE 57014)",
            "HikariPool-1 - Connection is not available, request timed out after 30000ms",
        )
    ),
    Holds(
        "it fills up slowly since the release of one of its clients",
        snapshot(
            shop(env=ASKS, before=IMAGE, released=2400),
            workload("cart", env=ASKS),
            postgres(),
            figures=[
                (
                    "cpu_share",
                    series({"pod": "postgres-0", "container": "postgres"}, (3600, 0.2), (2300, 0.45), (900, 0.99)),
                ),
                latency("shop", now=4.0, since=300),
                latency("cart", now=4.0, since=300),
            ],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "another client waits for its own pool, whose connections slow statements keep",
        snapshot(
            shop(env=ASKS, before=IMAGE, released=900),
            workload("cart"),
            postgres(),
            figures=[
                BUSY_SINCE,
                latency("shop", now=4.0, since=840),
                figure("db_connections", 40, 85, 840, component="postgres"),
                figure("db_max_connections", 250, 250, component="postgres"),
            ],
            logs=[*logs("cart", "sqlx: pool timed out while waiting for an open connection", 0, 1, times=30)],
        ),
        (SHOP, "code_defect", "rollback_workload"),
        believed="errors_since_release",
        alone=True,
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "one of its clients was released, and served well for long before it began to be busy",
        snapshot(
            shop(env=ASKS, before=IMAGE, released=1800),
            workload("cart", env=ASKS),
            postgres(),
            figures=[
                ("cpu_share", series({"pod": "postgres-0", "container": "postgres"}, (3600, 0.2), (900, 0.99))),
                latency("shop", now=4.0, since=880),
                latency("cart", now=4.0, since=880),
            ],
        ),
        SLOW,
        harmful=("rollback_workload",),
    ),
    Holds(
        "somebody else's statements run since it is busy",
        asked(report(630)),
        ("Deployment/reports", "resource_exhaustion", "page_human"),
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload", "restart_workload"),
    ),
    Holds("a statement of long before is not what makes it busy", asked(report(5000)), SLOW),
    Holds("a statement that began when it was busy already only waits as all do", asked(report(400)), SLOW),
    Holds("statements of several clients run since: they may all just wait", asked(report(630), THEIRS), SLOW),
    Holds("users ask for more as well", asked(report(630), figures=[rate("shop", 10, 40)]), SLOW),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody waits", snapshot(shop(env=ASKS), postgres(), figures=[BUSY])),
    DoesNotHold(
        "it has time left",
        snapshot(
            shop(env=ASKS),
            postgres(),
            figures=[
                figure("cpu_share", 0.3, 0.6, pod="postgres-0", container="postgres"),
                latency("shop", now=4.0),
            ],
        ),
    ),
]
