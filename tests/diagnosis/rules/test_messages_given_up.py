"""What lies in a dead letter queue waits for nobody: it was given up, by a release or nobody knows why."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, logs
from tests.diagnosis.rules.tiny import NOW, Obj, figure, snapshot, workload
from tuheg_ir.diagnosis.model import Series

WORKER = "Deployment/printer"
GIVEN_UP = (WORKER, "code_defect", "rollback_workload")
UNKNOWN = (WORKER, "unknown", "page_human")
HARM = ("scale_workload", "restart_workload")
SAID = "ERROR order 17: rendering failed, message rejected"


def printer(**more: Any) -> list[Obj]:
    """Return a worker that is told to read the queue of prints."""
    return workload("printer", service=False, **{"env": {"AMQP_QUEUE": "prints"}, **more})


def broker() -> list[Obj]:
    return workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)


def lie(queue: str, since: float = 1750, now: float = 9000) -> tuple[str, Series]:
    """Return a queue of messages that were given up: first few, and then ten times as many a minute."""
    points = []
    for age in range(3600, -1, -30):
        late = min(age, since / 2)
        points.append((NOW.timestamp() - age, max(0.0, (since - age) / 10) + now * (1 - late / (since / 2))))
    return "queue_depth", Series({"component": queue}, tuple(points))


def under(key: str) -> tuple[str, Series]:
    """Return what lies under a key of a store that is called as a queue of messages that were given up could be."""
    signal, lies = lie("prints-dlq")
    return signal, Series({**lies.labels, "key": key}, lies.points)


WAITS = figure("queue_depth", 2, 3, component="prints")


HOLDS = [
    *(
        Holds(
            f"all that it takes is given up since its release: {queue}",
            snapshot(
                printer(before=OLD, released=1800),
                broker(),
                figures=[WAITS, lie(queue)],
                logs=logs("printer", SAID, 0, 1, since=1700),
            ),
            GIVEN_UP,
            excludes=no(*HARM, at=WORKER),
            harmful=HARM,
            alone=True,
            sure=(0.85, 0.95),
        )
        for queue in ("prints.dead", "prints-dlq", "dead-letter.prints", "prints_dead_letter_queue", "prints-dlq.fifo")
    ),
    Holds(
        "its release changed settings only",
        snapshot(
            printer(before={"env": {"AMQP_QUEUE": "prints", "FONT": "a"}}, released=1800),
            broker(),
            figures=[lie("prints.dlq")],
        ),
        (WORKER, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "it was not released",
        snapshot(printer(), broker(), figures=[WAITS, lie("prints.dead")], logs=logs("printer", SAID, 0, 1)),
        UNKNOWN,
        excludes=no(*HARM, at=WORKER),
        harmful=(*HARM, "rollback_workload"),
    ),
    Holds(
        "its release was well for half an hour before",
        snapshot(printer(before=OLD, released=3500), broker(), figures=[WAITS, lie("prints.dead", since=1500)]),
        UNKNOWN,
        harmful=(*HARM, "rollback_workload"),
    ),
    Holds(
        "who sends the messages was released in the same minutes",
        snapshot(
            printer(before=OLD, released=1800),
            workload("shop", before=OLD, released=1810),
            broker(),
            figures=[WAITS, lie("prints.dead")],
        ),
        UNKNOWN,
        harmful=(*HARM, "rollback_workload"),
    ),
    Holds(
        "nobody is known to read the queue that they come from",
        snapshot(workload("shop"), broker(), figures=[lie("prints.dead")]),
        ("StatefulSet/rabbitmq", "unknown", "page_human"),
        harmful=HARM,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "a store that keeps a cache, and is called so by its exporter",
        snapshot(printer(before=OLD, released=1800), workload("redis", "redis:7"), figures=[under("sessions")]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "what lies there is old",
        snapshot(
            printer(before=OLD, released=1800), broker(), figures=[figure("queue_depth", 900, 905, component="x.dlq")]
        ),
        ASK,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "somebody is there to work off what was given up, and does not keep up",
        snapshot(
            printer(before=OLD, released=1800),
            workload("dlq-worker", env={"AMQP_QUEUE": "prints.dlq"}, service=False),
            broker(),
            figures=[lie("prints.dlq")],
        ),
        ("Deployment/dlq-worker", "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "a queue that only sounds like one",
        snapshot(printer(env={"AMQP_QUEUE": "deadlines"}), broker(), figures=[lie("deadlines")]),
        (WORKER, "capacity", "scale_workload"),
    ),
]
