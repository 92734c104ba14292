"""Few readers of a queue hang while others work on; what is only quiet, slow or led elsewhere looks like it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import NOW, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

READER, STOPPED, GREW = "Deployment/labeller", 3000.0, 1860.0
DONE = "INFO label printed for order 4711 in 310 ms"
SARAMA = "INFO client/metadata fetching metadata for [orders.picked] from broker kafka-1:9092"
GC = "[info][gc] GC(412) Pause Young (Normal) 28M->21M(64M) 3.118ms"
KAFKA = workload("kafka", "apache/kafka:3.9", kind="StatefulSet", pods=3, port=9092)
RABBIT = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
LAG = figure("queue_depth", 1, 400, GREW, consumergroup="labeller", queue="orders.picked")
QUEUE = figure("queue_depth", 1, 900, GREW, component="rabbitmq", queue="labeller")


def told(number: int, *lines: tuple[str, float, float, float], of: str = "labeller") -> Log:
    """Return the log of a pod that repeats lines: from so many seconds ago until so many, each so often."""
    stamped = (
        (since - n * every, line)
        for line, since, until, every in lines
        for n in range(int((since - until) / every) + 1)
    )
    ordered = sorted(stamped, key=lambda each: -each[0])
    return Log(pod(of, number), of, tuple(f"{at(age)} {line}" for age, line in ordered), False)


def works(number: int, line: str = DONE, every: float = 21, since: float = 5400) -> Log:
    return told(number, (line, since, 12, every))


def hangs(number: int, line: str = DONE, until: float = STOPPED, beat: str = SARAMA) -> Log:
    """Return the log of a pod that worked until then, and in which something beats on."""
    return told(number, (line, 5400, until, 21), (beat, 5400, 40, 600))


def world(*logs: Log, grew: Any = LAG, broker: Any = KAFKA, more: Any = (), pods: int = 3, **of: Any) -> Snapshot:
    asked = {"BROKERS": "kafka:9092"} if broker is KAFKA else {"AMQP_URL": "amqp://rabbitmq:5672"}
    reader = workload("labeller", **{"pods": pods, "env": asked, "service": False, **of})
    fires = Alert("ParcelsWait", {"service": "depot"}, {}, "firing", NOW - timedelta(seconds=2400))
    figures = [grew] if grew else []
    objects = workload("depot", env=asked)
    return snapshot(reader, broker, objects, *more, logs=logs, figures=figures, alerts=[fires])


def alerted(**labels: str) -> Snapshot:
    """Return a world in which nobody measures the queue, and an alert names it."""
    made = world(hangs(0), works(1), works(2), grew=None)
    return replace(made, alerts=(Alert("GroupLag", labels, {}, "firing", NOW - timedelta(seconds=GREW)),))


def on_one_node(*logs: Log) -> Snapshot:
    """Return a reader that fell silent beside a stranger on its node, who did as well."""
    stranger = workload("mailer", pods=1, service=False, nodes=["n9"])
    mails = told(0, ("INFO mail sent", 5400, STOPPED, 30), of="mailer")
    return world(*logs, mails, more=[stranger], nodes=["n9", "n2", "n3"])


NORMALIZER = workload("normalizer", before={"image": "normalizer:17"}, released=STOPPED + 240)
STRANGER = workload("picker", before={"image": "picker:3"}, released=STOPPED + 240)
ILL = (READER, "service_crash", "restart_workload")
FEW, STILL = (READER, "capacity", "scale_workload"), (READER, "service_crash", "restart_workload")
WAITS = "ERROR order 4711: carrier request failed: dial tcp 198.51.100.24:443: i/o timeout"

HOLDS = [
    Holds(
        "one of three hangs, its client fetches metadata by the clock",
        world(hangs(0), works(1), works(2)),
        ILL,
        excludes=no("rollback_workload", "scale_workload", at=READER),
        began=3006,
    ),
    Holds(
        "one of two readers of RabbitMQ hangs, its collector of garbage works by the clock",
        world(
            hangs(0, "2026 job done: thumbnail of image 77", beat=GC),
            works(1, "2026 job done: thumbnail of image 12"),
            grew=QUEUE,
            broker=RABBIT,
            pods=2,
        ),
        ILL,
    ),
    Holds("two of five hang, nothing beats", world(*map(hangs, (0, 1)), *map(works, (2, 3, 4)), pods=5), ILL),
    Holds(
        "nobody measures the queue, and its alert names the group", alerted(consumergroup="labeller", topic="x"), ILL
    ),
    Holds(
        "whom it asks was released minutes before, and answers the others",
        world(
            hangs(0),
            works(1),
            works(2),
            more=[NORMALIZER],
            env={"BROKERS": "kafka:9092", "URL": "http://normalizer:8080"},
        ),
        ILL,
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("all are silent", world(hangs(0), hangs(1), hangs(2)), STILL),
    DoesNotHold("more hang than work", world(hangs(0), hangs(1), works(2)), FEW),
    DoesNotHold("no queue grows", world(hangs(0), works(1), works(2), grew=None)),
    DoesNotHold("it fell silent after the queue grew", world(hangs(0, until=900), works(1), works(2)), FEW),
    DoesNotHold(
        "the others took its part over, and cannot keep up",
        world(hangs(0), *(told(n, (DONE, 5400, STOPPED, 21), (DONE, STOPPED, 12, 10)) for n in (1, 2))),
        FEW,
    ),
    DoesNotHold(
        "nobody knows what the others did before",
        world(hangs(0), works(1, since=1200), works(2, since=1200)),
        FEW,
    ),
    DoesNotHold("who may send to others was released then", world(hangs(0), works(1), works(2), more=[STRANGER]), FEW),
    DoesNotHold("all on its node are silent", on_one_node(hangs(0), works(1), works(2)), FEW),
    DoesNotHold(
        "it complains of what it cannot reach, and the others do not",
        world(
            told(0, (DONE, 5400, STOPPED, 21), (WAITS, STOPPED, 12, 20)),
            works(1),
            works(2),
        ),
    ),
    DoesNotHold(
        "it uses a processor for one long piece of work",
        snapshot(
            workload("labeller", pods=3, env={"BROKERS": "kafka:9092"}, service=False),
            KAFKA,
            logs=[hangs(0), works(1), works(2)],
            figures=[LAG, figure("cpu_usage", 0.05, 0.9, STOPPED, pod=pod("labeller"), container="labeller")],
            alerts=[alert("Lag", service="labeller")],
        ),
        FEW,
    ),
    DoesNotHold("one is not ready", world(hangs(0), works(1), works(2), ready=2), STILL),
]
