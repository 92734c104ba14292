"""Replicas came in steps, of which events tell: the first ones filled a database, the last came for what that did."""

from __future__ import annotations

from collections.abc import Sequence

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, REFUSED, SHOP, URL, autoscaler, errors, logs
from tests.diagnosis.rules.tiny import Obj, at, database, event, figure, postgres, session, snapshot, workload
from tuheg_ir.diagnosis.model import Session, Snapshot

OUTGROWN = (SHOP, "database_connection", "page_human")
DB_FULL = ("StatefulSet/postgres", "database_connection", "page_human")
REFUSES = "ERROR 1040 (HY000): Too many connections: mysql://shop@postgres:3306/shop"
POOLS = (session(SHOP, "idle", 84), session(API, "active", 13))
FEW = (session(SHOP, "idle", 14), session(API, "active", 83))
TO_FIVE = (700, "Scaled up replica set shop-r1 to 5 from 3")
TO_SIX = (300, "Scaled up replica set shop-r1 to 6 from 5")
WORSE = no("scale_workload", "restart_workload", "restart_connection_pool", at=SHOP)


def came(
    *told: tuple[float, str],
    full: float = 600,
    sessions: Sequence[Session] = POOLS,
    about: str = SHOP,
    reason: str = "ScalingReplicaSet",
) -> Snapshot:
    """Return a shop of six pods, how events tell (age, words) that they came, and a database that is full since."""
    events: list[Obj] = []
    for number, (age, words) in enumerate(told):
        made = event(about, reason, words, kind="Normal", age=age, count=1)
        made["metadata"]["name"] += f".{number}"
        events.append(made)
    return snapshot(
        workload("shop", env=URL, pods=6),
        workload("api", env=URL),
        postgres(),
        autoscaler("shop", 6, 6),
        events,
        logs=[REFUSED, *logs("api", REFUSES)],
        databases=[database(*sessions)],
        figures=[
            figure("db_connections", 40, 97, since=full, component="postgres"),
            figure("db_max_connections", 100, 100, component="postgres"),
            errors("api", 0.3, 500),
        ],
    )


def resized(
    *told: tuple[float, int], why: str = "cpu resource utilization (percentage of request) above target"
) -> list[tuple[float, str]]:
    """Return what an autoscaler tells of how it went from size to size."""
    return [(age, f"New size: {size}; reason: {why}") for age, size in told]


def by_autoscaler(*told: tuple[float, int], **more: str) -> Snapshot:
    """Return the same where only the autoscaler itself tells of its steps."""
    world = came(*resized(*told, **more), about="HorizontalPodAutoscaler/shop", reason="SuccessfulRescale")
    for scaler in world.of("HorizontalPodAutoscaler"):
        scaler["status"]["lastScaleTime"] = at(min(age for age, _ in told))
    return world


HOLDS = [
    Holds("two steps, the last after it was full", came(TO_SIX, TO_FIVE), OUTGROWN, excludes=WORSE, alone=True),
    Holds("told in any order", came(TO_FIVE, TO_SIX), OUTGROWN, excludes=WORSE, alone=True),
    Holds(
        "three steps, in the words of newer clusters",
        came(
            (1500, "Scaled up replica set shop-r1 from 2 to 3"),
            (660, "Scaled up replica set shop-r1 from 3 to 5"),
            (90, "Scaled up replica set shop-r1 from 5 to 6"),
        ),
        OUTGROWN,
        excludes=WORSE,
        alone=True,
    ),
    Holds(
        "only the autoscaler tells of its steps",
        by_autoscaler((1400, 3), (650, 5), (250, 6)),
        OUTGROWN,
        excludes=WORSE,
        alone=True,
    ),
    Holds(
        "the only step came just before it was full", came((640, "Scaled up replica set shop-r1 to 6 from 3")), OUTGROWN
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the only step of which anything tells came after it was full", came(TO_SIX), DB_FULL),
    DoesNotHold(
        "both steps came after it was full",
        came((400, TO_FIVE[1]), (200, TO_SIX[1])),
        DB_FULL,
    ),
    DoesNotHold(
        "the step before is of another story: more than half an hour lies between",
        came((3000, TO_FIVE[1]), TO_SIX),
        DB_FULL,
    ),
    DoesNotHold(
        "the step before went to another number",
        came((700, "Scaled up replica set shop-r1 to 4 from 3"), TO_SIX),
        DB_FULL,
    ),
    DoesNotHold(
        "a roll-out of the same template begins with none, and was never more than it is",
        came((700, "Scaled up replica set shop-r2 to 5 from 0"), (300, "Scaled up replica set shop-r2 to 6 from 5")),
        DB_FULL,
    ),
    DoesNotHold(
        "another client has most of the sessions", came(TO_SIX, TO_FIVE, sessions=FEW), harmful=("scale_workload",)
    ),
    DoesNotHold("all steps of the autoscaler came after it was full", by_autoscaler((350, 5), (250, 6)), DB_FULL),
    DoesNotHold(
        "the autoscaler took some away, and gave one back after it was full",
        by_autoscaler((700, 7), (250, 6)),
        DB_FULL,
    ),
]
