"""A broker is full of what its readers leave unacknowledged, since a release of theirs, and nobody limits how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import figure, pod, secret_key, series, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

MIN = 60.0
FULL = "memory resource limit alarm set on node rabbit@rabbitmq-0."
TAKES = "accepting AMQP connection <0.81.0> (10.1.0.4 -> 10.1.0.9)"
BLOCKED = "WARN connection blocked by broker: low on memory"
QUEUE = "labels.order-events"
LABELS, BROKER = "Deployment/labels", "StatefulSet/rabbitmq"
DONE, LEFT = "INFO label 17 printed in 80 ms", "INFO label 17 needs no print"
AWAY = "ERROR GET https://printer.example/v1: connect ETIMEDOUT"
GAPS = (7.0, 19.0, 11.0, 26.0, 4.0, 31.0)
ENV: dict[str, Any] = {"QUEUE": QUEUE, "PREFETCH_COUNT": "0", "BROKER_URL": secret_key("broker", "uri")}
Points = Sequence[tuple[float, float]]


def left(
    began: float = 120, until: float = 10, most: float = 55_000, falls: float = 0, of: str = QUEUE
) -> tuple[str, Series]:
    """Return how many messages are not acknowledged: evenly more since so many minutes, until the broker is full."""
    start = min(began, 60)
    ages = [until + (start - until) * (40 - n) / 40 for n in range(41)]
    rise = [(age * MIN, most * (began - age) / (began - until)) for age in ages]
    rest = [(age * MIN, most - falls * (until - age) / until) for age in (until * n / 20 for n in range(19, -1, -1))]
    return "queue_unacked", series({"component": of}, (3600, rise[0][1]), *rise, *rest)


def stepped(*steps: tuple[float, float]) -> tuple[str, Series]:
    return "queue_unacked", series({"component": QUEUE}, *[(age * MIN, value) for age, value in steps])


def works(until: float = 10.1, number: int = 0, says: Sequence[str] = ()) -> Log:
    """Return the log of a pod that told of its work until so many minutes ago, and is probed since."""
    age, told = until * MIN, []
    for n, line in enumerate([*says, *[LEFT, DONE, DONE] * 20]):
        told.append((age, line))
        age += GAPS[n % len(GAPS)]
    probes = [(n * 47.0, '10.1.0.1 - "GET /health HTTP/1.1" 200') for n in range(12)]
    return timed(pod("labels", number), *sorted([*told, *probes], reverse=True))


def full(
    *beside: Any,
    figures: Sequence[tuple[str, Series]] | None = None,
    more: Sequence[tuple[str, Series]] = (),
    works_until: Sequence[float] = (10.1, 10.2),
    says: Sequence[str] = (),
    alarm: str = FULL,
    blocks: bool = False,
    other: Sequence[Log] = (),
    sender: Any = None,
    desk: str = "rabbitmq",
    **reader: Any,
) -> Snapshot:
    """Return a broker that is full since ten minutes, and a reader that was released two hours ago."""
    given: dict[str, Any] = {"env": ENV, "before": OLD, "released": 120 * MIN}
    waits = [figure("queue_depth", 3, 0, component=QUEUE), figure("queue_depth", 4, 2, component="mails")]
    return snapshot(
        shop(env={"BROKER_HOST": "rabbitmq"}, **(sender or {})),
        workload("order-desk", env={"BROKER_HOST": desk}),  # its name is in the queue's as well
        workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672),
        workload("labels", **{**given, **reader}),
        *beside,
        logs=[
            timed("rabbitmq-0", (600, alarm)),
            *logs("shop", BLOCKED if alarm == FULL else "INFO order taken", 0, 1, since=580),
            *(works(until, number, says) for number, until in enumerate(works_until)),
            *(logs("labels", BLOCKED, 0, 1, since=580) if blocks else ()),
            *other,
        ],
        figures=[errors("shop", 0.9, 580), *([left()] if figures is None else figures), *waits, *more],
    )


def asking(*figures: tuple[str, Series], **labels: Any) -> Snapshot:
    """Return a reader that asks a printer as well."""
    return full(workload("printer", **labels), more=figures, env={**ENV, "PRINTER_URL": "http://printer:8080"})


STANDS = (BROKER, "resource_exhaustion", "page_human")
HOLDS = [
    *(
        Holds(
            f"its readers leave a part of what they are handed, evenly more since their release: {what}",
            world,
            (LABELS, cause, "rollback_workload"),
            excludes=(
                *no("rollback_workload", "restart_workload", at=SHOP),
                *no("restart_workload", "scale_workload", at=LABELS),
            ),
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, cause, world in (
            ("hours ago", "code_defect", full()),
            ("within the hour", "code_defect", full(released=50 * MIN, figures=[left(began=50)])),
            (
                "another setting alone",
                "configuration_error",
                full(before={"env": {**ENV, "ACK_SKIPPED": "true"}}),
            ),
            (
                "the sender was released long after",
                "code_defect",
                full(sender={"before": OLD, "released": 25 * MIN}),
            ),
            ("whom it asks is as ever", "code_defect", asking(figure("latency_p95", 0.1, 0.1, component="printer"))),
        )
    ),
    *(
        Holds(f"nobody can tell that a release leaves it: {what}", world, STANDS, harmful=("rollback_workload",))
        for what, world in (
            ("there was none", full(before=None)),
            ("it changed limits alone", full(before={"resources": {"limits": {"cpu": "9"}}})),
            ("its pace leads back to long before it", full(figures=[left(began=300)])),
            ("its pace leads back to long after it", full(released=200 * MIN)),
            ("so little of it was counted that its pace tells nothing", full(figures=[left(900)], released=900 * MIN)),
            ("the template before served no longer", full(age=3 * 3600)),
            ("it came at once", full(figures=[stepped((60, 5), (30, 55_000))])),
            (
                "it is acknowledged in heaps",
                full(figures=[stepped(*((60 - n * 5, 55_000.0 if n % 2 else 20_000.0) for n in range(11)))]),
            ),
            ("it is worked off now: they were only slow", full(figures=[left(falls=4000)])),
            ("they may wait to publish themselves", full(blocks=True)),
            ("few are left", full(figures=[left(most=400)])),
            ("as many lie in another queue", full(more=[figure("queue_depth", 50_000, 50_000, component="returns")])),
            ("one of them hung before", full(works_until=(10.1, 35))),
            ("they miss somebody else", full(says=[AWAY] * 9)),
            (
                "their sender was released then as well",
                full(sender={"before": OLD, "released": 118 * MIN}),
            ),
            ("whom they ask was released then as well", asking(before=OLD, released=118 * MIN)),
            ("whom they ask is slow", asking(figure("latency_p95", 0.1, 4.0, 3000, component="printer"))),
            (
                "their settings were written with it",
                full(
                    thing("ConfigMap", "labels", written=119 * MIN, data={"ACK": "x"}),
                    envFrom=[{"configMapRef": {"name": "labels"}}],
                ),
            ),
            (
                "another reads the same queue",
                full(workload("labels-night", env=ENV, service=False)),
            ),
            (
                "another that takes requests has the same queue",
                full(workload("printer-eu", env=ENV), env={**ENV, "BROKER_HOST": "rabbitmq"}, desk=""),
            ),
            ("one of them is away", full(ready=1)),
            ("nobody counts it", full(figures=[])),
        )
    ),
]
DOES_NOT_HOLD = [DoesNotHold("the broker takes all still, and readers leave a part", full(alarm=TAKES), ())]
