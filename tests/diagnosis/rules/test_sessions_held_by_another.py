"""The greediest client of a full database is not the one that suffers: it is told to let go."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import DB, FATAL, REFUSED, SHOP, URL, WORKING, errors, logs, shop
from tests.diagnosis.rules.sessions import full
from tests.diagnosis.rules.test_runs_pile_up import runs
from tests.diagnosis.rules.tiny import container, database, figure, postgres, session, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

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


HOLDS = [
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
            full(
                workload("report", env=URL, pods=1, service=False),
                sessions=[session(REPORT, state, 80, age_s=700), WORKING],
            ),
            (REPORT, "database_connection", "scale_database"),
            target=DB,
            excludes=no("restart_workload", "rollback_workload", "restart_connection_pool", at=SHOP),
        )
        for state in ("idle", "idle in transaction", "active")
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
        ("Deployment/metrics-ui", "database_connection", "scale_database"),
        target=DB,
    ),
    Holds(
        "a Job",
        snapshot(
            postgres(),
            JOB,
            workload("api", env=URL),
            databases=[database(session("Job/etl-1", "active", 80), session("Deployment/api", "active", 17))],
            figures=[errors("api", 0.4)],
            logs=logs("api", FATAL),
        ),
        ("Job/etl-1", "database_connection", "scale_database"),
        target=DB,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "what runs on and on, and nobody calls, has left its transactions alone for so long that it forgot them",
        full(
            workload("report", env=URL, pods=1, service=False),
            sessions=[session(REPORT, "idle in transaction", 80, age_s=3000), WORKING],
        ),
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
