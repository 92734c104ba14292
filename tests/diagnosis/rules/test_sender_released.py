"""Readers end on what a newly released sender writes; who has only the same store, or another name, is left alone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR, looping
from tests.diagnosis.rules.scenes import alert, down
from tests.diagnosis.rules.tiny import Obj, event, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

ORDERS, READER = "Deployment/orders", "Deployment/invoices"
RELEASED = (ORDERS, "code_defect", "rollback_workload")
AMQP = {"AMQP_URL": "amqp://rabbitmq:5672"}
TAKES = "INFO message id=7 producer={}/2.1"
TRACE = (
    "CRITICAL unhandled exception",
    "Traceback (most recent call last):",
    '  File "/app/worker.py", line 8, in take',
)
TEXT = "Input should be a valid integer [type=int_parsing, input_value='1,5', input_type=str]"
SETTINGS: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "rates"}}]}


def rates(written: float) -> Obj:
    return thing("ConfigMap", "rates", written=written, data={"VAT": "19"})


def reading(pods: int = 2, **more: Any) -> list[Obj]:
    return workload("invoices", **{"env": AMQP, "pods": pods, "service": False, **more})


def world(
    *beside: Any,
    sender: dict[str, Any] | None = None,
    names: tuple[str, ...] = ("orders",),
    of: tuple[int, ...] = (0, 1),
    since: float = 620,
    ends: bool = True,
    calls: bool = False,
    pods: int = 2,
    **reader: Any,
) -> Snapshot:
    """Return readers that misread messages of somebody since a time, and a sender that was released just before."""
    readers = reading(pods, **reader)
    last = [log(pod("invoices", n), *[*map(TAKES.format, names), *TRACE, TEXT] * 5, since=since) for n in of]
    backoff = [event(f"Pod/{pod('invoices', n)}", "BackOff", "Back-off restarting", age=since - 300) for n in of]
    orders = {"env": AMQP, "before": {"image": "registry.example/orders:0"}, "released": 700, **(sender or {})}
    return snapshot(
        down(readers, looping(lived=18)) if ends else readers,
        backoff if ends else [],
        workload("orders", **orders),
        workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
        *beside,
        logs=last,
        alerts=[alert(service="invoices")] if calls else [],
    )


def counted() -> Snapshot:
    """Return readers whose logs reach back to their last start only, and whose restarts are counted."""
    counts = [figure("restarts", 0, 5, 620, pod=pod("invoices", n), container="invoices") for n in (0, 1)]
    return replace(world(since=400), metrics={"restarts": tuple(series for _, series in counts)})


HOLDS = [
    Holds(
        "they end again and again, and name the sender of what they cannot read",
        world(),
        RELEASED,
        excludes=(
            *no("restart_workload", "scale_workload", at=ORDERS),
            *no("rollback_workload", "restart_workload", "scale_workload", at=READER),
        ),
        alone=True,
    ),
    Holds("their settings were edited hours before", world(rates(5 * HOUR), **SETTINGS), RELEASED, alone=True),
    Holds("they go on, and people are called for them", world(ends=False, calls=True), RELEASED, alone=True),
    Holds("their restarts are counted since then", counted(), RELEASED, began=600, alone=True),
]
BILLING = workload("billing", env=AMQP)
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("rollback_workload", "scale_workload"))
        for what, world in (
            ("nobody tells who sent it", world(names=())),
            ("another one sent it, which is as it was", world(BILLING, names=("billing",))),
            ("one with a longer name sent it", world(names=("orders-archive",))),
            ("it, or another one that is as it was, sent it", world(BILLING, names=("orders", "billing"))),
            ("the sender was released hours before", world(sender={"released": 3 * HOUR})),
            ("the sender was released later", world(sender={"released": 200})),
            ("the sender has no store with them", world(sender={"env": {}})),
            ("few of them misread", world(of=(0,), pods=3, ends=False, calls=True)),
            ("they go on, and nobody is called", world(ends=False)),
        )
    ),
    DoesNotHold(
        "they were released then as well",
        world(before={"image": "registry.example/invoices:0"}, released=640),
        (READER, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "their settings were edited just before",
        world(rates(680), **SETTINGS),
        ("ConfigMap/rates", "configuration_error", "page_human"),
    ),
]
