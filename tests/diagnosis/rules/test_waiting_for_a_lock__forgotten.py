"""A transaction that its program forgot holds what all wait for, that program's other sessions among them.

A log of waits goes back some minutes, and who was forgotten is older: then the ages of all transactions tell of it.
"""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, IMAGE, SHOP, URL, errors, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import BY_NAME, EXPORT, HEAD, JOB, LOCKED, came, tidy
from tests.diagnosis.rules.tiny import Obj, figure, log, postgres, secret_key, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WAITS_TOO = (
    "[60] ro@shop export LOG:  process 60 still waiting for AccessShareLock on relation 16531 of database 16384"
    " after 1000.201 ms"
)
BARE = "[58] LOG:  duration: 24866.813 ms  statement: FETCH FORWARD 50000 FROM c1"
"""How PostgreSQL writes it where nobody gave its lines another beginning."""
HIDDEN = {"DATABASE_URL": secret_key("db", "url")}
IDLE = "idle in transaction"
AGES = {("export", IDLE): 7000.0, ("export", "active"): 400.0, ("shop", "active"): 590.0, ("shop", IDLE): 1.0}
OLD_SHOP = AGES | {("shop", "active"): 5000.0}
NOT_OF_THOSE = no("restart_workload", "rollback_workload", "scale_workload", at=SHOP)
WAITING = (DB, "database_connection", "page_human")


def crowd(
    *lines: str,
    ages: dict[tuple[str, str], float] | None = None,
    by: str = "client",
    beside: list[Obj] | None = None,
    waits: str = LOCKED,
    counted: float = 0,
    released: float = 0,
    env: Any = URL,
    **export: Any,
) -> Snapshot:
    """Return a shop and an export that wait for a lock, as a database's log repeats, and how old transactions are.

    ``lines``: what else the log tells, first of all. ``by``: whether figures tell clients by the program or the user.
    """
    told: list[dict[str, Any]] = [{by: name, "state": state} for name, state in (AGES if ages is None else ages)]
    old = (AGES if ages is None else ages).values()
    since: dict[str, Any] = {"before": IMAGE, "released": released} if released else {}
    return snapshot(
        shop(env=env, **since),
        postgres(),
        workload("export", **{"env": env, "pods": 1, "service": False, **export}),
        beside or [],
        figures=[
            errors("shop", 0.6),
            *(
                figure("db_transaction_age_by_client", age, age, component="postgres", **whose)
                for whose, age in zip(told, old, strict=True)
            ),
            *([figure("db_locks_waiting", 0, counted, component="postgres")] if counted else []),
        ],
        logs=[log("postgres-0", *lines, *[waits, HEAD.format("58")] * 9, since=600)],
    )


HOLDS = [
    *(
        Holds(
            f"the database's log names who holds it, and other sessions of that program wait as well{what}",
            world,
            (EXPORT, "database_connection", remedy),
            excludes=NOT_OF_THOSE,
            alone=True,
        )
        for what, remedy, world in (
            ("", "restart_workload", crowd(BY_NAME, WAITS_TOO)),
            (", and the shop was released lately", "restart_workload", crowd(BY_NAME, WAITS_TOO, released=900)),
            (
                ", and its user is told first",
                "restart_workload",
                crowd(*(line.replace("ro@shop export", "user=ro,db=shop,app=export") for line in (BY_NAME, WAITS_TOO))),
            ),
            (", and it is a service", "restart_connection_pool", crowd(BY_NAME, WAITS_TOO, service=True)),
            (
                ", and one that works is older than the waits",
                "page_human",
                crowd(BY_NAME, WAITS_TOO, ages=AGES | {("export", "active"): 5000.0}),
            ),
            (", and nobody measures how old any is", "page_human", crowd(BY_NAME, WAITS_TOO, ages={})),
            (", and a Secret hides from all others who asks it", "page_human", crowd(BY_NAME, ages={}, env=HIDDEN)),
        )
    ),
    *(
        Holds(
            f"the log has lost who holds it, and one transaction alone is old enough, which does nothing{what}",
            world,
            (EXPORT, "database_connection", remedy),
            excludes=NOT_OF_THOSE,
            alone=True,
            sure=(0.7, 0.9),
        )
        for what, remedy, world in (
            ("", "restart_workload", crowd()),
            (", and those who wait were released as they began: they may lock", "page_human", crowd(released=640)),
            (", and its program waits as well", "restart_workload", crowd(WAITS_TOO)),
            (", and lines begin with a time and a number alone", "restart_workload", crowd(BARE)),
            (", and a shop was released long before the waits", "restart_workload", crowd(released=2000)),
            (", and it is a service", "restart_connection_pool", crowd(service=True)),
            (
                ", as figures of users tell",
                "restart_workload",
                crowd(by="user", env={"PGHOST": "postgres"}),
            ),
        )
    ),
    Holds(
        "the log has lost who holds it, and one transaction alone is old enough, of a program with data of its own",
        crowd(kind="StatefulSet"),
        ("StatefulSet/export", "database_connection", "page_human"),
    ),
    Holds(
        "a run that locks a whole table came just before the waits, and a transaction is old",
        crowd(beside=tidy()),
        (JOB, "database_connection", "page_human"),
        harmful=("restart_workload",),
    ),
    *(
        Holds(
            f"the log has lost who holds it, {what}",
            world,
            WAITING,
            excludes=NOT_OF_THOSE,
            harmful=("restart_workload", "restart_connection_pool"),
        )
        for what, world in (
            ("and one that works is as old", crowd(ages=OLD_SHOP, counted=9)),
            ("and the old one works", crowd(ages={("export", "active"): 7000.0, ("shop", "active"): 590.0}, counted=9)),
            ("and two are forgotten", crowd(ages=AGES | {("shop", IDLE): 3000.0}, counted=9)),
            ("and the old one is of nobody known", crowd(ages=AGES | {("psql", IDLE): 9000.0}, counted=9)),
            ("and figures tell of nobody who waits", crowd(ages={("export", IDLE): 7000.0}, counted=9)),
            (
                "and what is forgotten is younger than the waits",
                crowd(ages=AGES | {("export", IDLE): 500.0}, counted=9),
            ),
            ("and it tells of somebody whom nobody knows", crowd("[58] kim@shop psql LOG:  x", counted=9)),
            ("and it tells of who comes from elsewhere by a name of its own", crowd(*came()[1:], counted=9)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"the database's log names who holds it, and some who wait bear that name, {what}",
            world,
            harmful=("restart_workload", "restart_connection_pool"),
        )
        for what, world in (
            (
                "which a person bears who works by hand",
                crowd(
                    BY_NAME.replace("ro@shop export", "export psql"), WAITS_TOO.replace("ro@shop export", "export sync")
                ),
            ),
            (
                "which is that of what stands between",
                crowd(
                    BY_NAME.replace("export", "pooler"),
                    WAITS_TOO.replace("export", "pooler"),
                    beside=workload("pooler", "bitnami/pgbouncer:1.22", env=URL, port=6432),
                ),
            ),
            (
                "and all who wait do",
                crowd(BY_NAME, WAITS_TOO, waits=LOCKED.replace("shop@shop/shop", "ro@shop export")),
            ),
        )
    ),
]
