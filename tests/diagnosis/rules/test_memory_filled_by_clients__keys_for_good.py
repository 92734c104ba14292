"""A cache that fills with keys to which nobody gives a lifetime: lives and numbers tell whose release began it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again
from tests.diagnosis.rules.scenes import OLD, SHOP, rate
from tests.diagnosis.rules.test_memory_filled_by_clients import BACK, KILLED, world
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, redis, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

THREE, FIRST = {"REDIS_URL": "redis://:secret@redis:6379/3"}, {"REDIS_URL": "redis://redis:6379"}
BEGAN = 4200.0
"""So long ago the first of three lives began in which the cache filled: the last ended ten minutes ago."""
ONCE = again("OOMKilled", 137, age=600, restarts=1, lived=30 * DAY)


def lives(pace: float, base: float = 0.0, lived: float = 1200) -> Callable[[float], float]:
    """Return how many keys there were by the age, where a cache began empty each time."""
    return lambda age: base + pace * ((600 - age) % lived)


def since(age: float, pace: float = 40.0, base: float = 0.0) -> Callable[[float], float]:
    return lambda then: base + pace * max(0.0, age - then)


def keys(value: Callable[[float], float], db: str = "db3", lifetime: str = "none") -> tuple[str, Series]:
    points = tuple((NOW.timestamp() - age, value(age)) for age in range(3600, 0, -30))
    return "cache_keys", Series({"component": "redis", "db": db, "lifetime": lifetime}, points)


def counted(line: str = "1:M - DB 3: {} keys ({} volatile) in 2097152 slots HT.", volatile: float = 0.0) -> Log:
    """Return what a talkative cache told in the life before."""
    ages = range(1790, 610, -30)
    told = ((age, line.format(40 * (1800 - age), int(40 * (1800 - age) * volatile))) for age in ages)
    return timed("redis-0", *told)._replace(previous=True)


SOME = keys(lives(0.8), "db0", "some")
GOOD = keys(lives(40))


def filled(
    *figures: tuple[str, Series],
    env: Any = THREE,
    status: Any = KILLED,
    said: Sequence[Log] = (),
    beside: Sequence[list[Obj]] = (),
    **more: Any,
) -> Snapshot:
    """Return a cache that was killed for memory, and the shop that was released as the keys began to come."""
    store = more.pop("store", None) or redis(kind="StatefulSet", age=60 * DAY, status=status)
    rest = {"released": BEGAN, **more}
    return world(*said, store=store, words=(), env=env, figures=figures, beside=beside, **rest)


def settings(age: float) -> list[Obj]:
    """Return a ConfigMap that was written so long ago."""
    return [thing("ConfigMap", "cart-cache", written=age, data={"CACHE_TTL_SECONDS": "0"})]


def run(age: float, **status: Any) -> list[Obj]:
    """Return a run that was started so long ago, and asks for the same database."""
    spec = {"template": {"spec": {"containers": [container("backfill", "backfill:1", env=THREE)]}}}
    return [thing("Job", "backfill", age=age, spec=spec, status={"startTime": at(age), **status})]


def client(name: str, released: float, env: Any) -> list[Obj]:
    return workload(name, env=env, before=OLD, released=released)


ZERO = {"REDIS_URL": "redis://redis:6379/0"}
PLAIN = {"REDIS_URL": "redis://redis:6379"}
READS: dict[str, Any] = {"spec": {"volumes": [{"name": "conf", "configMap": {"name": "cart-cache"}}]}}
TTL = {"CACHE_TTL": {"configMapKeyRef": {"name": "cart-cache", "key": "CACHE_TTL_SECONDS"}}}
CACHE = "StatefulSet/redis"
LONG = {**ZERO, "redisdb" * 10_000 + "!": "3"}
HOLDS = [
    Holds(
        f"keys have no lifetime since its release: {what}",
        seen,
        BACK,
        excludes=(
            *no("restart_workload", "scale_workload", at=SHOP),
            *no("restart_workload", "scale_workload", at=CACHE),
        ),
        harmful=("restart_workload", "scale_workload", "scale_database"),
    )
    for what, seen in (
        ("in each of some lives, in the database that it asks for", filled(GOOD, SOME)),
        ("in the first database, for which nobody asks", filled(keys(lives(40), "db0"), env=FIRST)),
        ("a number beside the host", filled(GOOD, env={"REDIS_HOST": "redis", "REDIS_DB": "3"})),
        ("no setting of anybody tells a number", filled(GOOD, env={"REDIS_HOST": "redis"})),
        ("seen from their beginning", filled(keys(since(2600)), SOME, status=ONCE, released=2640)),
        ("in a line that began before the figures", filled(keys(since(9000)), SOME, status=ONCE, released=9000)),
        ("as the cache's own log counts them", filled(said=[counted()])),
        (
            "another one that was released with it asks for another database",
            filled(GOOD, SOME, beside=[client("cart", BEGAN, ZERO)]),
        ),
        ("another one was released long after", filled(GOOD, SOME, beside=[client("cart", 2400, THREE)])),
        (
            "the settings of another one were written long after",
            filled(GOOD, SOME, beside=[workload("cart", env=THREE, **READS), settings(1800)]),
        ),
        (
            "the settings of one that asks for another database were written with it",
            filled(GOOD, SOME, beside=[workload("cart", env=ZERO, **READS), settings(BEGAN)]),
        ),
        ("a run that began with it was soon over", filled(GOOD, SOME, beside=[run(BEGAN, completionTime=at(3900))])),
        ("a run began long before it", filled(GOOD, SOME, beside=[run(4 * BEGAN)])),
        ("a setting of another one has a very long name", filled(GOOD, SOME, beside=[workload("cart", env=LONG)])),
        ("another one reads them, and was not released", filled(GOOD, SOME, beside=[workload("cart", env=THREE)])),
    )
]
NOBODY = (CACHE, "resource_exhaustion", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold(f"a cache is killed for memory: {what}", seen, NOBODY, ("rollback_workload",))
    for what, seen in (
        ("all that come have a lifetime", filled(keys(lives(40), lifetime="some"), SOME)),
        ("those without stand", filled(keys(lambda _: 5e4), SOME)),
        ("those without are few beside others", filled(GOOD, keys(lives(60), "db0", "some"))),
        ("it asks for another database", filled(GOOD, SOME, env=ZERO)),
        (
            "it tells no number, and another one asks for that database",
            filled(GOOD, SOME, env=FIRST, beside=[workload("cart", env=THREE)]),
        ),
        (
            "two that ask for the same were released with each other",
            filled(GOOD, SOME, beside=[client("cart", BEGAN + 60, THREE)]),
        ),
        ("it was released amid the lives", filled(GOOD, SOME, released=2700)),
        ("it was released hours before the first", filled(GOOD, SOME, released=4 * BEGAN)),
        (
            "its users ask for more",
            filled(GOOD, SOME, rate("shop", 10, 100, 3000)),
        ),
        (
            "they came as fast before",
            filled(keys(since(9000)), SOME, status=ONCE, released=1800),
        ),
        (
            "there was no such cache before",
            filled(GOOD, SOME, store=redis(kind="StatefulSet", age=4100, status=KILLED)),
        ),
        (
            "settings of another one that asks for them were written as they began",
            filled(GOOD, SOME, beside=[workload("cart", env=THREE, **READS), settings(BEGAN)]),
        ),
        (
            "another one was started anew then, with settings that were written just before",
            filled(GOOD, SOME, beside=[workload("cart", env={**THREE, **TTL}, started=BEGAN - 30), settings(BEGAN)]),
        ),
        ("a run that goes on asks for them since", filled(GOOD, SOME, beside=[run(BEGAN, active=1)])),
        (
            "another one that asks for them came then",
            filled(GOOD, SOME, beside=[workload("cart", env=THREE, age=BEGAN)]),
        ),
        (
            "another one that asks for them gets ten times as many requests",
            filled(GOOD, SOME, rate("cart", 10, 100, 3000), beside=[workload("cart", env=THREE)]),
        ),
        *(
            (
                f"the number of another one that was released with it {what}",
                filled(GOOD, SOME, beside=[client("cart", BEGAN, env)]),
            )
            for what, env in (
                ("may be in its code", PLAIN),
                ("is asked in its URL", {"REDIS_URL": "redis://redis:6379/?db=3"}),
                ("is asked in its URL against its path", {"REDIS_URL": "redis://redis:6379/0?db=3"}),
                ("is told by the name of what it keeps", {**ZERO, "SESSION_STORE_DB": "3"}),
            )
        ),
        (
            "a third of the keys have a lifetime, and nobody knows how large they are",
            filled(keys(lives(1.1)), keys(lives(0.6), "db1", "some")),
        ),
        ("its log counts that they have a lifetime", filled(said=[counted(volatile=1.0)])),
    )
]
