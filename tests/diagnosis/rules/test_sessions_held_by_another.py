"""The greediest client of a full database is not the one that suffers: it is told to let go."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import API, DB, FATAL, REFUSED, SHOP, URL, WORKING, errors, logs, shop
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.test_runs_pile_up import runs
from tests.diagnosis.rules.tiny import (
    container,
    database,
    figure,
    log,
    postgres,
    secret_key,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Session, Snapshot

REPORT = "Deployment/report"
JOB = thing("Job", "etl-1", age=900, spec={"template": {"spec": {"containers": [container("etl", "e:1", env=URL)]}}})


AS_REPORT = {"DATABASE_URL": "postgres://report@postgres:5432/shop"}


def piled(
    client: str = "report", held: float = 84, by: str = "client", env: dict[str, str] | None = None, **more: Any
) -> Snapshot:
    """Return a shop that is refused while ten runs of a schedule go on, and what figures tell of who holds sessions."""
    mine, others = {"component": "postgres", by: client}, {"component": "postgres", by: "PostgreSQL JDBC Driver"}
    told = [
        figure("db_connections", 20, 97, component="postgres"),
        figure("db_max_connections", 100, 100, component="postgres"),
        figure("db_connections_by_client", 0, held, 600, **mine, state="active"),
        figure("db_connections_by_client", 20, 97 - held, 600, **others),
    ]
    return snapshot(shop(), postgres(), runs(10, env=env), figures=[*told, errors("shop")], logs=[REFUSED], **more)


CONSOLE = workload("console", env={"PGPASSWORD": secret_key("db")}, pods=1)
HERE, THERE = (pods_of(workload(name))[0]["status"]["podIP"] for name in ("console", "other"))


def came(number: int, host: str, user: str = "reader") -> list[str]:
    """Return what a database's log tells as a client comes."""
    return [
        f"[{number}] [unknown]@[unknown] LOG:  connection received: host={host} port={30000 + number}",
        f"[{number}] {user}@shop LOG:  connection authorized: user={user} database=shop",
    ]


def left(number: int, host: str) -> str:
    return f"[{number}] reader@shop LOG:  disconnection: session time: 0:05:35.221 user=reader host={host} port=58558"


