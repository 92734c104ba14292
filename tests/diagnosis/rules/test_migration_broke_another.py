"""What a migration took away is missed by programs that were not released with it; no older code brings it back."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, postgres, snapshot, thing, workload

JOB = "Job/crm-migrate"
MISSED = "psycopg.errors.UndefinedColumn: column c.phone does not exist"
EMPTY = 'ERROR:  null value in column "phone" of relation "customers" violates not-null constraint'
ALARM = [alert("NoOrders", team="shop")]


def migration(ago: float, database: str = "postgres") -> Obj:
    """Return a run that ended a while ago, on a database."""
    env = [{"name": "DATABASE_URL", "value": f"postgres://crm@{database}:5432/crm"}]
    template = {"spec": {"containers": [{"name": "migrate", "image": "crm:37", "env": env}]}}
    done = {"succeeded": 1, "startTime": at(ago + 20), "completionTime": at(ago)}
    return thing("Job", "crm-migrate", age=ago + 30, spec={"template": template}, status=done)


def world(run: Obj, **more: Any) -> list[Any]:
    return [shop(env=URL, **more), postgres(), run, workload("crm-web", before=OLD, released=900)]


HOLDS = [
    Holds(
        "a column that it does not fill may not be empty since then",
        snapshot(*world(migration(905)), logs=logs("shop", EMPTY, 0, 1, since=900), alerts=ALARM),
        (JOB, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "a column is gone since the run of another program's release",
        snapshot(*world(migration(905)), logs=logs("shop", MISSED, 0, 1, since=900), alerts=ALARM),
        (JOB, "code_defect", "page_human"),
        excludes=(
            *no("restart_workload", "rollback_workload", at=SHOP),
            *no("rollback_workload", at="Deployment/crm-web"),
        ),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "the program itself was released with it: its own code asks for what is not there yet",
        snapshot(
            shop(env=URL, before=OLD, released=900),
            postgres(),
            migration(905),
            logs=logs("shop", MISSED, 0, 1, since=880),
            alerts=[alert("NoOrders", service="shop")],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "the run was yesterday",
        snapshot(*world(migration(DAY)), logs=logs("shop", MISSED, 0, 1, since=900)),
        ("unknown", "page_human"),
    ),
    DoesNotHold(
        "the run was on another database",
        snapshot(*world(migration(905, "stock")), postgres("stock"), logs=logs("shop", MISSED, 0, 1, since=900)),
        ("unknown", "page_human"),
    ),
]
