"""A broker with a resource alarm takes no messages; whoever publishes can do nothing about it."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import log, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

BROKER = "StatefulSet/rabbitmq"
LINES = (
    "memory resource limit alarm set on node rabbit@mq-0.",
    "*** Publishers will be blocked until this alarm clears ***",
)


def told(line: str) -> Snapshot:
    broker = workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672)
    return snapshot(shop(env={"AMQP": "amqp://rabbitmq:5672"}), broker, logs=[log("rabbitmq-0", line)])


HOLDS = [
    Holds(
        f"it says so: {line}",
        told(line),
        (BROKER, "resource_exhaustion", "page_human"),
        excludes=(*no("restart_workload", at=SHOP), *no("restart_workload", at=BROKER)),
    )
    for line in LINES
]
DOES_NOT_HOLD = [
    DoesNotHold("it tells of a connection", told("accepting AMQP connection <0.81.0> (10.1.0.4 -> 10.1.0.9)"))
]
