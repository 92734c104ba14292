"""A run is over, and the pooler by which it came keeps its sessions open: a database has none left for others."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import REFUSED, errors, shop
from tests.diagnosis.rules.tiny import container, figure, postgres, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

POOLER, DB = "Deployment/pgbouncer", "StatefulSet/postgres"
BY_POOLER = {"DATABASE_URL": "postgres://bills@pgbouncer:6432/shop"}
STRAIGHT = {"DATABASE_URL": "postgres://bills@postgres:5432/shop"}


def run(env: dict[str, str], *, over: bool = True) -> list[Any]:
    """Return a schedule, and its run, which is over or goes on."""
    spec = {"containers": [container("bills", "bills:1", env=env)]}
    schedule = thing(
        "CronJob", "bills", spec={"schedule": "0 5 1 * *", "jobTemplate": {"spec": {"template": {"spec": spec}}}}
    )
    job = thing("Job", "bills-1", age=1800, spec={"template": {"spec": spec}})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "bills", "controller": True}]
    pods = pods_of(workload("bills-1", "bills:1", kind="Job", pods=1, env=env, service=False))
    for pod in pods:
        pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "bills-1", "controller": True}]
        pod["status"]["phase"] = "Succeeded" if over else "Running"
    return [schedule, job, *pods]


def kept(
    *more: Any, state: str = "idle", env: dict[str, str] | None = None, over: bool = True, pooler: bool = True
) -> Snapshot:
    """Return a shop that is refused, a run and the pooler of it, and what figures tell of who holds sessions."""
    way = workload("pgbouncer", "bitnami/pgbouncer:1.23", env={"POSTGRESQL_HOST": "postgres"}, port=6432)
    of, other = {"component": "postgres", "client": "bills"}, {"component": "postgres", "client": "shop"}
    return snapshot(
        shop(),
        postgres(),
        run(BY_POOLER if env is None else env, over=over),
        *([way] if pooler else []),
        *more,
        figures=[
            figure("db_connections", 20, 97, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            figure("db_connections_by_client", 0, 80, 600, **of, state=state),
            figure("db_connections_by_client", 17, 17, 600, **other, state="active"),
            errors("shop"),
        ],
        logs=[REFUSED],
    )


HOLDS = [
    Holds(
        "all of them sleep",
        kept(),
        (POOLER, "database_connection", "restart_connection_pool"),
        excludes=(*no("restart_workload", "scale_database", at=DB), *no("restart_workload", at="Deployment/shop")),
        harmful=("scale_database", "scale_workload", "rollback_workload"),
    ),
    *(
        Holds(
            f"a person is asked: {what}",
            world,
            ("CronJob/bills", "database_connection", "page_human"),
            target=DB,
            harmful=("restart_connection_pool",),
        )
        for what, world in (
            ("the run goes on", kept(over=False)),
            ("the sessions are at work", kept(state="active")),
            ("it comes straight", kept(env=STRAIGHT)),
        )
    ),
]
DOES_NOT_HOLD = [DoesNotHold("a pooler is there, and nobody is refused", snapshot(shop(), postgres(), run(BY_POOLER)))]
