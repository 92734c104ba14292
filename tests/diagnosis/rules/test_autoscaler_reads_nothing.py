"""An autoscaler whose query has an empty answer since a release, and such as read nothing for another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import Obj, at, event, figure, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

DESK, SENDER, SCALER = "Deployment/desk", "Deployment/sender", "HorizontalPodAutoscaler/keda-hpa-sender"
FULL = figure("queue_depth", 900, 6000, since=1500, component="desk")
QUERY = {"serverAddress": "http://prometheus:9090", "query": "sum(mails_waiting_total)", "threshold": "20"}
GAVE = {"image": "registry.example/desk:0"}


def scaled(*, active: float = 2350, query: Any = QUERY, kind: str = "prometheus", paused: bool = False) -> Obj:
    """Return a ScaledObject that was last active so long ago."""
    conditions = [{"type": "Paused", "status": str(paused)}]
    return thing(
        "ScaledObject",
        "sender",
        spec={"scaleTargetRef": {"name": "sender"}, "triggers": [{"type": kind, "metadata": query}]},
        status={"lastActiveTime": at(active), "conditions": conditions},
    )


def scaler(*, reads: str = "0", cut: float = 2040) -> Obj:
    """Return the autoscaler that KEDA makes of it; ``cut``: when it last changed the number of replicas."""
    metric = {"name": "s0-prometheus", "selector": {"matchLabels": {"scaledobject.keda.sh/name": "sender"}}}
    return thing(
        "HorizontalPodAutoscaler",
        "keda-hpa-sender",
        spec={
            "scaleTargetRef": {"kind": "Deployment", "name": "sender"},
            "minReplicas": 2,
            "maxReplicas": 16,
            "metrics": [{"type": "External", "external": {"metric": metric, "target": {"averageValue": "20"}}}],
        },
        status={
            "currentReplicas": 2,
            "desiredReplicas": 2,
            "lastScaleTime": at(cut),
            "conditions": [{"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}],
            "currentMetrics": [
                {"type": "External", "external": {"metric": metric, "current": {"averageValue": reads}}}
            ],
        },
    )


def world(
    *beside: Any,
    before: Any = GAVE,
    released: float = 2400,
    query: Any = QUERY,
    waits: Any = FULL,
    of: Obj | None = None,
    by: Obj | None = None,
) -> Snapshot:
    """Return who takes mails and counts them, who sends them by way of another, and what scales the sender."""
    objects = (
        workload("desk", before=before, released=released),
        workload("sender", env={"RELAY_URL": "http://relay:8080"}, service=False),
        workload("relay"),
        of or scaled(query=query),
        by or scaler(),
        event(SCALER, "SuccessfulRescale", "New size: 2; reason: All metrics below target", age=2040, kind="Normal"),
    )
    return snapshot(*objects, *beside, figures=[waits], alerts=[alert("MailsLate", service="relay")])


ASKS: tuple[str, str, str] = (DESK, "configuration_error", "page_human")
HARM = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    Holds(
        "who counts what waits was released, and the query has had no answer since",
        world(),
        ASKS,
        excludes=(
            *no("rollback_workload", "restart_workload", at=SENDER),
            *no("restart_workload", "scale_workload", at=DESK),
            *no("rollback_workload", at="Deployment/relay"),
        ),
        spares=no("rollback_workload", at=DESK),
        harmful=HARM,
        alone=True,
        began=2350,
    ),
    Holds(
        "the workers were released after they had been cut",
        world(workload("sender", before={"image": "registry.example/sender:0"}, released=1200, service=False)),
        ASKS,
        harmful=("rollback_workload", "restart_workload"),
    ),
    Holds(
        "another source that is asked by a query", world(of=scaled(kind="datadog", query={"query": "avg:m{*}"})), ASKS
    ),
]
GROWS, SLOWER = ("capacity", "scale_workload"), ("code_defect", "rollback_workload")
"""What is told of a queue that grows, and of one that grows since a release of who is known by it."""
DOES_NOT_HOLD = [
    DoesNotHold(what, found, instead)
    for what, found, instead in (
        ("nothing waits", world(waits=figure("queue_depth", 30, 2, component="desk")), ()),
        (
            "few wait, and it is about to act",
            world(by=scaler(reads="900"), waits=figure("queue_depth", 3, 60, component="desk")),
            (),
        ),
        ("nobody was released", world(before=None), GROWS),
        ("the release came long before", world(released=4 * 3600), GROWS),
        ("the release came long after", world(released=600), GROWS),
        ("it reads nothing for a day", world(of=scaled(active=90_000), released=90_000), GROWS),
        ("it was told to leave the workers as they are", world(of=scaled(paused=True)), SLOWER),
        ("it has not cut the workers since", world(by=scaler(cut=9000)), SLOWER),
        (
            "it asks for a queue by its name",
            world(of=scaled(kind="rabbitmq", query={"queueName": "mails", "value": "20"})),
            SLOWER,
        ),
    )
]
