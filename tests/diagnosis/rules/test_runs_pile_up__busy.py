"""Runs of a schedule that overlap until what they ask has no processor left: when they are why and when not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, DB, IMAGE, SHOP, URL, latency, rate, shop
from tests.diagnosis.rules.test_runs_pile_up import REPORT, runs
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    database,
    figure,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Session, Snapshot

SLOW = (DB, "capacity", "page_human")
EDITED, GROWN = "configuration_error", "resource_exhaustion"
AT_REDIS = {"REDIS_URL": "redis://redis:6379/0"}


def over(*runs_of: tuple[float, float]) -> list[Obj]:
    """Return runs that are over, made and ended so long ago."""
    made = []
    for number, (age, ended) in enumerate(runs_of):
        job = thing("Job", f"report-over-{number}", age=age, status={"completionTime": at(ended), "succeeded": 1})
        job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "report", "controller": True}]
        made.append(job)
    return made


def busy(
    many: int = 8,
    *more: Any,
    edited: float | None = 30000,
    since: float = 900,
    env: dict[str, str] = URL,
    held: Sequence[Session] = (),
    figures: Sequence[tuple[str, Series]] = (),
    **of_shop: Any,
) -> Snapshot:
    """Return a slow shop on a database that is busy since a while, and runs on it that end one after the other."""
    return snapshot(
        shop(env=URL, **of_shop),
        postgres(),
        runs(many, well=30, env=env, edited=edited),
        *more,
        databases=[database(*held)] if held else [],
        figures=[
            figure("cpu_share", 0.5, 0.99, since, pod="postgres-0", container="postgres"),
            latency("shop", now=4.0, since=min(since, 600)),
            *figures,
        ],
    )


AT_CACHE = snapshot(
    shop(env=AT_REDIS),
    redis(),
    runs(9, well=30, env=AT_REDIS),
    figures=[figure("cpu_share", 0.4, 0.99, 900, pod=pod("redis"), container="redis"), latency("shop", now=4.0)],
)
AT_WORK = session(REPORT, "active", 8, age_s=2000)
BASKETS = session(SHOP, "active", 20, age_s=3)
HOLDS = [
    Holds(
        "the schedule was edited in the evening, and they overlap more and more as users come",
        busy(figures=[rate("shop", 50, 62)]),
        (REPORT, EDITED, "page_human"),
        excludes=(*no("restart_workload", "scale_workload", "rollback_workload", at=SHOP), ("restart_workload", DB)),
        harmful=("restart_workload", "scale_workload", "rollback_workload", "scale_database"),
        alone=True,
    ),
    Holds(
        "a few of them, since an edit; one went on then and one is over since",
        busy(3, *over((1500, 200)), since=600),
        (REPORT, EDITED, "page_human"),
    ),
    Holds(
        "nobody edited anything: they last ever longer, and their statements are told",
        busy(edited=None, held=[AT_WORK, BASKETS]),
        (REPORT, GROWN, "page_human"),
        alone=True,
    ),
    Holds(
        "nobody edited anything, and none of them tells what it does at a cache",
        AT_CACHE,
        (REPORT, GROWN, "page_human"),
        excludes=(("restart_workload", CACHE),),
    ),
    Holds(
        "a client was released yesterday, and has served well since",
        busy(before=IMAGE, released=DAY),
        (REPORT, EDITED, "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("most of them began after it was busy: they wait as all do", busy(since=3300), SLOW),
    DoesNotHold("two of them, and nobody edited anything", busy(3, edited=None, since=300), SLOW),
    DoesNotHold("one after the other, since an edit", busy(2, since=100)),
    DoesNotHold("it was edited after it was busy, and few went on then", busy(5, edited=300, since=900), SLOW),
    DoesNotHold("they do not ask it", busy(env={}), SLOW),
    DoesNotHold("nobody is slow", snapshot(shop(env=URL), postgres(), runs(8, well=30, env=URL, edited=30000))),
    DoesNotHold("twice as many users came with it", busy(figures=[rate("shop", 50, 110)]), SLOW),
    DoesNotHold(
        "a client was released as it began",
        busy(8, workload("cart", env=URL), before=IMAGE, released=1000),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "long statements of somebody else began with it",
        busy(
            8,
            workload("audit", env=URL, service=False),
            held=[session("Deployment/audit", "active", 4, age_s=940), BASKETS],
        ),
        ("Deployment/audit", "resource_exhaustion", "page_human"),
    ),
    DoesNotHold(
        "their sessions do nothing",
        busy(held=[session(REPORT, "idle", 8), BASKETS]),
        SLOW,
    ),
]
