"""A run that is the first since its settings were changed, goes on far too long, and locks what services need."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import owned
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.test_waiting_for_a_lock import LOCKED
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    container,
    database,
    figure,
    log,
    postgres,
    secret_key,
    session,
    snapshot,
    thing,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Log, Session, Snapshot

HOUR = 3600.0
MAP, CRON = "ConfigMap/purge-settings", "CronJob/purge"
MYSQL = "StatefulSet/mysql"
POD, ADDRESS = "purge-3-x", "10.1.7.7"
GIVES_UP = "ERROR SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded; try restarting transaction"
CANCELED = "ERROR: canceling statement due to lock timeout"
TELLS = "INFO tenant 61: 3759327 of about 12708000 rows deleted, transaction open 3279s"
SLOW_LOG = (
    f"# User@Host: purge[purge] @  [{ADDRESS}]  Id: 91422",
    "# Query_time: 58.2  Lock_time: 0.00004 Rows_sent: 0  Rows_examined: 78745",
    "DELETE FROM lines WHERE tenant_id = 1900 AND made < '2025-11-30' LIMIT 70000;",
)
BY_POSTGRES = f"host={ADDRESS} app=batch LOG:  duration: 91233.1 ms  statement: UPDATE orders SET note = NULL"
OF_A_READER = f"host={ADDRESS} app=batch LOG:  duration: 91233.1 ms  statement: SELECT count(*) FROM orders"


def purge(
    *,
    env: Any = None,
    before: Any = None,
    image: str = "purge:2",
    edited: float | None = 2 * DAY,
    ages: Collection[float] = (3 * DAY,),
    took: float = 1200,
    began: float = 10 * HOUR,
    more: Collection[str] = (),
    command: str = "/app/run",
) -> list[Obj]:
    """Return a schedule whose runs took so long, its settings, and the run that goes on."""
    reads = [{"configMapRef": {"name": each}} for each in ("purge-settings", *more)]

    def of(settings: Any, version: str) -> Obj:
        work = container("purge", version, env=settings or {"DB_HOST": "mysql"}) | {"envFrom": reads}
        return {"spec": {"template": {"spec": {"containers": [work | {"command": [command]}]}}}}

    above = thing("CronJob", "purge", spec={"schedule": "15 1 * * *", "jobTemplate": of(env, "purge:2")})
    made = [
        above,
        *(thing("ConfigMap", each, written=edited, data={"KEEP": "12"}) for each in ("purge-settings", *more)),
    ]
    for number, age in enumerate(ages):
        done = {"type": "Complete", "status": "True", "lastTransitionTime": at(age - took)}
        status = {"startTime": at(age), "completionTime": at(age - took), "succeeded": 1, "conditions": [done]}
        made.append(owned(thing("Job", f"purge-{number}", age=age, status=status, **of(before or env, image)), CRON))
    going = of(env, "purge:2")
    made.append(owned(thing("Job", "purge-3", age=began, status={"startTime": at(began), "active": 1}, **going), CRON))
    state = {"name": "purge", "ready": True, "state": {"running": {"startedAt": at(began - 3)}}}
    pod = owned(
        thing("Pod", POD, age=began, spec=going["spec"]["template"]["spec"] | {"nodeName": "n1"}), "Job/purge-3"
    )
    return [*made, pod | {"status": {"phase": "Running", "podIP": ADDRESS, "containerStatuses": [state]}}]


def locked(
    *more: Any, said: str = TELLS, own: Collection[Log] = (), host: str = "mysql", times: int = 9, **run: Any
) -> Snapshot:
    """Return a shop that gives up waiting for locks of MySQL since ten minutes, and the run."""
    api = run.pop("api", {})
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306) if host == "mysql" else [],
        shop(env={"DB_HOST": host}, **api),
        purge(**{"env": {"DB_HOST": host}, **run}),
        *more,
        figures=[errors("shop", 0.6)],
        logs=[*logs("shop", GIVES_UP, 0, 1, times=times, since=590), log(POD, said, since=HOUR, of="purge"), *own],
    )


def on_postgres(*own: str, said: str = "INFO at work", sessions: Collection[Session] = (), **run: Any) -> Snapshot:
    """Return a shop that gives up waiting for locks of PostgreSQL, by whose address a Secret is kept, and the run."""
    url = {"DATABASE_URL": secret_key("orders-db", "url")}
    return snapshot(
        postgres(),
        shop(env=url),
        purge(env=url, **run),
        figures=[errors("shop", 0.6)],
        logs=[
            *logs("shop", CANCELED, 0, 1, since=590),
            log(POD, said, since=HOUR, of="purge"),
            log("postgres-0", *own, since=500),
        ],
        databases=[database(*sessions)] if sessions else [],
    )


def counted() -> Snapshot:
    """Return a shop that fails while figures alone tell of waits, and the run."""
    waits = figure("db_locks_waiting", 0, 25, 590, component="mysql")
    world = locked()
    return replace(
        world,
        logs=tuple(each for each in world.logs if each.pod == POD),
        metrics={**world.metrics, waits[0]: (waits[1],)},
    )


def told_by_postgres() -> Snapshot:
    """Return a shop that fails while its database's log alone tells of waits, and the run."""
    env = {"DB_HOST": "postgres"}
    own = [log("postgres-0", *[LOCKED] * 9, since=600), log(POD, TELLS, since=HOUR, of="purge")]
    return snapshot(postgres(), shop(env=env), purge(env=env), figures=[errors("shop", 0.6)], logs=own)


