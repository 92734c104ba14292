"""A queue that the release of its readers took from their list: nobody reads it, and messages pile up."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import figure, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WORKER, BROKER = "Deployment/worker", "StatefulSet/rabbitmq"
CELERY = ("celery", "-A", "hub", "worker", "-Q")
BLIND = (WORKER, "capacity", "scale_workload")


def reads(*queues: str, **more: Any) -> dict[str, Any]:
    """Return what tells a worker which queues to read; none: all that its program knows."""
    return {"command": [*CELERY, ",".join(queues)] if queues else [*CELERY[:-1]], **more}


def readers(queue: str, before: float, now: float, since: float = 1190) -> Any:
    return figure("queue_consumers", before, now, since, component=queue)


def world(
    *more: Any,
    before: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    released: float = 1200,
    grew: float = 1100,
    figures: tuple[Any, ...] = (),
    **rest: Any,
) -> Snapshot:
    """Return a worker that was released, and a queue that grows."""
    told = {"env": {"BROKER_URL": "amqp://rabbitmq:5672"}, "service": False, **(now or reads("jobs", "files"))}
    return snapshot(
        workload("worker", **told, before=before or reads("jobs", "mails"), released=released),
        workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
        *more,
        figures=[
            figure("queue_depth", 3, 4000, grew, component="mails"),
            figure("queue_depth", 3, 3, component="jobs"),
            *figures,
        ],
        alerts=[alert("QueueGrows", queue="mails", pod="rabbitmq-0")],
        **rest,
    )


HOLDS = [
    Holds(
        "its worker's command has another queue instead, and the broker counts no reader",
        world(figures=(readers("mails", 2, 0), readers("jobs", 2, 2))),
        (WORKER, "configuration_error", "rollback_workload"),
        excludes=no("scale_workload", "restart_workload", at=WORKER),
        alone=True,
        sure=(0.7, 0.95),
    ),
    Holds(
        "its worker's command has another queue instead, and no broker counts its readers",
        world(),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "an image came with it: what is missing stands in the settings",
        world(before=reads("jobs", "mails", image="registry.example/worker:0")),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "a variable tells what to read",
        world(before={"env": {"QUEUES": "jobs,mails"}}, now={"env": {"QUEUES": "jobs"}}),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "its worker is told nothing any more, and nobody reads it",
        world(now=reads(), figures=(readers("mails", 2, 0),)),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "little is sent to it at first, and another program is released when more is",
        world(
            workload("api", before={"image": "registry.example/api:0"}, released=700),
            released=3000,
            grew=800,
        ),
        (WORKER, "configuration_error", "rollback_workload"),
        harmful=("scale_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its worker is told nothing any more, and may know it by itself",
        world(now=reads()),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "the broker counts readers of it",
        world(figures=(readers("mails", 2, 2),), released=5000),
        harmful=("rollback_workload",),
        instead=BLIND,
    ),
    DoesNotHold(
        "another workload was made to read it",
        world(workload("mailer", **reads("mails"), service=False), released=5000),
        ("Deployment/mailer", "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it grew before the release",
        world(grew=1800),
        BLIND,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the release was on another day",
        world(released=90000, grew=600),
        BLIND,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it is still in the list",
        world(now=reads("jobs", "mails", "files"), before=reads("jobs", "mails"), released=5000),
        BLIND,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "who is asked had it to write to it",
        world(
            workload("api", env={"QUEUE": "jobs"}, before={"env": {"QUEUE": "mails"}}, released=5000),
            service_for("worker"),
            before=reads("jobs", "files"),
            released=90000,
        ),
        BLIND,
        harmful=("rollback_workload",),
    ),
    DoesNotHold("it does not grow", world(grew=-1)),
]
