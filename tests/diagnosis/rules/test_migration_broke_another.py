"""What a migration took away is missed by programs that were not released with it; no older code brings it back."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, URL, alert, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, log, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

JOB = "Job/crm-migrate"
MISSED = "psycopg.errors.UndefinedColumn: column c.phone does not exist"
EMPTY = 'ERROR:  null value in column "phone" of relation "customers" violates not-null constraint'
GONE = 'ERROR: relation "orders" does not exist'
ALARM = [alert("NoOrders", team="shop")]


def migration(ago: float, database: str = "postgres") -> Obj:
    """Return a run that ended a while ago, on a database."""
    env = [{"name": "DATABASE_URL", "value": f"postgres://crm@{database}:5432/crm"}]
    template = {"spec": {"containers": [{"name": "migrate", "image": "crm:37", "env": env}]}}
    done = {"succeeded": 1, "startTime": at(ago + 20), "completionTime": at(ago)}
    return thing("Job", "crm-migrate", age=ago + 30, spec={"template": template}, status=done)


def hidden(*said: str, lacks: str = MISSED, of: str = "crm-migrate-x", **more: Any) -> Snapshot:
    """Return a run and a program whose database a Secret hides, and what the run's log tells of its work."""
    run = migration(905)
    run["spec"]["template"]["spec"]["containers"][0]["env"] = []
    owner = [{"kind": "Job", "name": "crm-migrate", "controller": True}]
    done = thing("Pod", of, age=930, spec=run["spec"]["template"]["spec"], status={"phase": "Succeeded"})
    done["metadata"]["ownerReferences"] = owner
    told = [log(of, *said, since=920, of="migrate"), *logs("shop", lacks, 0, 1, since=900)]
    return snapshot(shop(**more), postgres(), run, done, logs=told, alerts=ALARM)


def world(run: Obj, **more: Any) -> list[Any]:
    return [shop(env=URL, **more), postgres(), run, workload("crm-web", before=OLD, released=900)]


TAKEN = (JOB, "code_defect", "page_human")
HOLDS = [
    *(
        Holds(
            f"a Secret hides where both work, and the run tells what it takes away: {said}",
            hidden(said, lacks=lacks),
            TAKEN,
            excludes=no("restart_workload", "rollback_workload", at=SHOP),
            harmful=("rollback_workload", "restart_workload"),
        )
        for said, lacks in (
            ('ALTER TABLE "customers" RENAME COLUMN "phone" TO "phone_number"', MISSED),
            ("-- rename_column(:customers, :phone, :phone_number)", MISSED),
            ("  Applying crm.0042_remove_customer_phone... OK", MISSED),
            ("OK   00031_drop_phone.sql (12.4ms)", MISSED),
            ("INFO  [alembic.runtime.migration] Running upgrade 1a2b -> 3c4d, drop phone", MISSED),
            (
                'Migrating schema "public" to version "31 - drop customers phone"',
                "Unknown column 'c.phone' in 'field list'",
            ),
            ("DROP TABLE crm.phones", 'ERROR: relation "crm.phones" does not exist'),
        )
    ),
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
    *(
        DoesNotHold(f"a Secret hides where both work, and {what}", hidden(said), ("unknown", "page_human"))
        for what, said in (
            ("the run takes away something else", 'ALTER TABLE "customers" RENAME COLUMN "fax" TO "fax_number"'),
            ("the run only reads what is missed", "SELECT phone FROM customers"),
            ("what it takes away only begins alike", "-- remove_column(:customers, :phonetic)"),
            ("it adds another one", 'ALTER TABLE "customers" ADD "address" text -- telephone'),
        )
    ),
    *(
        DoesNotHold(f"a run took rows away, no table or column: {said}", hidden(said, lacks=GONE), ASK)
        for said in (
            "INFO deleted 1200 rows from orders",
            "INFO deleted 1200 rows from table orders",
            "INFO cleanup: removed orders older than 30 days, added 3 to the archive",
            "DELETE FROM orders WHERE at < now() - interval '30 days'",
        )
    ),
    DoesNotHold(
        "a Secret hides where both work, and the program was released with the run that tells of it",
        hidden("-- rename_column(:customers, :phone, :phone_number)", before=OLD, released=900),
        ("unknown", "page_human"),
    ),
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
