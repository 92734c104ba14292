"""A run whose work is done, and whose pod is held open by what runs beside it."""

from __future__ import annotations

from dataclasses import replace

from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.pods import ended
from tests.diagnosis.rules.runs import cron_job
from tests.diagnosis.rules.scenes import WELL, alert, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, event, snapshot, thing
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

MISSED = alert("ReportNotRunning", cronjob="report")
WAITS = event(
    "CronJob/report",
    "JobAlreadyActive",
    "Not starting job because prior execution is running and concurrency policy is Forbid",
    kind="Normal",
)
PROXY = container("cloud-sql-proxy", "cloud-sql-proxy:2") | {"ports": []}
DATABASE = container("db", "postgres:16", port=5432)
WORKER = container("second-half", "report:1") | {"ports": [{"name": "metrics", "containerPort": 9090}]}


def held(beside: Obj, *told: Alert | Obj, done: float = 3 * 3600, code: int = 0) -> Snapshot:
    """Return a shop and a run of which one container ended, and another one runs."""
    job = thing("Job", "report-1", age=done + 180, status={"active": 1})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "report", "controller": True}]
    pod = thing("Pod", "report-1-x", age=done + 180)
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "report-1", "controller": True}]
    pod["spec"] = {"containers": [container("report", "report:1"), beside], "nodeName": "n1"}
    over = {"name": "report", "ready": False, "state": ended("Completed" if not code else "Error", code, age=done)}
    runs = {"name": beside["name"], "ready": True, "state": {"running": {"startedAt": at(done + 170)}}}
    pod["status"] = {"phase": "Running", "containerStatuses": [over, runs]}
    above = cron_job(well=DAY)
    above["spec"]["concurrencyPolicy"] = "Forbid"
    alerts = [each for each in told if isinstance(each, Alert)]
    return snapshot(
        shop(), above, job, pod, *(each for each in told if isinstance(each, dict)), figures=[WELL], alerts=alerts
    )


HOLDS = [
    Holds(
        "a proxy, and an alert misses the runs",
        held(PROXY, MISSED),
        ("CronJob/report", "configuration_error", "page_human"),
        alone=True,
        began=3 * 3600,
    ),
    Holds(
        "a database of its own, and no run may follow",
        held(DATABASE, WAITS, MISSED),
        ("CronJob/report", "configuration_error", "page_human"),
    ),
    Holds(
        "no alert asks for it, and it bars the next ones too",
        replace(held(PROXY, WAITS), logs=(Log("report-1-x", "report", (f"{at(3 * 3600)} INFO done",)),)),
        ("CronJob/report", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody misses a run", held(PROXY), HEALTHY),
    DoesNotHold("it was done a minute ago", held(PROXY, MISSED, done=60), ASK),
    DoesNotHold("the other half of the work goes on", held(WORKER, MISSED), ASK),
    DoesNotHold("its work failed", held(PROXY, MISSED, code=1)),
]
