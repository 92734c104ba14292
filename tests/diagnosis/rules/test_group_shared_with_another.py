"""Two programs in one group of readers: as their clients or their settings tell it, and groups that are meant so."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import WELL, alert
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Snapshot

LETTERS, SEARCH, PRINTER = "Deployment/letters", "Deployment/indexer", "Deployment/printer"
BROKER = "StatefulSet/kafka"
KAFKA = {"KAFKA_BROKERS": "kafka:9092"}
ENV = {**KAFKA, "KAFKA_GROUP_ID": "letters", "KAFKA_TOPIC": "bookings"}
WORKS = ("INFO booking 4411 handled", "INFO booking 4412 handled")
JOINED = "INFO ConsumerRebalanceListenerInvoker : [Consumer clientId=consumer-letters-1, groupId=letters] "
GIVEN = JOINED + "Adding newly assigned partitions: bookings-{}"
OF_OTHERS = GIVEN.replace("bookings", "refunds")
FILE = """\
spring:
  kafka:
    consumer:
      group-id: letters
      auto-offset-reset: latest
booking:
  topic: bookings
"""
PROPERTIES = "kafka.consumer.group.id=letters\nkafka.bootstrap.servers=kafka:9092\nin.topic=bookings\n"
CHANGED = FILE.replace("topic: bookings", "topic: refunds")
MISSED = alert("LettersMissing")


def kafka() -> list[Obj]:
    return workload("kafka", "apache/kafka:3.9", kind="StatefulSet", pods=1, port=9092)


def settings(text: str, *names: str) -> list[Obj]:
    """Return the ConfigMaps of some programs, each with the same file."""
    return [thing("ConfigMap", name, data={"application.yaml": text}) for name in names]


def reads(name: str, *, env: Any = KAFKA, file: bool = False, **more: Any) -> list[Obj]:
    """Return a program that reads what is booked."""
    if file:
        more["envFrom"] = [{"configMapRef": {"name": name}}]
    return workload(name, env=env, **more)


def told(first: str = GIVEN, second: str = GIVEN) -> list[Log]:
    """Return the logs of both programs, of which each tells what it was given."""
    return [
        log(pod("letters"), *WORKS, first.format(0), *WORKS, since=900),
        log(pod("indexer"), second.format(1), *WORKS, since=900),
    ]


def world(
    older: list[Obj],
    newer: list[Obj],
    *more: Iterable[Obj] | Obj,
    logs: Iterable[Log] = (),
    alerts: Iterable[Alert] = (MISSED,),
    members: tuple[float, float] = (2, 4),
) -> Snapshot:
    """Return two readers, who prints what the first one writes, and their broker, which counts the group's members."""
    counted = figure("queue_consumers", *members, since=900, consumergroup="letters")
    return snapshot(
        older, newer, workload("printer"), kafka(), *more, logs=logs, figures=[WELL, counted], alerts=alerts
    )


PRINTS = {**KAFKA, "PRINTER_URL": "http://printer:8080"}
NEW: dict[str, Any] = {"age": 900.0}
ASKS: tuple[str, str, str] = (SEARCH, "configuration_error", "page_human")
HARM = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    Holds(
        "both tell of which group they are, and what they were given",
        world(reads("letters", env=PRINTS, before={"image": "letters:0"}), reads("indexer", **NEW), logs=told()),
        ASKS,
        excludes=(
            *no(*HARM, at=LETTERS),
            *no("rollback_workload", "restart_workload", at=PRINTER),
            *no("restart_workload", at=BROKER),
            *no("restart_workload", at=SEARCH),
        ),
        harmful=HARM,
        alone=True,
        began=900,
    ),
    Holds("variables name both", world(reads("letters", env=ENV), reads("indexer", env=ENV, **NEW)), ASKS),
    *(
        Holds(
            f"files name both: {text.partition(chr(10))[0]}",
            world(
                reads("letters", file=True), reads("indexer", file=True, **NEW), settings(text, "letters", "indexer")
            ),
            ASKS,
        )
        for text in (FILE, PROPERTIES)
    ),
    Holds(
        "nobody counts the members",
        world(reads("letters"), reads("indexer", **NEW), logs=told(), members=(2, 2)),
        ASKS,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=HARM)
    for what, found in (
        (
            "they read different topics of one group",
            world(reads("letters"), reads("indexer", **NEW), logs=told(GIVEN, OF_OTHERS)),
        ),
        (
            "each has a group of its own",
            world(reads("letters", env=ENV), reads("indexer", env={**ENV, "KAFKA_GROUP_ID": "indexer"}, **NEW)),
        ),
        (
            "files tell different topics",
            world(
                reads("letters", file=True),
                reads("indexer", file=True, **NEW),
                settings(FILE, "letters"),
                settings(CHANGED, "indexer"),
            ),
        ),
        (
            "it is the same program, in another version",
            world(
                reads("letters", image="registry.example/letters:1"),
                reads("indexer", image="registry.example/letters:2", **NEW),
                logs=told(),
            ),
        ),
        ("they share it for weeks", world(reads("letters", age=90 * DAY), reads("indexer"), logs=told())),
        ("both came at once", world(reads("letters", **NEW), reads("indexer", **NEW), logs=told())),
        ("nobody misses anything", world(reads("letters"), reads("indexer", **NEW), logs=told(), alerts=())),
        (
            "somebody was called before it came",
            world(
                reads("letters"),
                reads("indexer", **NEW),
                logs=told(),
                alerts=[MISSED._replace(starts_at=NOW - timedelta(hours=1))],
            ),
        ),
        ("it has no pods", world(reads("letters"), reads("indexer", pods=0, **NEW), logs=told(GIVEN, WORKS[0]))),
    )
]
