"""A program that fills a cache for others is taken back where what it wrote before has run out, and is missed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import younger
from tests.diagnosis.rules.scenes import CACHE, DB, OLD, SHOP, URL, latency, logs, rate, taken_back
from tests.diagnosis.rules.test_cache_made_smaller import ASKS_REDIS, evictions, shares, warming
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, log, postgres, redis, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

WARMER = "Deployment/warmer"
RELEASED, RAN_OUT, MISSED, FELT = 3000.0, 1320.0, 1140.0, 1100.0
"""What lasts for half an hour, and was written until then, has run out twenty minutes ago, beginning two before."""
FILLS = {"REDIS_ADDR": "redis:6379", "CATALOGUE_URL": "http://catalogue:8080"}
LASTS = {"KEY_TTL": "30m"}
BUSY = figure("cpu_share", 0.2, 0.99, FELT, pod="postgres-0", container="postgres")
SLOW = latency("shop", 0.1, 5.0, FELT)


def keys(now: float = 200, since: float = RAN_OUT) -> tuple[str, Series]:
    labels = {"component": "redis", "db": "db0", "lifetime": "some"}
    return "cache_keys", series(labels, (3600, 5000), (since, 4200), (since - 90, 1900), (since - 180, now))


def warmer(**more: Any) -> list[Obj]:
    return workload("warmer", **{"pods": 1, "env": FILLS | LASTS, "before": OLD, "released": RELEASED, **more})


def world(
    *others: Iterable[Obj] | Obj,
    own: list[Obj] | None = None,
    reader: list[Obj] | None = None,
    catalogue: dict[str, Any] | None = None,
    cache: list[Obj] | None = None,
    share: tuple[str, Series] | None = None,
    left: tuple[str, Series] | None = None,
    felt: Iterable[tuple[str, Series]] = (SLOW, BUSY),
    more: Iterable[tuple[str, Series]] = (),
    told: Iterable[Log] = (),
) -> Snapshot:
    """Return who fills a cache and who asks it, and a database that answers what is missed there."""
    return snapshot(
        reader or workload("shop", env=ASKS_REDIS, age=40 * DAY),
        workload("catalogue", **{"env": URL, "age": 40 * DAY, **(catalogue or {})}),
        own or warmer(),
        cache or redis(),
        postgres(),
        *others,
        figures=[share or shares("redis", 0.97, 0.05, int(MISSED)), left or keys(), *felt, *more],
        logs=told,
    )


def settings(written: float | None = None, **data: str) -> Obj:
    return thing("ConfigMap", "warmer-conf", written=written, data=data)


READS: dict[str, Any] = {"env": FILLS, "envFrom": [{"configMapRef": {"name": "warmer-conf"}}]}
BANNER = thing("ConfigMap", "shop-conf", written=1600, data={"BANNER": "two for one"})
READS_BANNER: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "shop-conf"}}], "pods": 4}
FOUND = (WARMER, "code_defect", "rollback_workload")
BARRED = (
    *no("restart_workload", "scale_workload", at=WARMER),
    *no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
    *no("restart_workload", "scale_database", at=DB),
    *no("restart_workload", at=CACHE),
)


STATEMENTS = log("postgres-0", *["LOG:  duration: 5346.519 ms  execute a: SELECT 1"] * 40, since=FELT)
RELEASED_READER = workload("shop", env=ASKS_REDIS, before=OLD, released=MISSED + 60)
SCALED = younger(workload("shop", env=ASKS_REDIS, age=40 * DAY, **READS_BANNER), 2, age=600)
"""It reads settings as it starts that were written meanwhile, and has two pods that came later."""

HOLDS = [
    Holds(what, made, FOUND, excludes=BARRED, alone=True, harmful=("scale_workload", "scale_database"))
    for what, made in (
        ("its keys last for half an hour, by its own variable", world()),
        ("by an argument", world(own=warmer(env=FILLS, args=["--cache-ttl=1800"]))),
        ("by a ConfigMap", world(settings(CACHE_EXPIRY="PT30M"), own=warmer(**READS))),
        ("who asks the cache was released just before", world(reader=RELEASED_READER)),
        ("whom it asks was released just before", world(catalogue={"before": OLD, "released": FELT + 60})),
        (
            "the same, and the database tells of slow statements",
            world(catalogue={"before": OLD, "released": FELT + 60}, told=[STATEMENTS]),
        ),
        (
            "who asks the cache has new pods since, and settings that only those have read",
            world(BANNER, reader=SCALED),
        ),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(what, made, harmful=("rollback_workload",))
    for what, made in (
        (
            "they last for an hour, and what was written before is still there",
            world(own=warmer(env=FILLS | {"KEY_TTL": "1h"})),
        ),
        (
            "they last for five minutes: they ran out for another reason",
            world(own=warmer(env=FILLS | {"KEY_TTL": "5m"})),
        ),
        ("nobody says for how long they last", world(own=warmer(env=FILLS))),
        ("it is something else that lasts so long", world(own=warmer(env=FILLS | {"TOKEN_TTL": "30m"}))),
        ("it was not released", world(own=warmer(before=None))),
        ("it went back to what it was", world(own=taken_back(warmer()))),
        ("as many keys are there as ever, and others are asked for", world(left=keys(4800))),
        ("half of them are left", world(left=keys(2500))),
        ("the cache finds as much as ever", world(share=shares("redis", 0.97, 0.95, int(MISSED)))),
        ("it was emptied, and fills again", world(share=warming("redis"))),
        ("it was started anew", world(cache=redis(started=RAN_OUT))),
        ("it throws keys out", world(more=[evictions("redis", 0, 500, int(RAN_OUT))])),
        (
            "who asks it was released since",
            world(reader=workload("shop", env=ASKS_REDIS, before=OLD, released=RELEASED - 100)),
        ),
        (
            "another one that writes there was released with it",
            world(workload("prices", env=FILLS, before=OLD, released=RELEASED)),
        ),
        ("whom it asks was released with it", world(catalogue={"before": OLD, "released": RELEASED - 60})),
        ("its settings were written as well", world(settings(2950, CACHE_TTL="30m"), own=warmer(**READS))),
        (
            "it complains of whom it asks",
            world(told=logs("warmer", "ERROR dial tcp catalogue:8080: connect: connection refused", since=2000)),
        ),
        ("it tells of errors of any kind", world(told=logs("warmer", "ERROR no such venue", since=2000))),
        ("it is not ready", world(own=warmer(ready=0))),
        ("far more is asked since then", world(more=[rate("shop", 50, 150, MISSED)])),
        ("who asks it was slow before", world(felt=[latency("shop", 0.1, 5.0, RAN_OUT + 400), BUSY])),
        (
            "a migration was at work as it came",
            world(
                workload("migrate", kind="Job", pods=1, ready=0, env=URL, age=RELEASED, service=False),
                thing("Job", "migrate-2", age=RELEASED, status={"startTime": at(RELEASED)}, spec={}),
            ),
        ),
        ("nobody suffers for what is filled less", world(felt=())),
    )
]
