"""Readers that tell the topic of what they cannot read: its one sender was released then, or nobody knows who it is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import NOW, Obj, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

READINGS, READER = "Deployment/readings", "Deployment/rating"
RELEASED = (READINGS, "code_defect", "rollback_workload")
KAFKA = {"KAFKA_BROKERS": "kafka:9092"}
WRITES = {**KAFKA, "TOPIC": "meter.v1"}
SAYS = '{"level":"info","msg":"producer ready","topic":"meter.v1","acks":"all"}'
OLD = {"image": "registry.example/readings:0"}
Said = Callable[[int], tuple[str, ...]]


def spring(n: int) -> tuple[str, ...]:
    """Return what Spring tells of a record that cannot be read."""
    return (
        f"ERROR 1 --- [rating] DefaultErrorHandler : Backoff none exhausted for meter.v1-4@31012{n:03d}",
        "org.springframework.kafka.listener.ListenerExecutionFailedException: Listener failed",
        "Caused by: org.apache.kafka.common.errors.SerializationException: Can't deserialize data "
        "from topic [meter.v1]",
        "Caused by: com.fasterxml.jackson.databind.exc.InvalidFormatException: Cannot deserialize value of type `long` "
        f'from String "at{n:03d}": not a valid `long` value',
    )


def client(n: int) -> tuple[str, ...]:
    """Return what Kafka's own client tells of it."""
    return (
        "org.apache.kafka.common.errors.RecordDeserializationException: Error deserializing VALUE for partition "
        f"meter.v1-0 at offset {n}. If needed, please seek past the record to continue consumption.",
        "Caused by: com.fasterxml.jackson.core.JsonParseException: Unexpected character ('O' (code 79)): was expecting",
    )


def plain(n: int) -> tuple[str, ...]:
    """Return what a program tells of it in a line of its own."""
    wrong = "json: cannot unmarshal string into Go struct field Reading.ts of type int64"
    return (f'{{"level":"error","msg":"drop","topic":"meter.v1","offset":{n},"err":"{wrong}"}}',)


def one(_: int) -> tuple[str, ...]:
    """Return what is told of one record, again and again."""
    return spring(7)


def none(n: int) -> tuple[str, ...]:
    """Return what tells no topic."""
    return spring(n)[-1:]


def other(n: int) -> tuple[str, ...]:
    """Return what tells of two topics by turns."""
    return tuple(line.replace("meter.v1", "tariffs.v2") for line in spring(n)) if n % 2 else spring(n)


def hearing(said: Said, since: float = 500, heard: float = 3000, of: tuple[int, ...] = (0, 1)) -> list[Log]:
    """Return readers that tell of records for long, and of some that they cannot read since a time."""
    made = []
    for n in (0, 1):
        ages = [heard - k * 60 for k in range(int(heard // 60))]
        told = [(age, "INFO rated 1379 readings") for age in ages]
        bad = [(since - k * 20, line) for k in range(20) for line in said(k + 20 * n)] if n in of else []
        made.append(timed(pod("rating", n), *sorted([*told, *bad], key=lambda each: -each[0])))
    return made


def world(
    *beside: Any,
    said: Said = spring,
    sender: dict[str, Any] | None = None,
    says: tuple[str, ...] = (SAYS,),
    calls: float = 300,
    reader: dict[str, Any] | None = None,
    **heard: Any,
) -> Snapshot:
    """Return readers that cannot read records of a topic, and who writes to it, which was released just before."""
    given = {"env": WRITES, "before": OLD, "released": 560, **(sender or {})}
    return snapshot(
        workload("readings", **given),
        workload("rating", **{"env": KAFKA, **(reader or {})}),
        workload("kafka", "apache/kafka:3.7.1", kind="StatefulSet", pods=1, port=9092),
        *beside,
        logs=[
            *hearing(said, **heard),
            *(timed(pod("readings", n), *((550.0, line) for line in says)) for n in (0, 1) if says),
        ],
        alerts=[alert(service="rating")._replace(starts_at=NOW - timedelta(seconds=calls))] if calls else [],
    )


def edited(age: float) -> Obj:
    return thing("ConfigMap", "forms", written=age, data={"READING": "v2"})


MOUNTS: dict[str, Any] = {"spec": {"volumes": [{"name": "f", "configMap": {"name": "forms"}}]}}
LIMITS = {"resources": {"limits": {"cpu": "1"}}}
OUTPUT = {**KAFKA, "KAFKA_OUTPUT_TOPIC": "meter.v1"}
BEFORE_IT = {**KAFKA, "TOPIC": "meter.v0"}


def beside(name: str = "imports", **more: Any) -> list[Obj]:
    """Return another program that was released in the same minutes."""
    return workload(name, **{"before": {"image": "imports:0"}, "released": 600, **more})


HOLDS = [
    Holds(
        f"its topic is told, and its one sender was released then: {what}",
        made,
        RELEASED,
        excludes=(
            *no("restart_workload", "scale_workload", at=READINGS),
            *no("rollback_workload", "restart_workload", "scale_workload", at=READER),
        ),
        harmful=("restart_workload", "scale_workload"),
        alone=True,
    )
    for what, made in (
        ("by Spring", world()),
        ("by Kafka's client", world(said=client)),
        ("in a line of its own", world(said=plain)),
        ("a variable tells that it is written to", world(sender={"env": OUTPUT}, says=())),
        ("another one writes to it, as ever", world(workload("imports", env=WRITES))),
        ("who has nothing to do with it was released too", world(beside())),
        ("another reader of it takes both", world(workload("view", env=WRITES))),
        ("a ConfigMap of the reader was edited hours before", world(edited(5 * HOUR), reader=MOUNTS)),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, made, harmful=("rollback_workload", "restart_workload", "scale_workload"))
    for what, made in (
        ("no line tells the topic", world(said=none)),
        ("records of two topics are not read", world(said=other)),
        ("one record is not passed, again and again", world(said=one)),
        ("two who write to it were released", world(beside(env=WRITES))),
        ("one who asks the same broker was released too", world(beside(env=KAFKA))),
        ("nothing tells that it sends to it", world(says=())),
        ("it tells that it reads it", world(says=('{"msg":"consumer ready","topic":"meter.v1"}',))),
        ("it failed to send to it", world(says=('{"msg":"cannot produce","topic":"meter.v1"}',))),
        ("it writes to another topic", world(says=(SAYS.replace("meter.v1", "meter.v1.raw"),))),
        ("its release led it there from another topic", world(sender={"before": {**OLD, "env": BEFORE_IT}})),
        ("its release changed its limits only", world(sender={"before": LIMITS})),
        ("it was released long before", world(sender={"released": 1500})),
        ("it was released since", world(sender={"released": 300})),
        ("the readers' logs go back to the release only", world(heard=540)),
        ("a ConfigMap of the reader was edited then", world(edited(570), reader={**MOUNTS, "started": 565.0})),
        ("one of two readers tells it", world(of=(0,))),
        ("people were called before it", world(calls=900)),
        ("nobody is called, and nobody suffers", world(calls=0)),
    )
] + [
    DoesNotHold(
        "the readers were released then as well",
        world(reader={"before": {"image": "rating:0"}, "released": 540}),
        (READER, "code_defect", "rollback_workload"),
    )
]
