"""A release sends to a queue that nobody reads: nothing fails, and nothing is done."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import rollout
from tests.diagnosis.rules.scenes import OLD, WEB, alert
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, pod, redis, series, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

WORKER, REDIS = "Deployment/worker", "Deployment/redis"
SIDEKIQ = ["bundle", "exec", "sidekiq", "-q", "critical,6", "-q", "mailers,3"]
STORE = {"REDIS_URL": "redis://redis:6379/0"}
RAILS = "I, [{at} #15]  INFO -- : [ActiveJob] Enqueued MailJob (Job ID: c6db) to Sidekiq({queue}) with arguments: 4"
BULL = '{{"level":"info","time":"{at}","queue":"{queue}","msg":"job added to the queue","id":44}}'
SPRING = "{at}  INFO 1 --- [io-8080] c.s.Outbox : Publishing event to exchange [], routingKey = [{queue}], id 7"
CELERY = "[{at}: INFO/web] apply_async shop.tasks.send_receipt queue={queue} id=77"
TAKEN = "[{at}: INFO/web] Published: a message consumed from queue={queue} was sent again"
FAILED = "{at} ERROR failed to publish to queue {queue}: connection refused"


def said(line: str, queue: str, *, of: str = "web", numbers: Iterable[int] = (0, 1), since: float = 1180) -> list[Log]:
    """Return the logs of pods that send to a queue twice a minute."""
    ages = range(int(since), 20, -30)
    return [
        Log(pod(of, n), of, tuple(line.format(at=at(age), queue=queue) for age in ages), previous=False)
        for n in numbers
    ]


def filling(queue: str = "default", *steps: tuple[float, float], **labels: str) -> tuple[str, Series]:
    """Return a queue in which nothing moved until 20 minutes ago, well after the release, and that grows since."""
    grown = [(1180 - n * 60, n * 8) for n in range(20)]
    return "queue_depth", series(labels or {"component": queue}, (3600, 0), (1500, 0), *(steps or grown))


def worker(command: Any = SIDEKIQ, **more: Any) -> list[Obj]:
    return workload("worker", **{"command": command, "env": STORE, "service": False, **more})


def web(**more: Any) -> list[Obj]:
    return workload("web", **{"before": OLD, "released": 2400, "env": STORE, **more})


def world(*more: Any, figures: Any = None, logs: Any = None, alerts: Any = (), of: Any = None) -> Snapshot:
    """Return a web of Rails that was released, its worker and their Redis."""
    return snapshot(
        of or web(),
        worker(),
        redis(started=4000),
        *more,
        figures=[*([filling()] if figures is None else figures), figure("queue_depth", 3, 3, component="mailers")],
        logs=said(RAILS, "default") if logs is None else logs,
        alerts=alerts or [alert("FewConfirm", service="worker")],
    )


def of_rabbitmq(*more: Any, figures: Any = (), line: str = SPRING, alerts: Any = (), **of: Any) -> Snapshot:
    """Return a program on a RabbitMQ that was released, and one that reads whatever its code names."""
    env = {"SPRING_RABBITMQ_HOST": "rabbitmq"}
    return snapshot(
        web(env=env, **of),
        workload("billing", env=env),
        workload("rabbitmq", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672),
        *more,
        logs=said(line, "orders.v2"),
        figures=[filling("orders.v2"), *figures],
        alerts=alerts or [alert("OrdersNotBilled", service="billing")],
    )


def readers(queue: str, before: float, now: float) -> Any:
    return figure("queue_consumers", before, now, 1100, component=queue)


def of_queue(queue: str, age: float = 600) -> list[Alert]:
    return [alert("OldestJobTooOld", queue=queue)._replace(starts_at=NOW - timedelta(seconds=age))]


PUBLISHES, PUBLISHED = {**STORE, "MAIL_QUEUE": "letters"}, {**STORE, "MAIL_QUEUE": "mailers"}
HALF: dict[str, Any] = {"name": "web", "status": None, "before": OLD, "released": 2400, "env": STORE}
HOLDS = [
    Holds(
        "the jobs of a new Rails go to the queue default, and its worker is told to read others",
        world(),
        (WEB, "code_defect", "rollback_workload"),
        excludes=(
            *no("scale_workload", "restart_workload", at=WEB),
            *no("scale_workload", "restart_workload", "rollback_workload", at=WORKER),
        ),
        alone=True,
        sure=(0.7, 0.95),
    ),
    Holds(
        "the worker was released too, and reads what it read",
        world(worker(image="registry.example/worker:2", before={"image": "registry.example/worker:1"}, released=1900)),
        (WEB, "code_defect", "rollback_workload"),
    ),
    Holds(
        "an exporter of Redis measures a list that Bull keeps",
        world(figures=[filling("", key="bull:mail:wait")], logs=said(BULL, "mail")),
        (WEB, "code_defect", "rollback_workload"),
    ),
    Holds(
        "a broker counts that nobody ever read it, and who reads others of it is told nothing by name",
        of_rabbitmq(figures=[readers("orders.v2", 0, 0), readers("orders", 1, 1)]),
        (WEB, "code_defect", "rollback_workload"),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "nothing is measured, and an alert bears the name of the queue",
        world(figures=[], logs=said(CELERY, "receipts"), alerts=of_queue("receipts")),
        (WEB, "code_defect", "rollback_workload"),
    ),
    Holds(
        "there are no logs, and its release gave it another name",
        world(figures=[filling("letters")], logs=[], of=web(env=PUBLISHES, before={"env": PUBLISHED})),
        (WEB, "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "another worker is told to read it",
        world(workload("mailer", command=["sidekiq", "-q", "default"], env=STORE, service=False)),
        harmful=("rollback_workload",),
        instead=("Deployment/mailer", "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "a worker on the same Redis is told nothing by name, and may read it",
        world(workload("jobs", env=STORE, service=False)),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "of a worker nothing tells what it asks and reads",
        world(workload("jobs", service=False)),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "messages came and went in it before",
        world(figures=[filling("default", (1400, 3), (1300, 0), *((1180 - n * 60, n * 8) for n in range(20)))]),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "some are taken out of it still",
        world(figures=[filling("default", *((1180 - n * 60, n * 8 + 20 * (n % 2)) for n in range(20)))]),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "its older pods name the same queue: it was sent to before",
        world(of=rollout(**HALF), logs=said(RAILS, "default", numbers=range(3))),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "the release was yesterday",
        world(of=web(released=DAY)),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "it tells of another queue",
        world(logs=said(RAILS, "mailers")),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "it tells that it could not send",
        world(logs=said(FAILED, "default")),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "it takes messages out of it",
        world(logs=said(TAKEN, "default")),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "two that were released send to it",
        world(
            workload("api", before=OLD, released=3000, env=STORE),
            logs=[*said(RAILS, "default"), *said(RAILS, "default", of="api")],
        ),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "its messages were given up by who reads another",
        world(figures=[filling("mailers.dlq")], logs=said(RAILS, "mailers.dlq")),
        harmful=("rollback_workload",),
        instead=("unknown", "page_human"),
    ),
    DoesNotHold(
        "a broker's readers are told nothing by name, and nobody counts them",
        of_rabbitmq(),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "somebody read it, and does so no more",
        of_rabbitmq(figures=[readers("orders.v2", 1, 0)]),
        harmful=("rollback_workload",),
        instead=("dependency_failure", "page_human"),
    ),
    DoesNotHold(
        "nothing is measured, and the alert is older",
        world(figures=[], logs=said(CELERY, "receipts"), alerts=of_queue("receipts", 5000)),
        harmful=("rollback_workload",),
        instead=("unknown", "page_human"),
    ),
    DoesNotHold(
        "its release took the name from another list of the reader",
        world(of=web(env=PUBLISHES, before={"env": PUBLISHED}), figures=[filling("mailers")], logs=[]),
        harmful=("rollback_workload",),
        instead=(WORKER, "capacity", "scale_workload"),
    ),
]
