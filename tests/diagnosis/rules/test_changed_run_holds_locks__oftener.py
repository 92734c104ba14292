"""A run that comes far more often since its schedule was edited: what locks for minutes a night locks all day."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import owned
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.test_changed_run_holds_locks__moved import CANCELED, GIVES_UP, WAITS
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, log, postgres, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

CRON = "CronJob/stock-view"
FOUND = (CRON, "configuration_error", "page_human")
ITS = "[71] {}@shop LOG:  process 71 still waiting for AccessExclusiveLock on relation 16531 after 1000.1 ms"
STATEMENT = "[71] {}@shop STATEMENT:  {}"
REFRESH = "REFRESH MATERIALIZED VIEW stock"
NIGHTS = (2.4 * DAY, 1.4 * DAY, 0.4 * DAY)
PACE = ("f:schedule",)
BY_HAND = {"cronjob.kubernetes.io/instantiate": "manual"}
HARM = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool")


def stock_view(
    host: str = "postgres",
    *,
    before: Sequence[float] = NIGHTS,
    every: float = 600,
    runs: int = 4,
    took: float = 700,
    edited: float | None = 2500,
    fields: Sequence[str] = PACE,
    by_hand: bool = False,
    command: Sequence[str] = ("/app/run",),
    script: str = "",
) -> list[Obj]:
    """Return a schedule of whose runs one comes so often since an edit, each of them at work for so long.

    ``before``: the ages of runs that came earlier. ``fields``: what of its spec the edit wrote, as far as it is told.
    """
    mounts = {"volumeMounts": [{"name": "sql", "mountPath": "/sql"}]}
    work = container("view", "stock-view:4", env={"PGHOST": host, "DB_HOST": host}) | mounts
    pod_spec: Obj = {"containers": [work | {"command": list(command)}]}
    pod_spec["volumes"] = [{"name": "sql", "configMap": {"name": "stock-view-sql"}}]
    body: dict[str, Any] = {"spec": {"template": {"spec": pod_spec}}}
    above = thing("CronJob", "stock-view", written=edited, spec={"schedule": "*/10 * * * *", "jobTemplate": body})
    for entry in above["metadata"].get("managedFields", []) if fields else []:
        entry["fieldsV1"] = {"f:spec": {each: {} for each in fields}}
    made = [above, thing("ConfigMap", "stock-view-sql", data={"run.sql": script})]
    ages = [*before, *(every * n + 300 for n in reversed(range(runs)))]
    for number, age in enumerate(ages):
        over = age - took if age > took else None
        status: Obj = {"startTime": at(age), "active": 1}
        if over is not None:
            done = {"type": "Complete", "status": "True", "lastTransitionTime": at(over)}
            status = {"startTime": at(age), "completionTime": at(over), "succeeded": 1, "conditions": [done]}
        job = owned(thing("Job", f"stock-view-{number}", age=age, status=status, **body), CRON)
        if by_hand:
            job["metadata"]["annotations"] = BY_HAND
        made.append(job)
        pod = thing("Pod", f"stock-view-{number}-x", age=age, spec=pod_spec | {"nodeName": "n1"})
        state = {"name": "view", "ready": True, "state": {"running": {"startedAt": at(age - 3)}}}
        phase = "Running" if over is None else "Succeeded"
        told = {"phase": phase, "podIP": f"10.1.7.{number}", "containerStatuses": [state] if over is None else []}
        made.append(owned(pod, f"Job/stock-view-{number}") | {"status": told})
    return made


def told(
    statement: str = REFRESH,
    *more: Any,
    name: str = "stock-view",
    since: float = 2050,
    ratio: float = 0.6,
    **run: Any,
) -> Snapshot:
    """Return a shop that fails as PostgreSQL's log tells that all wait, and what it tells of the program of a run."""
    own = [(since - 20, ITS.format(f"{name} batch")), (since - 20, STATEMENT.format(f"{name} batch", statement))]
    waits = [(since - 40 - 150 * n, line) for n in range(12) for line in WAITS]
    return snapshot(
        postgres(),
        shop(env={"PGHOST": "postgres"}),
        stock_view(**run),
        *more,
        figures=[errors("shop", ratio, since)],
        logs=[
            *logs("shop", CANCELED, 0, 1, since=since),
            timed("postgres-0", *own, *(each for each in waits if each[0] > 0), of="postgres"),
        ],
    )


