"""A group of readers that a Job set back, so that it reads again what it has read."""

from __future__ import annotations

from datetime import datetime, timedelta

from tests.diagnosis.rules.tiny import NOW, at, container, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

KAFKA = "kafka-consumer-groups.sh --bootstrap-server kafka:9092 --group books --topic taps --reset-offsets --execute"


def replay(
    command: str = KAFKA,
    *,
    left: float = 300_000,
    group: str = "books",
    began: float = 3400,
    ended: float = 3900,
    failed: bool = False,
    other: float | None = None,
) -> Snapshot:
    """Return a reader that a Job set back, and a page about what waits for it; ``other``: and so much for others.

    ``began`` is the age of the page, ``ended`` that of the Job's end, ``left`` what still waits of three millions.
    """
    spec = {
        "containers": [container("reset", "kafka:3", command=["/bin/sh", "-c"], args=[f"/opt/kafka/bin/{command}"])]
    }
    job = thing("Job", "reset", age=ended + 30, spec={"template": {"spec": spec}})
    over = {"failed": 1} if failed else {"succeeded": 1, "completionTime": at(ended)}
    job["status"] = {"startTime": at(ended + 30)} | over
    steps = [(age, left + (3_000_000 - left) * age / 3600) for age in range(3600, -1, -30)]
    waits = [("queue_depth", series({"consumergroup": group, "queue": "taps"}, *steps))]
    if other is not None:
        even = [(age, other) for age in range(3600, -1, -30)]
        waits.append(("queue_depth", series({"consumergroup": "fraud", "queue": "taps"}, *even)))
    labels = {"severity": "critical", "deployment": "books", "consumergroup": group}
    page = Alert("ConsumerGroupLagHigh", labels, {"summary": "much waits in taps"}, "firing", _ago(began))
    return snapshot(workload("books"), job, figures=waits, alerts=[page])


def _ago(age: float) -> datetime:
    return NOW - timedelta(seconds=age)
