"""A queue that the release of its readers took from their list: nobody reads it, and messages pile up."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, alert
from tests.diagnosis.rules.tiny import NOW, figure, redis, series, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

WORKER, BROKER = "Deployment/worker", "StatefulSet/rabbitmq"
CELERY = ("celery", "-A", "hub", "worker", "-Q")
BLIND = (WORKER, "capacity", "scale_workload")
OTHERS = (BROKER, "dependency_failure", "page_human")
"""More of a worker that is told to read others are no help."""


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


SIDEKIQ = ("bundle", "exec", "sidekiq", "-c", "10")
DRAMATIQ = ("dramatiq", "shop.tasks", "--processes", "2", "--queues")
CRITICAL, MAILS = ("-q", "critical,4"), ("-q", "mails,2")
ITSELF = alert("MailsLate", queue="mails")
TOLD = alert("MailsLate", service="web")._replace(
    annotations={"summary": "The oldest job of queue mails waits too long"}
)


def few(*steps: float) -> Any:
    """Return a queue in which hardly anything waited until 20 minutes ago, and how many since, each for a while."""
    each = 1200 / len(steps)
    return "queue_depth", series(
        {"component": "mails"}, (3600, 1), *((1200 - n * each, v) for n, v in enumerate(steps))
    )


def long(*values: float, **labels: str) -> Any:
    """Return a queue in which many wait since before anybody measured, at equal times of the last hour."""
    each = 3600 / len(values)
    named = labels or {"component": "mails"}
    return "queue_depth", series(named, *((3600 - n * each, value) for n, value in enumerate(values)))


def of_redis(
    before: Any, now: Any, *more: Any, figures: Any = (), alerts: Any = (), released: float = 1300
) -> Snapshot:
    """Return a worker on a cache that was released, told in whatever way what to read, and who fills its queues."""
    told = [each if isinstance(each, dict) else {"command": [*each]} for each in (before, now)]
    return snapshot(
        workload("worker", before=told[0], **told[1], released=released, service=False),
        workload("web", env={"REDIS_URL": "redis://redis:6379/0"}),
        redis(),
        *more,
        figures=figures,
        alerts=alerts or [alert("MailsLate", service="web")],
    )


WEIGHED = ((*SIDEKIQ, *CRITICAL, *MAILS), (*SIDEKIQ, "-q", "critical,6"))
RENAMED = ((*SIDEKIQ, *CRITICAL, *MAILS), (*SIDEKIQ, *CRITICAL, "-q", "mail,2"))
SINCE_LONG = ITSELF._replace(starts_at=NOW - timedelta(hours=9))
HOLDS = [
    Holds(
        "it was misnamed in the evening and is long since before all figures, its alert fires since then",
        of_redis(*RENAMED, released=36000, figures=[long(2150, 2200, 2290, 2400)], alerts=[alert(), SINCE_LONG]),
        (WORKER, "configuration_error", "rollback_workload"),
        excludes=no("scale_workload", "restart_workload", at=WORKER),
        alone=True,
    ),
    Holds(
        "long since before all figures, as the key of a store tells, and no alert is about it",
        of_redis(
            {"env": {"QUEUE": "default,mails"}},
            {"env": {"QUEUE": "default,mailings"}},
            released=20000,
            figures=[long(140, 160, 190, component="redis", key="queue:mails")],
        ),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "long since before all figures at a broker that counts no reader",
        snapshot(
            workload("worker", **reads("jobs", "mail"), before=reads("jobs", "mails"), released=9000, service=False),
            workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
            figures=[long(900, 1500), readers("mails", 0, 0)],
            alerts=[alert("QueueGrows", pod="rabbitmq-0")],
        ),
        (WORKER, "configuration_error", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    Holds(
        "little is sent to it, its list has weights, and nobody reads it by the count of an exporter",
        of_redis(*WEIGHED, figures=[few(12, 40, 94), readers("mails", 2, 0, 1290)]),
        (WORKER, "configuration_error", "rollback_workload"),
        excludes=no("scale_workload", "restart_workload", at=WORKER),
        alone=True,
    ),
    Holds(
        "little is sent to it, a variable tells how many at once, and nobody takes any out of it",
        of_redis(
            {"env": {"GOOD_JOB_QUEUES": "mails:2;files:1;default:5"}},
            {"env": {"GOOD_JOB_QUEUES": "files:1;default:7"}},
            figures=[few(4, 11, 30, 55)],
        ),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "nothing is measured, its words are a list, and an alert bears the name of the queue",
        of_redis((*DRAMATIQ, "default", "mails"), (*DRAMATIQ, "default"), alerts=[ITSELF]),
        (WORKER, "configuration_error", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "nothing is measured, and an alert about who fills it calls it by its name; that one was released before",
        of_redis(
            (*CELERY, "jobs,mails"),
            (*CELERY, "jobs"),
            workload("api", before=OLD, released=2400),
            alerts=[TOLD],
        ),
        (WORKER, "configuration_error", "rollback_workload"),
        harmful=("scale_workload",),
    ),
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
        "long since before all figures, and some are taken out: somebody reads it, slowly",
        of_redis(*RENAMED, released=36000, figures=[long(2150, 2200, 2180, 2400)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "long since before all figures, and no more come: nobody uses it any more",
        of_redis(*RENAMED, released=36000, figures=[long(2150, 2150)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "long since before all figures, and its alert is older than the release",
        of_redis(*RENAMED, released=20000, figures=[long(2150, 2200, 2290)], alerts=[SINCE_LONG]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "long before the release already, by its first figures",
        of_redis(*RENAMED, released=1300, figures=[long(2150, 2200, 2290, 2400)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "long since before all figures, and the release was days ago",
        of_redis(*RENAMED, released=300000, figures=[long(2150, 2200, 2290)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its worker is told nothing any more, and may know it by itself",
        world(now=reads()),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    DoesNotHold(
        "the broker counts readers of it",
        world(figures=(readers("mails", 2, 2),), released=5000),
        harmful=("rollback_workload", "scale_workload"),
        instead=OTHERS,
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
        OTHERS,
        harmful=("rollback_workload", "scale_workload"),
    ),
    DoesNotHold(
        "the release was on another day",
        world(released=90000, grew=600),
        OTHERS,
        harmful=("rollback_workload", "scale_workload"),
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
    DoesNotHold(
        "few wait, and some are taken out: somebody reads it",
        of_redis(*WEIGHED, figures=[few(12, 40, 15, 44)]),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "only the weights of its queues were changed",
        of_redis((*SIDEKIQ, *CRITICAL, *MAILS), (*SIDEKIQ, *CRITICAL, "-q", "mails,5"), figures=[few(12, 40, 94)]),
    ),
    DoesNotHold("nothing is measured, and the alert names no queue", of_redis(*WEIGHED)),
    DoesNotHold("nothing is measured, and the alert is older", of_redis(*WEIGHED, alerts=[ITSELF], released=300)),
    DoesNotHold(
        "nothing is measured, and the alert is critical as another queue is called",
        of_redis((*SIDEKIQ, *CRITICAL, *MAILS), (*SIDEKIQ, *MAILS), alerts=[alert(service="web", severity="critical")]),
    ),
    DoesNotHold(
        "nothing is measured, and another one reads it",
        of_redis(*WEIGHED, workload("mailer", command=[*SIDEKIQ, *MAILS], service=False), alerts=[ITSELF]),
    ),
    DoesNotHold(
        "the alert names it, and figures show that nothing waits",
        of_redis(*WEIGHED, figures=[few(1, 1)], alerts=[ITSELF]),
    ),
]
