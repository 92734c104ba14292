"""Readers that a broker cut off as it was started anew, and that never came back to it; who came back is none."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.test_reader_fell_out import told
from tests.diagnosis.rules.tiny import DAY, at, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

READER, LOST, BACK = "Deployment/labeller", 2700.0, 2620.0
DONE, PROBE = "INFO label printed for order 4711 in 310 ms", "DEBUG GET /healthz 200 kube-probe/1.31"
FORCED = 'ERROR amqp connection closed: Exception (320) Reason: "CONNECTION_FORCED - broker forced connection closure"'
NATS = "ERROR nats: connection closed: read tcp 10.0.0.7:51822->10.96.3.4:4222: read: connection reset by peer"
GREW = figure("queue_depth", 1, 900, BACK - 20, component="rabbitmq", queue="labeller")


def cut(number: int, line: str = FORCED, *, beat: str = PROBE) -> Log:
    """Return the log of a reader that worked until it lost its broker, and is asked for its health since."""
    return told(number, (DONE, 5400, LOST + 10, 21), (line, LOST, LOST, 1), (beat, 5400, 20, 30))


def anew(number: int, since: float = BACK) -> Log:
    return told(number, ("INFO consuming", since, since, 1), (DONE, since - 10, 12, 21), (PROBE, since, 20, 30))


def works(number: int = 0, of: str = "mailer", line: str = "INFO mail sent") -> Log:
    return told(number, (line, 5400, 12, 25), of=of)


def world(
    *logs: Log,
    young: Any = (),
    image: str = "rabbitmq:3",
    broker: float = BACK + 20,
    pods: int = 3,
    grew: Any = GREW,
    cpu: Any = (),
    more: Any = (),
) -> Snapshot:
    """Return readers of a broker that was started anew so long ago, some of them after it, and another client of it.

    ``cpu``: how busy each reader is now, of a third of its limit before.
    """
    asked = {"AMQP_URL": "amqp://rabbitmq:5672"}
    reader = workload("labeller", pods=pods, env=asked, service=False)
    for number in young:
        pods_of(reader)[number]["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(BACK)}}
    server = workload("rabbitmq", image, kind="StatefulSet", pods=1, port=5672, started=broker)
    shares = [figure("cpu_share", 0.3, each, LOST, pod=pod("labeller", n)) for n, each in enumerate(cpu)]
    figures = [*([grew] if grew else []), *shares]
    mailer = workload("mailer", pods=1, env=asked, service=False)
    return snapshot(reader, server, mailer, *more, logs=logs, figures=figures, alerts=[alert("Waits", service="depot")])


ILL = (READER, "service_crash", "restart_workload")
TOUCHED = workload("depot", before={"image": "depot:3"}, released=LOST + 780)
FEW = (READER, "capacity", "scale_workload")
YOUNG = (READER, "database_connection", "restart_workload")
HOLDS = [
    Holds(
        "two of three never came back, their probes are answered all the while; the third was started after it",
        world(cut(0), cut(1), anew(2), young=[2]),
        ILL,
        excludes=no("rollback_workload", "scale_workload", at=READER),
    ),
    Holds(
        "the same by their processor time, and somebody was released a while before",
        world(cut(0), cut(1), anew(2), young=[2], cpu=(0.001, 0.002, 0.31), more=[TOUCHED]),
        ILL,
        harmful=("rollback_workload",),
    ),
    Holds("one of two never came back", world(cut(0), anew(1), young=[1], pods=2), ILL),
    Holds(
        "none came back, and another client of the broker, which was started anew then, works",
        world(cut(0), cut(1), cut(2), works()),
        ILL,
    ),
    Holds(
        "the same with another broker",
        world(*(cut(n, NATS) for n in range(3)), works(), image="nats:2.10"),
        ILL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("none came back, and nobody is known to work with that broker", world(cut(0), cut(1), cut(2))),
    DoesNotHold(
        "none came back, and the broker was not started anew", world(cut(0), cut(1), cut(2), works(), broker=9 * DAY)
    ),
    DoesNotHold(
        "who was there before came back by itself: the others may have nothing to do",
        world(cut(0), cut(1), works(2, "labeller", DONE)),
        FEW,
    ),
    DoesNotHold(
        "they speak of it still: they try to come back",
        world(
            *(told(n, (DONE, 5400, LOST + 10, 21), (FORCED, LOST, 12, 20)) for n in (0, 1)),
            anew(2),
            young=[2],
        ),
        YOUNG,
    ),
    DoesNotHold("no queue grows, and no alert names one", world(cut(0), cut(1), anew(2), young=[2], grew=None)),
    DoesNotHold(
        "the queue grew long before they lost their broker",
        world(
            cut(0),
            cut(1),
            anew(2),
            young=[2],
            grew=figure("queue_depth", 1, 900, LOST + 600, component="rabbitmq", queue="labeller"),
        ),
        FEW,
    ),
]
