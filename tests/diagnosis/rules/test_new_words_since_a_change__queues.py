"""New words since a release, while people are called for a queue: whose readers have to do with the release, or not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import alert, errors, latency, rate
from tests.diagnosis.rules.test_queue_backlog import AMQP, broker
from tests.diagnosis.rules.tiny import figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

SITE = "Deployment/site"
WARNS = "WARN teaser picture cannot be shrunk, the large one is sent"


def called_for(*labels: dict[str, str], wants: dict[str, str] | None = None, queue: str = "bills") -> Snapshot:
    """Return a site that warns since its release, and a queue of bills that another reads; alerts have ``labels``."""
    lines = [(3500 - 30 * n, "INFO GET / 200") for n in range(116)]
    lines += [(1500 - 50 * n, WARNS) for n in range(30)]
    beside: list[Any] = [
        errors("site", 0.001),
        latency("site", 0.1, 0.1),
        rate("site"),
        figure("queue_depth", 900, 1000, component="rabbitmq", queue=queue),
    ]
    return snapshot(
        workload("site", env=wants, before={"image": "registry.example/site:0"}, released=1600),
        workload("bill-worker", env={**AMQP, "QUEUE": queue}, service=False),
        broker(),
        figures=beside,
        logs=[timed(pod("site", n), *sorted(lines, reverse=True)) for n in range(2)],
        alerts=[alert("QueueLong", **each) for each in labels],
    )


HOLDS = [
    Holds(
        f"a site warns since its release, and {what}",
        world,
        (SITE, "code_defect", "rollback_workload"),
    )
    for what, world in (
        ("an alert names a queue that nobody is known to read", called_for({"queue": "parcels"})),
        ("an alert names nobody", called_for({"severity": "page"})),
    )
] + [
    Holds(
        "a site warns since its release, and an alert names a queue whose reader it calls",
        called_for({"queue": "bills"}, wants={"BILLS_URL": "http://bill-worker:8080"}),
        (SITE, "code_defect", "rollback_workload"),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a site warns since its release, and an alert names a queue that another reads, as its {label}",
        called_for({label: "bills"}),
        harmful=("rollback_workload",),
    )
    for label in ("queue", "queue_name")
]
