"""A worker without pods is missed by what waits for it: its queue grows, and nobody who calls it could tell."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, autoscaler, errors, logs
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, figure, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series


def worker(name: str = "mailer", *, scaled: float = 2400, note: str = "", **more: Any) -> list[Obj]:
    """Return a worker of a queue that somebody scaled to nought, and what it is told; ``note``: written on it."""
    told = {"env": {"QUEUE": "mails.out", "BROKER_URL": "amqp://rabbitmq:5672"}, "service": False, **more}
    made = workload(name, pods=0, **told)
    made[0]["metadata"]["managedFields"] = [{"manager": "kubectl", "subresource": "scale", "time": at(scaled)}]
    made[0]["metadata"]["annotations"] = {"team.example/note": note} if note else {}
    return made


def kept(name: str, least: int = 2) -> Obj:
    """Return an autoscaler that does nothing, as there are no pods."""
    made = autoscaler(name, 0, 6)
    made["spec"]["minReplicas"] = least
    made["status"]["conditions"] = [{"type": "ScalingActive", "status": "False", "reason": "ScalingDisabled"}]
    return made


def lag(before: float, now: float, since: float, group: str = "mailer") -> Any:
    return figure("queue_depth", before, now, since, consumergroup=group, queue="mails")


def waits(before: float = 3, now: float = 4000, since: float = 2000, queue: str = "mails.out") -> Any:
    return figure("queue_depth", before, now, since, component=queue)


def rising_queue(low: float, high: float, **labels: str) -> Series:
    """Return a queue that grows evenly over the hour."""
    points = tuple((NOW.timestamp() - age, low + (high - low) * (3600 - age) / 3600) for age in range(3600, -1, -30))
    return Series(labels or {"component": "mails.out"}, points)


def counted(before: float, now: float = 0, since: float = 2400, queue: str = "mails.out") -> Any:
    return figure("queue_consumers", before, now, since, component=queue)


NATS = {"NATS_URL": "nats://nats:4222"}
MAILER = "Deployment/mailer"
GIVE = (MAILER, "configuration_error", "scale_workload")
RABBIT = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
SENDER = workload(
    "orders", env={"ROUTING_KEY": "mails.out", "HOST": "rabbitmq"}, before={"image": "orders:0"}, released=1200
)
LONG = alert("MailsLate", queue="mails.out", service="orders")


HOLDS = [
    Holds(
        "a worker has no Service, nobody fails, and its queue grows since; who sends was released",
        snapshot(worker(), RABBIT, SENDER, figures=[waits(), counted(2)], alerts=[LONG]),
        GIVE,
        excludes=no("restart_workload", "rollback_workload", at=MAILER),
        alone=True,
        harmful=("rollback_workload",),
    ),
    Holds(
        "its queue was long and unread before figures begin, and its autoscaler is to keep two",
        snapshot(
            worker(scaled=9000),
            kept("mailer"),
            RABBIT,
            SENDER,
            figures=[("queue_depth", rising_queue(467, 779)), counted(0)],
            alerts=[LONG],
        ),
        GIVE,
        alone=True,
        harmful=("rollback_workload",),
        sure=(0.75, 1.0),
    ),
    Holds(
        "a group of a log has no member",
        snapshot(
            worker("mailer", env={"KAFKA_GROUP_ID": "mailer", "BROKERS": "kafka:9092"}),
            workload("kafka", "kafka:3", kind="StatefulSet", pods=3, port=9092),
            figures=[lag(20, 90000, 2000), figure("queue_consumers", 3, 0, 2400, consumergroup="mailer")],
        ),
        GIVE,
    ),
    Holds(
        "nobody counts the readers of its own durable; others read the same stream, which takes no more",
        snapshot(
            worker("points", scaled=70000, env={**NATS, "STREAM": "ORDERS", "DURABLE": "points"}),
            workload("bills", env={**NATS, "STREAM": "ORDERS", "DURABLE": "bills"}, service=False),
            workload("nats", "nats:2.10", kind="StatefulSet", pods=3, port=4222),
            workload("orders", env=NATS, before={"image": "orders:0"}, released=1200),
            figures=[
                ("queue_depth", rising_queue(159000, 161000, consumergroup="points", queue="ORDERS")),
                figure("queue_depth", 7, 0, consumergroup="bills", queue="ORDERS"),
                errors("orders", 0.4, 900),
            ],
            logs=logs("orders", "publish failed: nats: err_code=10077 description=maximum bytes exceeded", since=900),
        ),
        ("Deployment/points", "configuration_error", "scale_workload"),
        believed="broker_blocks_publishers",  # it takes no more, and says the same of why
        alone=True,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "there are no figures, and an alert names its queue",
        snapshot(worker(env={}, command=["celery", "-A", "hub", "worker", "-Q", "mails.out"]), RABBIT, alerts=[LONG]),
        GIVE,
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"a note says until when it was to rest, and that is over: {note}",
            snapshot(
                worker(note=note, scaled=scaled),
                RABBIT,
                figures=[("queue_depth", rising_queue(467, 779)) if scaled > 3600 else waits(), counted(0)],
            ),
            GIVE,
        )
        for scaled, note in (
            (2400, "paused for the move, 11:20-11:40 UTC"),
            (2.5 * DAY, "on hold, back on Mon 2 Mar 18:00"),
            (2.5 * DAY, "paused until 2nd Mar 22:00 CET"),
            (2.9 * DAY, "on hold until Monday 20:00"),
            (2.9 * DAY, "scaled to 0 for the audit until 2026-03-02"),
        )
    ),
    *(
        Holds(
            f"a note says that it rests on purpose: {note}",
            snapshot(worker(note=note), RABBIT, figures=[waits(), counted(2)]),
            (MAILER, "configuration_error", "page_human"),
            excludes=no("scale_workload", "restart_workload", at=MAILER),
            harmful=("scale_workload",),
        )
        for note in (
            "paused for the move, 11:20-12:40 UTC",
            "do not start before the templates are mended (kim)",
            "scaled to 0 until 2026-03-05 06:00 UTC",
            "on hold 23:00-01:30 UTC",
            "paused until Thu 08:00",
            "on hold, back 5 Mar",
            "paused for the move on 4 Mar 11:20",
            "paused, resume after the move",
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            what, snapshot(worker(**told), RABBIT, *more, figures=figures), instead, harmful=("scale_workload",)
        )
        for what, told, more, figures, instead in (
            ("the broker counts readers of its queue", {}, (), [waits(), counted(2, 2)], ()),
            (
                "another is told to read its queue",
                {},
                workload("mailer-eu", env={"QUEUE": "mails.out", "HOST": "rabbitmq"}, service=False),
                [waits(now=50)],
                (),
            ),
            (
                "another reads under the same name",
                {"env": {**NATS, "DURABLE": "mailer"}},
                workload("mailer-eu", env={**NATS, "DURABLE": "mailer"}, service=False),
                [lag(3, 4000, 2000)],
                (),
            ),
            ("its queue is no longer than ever", {}, (), [waits(3, 3), counted(0)], ()),
            ("its queue grew before: who took it down knew why", {"scaled": 600}, (), [waits(), counted(2)], ()),
            ("it rests for weeks", {"scaled": 20 * DAY}, (), [waits(), counted(0)], ()),
        )
    ),
    DoesNotHold(
        "its autoscaler takes the last pod away as well",
        snapshot(
            worker(),
            thing("ScaledObject", "mailer", spec={"scaleTargetRef": {"name": "mailer"}, "minReplicaCount": 0}),
            RABBIT,
            figures=[waits(), counted(2)],
        ),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "an alert names its queue, and figures show that nothing waits in it",
        snapshot(worker(), RABBIT, figures=[waits(3, 3)], alerts=[LONG]),
        harmful=("scale_workload",),
    ),
]
