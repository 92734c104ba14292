"""A run whose first try failed and whose next try did its work needs nothing, whoever counts its failed pods."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import WELL, alert, errors, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, log, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

HOUR = 3600.0
BEGAN = 2 * HOUR
FIRES = alert("KubeJobFailed", job_name="invoices-2", severity="critical")
COUNTS = Alert("KubeJobFailed", {"job_name": "invoices-2"}, {"summary": "Job failed (failed pods > 0)"}, "firing", NOW)
STORE = {"DB_URL": secret_key("ledger", "url")}
SENT = "INFO sent"
AWAY = "ERROR POST https://mail.partner.example/v1/send: 503 Service Unavailable, upstream connect error"
TRACED = "requests.exceptions.HTTPError: 503 Server Error: Service Unavailable for url: https://mail.partner.example/v1"
FAILED: Obj = {"failed": 1}
DONE: Obj = {"succeeded": 1, "completionTime": at(HOUR)}


def condition(kind: str) -> Obj:
    return {"conditions": [{"type": kind, "status": "True", "lastTransitionTime": at(HOUR)}]}


def run(label: str, age: float, status: Obj, *, schedule: str = "invoices", spec: Obj | None = None) -> Obj:
    """Return a run that began so long ago."""
    job = thing("Job", label, age=age, spec=spec or {}, status={"startTime": at(age), **status})
    if schedule:
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": schedule, "controller": True}]
    return job


def attempt(label: str, job: str, phase: str, *lines: str) -> tuple[Obj, Log]:
    """Return a pod of a run, and what it told."""
    pod = thing("Pod", label, age=BEGAN, spec={"containers": [container("invoices", "invoices:3")]})
    pod["metadata"]["ownerReferences"] = [{"kind": "Job", "name": job, "controller": True}]
    pod["status"] = {"phase": phase}
    told = (f"{at(BEGAN - 60 * n)} {line}" for n, line in enumerate(lines, 1))
    return pod, Log(label, "invoices", tuple(told))


def ran(
    *later: Obj,
    status: Obj | None = None,
    spec: Obj | None = None,
    first: str = "ERROR deadlock detected, transaction rolled back",
    then: str = "INFO 4000 invoices written",
    schedule: str = "invoices",
    fires: Any = (FIRES,),
    figures: Any = (WELL,),
    mailer: Sequence[str] = (),
) -> Snapshot:
    """Return a run of which one pod failed and the next one was well, and what came ``later``.

    ``mailer``: what one tells who uses the same store.
    """
    job = run("invoices-2", BEGAN, status or {**FAILED, **DONE, **condition("Complete")}, schedule=schedule, spec=spec)
    pods = [attempt("a", "invoices-2", "Failed", "INFO begins", first), attempt("b", "invoices-2", "Succeeded", then)]
    template: Obj = {"spec": {"containers": [container("invoices", "invoices:3", env=STORE)]}}
    plan = {"schedule": "0 2 * * *", "jobTemplate": {"spec": {"template": template}}}
    cron = [thing("CronJob", "invoices", spec=plan, status={})] if schedule else []
    objects: list[Any] = [shop(), cron, job, [pod for pod, _ in pods], list(later)]
    logs = [told for _, told in pods]
    if mailer:
        objects.append(workload("mailer", pods=1, started=10 * DAY, env=STORE))
        told = log(pod("mailer"), *mailer, since=2 * HOUR)
        logs.append(
            told._replace(lines=tuple(line.partition(" ")[2] if TRACED in line else line for line in told.lines))
        )
    return snapshot(*objects, logs=logs, figures=figures, alerts=fires)


def again(age: float, **status: Any) -> Obj:
    """Return the next run of the schedule."""
    return run("invoices-3", age, status)


SCHEDULE = ("CronJob/invoices", "no_fault", "no_action")
LATE = FIRES._replace(annotations={"summary": "Invoices are late: the job failed"})
BEFORE = FIRES._replace(starts_at=NOW - timedelta(seconds=BEGAN + 600))

HOLDS = [
    *(
        Holds(f"one try failed and the next was well: {what}", world, SCHEDULE, alone=True, began=BEGAN)
        for what, world in (
            ("an alert counts failed pods", ran()),
            ("another one does too", ran(fires=(FIRES, COUNTS))),
            (
                "of three parts all are done",
                ran(spec={"completions": 3}, status={**FAILED, **DONE, "succeeded": 3, **condition("Complete")}),
            ),
            ("the next run was well at once", ran(again(1800, **DONE, **condition("Complete")))),
            ("the next run goes on", ran(again(1800, active=1))),
            ("one that uses its store tells of a partner, as it did before", ran(mailer=[SENT, AWAY, SENT] * 24)),
            ("it does so in traces", ran(mailer=[SENT, "ERROR mail not sent", TRACED, SENT] * 24)),
        )
    ),
    Holds(
        "a run of no schedule",
        ran(schedule=""),
        ("Job/invoices-2", "no_fault", "no_action"),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("no_action", "restart_workload", "rollback_workload"))
        for what, world in (
            ("it tries still", ran(status={**FAILED, "active": 1})),
            ("it has failed", ran(status={"failed": 2, **condition("Failed")})),
            ("it is not said to be complete", ran(status={**FAILED, **DONE})),
            ("only a part of it is done", ran(spec={"completions": 3})),
            ("the try that did it tells of trouble", ran(then="ERROR 12 invoices left out")),
            ("the try that did it warns", ran(then="WARN 12 invoices left out")),
            ("the next run failed", ran(again(1800, failed=1, **condition("Failed")))),
            ("the next run tries for another time", ran(again(1800, failed=1, active=1))),
            ("the alert tells that its work came late", ran(fires=(LATE,))),
            ("the alert is of another run", ran(fires=(alert("KubeJobFailed", job_name="invoices-1"),))),
            ("the alert is older than the run", ran(fires=(BEFORE,))),
            ("the alert tells of nothing that failed", ran(fires=(alert("KubeJobSlow", job_name="invoices-2"),))),
            ("another alert fires as well", ran(fires=(FIRES, alert("Orders404", service="shop")))),
            ("no pod of it failed", ran(status={**DONE, **condition("Complete")})),
        )
    ),
    DoesNotHold(
        "one that uses its store tells of a partner since then",
        ran(mailer=[SENT] * 200 + [AWAY] * 20),
        ("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "requests fail",
        ran(figures=[errors("shop")]),
        harmful=("no_action",),
    ),
]
