"""Each takes long by what it does, and the older pods take far longer than they did: the younger is the measure."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import IMAGE, SHOP, latency, shop
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot
from tuheg_ir.diagnosis.model import Snapshot

AGED = (SHOP, "resource_exhaustion", "restart_workload")


def took(
    *spans: tuple[float, float],
    busy: tuple[float, ...] = (),
    asked: tuple[float, ...] = (),
    age: float = 30_000,
    **like: Any,
) -> Snapshot:
    """Return three pods of the shop, the last of which is younger, and what each took before and takes now.

    ``busy``: which share of its processor limit each uses; ``asked``: how often.
    """
    return snapshot(
        younger(shop(**{"pods": 3, "age": 9 * DAY, **like}), 1, age=age),
        figures=[
            *(figure("latency_p95_by_pod", *each, 1800, pod=pod("shop", n)) for n, each in enumerate(spans)),
            *(figure("cpu_share", 0.3, share, 1800, pod=pod("shop", n)) for n, share in enumerate(busy)),
            *(figure("request_rate_by_pod", rate, rate, pod=pod("shop", n)) for n, rate in enumerate(asked)),
            latency("shop", 0.4, 3.6, 1800),
        ],
    )


SLOW, WELL = (0.36, 4.4), (0.36, 0.36)

HOLDS = [
    *(
        Holds(
            f"older ones grew slow, {what}",
            world,
            AGED,
            excludes=no("rollback_workload", at=SHOP),
            harmful=("rollback_workload", "scale_workload"),
        )
        for what, world in (
            ("and have no processor left", took(SLOW, SLOW, WELL, busy=(0.96, 0.97, 0.27))),
            ("and are asked as often as the younger one", took(SLOW, SLOW, WELL, asked=(8.0, 8.1, 8.5))),
            ("what they do takes seconds in any case", took((2.1, 14.0), (2.3, 12.0), (2.0, 2.2))),
            ("and a release is of last month", took(SLOW, SLOW, WELL, age=DAY, before=IMAGE, released=8 * DAY)),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, world, harmful=("restart_workload",))
        for what, world in (
            ("all grew as slow", took(SLOW, SLOW, (0.36, 4.1))),
            ("the younger one grew slow as well, if less", took(SLOW, SLOW, (0.36, 1.4))),
            ("the older ones always took as long: they do something else", took((4.4, 4.4), (4.4, 4.4), WELL)),
            ("the older ones are hardly slower", took((0.36, 0.8), (0.36, 0.8), WELL)),
            ("one of the older ones is well", took(SLOW, WELL, SLOW)),
            ("the younger one is asked for nothing", took(SLOW, SLOW, WELL, asked=(8.0, 8.1, 0.01))),
            ("the younger one came a moment ago", took(SLOW, SLOW, WELL, age=100)),
        )
    ),
    DoesNotHold(
        "all of them have no processor left",
        took(SLOW, SLOW, WELL, busy=(0.96, 0.97, 0.95)),
        (SHOP, "capacity", "scale_workload"),
        harmful=("restart_workload",),
    ),
]