def given_up(said: str = "INFO at work", host: str = "mysql", **run: Any) -> Snapshot:
    """Return clients of MySQL that give up waiting, of which nobody else tells, and the run with what it tells."""
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        shop(env={"DB_HOST": "mysql"}),
        stock_view(host, **run),
        figures=[errors("shop", 0.6, 2050)],
        logs=[*logs("shop", GIVES_UP, 0, 1, since=2050), log("stock-view-6-x", said, since=200, of="view")],
    )


FILE = ("sh", "-c", "mysql --batch < /sql/run.sql")
OPTIMIZE = "SET SESSION lock_wait_timeout = 600;\nOPTIMIZE TABLE stock;\n"

HOLDS = [
    Holds(
        f"a run comes far more often since an edit, and {what}",
        world,
        FOUND,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", "restart_connection_pool", at=SHOP),
        alone=True,
        harmful=HARM,
    )
    for what, world in (
        ("its database's log tells what it does", told()),
        ("its runs end before the next one", told(took=400)),
        ("its database's log tells that it rewrites a table", told("TRUNCATE TABLE stock_by_shop")),
        ("a neighbour was released", told(REFRESH, workload("front", before=OLD, released=2300))),
        ("who applied it wrote all of it", told(fields=("f:schedule", "f:jobTemplate"))),
        ("nobody tells what was written", told(fields=())),
        ("it came every four hours", told(before=(27000, 12600))),
        ("one run before is kept", told(before=NIGHTS[-1:])),
        ("no run before is kept, and runs overlap", told(before=())),
        ("it tells what it does, and clients alone of waits", given_up("INFO OPTIMIZE TABLE stock")),
        ("a file that its command names tells what it does", given_up(command=FILE, script=OPTIMIZE)),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"runs of a schedule come, {what}", world, harmful=("rollback_workload", "scale_workload"))
        for what, world in (
            ("and nobody edited it", told(edited=None)),
            ("and it was edited before many of them", told(before=(4300, 3700, 3100), edited=DAY)),
            ("hardly more often than before", told(before=(5600, 4400, 3200))),
            ("more rarely than before", told(before=(3100, 3000, 2900))),
            ("and the edit was of their work", told(fields=("f:jobTemplate",))),
            ("each for some seconds", told(took=20)),
            ("and two came since the edit", told(runs=2, every=1800)),
            ("and somebody starts them by hand", told(by_hand=True)),
            ("after the waits", told(since=3000)),
            ("and none was at work as the waits began", told(took=250, since=1700)),
            ("and the database tells of another program", told(name="stock-viewer")),
            ("and they build beside it", told("REFRESH MATERIALIZED VIEW CONCURRENTLY stock")),
            ("and they read", told("SELECT count(*) FROM stock")),
            ("and work on another database", given_up("INFO OPTIMIZE TABLE stock", host="reports-db")),
            ("and the file that their command names reads", given_up(command=FILE, script="SELECT count(*) FROM a;")),
            ("and another file beside theirs locks", given_up(command=("mysql", "/sql/read.sql"), script=OPTIMIZE)),
            ("none before is kept, and none overlap", told(before=(), took=400)),
            (
                "none before is kept, and who applied it wrote all of it",
                told(before=(), fields=("f:schedule", "f:jobTemplate")),
            ),
            ("and its users are served", told(ratio=0.001)),
        )
    ),
]
