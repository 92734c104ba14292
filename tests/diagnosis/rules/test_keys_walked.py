"""Who has a shared cache look through all its keys, and lets all others wait for as long."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, OLD, SHOP, alert, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ASKS = {"REDIS_URL": "redis://redis:6379/0"}
TOLD = "INFO eligibility refreshed pattern=vch:*:elig:52107 matched=1 took_ms=991"
SAYS = (
    ("a field", TOLD),
    ("the command", 'production.INFO: KEYS shop_cache:price:de:* {"matched":33,"deleted":0,"took_ms":1077}'),
    ("JSON", '{"level":"info","msg":"evicted","pattern":"price:*","duration":"1.2s"}'),
    ("a call", 'redis.keys("price:*") took 940 ms, elapsed=0.94s'),
)
BACK = ("Deployment/voucher", "code_defect", "rollback_workload")
SWEEP = "CronJob/sweep"


def walks(
    *kept: Log,
    said: str = TOLD,
    share: tuple[float, float] = (0.0, 0.6),
    each: float = 0.95,
    since: float = 800,
    released: float = 840,
    shop_released: float = 760,
    shop_since: float | None = 780,
    often: tuple[int, float] = (9, 28),
    told_by: str = "voucher",
    walked_before: float = 0.0,
    beside: Any = (),
    **more: Any,
) -> Snapshot:
    """Return a cache that looks through its keys since a moment, who was released near it, and another who asks it.

    ``often``: how many lines each pod tells of it, and since when. ``walked_before``: for how long each time before.
    """
    times, told_since = often
    own = logs(told_by, said, 0, 1, times=times, since=told_since) if said else []
    return snapshot(
        redis(),
        workload("voucher", env=ASKS, before=OLD, released=released),
        shop(env=ASKS, before=OLD, released=shop_released),
        *beside,
        figures=[
            figure("cache_up", 1, 1, 60, component="redis"),
            figure("cache_walks", *share, since, component="redis"),
            figure("cache_walk_time", walked_before, each, since, component="redis"),
            *([] if shop_since is None else [errors("shop", 0.3, shop_since)]),
        ],
        logs=[*own, *logs("shop", "redis.exceptions.TimeoutError: Timeout reading from redis:6379"), *kept],
        **more,
    )


def sweep() -> list[Any]:
    """Return a CronJob that was made lately, and its last run."""
    job = thing("Job", "sweep-29918085", age=900)
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "sweep", "controller": True}]
    run = thing("Pod", "sweep-29918085-x", age=900, spec={"containers": [{"name": "sweep", "image": "x:1"}]})
    run["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "sweep-29918085", "controller": True}]
    run["status"] = {"phase": "Succeeded"}
    return [thing("CronJob", "sweep", age=900, spec={"schedule": "*/5 * * * *"}), job, run]


BY_A_WEEK: dict[str, Any] = {"released": 9 * DAY}
BESIDE: dict[str, Any] = {**BY_A_WEEK, "beside": [workload("files")]}
SWEPT = log("sweep-29918085-x", *[SAYS[1][1]] * 9, since=790, of="sweep")

HOLDS = [
    *(
        Holds(
            f"a release of one client does so, and another client was released a minute later: {what}",
            walks(said=line),
            BACK,
            excludes=(
                *no("rollback_workload", "restart_workload", at=SHOP),
                *no("restart_workload", at=CACHE),
                *no("restart_workload", "scale_workload", at="Deployment/voucher"),
            ),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for what, line in SAYS
    ),
    *(
        Holds(
            f"a logger tells of a third of it from the first, and no other client was released after it: {what}",
            world,
            BACK,
            excludes=no("restart_workload", at=CACHE),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for what, world in (
            ("another one before it", walks(often=(80, 790), shop_released=900)),
            ("another one amid the trouble", walks(often=(80, 790), shop_released=300)),
            ("in JSON", walks(often=(80, 790), said=SAYS[2][1], shop_released=9 * DAY)),
        )
    ),
    Holds(
        "who does so was released days ago",
        walks(released=9 * DAY),
        ("Deployment/voucher", "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(
            f"who tells of it was released with it, and {what}",
            world,
            ("Deployment/voucher", "code_defect", "page_human"),
            excludes=no("restart_workload", at=CACHE),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("tells of a small part of it: somebody silent does most", walks(often=(9, 700))),
            ("tells of a part of it, but only since later", walks(often=(50, 600), shop_released=900)),
            ("tells of a part of it, and another was released after it", walks(often=(60, 790), shop_released=810)),
            ("tells of a tenth of it from the first", walks(often=(20, 790), shop_released=900)),
            ("somebody always did so for short: more keys may have come", walks(share=(0.01, 0.6), walked_before=0.1)),
        )
    ),
    Holds(
        "only an alert tells that another one suffers",
        walks(shop_since=None, alerts=[alert(service="shop")]),
        ("Deployment/voucher", "code_defect", "page_human"),
        harmful=("restart_workload",),
    ),
    Holds(
        "a run does so every five minutes",
        walks(SWEPT, said="", released=9 * DAY, beside=[sweep()], alerts=[alert(service="shop")]),
        (SWEEP, "code_defect", "page_human"),
        excludes=no("rollback_workload", "restart_workload", at=SHOP),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it always did", walks(share=(0.6, 0.6), each=0.95)),
    DoesNotHold("it does so for a small part of the time", walks(share=(0.0, 0.1))),
    DoesNotHold("it is done in no time", walks(each=0.004, said=TOLD.replace("991", "4"))),
    DoesNotHold("nobody tells of it", walks(said="", released=9 * DAY)),
    DoesNotHold("who tells of keys is done sooner", walks(said=TOLD.replace("991", "3"), released=9 * DAY)),
    DoesNotHold("who tells of keys looks for them in steps", walks(said=TOLD + " by=SCAN", released=9 * DAY)),
    DoesNotHold("two tell of it", walks(SWEPT, beside=[sweep()], released=9 * DAY)),
    *(
        DoesNotHold(f"who waits for the cache as well tells of a pattern, and {what}", world)
        for what, world in (
            ("it is one of paths", walks(said='INFO request pattern="/api/v1/*" status=200 took_ms=991', **BY_A_WEEK)),
            ("it is of a clock", walks(said='INFO ran pattern="*/5 * * * *" took_ms=991', **BY_A_WEEK)),
            ("he does not ask the cache", walks(said="INFO glob=*.csv took_ms=991", told_by="files", **BESIDE)),
            ("he did so as long before", walks(often=(100, 1350), **BY_A_WEEK)),
        )
    ),
    DoesNotHold("others suffer since long before", walks(shop_since=2400, released=9 * DAY)),
    DoesNotHold("nobody else suffers", walks(shop_since=None)),
]