OF_THE_RUN = session(CRON, "active", 1, age_s=3300, query="DELETE FROM orders")
CONSOLE = session("", "idle in transaction", 1, application="psql", age_s=9000, query="UPDATE orders SET a = 1")
WAITING = session(SHOP, "active", 9, wait="Lock", age_s=40, query="UPDATE orders SET ...")
FOUND = (MAP, "configuration_error", "page_human")
BESIDE = workload("front", before=OLD, released=1400)

HOLDS = [
    *(
        Holds(
            f"a purge goes on since hours, its settings were edited, and {what}",
            world,
            FOUND,
            excludes=no("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool", at=SHOP),
            alone=True,
            harmful=("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool"),
            sure=sure,
        )
        for what, world, sure in (
            ("it tells what it deletes", locked(), (0.55, 0.95)),
            ("two of its runs were one in time", locked(ages=(3 * DAY, 3 * DAY)), (0.55, 0.95)),
            ("a neighbour was released minutes before the waits", locked(BESIDE), (0.55, 0.95)),
            (
                "it tells what it deletes; who gives up was released as that began: a person looks first",
                locked(api={"before": OLD, "released": 640}),
                (0.4, 0.9),
            ),
            (
                "MySQL's slow log names its pod",
                locked(said="INFO at work", own=[log("mysql-0", *SLOW_LOG, since=500)]),
                (0.7, 0.95),
            ),
            (
                "MySQL's slow log names its pod; who gives up was released as that began",
                locked(own=[log("mysql-0", *SLOW_LOG, since=500)], api={"before": OLD, "released": 640}),
                (0.6, 0.95),
            ),
            (
                "MySQL's slow log names its pod, and nothing else leads there",
                locked(said="INFO at work", own=[log("mysql-0", *SLOW_LOG, since=500)], env={"KEEP": "12"}),
                (0.7, 0.95),
            ),
            ("PostgreSQL's log names its pod; a Secret keeps the address", on_postgres(BY_POSTGRES), (0.7, 0.95)),
            ("its session is the oldest of a list", on_postgres(sessions=[WAITING, OF_THE_RUN]), (0.7, 0.95)),
            ("PostgreSQL's log alone tells of waits", told_by_postgres(), (0.5, 0.95)),
            ("figures tell of waits, no client", counted(), (0.5, 0.95)),
            ("the database is none of ours", locked(host="orders.abc.eu-central-1.rds.amazonaws.com"), (0.5, 0.95)),
            (
                "its command alone tells what it does",
                locked(said="INFO", command="delete-old-orders --delete"),
                (0.5, 0.95),
            ),
        )
    ),
    Holds(
        "the schedule itself got another setting",
        locked(edited=None, before={"DB_HOST": "mysql", "KEEP": "36"}),
        (CRON, "configuration_error", "page_human"),
        alone=True,
    ),
    Holds(
        "the schedule got another image: what it does is new",
        locked(edited=None, image="purge:1"),
        (CRON, "code_defect", "page_human"),
        alone=True,
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a purge goes on, {what}", world, (MYSQL, "database_connection", "page_human"))
        for what, world in (
            ("and nothing of it was changed", locked(edited=None)),
            ("and a run since the edit was well", locked(ages=(3 * DAY, DAY))),
            ("and its settings were edited as it ran", locked(edited=HOUR)),
            ("for no longer than the one before", locked(took=9 * HOUR)),
            ("and two of what it reads were edited", locked(more=("more-settings",))),
            ("and came after the waits", locked(began=300, took=60)),
            ("and works on another database", locked(env={"DB_HOST": "reports"})),
            ("and only reads", locked(said="INFO exported 120000 rows")),
        )
    ),
    DoesNotHold(
        "who gives up was released as that began, and the run only reads",
        locked(said="INFO exported 120000 rows", api={"before": OLD, "released": 640}),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("few gave up", locked(times=1), harmful=("rollback_workload",)),
    DoesNotHold(
        "somebody at a console keeps the oldest transaction open",
        on_postgres(said=TELLS, sessions=[WAITING, CONSOLE]),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "the address was another pod's when the statement was told of",
        locked(said="INFO at work", own=[timed("mysql-0", *((11 * HOUR, each) for each in SLOW_LOG))]),
        (MYSQL, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "PostgreSQL tells that the run reads",
        on_postgres(OF_A_READER),
        (DB, "database_connection", "page_human"),
    ),
]
