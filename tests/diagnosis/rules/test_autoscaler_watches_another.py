"""An autoscaler that reads nothing: because nothing waits, or because it looks into the wrong queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, figure, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert

SCALER, WORKER = "HorizontalPodAutoscaler/sender", "Deployment/sender"
WRONG = "configuration_error", "page_human"
RABBIT = workload("rabbitmq", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672)
KAFKA = workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=1, port=9092)
OLD, NEW = {"env": {"QUEUE": "mails"}}, {"QUEUE": "mails.v2"}
FULL = figure("queue_depth", 20_000, 30_000, component="mails.v2")


def sender(*, before: Any = OLD, env: Any = None, **more: Any) -> list[Obj]:
    """Return a worker that was moved to another queue some hours ago."""
    return workload("sender", env=env or NEW, before=before, released=4 * 3600, service=False, **more)


def scaler(
    queue: str = "mails", *, key: str = "queue", reads: str = "0", now: int = 2, kind: str = "External", **more: Any
) -> Obj:
    """Return an autoscaler that goes by the length of a queue."""
    of = kind.lower()
    metric = {"name": "messages_ready", "selector": {"matchLabels": {key: queue}}}
    return thing(
        "HorizontalPodAutoscaler",
        "sender",
        spec={
            "scaleTargetRef": {"kind": "Deployment", "name": "sender"},
            "minReplicas": 2,
            "maxReplicas": 30,
            "metrics": [{"type": kind, of: {"metric": metric, "target": {"averageValue": "100"}}}],
        },
        status={
            "currentReplicas": now,
            "desiredReplicas": now,
            "conditions": [{"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}],
            "currentMetrics": [{"type": kind, of: {"metric": metric, "current": {"averageValue": reads}}}],
        },
        **more,
    )


def backlog(text: str = "", **labels: str) -> Alert:
    """Return an alert about a queue."""
    return Alert("QueueBacklog", labels, {"summary": text}, "firing", NOW - timedelta(minutes=20))


def scaled(group: str) -> Obj:
    """Return the ScaledObject of KEDA from which an autoscaler was made."""
    trigger = {"type": "kafka", "metadata": {"consumerGroup": group, "topic": "mails", "lagThreshold": "100"}}
    return thing("ScaledObject", "sender", spec={"scaleTargetRef": {"name": "sender"}, "triggers": [trigger]})


GROUP = workload(
    "sender",
    args=["--brokers=kafka:9092", "--group=sender-blue", "--topic=letters"],
    before={"args": ["--brokers=kafka:9092", "--group=sender", "--topic=mails"]},
    released=2 * DAY,
    service=False,
)

HOLDS = [
    Holds(
        "the worker was moved to another queue, and the autoscaler was not",
        snapshot(RABBIT, sender(), scaler(), figures=[FULL], alerts=[backlog(queue="mails.v2")]),
        (SCALER, *WRONG),
        excludes=no("restart_workload", "rollback_workload", at=WORKER),
        alone=True,
    ),
    Holds(
        "KEDA asks for the lag of a former consumer group",
        snapshot(
            KAFKA,
            GROUP,
            scaler("sender", key="scaledobject.keda.sh/name", reads="3"),
            scaled("sender"),
            figures=[figure("queue_depth", 100, 9000, consumergroup="sender-blue")],
        ),
        (SCALER, *WRONG),
    ),
    Holds(
        "it was written today with a name that nobody has, and only an alert tells of the queue",
        snapshot(
            RABBIT,
            sender(before=None),
            scaler("mails.v3", written=5 * 3600),
            alerts=[backlog("many messages wait in mails.v2", queue="mails.v2")],
        ),
        (SCALER, *WRONG),
    ),
    Holds(
        "an alert names the queue in its sentence",
        snapshot(RABBIT, sender(), scaler(kind="Object"), alerts=[backlog("30000 messages wait in mails.v2")]),
        (SCALER, *WRONG),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "nothing waits", snapshot(RABBIT, sender(), scaler(), figures=[figure("queue_depth", 3, 3, queue="x")])
    ),
    DoesNotHold(
        "it reads a backlog and is about to act",
        snapshot(RABBIT, sender(), scaler(reads="900"), figures=[FULL]),
    ),
    DoesNotHold(
        "what it goes by is what the worker reads; the full queue is what it sends to",
        snapshot(RABBIT, sender(env={"IN": "mails", "OUT": "mails.v2"}), scaler(), figures=[FULL]),
    ),
    DoesNotHold(
        "the full queue is another one's",
        snapshot(RABBIT, sender(), scaler(), figures=[figure("queue_depth", 20_000, 30_000, component="letters")]),
    ),
    DoesNotHold(
        "it goes by what it always went by, and the worker never named that",
        snapshot(RABBIT, sender(before=None), scaler(), figures=[FULL], alerts=[backlog(queue="mails.v2")]),
        ASK,
    ),
]
