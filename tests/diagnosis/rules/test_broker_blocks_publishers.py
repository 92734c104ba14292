"""A broker with a resource alarm takes no messages; whoever publishes can do nothing about it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, autoscaler, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, at, container, figure, log, pod, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

BROKER = "StatefulSet/rabbitmq"
LINES = (
    "memory resource limit alarm set on node rabbit@mq-0.",
    "*** Publishers will be blocked until this alarm clears ***",
)


def told(line: str) -> Snapshot:
    broker = workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672)
    return snapshot(shop(env=AMQP), broker, logs=[log("rabbitmq-0", line)])


AMQP = {"AMQP": "amqp://rabbitmq:5672"}
WORKS = "INFO documents: order 7 rendered"
DOCUMENTS = "Deployment/documents"
FONTS = "WARN no answer in page: https://assets.cdn.example/inter.woff2"
BLOCKED = "WARN connection blocked by broker: low on memory"
GIVES_BACK = "WARN message rejected, requeue=true"
UNREADABLE = "ERROR cannot decode message: unexpected end of input"
KEY = "ERROR KeyError: 'total' while rendering order 7"
LIMITED = "WARN POST https://fonts.example/v1 429 Too Many Requests"
LIMIT: dict[str, Any] = {"used": 0.97, "silent": 0}
NO_FONTS = "ERROR GET https://assets.cdn.example/logo.png: connect ETIMEDOUT"


def ill_itself(*, failing: float = 1480, heard: float = 3000, released: float = 1500) -> Snapshot:
    """Return a publisher that fails since ``failing`` seconds ago, by its release, and a broker that is full since 600.

    ``heard``: since when the publisher's log tells: of all well first, then that it is blocked.
    """
    broker = workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672)
    calm = ["INFO order taken"] * int((heard - 580) / 20)
    said = (log(pod("shop", n), *calm, *[BLOCKED] * 29, since=heard) for n in range(2))
    return snapshot(
        shop(env={**AMQP, "TMP": "no"}, before={"env": AMQP}, released=released),
        broker,
        logs=[log("rabbitmq-0", LINES[0], since=600), *said],
        figures=[errors("shop", 0.4, failing)],
    )


def hung(
    *,
    silent: float = 9000,
    used: float | None = 0.004,
    depth: tuple[float, float] = (60000, 70000),
    queue: str = "documents",
    told: bool = False,
    last: str = WORKS,
    missed: str = "INFO event handled",
    beside: Any = (),
    busy_since: float = 3000,
    room: int = 0,
    shop_is: Any = None,
    run: Any = (),
    **more: Any,
) -> Snapshot:
    """Return a broker that is full since ten minutes, and the two consumers of its queues.

    ``silent``: since when the consumer of the longest queue says nothing. ``depth``: how long that was and is.
    ``used``: how busy its pods are; None: they have no limit by which one could tell. ``last``: its last words.
    ``missed``: what the other one says. ``busy_since``: since when its pods are as busy. ``room``: of its autoscaler.
    ``shop_is``: how the publisher was released. ``run``: who publishes as well.
    """
    broker = workload("rabbitmq", "rabbitmq:3.13-management", kind="StatefulSet", pods=1, port=5672)
    secret: dict[str, Any] = {"env": {"AMQP_URL": secret_key("broker", "uri")}, "service": False}
    said = [
        Log(pod("documents", n), "documents", tuple(f"{at(silent + age)} {last}" for age in (600, 300, 0)))
        for n in range(2)
    ]
    return snapshot(
        shop(env=AMQP if told else {}, **(shop_is or {})),
        broker,
        workload("documents", **{**secret, **more}),
        workload("loyalty", **secret),
        [autoscaler("documents", 2, room)] if room else [],
        run,
        logs=[
            *(log("resend-x", *["INFO published 500 orders"] * 9, since=3000, of="resend") for _ in run[:1]),
            log("rabbitmq-0", LINES[0], since=600),
            *logs("shop", "WARN connection blocked by broker: low on memory", since=580),
            *said,
            *logs("loyalty", missed, 0, 1),
        ],
        figures=[
            errors("shop", 0.9, 580),
            figure("queue_depth", *depth, 3000, component=queue),
            figure("queue_depth", 3, 5, component="loyalty"),
            *beside,
            *(
                figure("cpu_share", min(used, 0.3), used, busy_since, pod=pod("documents", n), container="documents")
                for n in range(2)
                if used is not None
            ),
        ],
    )


def readers(before: float, now: float) -> tuple[str, Series]:
    """Return how many the broker counts who read the long queue."""
    return figure("queue_consumers", before, now, 2400, component="documents")


def half() -> tuple[str, Series]:
    return figure("queue_depth", 40000, 50000, component="loyalty-points")


def resend() -> list[Obj]:
    """Return a run that goes on, and its pod."""
    template: Obj = {"spec": {"containers": [container("resend", "resend:1")]}}
    made = thing("Pod", "resend-x", age=3100, **template, status={"phase": "Running"})
    made["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "resend", "controller": True}]
    return [thing("Job", "resend", age=3100, spec={"template": template}, status={"active": 1}), made]


def slow() -> tuple[str, Series]:
    return figure("dependency_latency_p95", 0.2, 9.0, 900, component="documents", dependency="fonts.example")


def lag() -> tuple[str, Series]:
    """Return what a group has still to read of a topic of Kafka."""
    return figure("queue_depth", 100_000, 9_000_000, 3000, consumergroup="documents", queue="orders")


def cached_keys() -> tuple[str, Series]:
    return figure("queue_depth", 1_000_000, 1_000_001, component="redis", key="sessions:online")


HOLDS = [
    *(
        Holds(
            f"it says so: {line}",
            told(line),
            (BROKER, "resource_exhaustion", "page_human"),
            excludes=(*no("restart_workload", at=SHOP), *no("restart_workload", at=BROKER)),
        )
        for line in LINES
    ),
    *(
        Holds(
            f"the consumer of the one queue that is long stands still since hours: {what}",
            world,
            (DOCUMENTS, "service_crash", "restart_workload"),
            excludes=(*no("restart_workload", at=BROKER), *no("scale_workload", at=DOCUMENTS)),
            alone=True,
        )
        for what, world in (
            ("a Secret keeps the broker's address", hung()),
            ("the queue is called as it is, in other letters", hung(queue="Documents", told=True)),
            ("the queue has one word of its name", hung(queue="shop.documents.created")),
            ("far more lies under a key of a cache", hung(beside=[cached_keys()])),
            ("it has no limit of the processor, and nobody reads the queue", hung(used=None, beside=[readers(2, 0)])),
            ("what it spoke of last is there for others", hung(last=FONTS)),
        )
    ),
    *(
        Holds(
            f"the consumer of all that waits is at its limit since before the alarm: {what}",
            world,
            (DOCUMENTS, "capacity", remedy),
            excludes=(*no("restart_workload", at=BROKER), *no("rollback_workload", "restart_workload", at=SHOP)),
            alone=True,
        )
        for what, world, remedy in (
            ("more of it take more", hung(used=0.97, silent=0), "scale_workload"),
            (
                "its publisher was released when most of it waited already",
                hung(**LIMIT, shop_is={"before": OLD, "released": 2000}),
                "scale_workload",
            ),
            ("its autoscaler may give no more", hung(used=0.97, silent=0, room=2), "page_human"),
        )
    ),
    *(
        Holds(f"nobody can tell who fills it: {what}", world, (BROKER, "resource_exhaustion", "page_human"))
        for what, world in (
            ("its consumer is silent since the alarm only, and may wait to publish itself", hung(silent=560)),
            ("its consumer works", hung(used=0.3)),
            ("its consumer is at its limit, and was released hours before", hung(used=0.97, before=OLD, released=9200)),
            ("its consumer is at its limit, and gives back what it takes", hung(used=0.97, silent=0, last=GIVES_BACK)),
            ("its consumer is at its limit, and cannot read it", hung(used=0.97, silent=0, last=UNREADABLE)),
            ("its consumer is at its limit, and the queue is one of two", hung(used=0.97, silent=0, beside=[half()])),
            ("its consumer is at its limit since the alarm", hung(used=0.97, silent=0, busy_since=500)),
            ("its consumer is at its limit, and tells of errors of its own", hung(**LIMIT, last=KEY)),
            ("its consumer is at its limit, and is refused", hung(**LIMIT, last=LIMITED)),
            ("its consumer is at its limit, and says nothing", hung(used=0.97, silent=900)),
            ("its consumer is at its limit, and finds others slow", hung(**LIMIT, beside=[slow()])),
            ("its consumer is at its limit since a release at night", hung(**LIMIT, before=OLD, released=14 * 3600)),
            ("its consumer is at its limit, and no more wait than before", hung(**LIMIT, depth=(70000, 70000))),
            ("its consumer is at its limit since a run sends", hung(**LIMIT, depth=(10, 70000), run=resend())),
            (
                "who reads a topic of Kafka is at its limit",
                hung(**LIMIT, queue="loyalty-x", depth=(3, 80), beside=[lag()]),
            ),
            (
                "its consumer is at its limit since its publisher was released",
                hung(**LIMIT, depth=(10, 70000), shop_is={"before": OLD, "released": 3300}),
            ),
            (
                "its consumer is at its limit, and its publisher was released before most of it waited",
                hung(**LIMIT, depth=(10, 70000), busy_since=3500, shop_is={"before": OLD, "released": 3100}),
            ),
            ("the queue becomes shorter", hung(depth=(70000, 60000))),
            ("hardly anything waits", hung(depth=(1, 8))),
            ("its consumer was released hours before", hung(before=OLD, released=9200)),
            ("one of its consumer's pods is away", hung(ready=1)),
            ("it is only silent: it reads its queue still", hung(used=None, beside=[readers(2, 2)])),
            ("it is only silent: nobody ever read the queue", hung(used=None, beside=[readers(0, 0)])),
            ("what it spoke of last fails for others still", hung(last=FONTS, missed=NO_FONTS)),
            ("nobody is called as the queue is", hung(queue="invoices")),
        )
    ),
]
FULL = (BROKER, "resource_exhaustion", "page_human")
HOLDS += [
    Holds(
        "a publisher failed since its own release long before: that is a fault beside it",
        ill_itself(),
        FULL,
        spares=no("rollback_workload", at=SHOP),
        believed="errors_since_release",
    ),
    *(
        Holds(
            f"a publisher fails by the broker: {what}",
            world,
            FULL,
            excludes=no("rollback_workload", at=SHOP),
            alone=True,
        )
        for what, world in (
            ("since the alarm, though it was released before", ill_itself(failing=590)),
            ("nobody tells that the broker took all before its release", ill_itself(heard=1400)),
            ("since a time that is not its release", ill_itself(released=9000)),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it tells of a connection", told("accepting AMQP connection <0.81.0> (10.1.0.4 -> 10.1.0.9)"))
]