def logged(*lines: str) -> Snapshot:
    """Return a shop that is refused, a console that nothing leads to the database, and what its log tells of clients.

    Figures tell no more than that a user has most of its sessions.
    """
    return snapshot(
        shop(env=URL),
        CONSOLE,
        workload("other", service=False),
        postgres(),
        logs=[REFUSED, log("postgres-0", *lines, since=3000)],
        figures=[
            figure("db_connections", 40, 97, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            figure("db_connections_by_client", 1, 60, component="postgres", user="reader", state="idle"),
            figure("db_connections_by_client", 30, 30, component="postgres", user="shop", state="idle"),
            errors("shop"),
        ],
    )


ENDS = left(99, HERE)
"""The end of one that came before the log begins: this database writes down ends."""
ALL_COME = [ENDS, *(line for number in range(100, 150) for line in came(number, HERE))]
SOME_COME = [ENDS, *(line for number in range(100, 120) for line in came(number, HERE))]


def by_hand(*held: tuple[str, int, float]) -> Snapshot:
    """Return a Job whose pod has sessions (state, how many, age), and an api that is refused since then."""
    sessions = [session("Job/etl-1", state, many, age_s=age) for state, many, age in held]
    return snapshot(
        postgres(),
        JOB,
        workload("api", env=URL),
        databases=[database(*sessions, session(API, "active", 17))],
        figures=[errors("api", 0.4)],
        logs=logs("api", FATAL),
    )


def tool(*held: Session) -> Snapshot:
    """Return a tool of one pod that nobody calls, and what it holds of the sessions that a shop is refused."""
    return full(workload("report", env=URL, pods=1, service=False), sessions=[*held, WORKING])


HOLDS = [
    Holds(
        "figures tell a user whom no setting names, and the database's log whose pod opened most of its sessions",
        logged(*ALL_COME),
        ("Deployment/console", "database_connection", "page_human"),
        target=DB,
        excludes=no("restart_workload", "scale_workload", at=SHOP),
        harmful=("rollback_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "figures tell that the many runs of one schedule hold them",
        piled(),
        ("CronJob/report", "database_connection", "page_human"),
        target=DB,
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
        alone=True,
    ),
    Holds(
        "figures tell that the user whom all runs of one schedule name holds them",
        piled("report", by="user", env=AS_REPORT),
        ("CronJob/report", "database_connection", "page_human"),
        target=DB,
        excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=DB)),
        alone=True,
    ),
    *(
        Holds(
            f"a job that nobody calls, {state}",
            tool(session(REPORT, state, 80, age_s=700)),
            (REPORT, "database_connection", "scale_database"),
            target=DB,
            excludes=no("restart_workload", "rollback_workload", "restart_connection_pool", at=SHOP),
        )
        for state in ("idle", "idle in transaction")
    ),
    *(
        Holds(
            f"nothing of what it has would be ended, or would stay free: {what}",
            tool(*(session(REPORT, state, many, age_s=age) for state, many, age in held)),
            (REPORT, "database_connection", "page_human"),
            target=DB,
            excludes=no("restart_workload", "rollback_workload", "restart_connection_pool", at=SHOP),
            harmful=("scale_database",),
            alone=True,
        )
        for what, held in (
            ("its sessions are at work", [("active", 80, 700)]),
            ("most are at work", [("active", 60, 2), ("idle", 20, 700)]),
            ("half pause within transactions", [("active", 40, 1), ("idle in transaction", 40, 2)]),
        )
    ),
    *(
        Holds(
            f"a run that somebody started by hand has its sessions for its work: {what}",
            by_hand(*held),
            ("Job/etl-1", "database_connection", "page_human"),
            target=DB,
            harmful=("scale_database", "restart_workload", "rollback_workload", "scale_workload"),
            alone=True,
        )
        for what, held in (
            ("they are at work", [("active", 80, 3)]),
            ("some pause within transactions", [("active", 50, 3), ("idle in transaction", 30, 2)]),
            ("they wait for the next part of it", [("idle", 80, 700)]),
            ("it has those that are kept for superusers as well", [("active", 83, 3)]),
        )
    ),
    Holds(
        "the many pods of one program: a person has to say how many there may be",
        full(
            workload("report", env=URL, pods=8, service=False),
            sessions=[session(REPORT, "idle", 80, age_s=700), WORKING],
        ),
        (REPORT, "database_connection", "page_human"),
        target=DB,
        harmful=("scale_database",),
    ),
    Holds(
        "a client outside the namespace",
        full(sessions=[session("", "idle", 80, application="bi-tool"), WORKING]),
        (DB, "database_connection", "scale_database"),
        alone=True,
    ),
    Holds(
        "an idle service that is not refused",
        full(workload("metrics-ui", env=URL), sessions=[session("Deployment/metrics-ui", "idle", 78), WORKING]),
        ("Deployment/metrics-ui", "database_connection", "restart_connection_pool"),
        harmful=("scale_database",),
    ),
    Holds(
        "a tool most of whose sessions are idle in groups that nobody has used for two hours",
        tool(session(REPORT, "idle", 50, age_s=7200), session(REPORT, "idle", 30, age_s=700)),
        (REPORT, "database_connection", "restart_connection_pool"),
        excludes=no("restart_workload", "rollback_workload", "restart_connection_pool", at=SHOP),
        harmful=("scale_database",),
    ),
    Holds(
        "a tool less than half of whose sessions are",
        tool(session(REPORT, "idle", 30, age_s=7200), session(REPORT, "idle", 50, age_s=700)),
        (REPORT, "database_connection", "scale_database"),
        target=DB,
    ),
    Holds(
        "a pooler has its sessions for who asks it",
        full(
            workload("pgbouncer", image="docker.io/edoburu/pgbouncer:1.23", env=URL, service=False),
            sessions=[session("Deployment/pgbouncer", "idle", 80, age_s=7200), WORKING],
        ),
        ("Deployment/pgbouncer", "database_connection", "page_human"),
        target=DB,
        harmful=("scale_database",),
    ),
    Holds(
        "an idle service that is not refused, and its transactions are a moment old in part",
        full(
            workload("metrics-ui", env=URL),
            sessions=[
                session("Deployment/metrics-ui", "idle", 70, age_s=700),
                session("Deployment/metrics-ui", "idle in transaction", 8, age_s=1),
                WORKING,
            ],
        ),
        ("Deployment/metrics-ui", "database_connection", "restart_connection_pool"),
    ),
    Holds(
        "a tool took what there was until it was refused once, and sits in transactions that it has just begun",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("report", env=URL, pods=1, service=False),
            databases=[database(session(REPORT, "idle in transaction", 80, age_s=6), WORKING)],
            logs=[REFUSED, *logs("report", f"80 sessions, then: connection failed: {FATAL}", times=1)],
        ),
        (REPORT, "database_connection", "scale_database"),
        target=DB,
    ),
    Holds(
        "a tool that is refused sessions again and again takes at once what is freed",
        snapshot(
            shop(env=URL),
            postgres(),
            workload("report", env=URL, pods=1, service=False),
            databases=[database(session(REPORT, "idle", 80, age_s=700), WORKING)],
            logs=[REFUSED, *logs("report", f'OperationalError: connection to server at "postgres" failed: {FATAL}')],
        ),
        (REPORT, "database_connection", "page_human"),
        target=DB,
        harmful=("scale_database",),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"figures tell a user whom no setting names, and the database's log {what}",
            logged(*lines),
            (DB, "database_connection", "page_human"),
        )
        for what, lines in (
            ("nothing of it", []),
            ("that a pod opened a few of its sessions", SOME_COME),
            ("that a pod opened many and closed them", [*ALL_COME, *(left(n, HERE) for n in range(100, 140))]),
            (
                "that two programs opened as many",
                [ENDS, *(line for n in range(100, 150) for line in came(n, HERE if n % 2 else THERE))],
            ),
            (
                "an address that is no pod's",
                [ENDS, *(line for n in range(100, 150) for line in came(n, "192.0.2.7"))],
            ),
            ("no end of any: whoever came may have gone", ALL_COME[1:]),
            (
                "of more than there are: most of them are gone",
                [*ALL_COME, *(line for n in range(150, 200) for line in came(n, HERE))],
            ),
        )
    ),
    DoesNotHold(
        "what runs on and on, and nobody calls, has left its transactions alone for so long that it forgot them",
        tool(session(REPORT, "idle in transaction", 80, age_s=3000)),
        (REPORT, "database_connection", "restart_connection_pool"),
        harmful=("scale_database",),
    ),
    DoesNotHold(
        "figures tell that the runs hold a few",
        piled(held=12),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "figures tell that a user whom no run names holds them",
        piled("app", by="user", env=AS_REPORT),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "figures tell the name of a driver only, which is anybody's",
        piled("psycopg"),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "figures tell that the sufferer itself holds them",
        piled("shop"),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "the sufferer itself holds them",
        full(sessions=[session(SHOP, "idle", 95)]),
        (DB, "database_connection", "page_human"),
    ),
    DoesNotHold(
        "the inventory knows the holder as a service: it leaks",
        full(
            workload("worker", env=URL, service=False),
            sessions=[session("Deployment/worker", "idle in transaction", 80, age_s=900), WORKING],
            services={"shop": {"kind": "Deployment"}, "worker": {"kind": "Deployment"}},
        ),
        ("Deployment/worker", "database_connection", "restart_connection_pool"),
    ),
    DoesNotHold(
        "the holder was just released: it leaks",
        full(
            workload("sync", env=URL, service=False, before={"image": "registry.example/sync:0"}, released=3000),
            sessions=[session("Deployment/sync", "idle in transaction", 80, age_s=2000), WORKING],
        ),
        ("Deployment/sync", "code_defect", "rollback_workload"),
    ),
]
