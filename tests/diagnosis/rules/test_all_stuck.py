"""All processes of a service say that they are stuck: new ones work again."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, IMAGE, OLD, SHOP, busy, errors, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

BLOCKED = "event loop is blocked for more than 30000 ms"
STARVED = "the heartbeat has been running for 00:00:03. This could be caused by thread pool starvation."


def stuck(*more: Any, released: float = 9 * DAY, times: int = 5, ratio: float = 0.7) -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=released),
        figures=[
            latency("api", 0.1, 30.0 if ratio > 0.1 else 0.1, 700),
            errors("api", ratio, 700),
            *more,
            *(figure("cpu_share", 0.4, 0.01, 700, pod=pod("api", n), container="api") for n in range(2)),
        ],
        logs=logs("api", BLOCKED, 0, 1, times=times),
    )


def of_three(*shares: float) -> Snapshot:
    """Return a shop of three that tells that it is stuck, and how busy each is since."""
    spent = [figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n, share in enumerate(shares)]
    return snapshot(
        shop(pods=3, before=IMAGE, released=20 * DAY),
        figures=[errors("shop"), *spent],
        logs=logs("shop", STARVED, 0, 1, 2),
    )


RESTART = (API, "service_crash", "restart_workload")

HOLDS = [
    Holds(
        "they say so, use no processor time, and users wait",
        stuck(),
        RESTART,
        excludes=no("rollback_workload", at=API),
        harmful=("rollback_workload",),
    ),
    Holds(
        "they use no processor time, and those who wait for them try again and again",
        stuck(rate("api", 20, 60, 690)),
        RESTART,
        harmful=("rollback_workload", "scale_workload"),
    ),
    Holds(
        "traffic grew only since they say so",
        snapshot(
            shop(before=IMAGE, released=20 * DAY),
            figures=[errors("shop"), rate("shop", 20, 60, 500)],
            logs=logs("shop", STARVED, 0, 1, since=590),
        ),
        (SHOP, "service_crash", "restart_workload"),
    ),
    Holds("one of them spins", of_three(0.97, 0.4, 0.4), (SHOP, "service_crash", "restart_workload")),
]
DOES_NOT_HOLD = [
    DoesNotHold("a release came with it", stuck(released=900), (API, "code_defect", "rollback_workload")),
    DoesNotHold("they said so once", stuck(times=1), (API, "unknown", "page_human")),
    DoesNotHold(
        "they use all the processor time that they get: threads come late of that",
        snapshot(shop(before=IMAGE, released=20 * DAY), figures=busy(errors("shop")), logs=logs("shop", STARVED, 0, 1)),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "they have three times as much to do",
        snapshot(
            shop(before=IMAGE, released=20 * DAY),
            figures=[errors("shop"), rate("shop", 20, 60)],
            logs=logs("shop", STARVED, 0, 1),
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "most of them use all the processor time that they get",
        of_three(0.97, 0.97, 0.4),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold("users feel nothing", stuck(ratio=0.001), (API, "no_fault", "no_action")),
]
