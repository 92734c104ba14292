"""Sessions that became more and more for hours, of an image of this morning: the one before lost none for days."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, logs
from tests.diagnosis.rules.test_sessions_leaked import LOCKED_OUT, rising
from tests.diagnosis.rules.tiny import DAY, figure, pod, snapshot, thing
from tuheg_ir.diagnosis.model import Snapshot

HOUR = 3600.0
MORE = tuple(range(100, 171, 2))
EDITED = thing("ConfigMap", "pool", written=2 * HOUR, data={"MODE": "b"})
READS: dict[str, Any] = {"spec": {"volumes": [{"name": "p", "configMap": {"name": "pool"}}]}}


def hours(*mine: float, released: float = 5 * HOUR, **rest: Any) -> Snapshot:
    """Return a shop that was released hours ago, most of whose sessions sleep."""
    return rising(*(mine or MORE), released=released, **{"state": "Sleep", **rest})


def edited(world: Snapshot) -> Snapshot:
    """Return a world with a ConfigMap that was written two hours ago."""
    return replace(world, objects={**world.objects, "ConfigMap": snapshot([EDITED]).of("ConfigMap")})


HOLDS = [
    Holds(
        f"its image is of this morning, and the one before served for days: {what}",
        made,
        (SHOP, "code_defect", "rollback_workload"),
        excludes=(
            *no("scale_workload", at=SHOP),
            *no("rollback_workload", "restart_workload", at="Deployment/cart"),
            *no("restart_workload", at="StatefulSet/mysql"),
        ),
        harmful=("scale_database", "restart_connection_pool", "scale_workload"),
        alone=True,
    )
    for what, made in (
        ("it took as many as by now it takes in an hour and a half", hours()),
        ("some are given back now and then", hours(*MORE[:20], 134, *MORE[21:])),
        ("the one before served for two days", hours(age=2 * DAY + 5 * HOUR)),
        ("nobody measures its requests", hours(asked=None, more=[figure("cpu_share", 0.3, 0.3, pod=pod("shop"))])),
        ("a ConfigMap that it does not read was edited", edited(hours())),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"sessions of an image of this morning became more: {what}", made, harmful=("rollback_workload",))
    for what, made in (
        ("the one before served for half a day", hours(age=17 * HOUR)),
        ("settings alone came with it", hours(before={"args": ["-a"]}, args=["-b"])),
        ("nobody tells what they do", hours(state="")),
        ("they are at work", hours(state="Query")),
        ("they became so far faster than in the hours before", hours(*range(40, 171, 2))),
        ("they became so in the last minutes", hours(*[100] * 30, *range(100, 171, 10))),
        ("they were as many an hour ago", hours(*[160] * 20, *range(160, 172))),
        ("it gives them back", hours(*MORE[:30], 100, *MORE[31:])),
        ("its pods came hours after its release", hours(started=2 * HOUR)),
        ("a ConfigMap that it reads was edited since", edited(hours(**READS))),
        ("it gets as many more requests", hours(asked=(50, 90))),
        ("another one has more as well", hours(others=(20, 60))),
        ("it waits for a lock", hours(said=logs("shop", LOCKED_OUT, since=3000))),
        ("the one before served for an hour", hours(age=6 * HOUR)),
    )
]
