"""New words since a release, while people are called for a queue: whose readers have to do with the release, or not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import alert, errors, latency, rate
from tests.diagnosis.rules.test_queue_backlog import AMQP, broker
from tests.diagnosis.rules.tiny import figure, pod, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

LEDGER = "Deployment/ledger"
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


def sent_more(beside: dict[str, str] | None) -> Snapshot:
    """Return a shop that was released and since then fills the queue of a reader, which warns of what came before.

    ``beside``: the shop's variables.
    """
    counts = {"queue_depth": (20, 9000), "job_rate": (10, 28), "job_time": (0.5, 0.5), "jobs_in_work": (5, 14)}
    figures = [figure(name, *pair, 2800, component="mail-worker") for name, pair in counts.items()]
    figures.append(errors("mail-worker", 0.01, 2800, before=0.01))
    figures += [errors("shop", 0.001), latency("shop", 0.1, 0.1), rate("shop")]
    again = "WARN order {n} was handled before, skipped as a duplicate"
    told = [
        (3500.0 - 10 * n, again.format(n=n) if n > 80 and not n % 15 else f"INFO mail {n} sent") for n in range(350)
    ]
    return snapshot(
        workload("mail-worker", env=AMQP, service=False),
        workload("shop", env=beside, before={"image": "registry.example/shop:0"}, released=2900),
        broker(),
        figures=figures,
        logs=[timed(pod("mail-worker", n), *told) for n in range(2)],
        alerts=[alert("MailQueueLong", deployment="mail-worker")],
    )


def groups(*first: str, **labels: str) -> Snapshot:
    """Return two groups that read one topic; one of them warns since its release, and an alert has ``labels``."""
    lines = [(3500 - 30 * n, "INFO order handled") for n in range(116)]
    lines += [(1500 - 50 * n, "WARN order has no currency, left aside") for n in range(30)]
    kafka = {"KAFKA_BROKERS": "b-1.msk.example:9092", "KAFKA_TOPIC": "orders"}
    other = {"KAFKA_BROKERS": "b-2.msk2.example:9092", "KAFKA_TOPIC": "orders", "KAFKA_GROUP_ID": "billing"}
    old = {"image": "registry.example/ledger:0"}
    return snapshot(
        workload("ledger", env={**kafka, "KAFKA_GROUP_ID": "audit"}, service=False, before=old, released=1600),
        workload("invoicer", env=other, service=False),
        figures=[figure("queue_depth", 20, 90, 1500, consumergroup=group, queue="orders") for group in first],
        logs=[timed(pod("ledger", n), *sorted(lines, reverse=True)) for n in range(2)],
        alerts=[alert("TopicLags", **labels)],
    )


HOLDS = (
    [
        Holds(
            f"of two groups that read a topic one warns since its release, and {what}",
            world,
            (LEDGER, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("an alert names the topic", groups("billing", "audit", topic="orders")),
            ("an alert names the topic, told the other way round", groups("audit", "billing", topic="orders")),
            ("an alert names that group", groups("billing", "audit", topic="orders", consumergroup="audit")),
            (
                "an alert names a group that nobody is known to read as",
                groups("billing", "audit", topic="orders", consumergroup="stock"),
            ),
        )
    ]
    + [
        Holds(
            f"a site warns since its release, and {what}",
            world,
            (SITE, "code_defect", "rollback_workload"),
        )
        for what, world in (
            ("an alert names a queue that nobody is known to read", called_for({"queue": "parcels"})),
            ("an alert names nobody", called_for({"severity": "page"})),
        )
    ]
    + [
        Holds(
            "a site warns since its release, and an alert names a queue whose reader it calls",
            called_for({"queue": "bills"}, wants={"BILLS_URL": "http://bill-worker:8080"}),
            (SITE, "code_defect", "rollback_workload"),
        ),
        Holds(
            "a reader warns of what was handled before since the release of who fills its queue, by the broker of both",
            sent_more(AMQP),
            ("Deployment/shop", "code_defect", "rollback_workload"),
            harmful=("scale_workload",),
        ),
    ]
)
DOES_NOT_HOLD = [
    DoesNotHold(
        f"a site warns since its release, and an alert names a queue that another reads, as its {label}",
        called_for({label: "bills"}),
        harmful=("rollback_workload",),
    )
    for label in ("queue", "queue_name")
] + [
    DoesNotHold(
        "a reader that is outrun warns of a few jobs since the release of who has no broker in common with it",
        sent_more(None),
        instead=("Deployment/mail-worker", "capacity", "scale_workload"),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "of two groups that read a topic one warns since its release, and an alert names the other",
        groups("audit", "billing", topic="orders", consumergroup="billing"),
        harmful=("rollback_workload",),
    ),
]
