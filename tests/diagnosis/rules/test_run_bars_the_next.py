"""A run hangs, and its schedule lets no other one in beside it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.tiny import DAY, Obj, at, event, meta, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

PRICES = "CronJob/prices"
SKIPPED = "Not starting job because prior execution is running and concurrency policy is Forbid"


def schedule(age: float, **spec: Any) -> list[Obj]:
    """Return a CronJob with one run that began ``age`` seconds ago and goes on."""
    template = {"spec": {"containers": [{"name": "prices", "image": "prices:1"}], "restartPolicy": "Never"}}
    top = thing(
        "CronJob",
        "prices",
        age=90 * DAY,
        spec={
            "schedule": "*/15 * * * *",
            "concurrencyPolicy": "Forbid",
            "jobTemplate": {"spec": {"template": template}},
        }
        | spec,
        status={"lastSuccessfulTime": at(age + 900), "active": [{"name": "prices-1"}]},
    )
    job = thing("Job", "prices-1", age=age, spec={"template": template}, status={"active": 1})
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "prices", "controller": True}]
    pod = thing("Pod", "prices-1-x", age=age, spec={**template["spec"], "nodeName": "n1"})
    pod["metadata"] = meta("prices-1-x", age, ownerReferences=[{"kind": "Job", "name": "prices-1", "controller": True}])
    pod["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at(age)}],
        "containerStatuses": [
            {"name": "prices", "ready": True, "restartCount": 0, "state": {"running": {"startedAt": at(age)}}}
        ],
    }
    return [top, job, pod]


def said(ago: float) -> Log:
    return Log("prices-1-x", "prices", (f"{at(ago)} INFO downloading",))


def world(age: float, word: float, **spec: Any) -> Snapshot:
    return snapshot(
        workload("shop"), schedule(age, **spec), event(PRICES, "JobAlreadyActive", SKIPPED), logs=[said(word)]
    )


HOLDS = [
    Holds(
        "for hours, and it has gone silent",
        world(7 * 3600, 7 * 3600 - 60),
        (PRICES, "service_crash", "page_human"),
        harmful=("rollback_workload", "no_action"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it is slow, and works", world(7 * 3600, 60), ()),
    DoesNotHold("it has only begun", world(600, 590), ()),
    DoesNotHold("others may run beside it", world(7 * 3600, 7 * 3600 - 60, concurrencyPolicy="Allow"), ()),
]
