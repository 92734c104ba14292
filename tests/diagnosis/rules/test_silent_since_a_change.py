"""Pods do nothing more since a server that they ask was started anew, and say nothing of it; what they do waits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import rollout, younger
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, pod, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

WORKER, REDIS = "Deployment/worker", "Deployment/redis"
ENV = {"BROKER_URL": "redis://redis:6379/0", "QUEUE": "letters"}
WORK = "INFO letter sent in 31 ms"
ODD = "ERROR the other side wobbles (77)"


def told(
    number: int, line: str = WORK, *, until: float = 2390, every: float = 30, since: float = 3600, of: str = "worker"
) -> Log:
    """Return the log of a pod that tells of something every half a minute, from an hour ago until then."""
    count = int((since - until) / every)
    lines = [f"{at(since - n * every)} {line}" for n in range(count + 1)]
    return Log(pod(of, number), of, tuple(lines), False)


def world(
    *logs: Log,
    started: float = 2400,
    young: int = 0,
    others: Iterable[Log] = (),
    waits: float | None = 900,
    age: float = 2300,
    more: Any = (),
    alerts: Any = (),
    **of: Any,
) -> Snapshot:
    """Return a worker of three pods, its queue, and its broker, which was started again."""
    objects = of.pop("of_worker", None)
    if young:
        objects = younger(workload("worker", pods=3, env=ENV, **of), young, age=age)
    beside = workload("mailer", env={"BROKER_URL": "redis://redis:6379/0"})
    return snapshot(
        objects or workload("worker", pods=3, env=ENV, **of),
        redis(started=started),
        beside,
        more,
        logs=[*logs, *others],
        figures=[figure("queue_depth", 4, waits, 2300, component="letters")] if waits is not None else [],
        alerts=alerts,
    )


def half_rolled_out() -> list[Obj]:
    """Return a worker the last of whose pods is of a release that came since."""
    return rollout("worker", None, before={"image": "worker:0"}, released=2200, old=2, env=ENV)


SILENT = [told(n) for n in range(3)]
FINE = [told(n, until=30, of="mailer") for n in range(2)]
ILL = [told(n, ODD, until=30, of="mailer") for n in range(2)]
LOST = "[ERROR] lost the server, next try in 5 s"


def losing(number: int) -> Log:
    """Return the log of a pod that was started while the server was away, told so, and works since."""
    away, work = told(number, LOST, since=1265, until=1205, every=10), told(number, since=1190, until=30)
    return away._replace(lines=(*away.lines, *work.lines))


def about(queue: str, age: float = 600, **labels: str) -> list[Alert]:
    return [alert("TooManyWait", queue=queue, **labels)._replace(starts_at=NOW - timedelta(seconds=age))]


NAMELESS = {"NATS_URL": "nats://nats:4222"}


def of_nats(*logs: Log, alerts: Any, env: Any = NAMELESS) -> Snapshot:
    """Return consumers of a NATS that was started again, the last of them younger, and nothing is measured."""
    broker = workload("nats", "nats:2.11", kind="StatefulSet", pods=1, port=4222, started=1200)
    return snapshot(
        younger(workload("indexer", pods=3, env=env), 1, age=1290),
        broker,
        logs=[each._replace(pod=each.pod.replace("worker", "indexer"), container="indexer") for each in logs],
        alerts=alerts,
    )


WENT = [told(n, "indexed 40 documents", until=1190, every=12) for n in range(2)]

HOLDS = [
    Holds(
        "who else asks the broker works",
        world(*SILENT, others=FINE),
        (WORKER, "service_crash", "restart_workload"),
        excludes=(*no("rollback_workload", "scale_workload", at=WORKER), *no("restart_workload", at=REDIS)),
    ),
    Holds(
        "a pod that was started after the broker works",
        world(*SILENT[:2], told(2, until=30), young=1),
        (WORKER, "service_crash", "restart_workload"),
    ),
    Holds(
        "a release that came since is half rolled out, and its pod works: it is innocent",
        world(*SILENT[:2], told(2, until=30), of_worker=half_rolled_out()),
        (WORKER, "service_crash", "restart_workload"),
        excludes=no("rollback_workload", at=WORKER),
        harmful=("rollback_workload",),
    ),
    Holds(
        "one that was started while the broker was away works, and an alert about their queue is all that is measured",
        world(*SILENT[:2], told(2, until=30, since=2390), young=1, age=2440, waits=None, alerts=about("letters")),
        (WORKER, "service_crash", "restart_workload"),
        excludes=(*no("rollback_workload", "scale_workload", at=WORKER), *no("restart_workload", at=REDIS)),
    ),
    Holds(
        "a NATS came back 20 minutes ago, nobody knows what is read, and an alert about a stream names its server",
        of_nats(*WENT, losing(2), alerts=about("documents", statefulset="nats")),
        ("Deployment/indexer", "service_crash", "restart_workload"),
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "one of a group of readers is told its subject by a variable, and the alert's words name it",
        of_nats(
            *WENT,
            losing(2),
            env={**NAMELESS, "SUBJECT_QUEUE": "documents"},
            alerts=[
                each._replace(labels={}, annotations={"summary": "queue documents grows"})
                for each in about("documents")
            ],
        ),
        ("Deployment/indexer", "service_crash", "restart_workload"),
    ),
]
MORE, STILL = (WORKER, "capacity", "scale_workload"), (WORKER, "service_crash", "restart_workload")
"""What the queue itself tells, and is less sure of."""
DOES_NOT_HOLD = [
    DoesNotHold("one of the older ones works on", world(*SILENT[:2], told(2, until=30), others=FINE), MORE),
    DoesNotHold("the younger one is silent as well", world(*SILENT[:2], young=1, others=FINE), STILL),
    DoesNotHold("the younger one fails", world(*SILENT[:2], told(2, ODD, until=30), young=1, others=FINE), MORE),
    DoesNotHold("who else asks the broker fails", world(*SILENT, others=ILL), STILL),
    DoesNotHold("nobody else asks the broker", world(*SILENT), STILL),
    DoesNotHold(
        "the one that was started while the broker was away is silent as well",
        world(*SILENT[:2], told(2, since=2390, until=2350), young=1, age=2440, waits=None, alerts=about("letters")),
    ),
    DoesNotHold(
        "one that was started long before the broker went works on",
        world(*SILENT[:2], told(2, until=30), young=1, age=3000, waits=None, alerts=about("letters")),
    ),
    DoesNotHold(
        "the alert is about a queue that others read",
        world(*SILENT[:2], told(2, until=30, since=2390), young=1, age=2440, waits=None, alerts=about("parcels")),
    ),
    DoesNotHold(
        "the alert was there before the broker went",
        world(*SILENT[:2], told(2, until=30, since=2390), young=1, waits=None, alerts=about("letters", 3000)),
    ),
    DoesNotHold(
        "nobody knows what is read, and the alert is about no queue",
        of_nats(*WENT, losing(2), alerts=[alert("NatsRestarted", statefulset="nats")]),
    ),
    DoesNotHold("nothing waits", world(*SILENT, others=FINE, waits=4), ()),
    DoesNotHold("they fell silent long before", world(*(told(n, until=3000) for n in range(3)), others=FINE), STILL),
    DoesNotHold("the broker was not started anew", world(*SILENT, started=DAY, others=FINE), STILL),
    DoesNotHold("the broker has just come back", world(*SILENT, started=400, others=FINE), STILL),
    DoesNotHold(
        "they say something each quarter of an hour",
        world(*(told(n, every=900, until=2400) for n in range(3)), others=FINE),
        STILL,
    ),
    DoesNotHold(
        "they were released shortly before the broker was started",
        world(
            *(told(n, every=10, since=2760) for n in range(3)), others=FINE, before={"image": "worker:0"}, released=2760
        ),
        (WORKER, "code_defect", "rollback_workload"),
    ),
]
