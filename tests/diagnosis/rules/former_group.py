"""A consumer that reads a topic as another group than it did, and an alert about the former one."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import DAY, Obj, figure, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

TOPIC, FORMER, NOW_IN = "orders", "billing", "billing-v2"


def consumer(
    name: str = "billing", group: str = NOW_IN, before: str = FORMER, released: float = 3 * DAY, **more: Any
) -> list[Obj]:
    """Return a consumer that was in one group and is in another since its release."""
    env = {"KAFKA_GROUP_ID": group, "LOG_GROUP": "town"}
    old = {"env": {"KAFKA_GROUP_ID": before, "LOG_GROUP": "town"}}
    return workload(name, env=env, before=old, released=released, **more)


def lag(group: str, before: float, now: float, since: float = 1800) -> Any:
    return figure("queue_depth", before, now, since, consumergroup=group, queue=TOPIC)


def watched(
    *more: Any,
    by: list[Obj] | None = None,
    former: tuple[float, float] = (4_000_000, 4_030_000),
    now: tuple[float, float] | None = (400, 600),
    members: float | None = 0,
    group: str = FORMER,
) -> Snapshot:
    """Return an alert about what waits for a group, and what waits for it and for the one that is in use."""
    figures = [lag(FORMER, *former), *([lag(NOW_IN, *now)] if now else [])]
    if members is not None:
        figures.append(figure("queue_consumers", members, members, consumergroup=FORMER))
    fires = alert("KafkaConsumerLag", consumergroup=group, topic=TOPIC, severity="critical")
    return snapshot(consumer() if by is None else by, *more, figures=figures, alerts=[fires])
