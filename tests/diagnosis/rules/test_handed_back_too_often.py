"""A broker's new version gives messages up that are handed back too often: readers that never see them show it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert, errors
from tests.diagnosis.rules.tiny import DAY, at, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

BROKER, READER = "StatefulSet/rabbitmq", "Deployment/reader"
DEFAULT = "[info] <0.600.0> queue '{}' in vhost '/': delivery_limit not set, defaulting to 20"
FIRES = (alert("OrdersLost"),)
HOURS = 3600.0
FORMS = ("handed back delivery_count={}", '{{"msg":"not yet","x-delivery-count":{}}}', "requeue, delivery count: {}")


def broker(queue: str = "tasks", *, limit: bool = True) -> Log:
    """Return the log of a broker since its start."""
    told = DEFAULT.format(queue) if limit else "[info] <0.216.0> Server startup complete; 6 plugins started."
    return Log("rabbitmq-0", "rabbitmq", (f"{at(6 * HOURS)} {told}",))


def reader(*counts: int, form: str = FORMS[0], before: int = 0, age: float = 3000) -> Log:
    """Return what a reader tells of how often messages were delivered; ``before``: the most before the upgrade."""
    lines = [f"{at(30 * HOURS)} {form.format(before)}"] if before else []
    lines += [f"{at(age - 60 * n)} {form.format(count)}" for n, count in enumerate(counts)]
    return Log(pod("reader"), "reader", tuple(lines))


REACHES = (3, 19, 20, 7, 20, 19, 20, 2)


def world(
    *logs: Log,
    image: str = "rabbitmq:3.13.7",
    released: float = 6 * HOURS,
    queue: str = "tasks",
    alerts: Any = FIRES,
    of_reader: Any = None,
    beside: Any = (),
    figures: Any = (),
) -> Snapshot:
    """Return a reader of a queue, and its broker that was upgraded in the night."""
    claim = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-rabbitmq-0"}}]}
    server = workload(
        "rabbitmq",
        "rabbitmq:4.0.9",
        kind="StatefulSet",
        pods=1,
        port=5672,
        spec=claim,
        before={"image": image},
        released=released,
    )
    env = {"AMQP_URL": "amqp://rabbitmq:5672/", "QUEUE": queue}
    read = workload("reader", env=env, pods=1, **(of_reader or {}))
    return snapshot(server, read, beside, logs=logs, alerts=alerts, figures=figures)


ASKED = (BROKER, "configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
HOLDS = [
    *(
        Holds(
            f"none is delivered more often than the limit allows: {form}",
            world(broker(), reader(*REACHES, form=form)),
            ASKED,
            excludes=(*no("rollback_workload", "restart_workload", at=BROKER), *no("scale_workload", at=READER)),
            harmful=ACTS,
            alone=True,
        )
        for form in FORMS
    ),
    Holds("before the upgrade one was delivered far more often", world(broker(), reader(*REACHES, before=80)), ASKED),
]
PUBLISHER = workload("web", env={"AMQP_URL": "amqp://rabbitmq:5672/"}, before={"image": "web:0"}, released=700)
HOLDS += [
    Holds(
        "a publisher fails since its own release, hours after it",
        world(broker(), reader(*REACHES), beside=PUBLISHER, figures=[errors("web", since=600)]),
        ASKED,
        spares=no("rollback_workload", at="Deployment/web"),
        harmful=("restart_workload",),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=ACTS)
    for what, found in (
        ("messages are delivered more often all the same", world(broker(), reader(*REACHES, 21, 34))),
        ("none comes as far as the limit", world(broker(), reader(1, 2, 3, 4, 1, 2))),
        ("the broker has no such limit", world(broker(limit=False), reader(*REACHES))),
        (
            "the limit is no number that anybody can read",
            world(Log("rabbitmq-0", "rabbitmq", (DEFAULT.format("tasks") + "0" * 5000,)), reader(*REACHES)),
        ),
        ("it is the limit of another queue", world(broker("labels"), reader(*REACHES))),
        ("the broker was upgraded weeks ago", world(broker(), reader(*REACHES), released=20 * DAY)),
        ("the broker's version is the same", world(broker(), reader(*REACHES), image="rabbitmq:4.0.9")),
        ("nothing is wrong", world(broker(), reader(*REACHES), alerts=())),
        (
            "the reader was released some hours before, but since the upgrade, and its log reaches back no further",
            world(broker(), reader(*REACHES), of_reader={"before": {"image": "reader:0"}, "released": 4 * HOURS}),
        ),
        ("the name of the queue is a part of another's", world(broker("tasks"), reader(*REACHES), queue="tasks-old")),
        (
            "who does not do its work gets no answer: that is why it hands it back",
            world(
                broker(),
                reader(*REACHES),
                Log(
                    pod("reader"),
                    "side",
                    tuple(f"{at(60 * n)} ERROR connect to db:5432: connection refused" for n in range(20, 0, -1)),
                ),
            ),
        ),
        (
            "another one is ill, who has nothing to do with it",
            world(broker(), reader(*REACHES), beside=workload("mail"), alerts=[alert("MailSlow", service="mail")]),
        ),
        (
            "the reader was released just before it: it may hand back what it did not",
            world(broker(), reader(*REACHES), of_reader={"before": {"image": "reader:0"}, "released": 3100}),
        ),
    )
]
