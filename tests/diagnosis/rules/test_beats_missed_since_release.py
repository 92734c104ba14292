"""Clients that send no heartbeats since their own release go back; where something else may, they do not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import OLD, alert, logs
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WORKER, BROKER = "Deployment/worker", "StatefulSet/rabbitmq"
URL = {"AMQP_URL": "amqp://rabbitmq:5672"}
INLINE, THREAD = {**URL, "JOB_OFFLOAD": "none"}, {"env": {**URL, "JOB_OFFLOAD": "thread"}}
MISSED = "missed heartbeats from client, timeout: 60s"
RESET = "pika.exceptions.StreamLostError: Stream connection lost: ConnectionResetError(104, 'Connection reset by peer')"
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
ROLL_BACK = "rollback_workload"
ALERTS = (alert("TranscriptsLate"),)


def address(objects: Sequence[Obj], number: int) -> str:
    return str(pods_of(objects)[number]["status"]["podIP"])


def closed(who: str, age: float, *, why: str = MISSED, form: str = "4") -> tuple[str, ...]:
    """Return how RabbitMQ closes a connection, in the words of its version 4, or of 3 with its second line bare."""
    first = f"{at(age)} [error] <0.932.0> closing AMQP connection <0.932.0> ({who}:52346 -> 10.42.2.14:5672 - x):"
    return first, f"{at(age)} [error] <0.932.0> {why}" if form == "4" else why


def came(who: str, age: float) -> str:
    return f"{at(age)} [info] <0.93.0> accepting AMQP connection {who}:51956 -> 10.42.2.14:5672"


def world(
    *pods: int,
    form: str = "4",
    why: str = MISSED,
    since: float = 1600,
    until: float = 60,
    times: int = 6,
    heard: float = 5400,
    more: Sequence[str] = (),
    other: str = "others",
    broker_started: float = 10 * DAY,
    beside: Any = (),
    figures: Any = (),
    more_logs: Any = (),
    alerts: Any = ALERTS,
    **now: Any,
) -> Snapshot:
    """Return workers whose connections a broker closes since a release, and another client whose it keeps.

    ``heard``: since when the broker's log tells. ``more``: further lines of it. ``other``: who else came.
    """
    made = workload("worker", **{"env": INLINE, "before": THREAD, "released": 1800, "pods": 2, **now})
    others = workload("others", env=URL)
    numbers = pods or (0, 1)
    step = (since - until) / max(1, times - 1)
    ages = [since - n * step for n in range(times)]
    lines = [came(address(others, 0) if other == "others" else "10.9.9.9", heard)]
    lines += [
        line
        for n, a in enumerate(ages)
        for line in closed(address(made, numbers[n % len(numbers)]), a, why=why, form=form)
    ]
    kept = sorted([*lines, *more]) if form == "4" else [*more, *lines]
    rabbit = workload("rabbitmq", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672, started=broker_started)
    told = [Log("rabbitmq-0", "rabbitmq", tuple(kept)), *logs("worker", RESET, 0, 1, since=1500), *more_logs]
    return snapshot(made, others, rabbit, beside, logs=told, figures=figures, alerts=alerts)


OTHERS = address(workload("others"), 0)
BACK = (WORKER, "configuration_error", ROLL_BACK)
HOLDS = [
    Holds(
        "the broker hangs up on all pods of a release, and on nobody before",
        world(),
        BACK,
        excludes=(*no("restart_workload", "scale_workload", at=WORKER), *no(*ACTS[:2], at=BROKER)),
        alone=True,
    ),
    Holds("in the words of an older RabbitMQ", world(form="3"), BACK),
    Holds("of another image", world(before=OLD), (WORKER, "code_defect", ROLL_BACK)),
    Holds("most of its pods", world(0, 1, pods=3), BACK),
    Holds("another workload was released hours ago", world(beside=workload("api", before=OLD, released=9000)), BACK),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, found, harmful=("restart_workload", "rollback_workload", "scale_workload"))
        for what, found in (
            ("it hung up on another client as well", world(more=closed(OTHERS, 900))),
            ("it hung up for missed heartbeats before the release", world(more=closed("10.9.9.1", 4000))),
            ("nobody knows whether it did before", world(heard=2000)),
            ("no other client is known to stay", world(other="")),
            ("one pod alone", world(0)),
            ("all its pods are on one node", world(nodes=("n1",))),
            ("it is over", world(since=1600, until=1200)),
            ("it began long after the release", world(released=9000)),
            ("it began before the release", world(since=2400)),
            ("it happened twice", world(times=2)),
            ("the broker was started just before", world(broker_started=2000)),
            ("another was released in those minutes", world(beside=workload("api", before=OLD, released=1700))),
            ("nothing was released", world(before=None)),
            ("no alert fires", world(alerts=())),
            ("it closes them for another reason", world(why="client unexpectedly closed TCP connection")),
            (
                "its pods have no processor time",
                world(
                    figures=[
                        figure("cpu_share", 0.3, 0.99, 1700, pod=pod("worker", n), container="worker") for n in (0, 1)
                    ]
                ),
            ),
            (
                "what it asks for each job is slow",
                world(
                    figures=[
                        figure("dependency_latency_p95", 0.2, 90.0, 1700, component="worker", dependency="asr.example")
                    ]
                ),
            ),
            (
                "whom it asks for each job does not answer",
                world(
                    more_logs=logs("worker", "ERROR POST https://asr.example/v1: connect ETIMEDOUT", 0, 1, since=1500)
                ),
            ),
        )
    ),
    DoesNotHold("nobody tells of a broker", snapshot(workload("worker"), thing("ConfigMap", "x"))),
]
