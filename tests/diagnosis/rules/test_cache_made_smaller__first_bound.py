"""A cache whose release gave it its first bound is taken back once it has reached it; a bound out of reach is not."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, SHOP, URL, alert, errors, rate
from tests.diagnosis.rules.test_cache_made_smaller import evictions
from tests.diagnosis.rules.tiny import (
    NOW,
    Obj,
    log,
    pod,
    postgres,
    redis,
    secret_key,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot
from tuheg_ir.diagnosis.seal import seal

HOURS = 4 * 3600.0
RUNS = ("redis-server", "--save", "")
FREE: dict[str, Any] = {"args": list(RUNS)}
ASKS = {**URL, "REDIS_URL": "redis://redis:6379/0"}
FOUND = (CACHE, "configuration_error", "rollback_workload")


def bounded(*flags: str, before: dict[str, Any] | None = None, **more: Any) -> list[Obj]:
    """Return a Redis that was released hours ago with such flags, and ran without them before."""
    given = {"released": HOURS, "before": before or FREE, "args": [*RUNS, *flags], **more}
    return redis(**given)


def conf(told: str) -> Obj:
    """Return the file of settings of a Redis, as it is since long."""
    return thing("ConfigMap", "redis", data={"redis.conf": told})


def secret(key: str) -> Obj:
    """Return a Secret of one key."""
    return thing("Secret", "redis", data={key: seal("told", "redis")})


def held(*points: tuple[float, float]) -> tuple[str, Series]:
    """Return which share of its bound a cache holds, at some ages, and evenly in between."""
    told = []
    for (age, was), (until, then) in pairwise(points):
        steps = int((age - until) // 60)
        told += [(NOW.timestamp() - age + 60 * n, was + (then - was) * n / steps) for n in range(steps)]
    return "cache_memory_share", Series({"component": "redis"}, (*told, (NOW.timestamp(), points[-1][1])))


def world(cache: list[Obj], *figures: tuple[str, Series], env: dict[str, str] | None = None, **more: Any) -> Snapshot:
    """Return a shop that asks a cache, and fails since the cache throws out."""
    felt = more.pop("felt", [errors("shop", 0.1, 1440)])
    shop = workload("shop", env=env or ASKS, **more.pop("shop", {}))
    return snapshot(shop, cache, more.pop("beside", []), postgres(), figures=[*felt, *figures], **more)


CAP = ("--maxmemory", "384mb", "--maxmemory-policy", "allkeys-lru")
ROOMY = {"limits": {"memory": "2Gi"}}
TIGHT = {"limits": {"memory": "480Mi"}}
CONF = {"volumes": [{"name": "conf", "configMap": {"name": "redis"}}]}
REFUSES = [log(pod("shop"), *["OOM command not allowed when used memory > 'maxmemory'."] * 20, since=1400)]
BARRED = (
    *no("restart_workload", "scale_workload", at=CACHE),
    *no("restart_workload", "rollback_workload", at=SHOP),
)

HALF = {"limits": {"memory": "512Mi"}}
MOUNTED = {"volumes": [{"name": "conf", "secret": {"secretName": "redis"}}]}
PASSWORD = {"REDIS_PASSWORD": secret_key("redis", "redis-password")}
THRICE = rate("shop", 50, 150, 1700)

HOLDS = [
    *(
        Holds(f"its release gave it its first bound: {what}", made, FOUND, excludes=BARRED, alone=True)
        for what, made in (
            ("it throws out since it has reached it", world(bounded(*CAP), evictions("redis", 0, 40))),
            ("figures begin when it did so already", world(bounded(*CAP), evictions("redis", 40, 40, 3500))),
            (
                "its container may have five times as much",
                world(bounded(*CAP, resources=ROOMY), evictions("redis", 0, 12)),
            ),
            ("in one word, and in bytes", world(bounded("--maxmemory=100000000"), evictions("redis", 0, 5))),
            ("it refuses what no longer fits", world(bounded("--maxmemory", "256mb"), logs=REFUSES)),
            (
                "a variable of its image tells it",
                world(
                    redis(env={"REDIS_MAXMEMORY": "512mb"}, before={"env": {}}, released=HOURS),
                    evictions("redis", 0, 40),
                ),
            ),
            (
                "its file of settings names none",
                world(
                    bounded(*CAP, spec=CONF),
                    evictions("redis", 0, 40),
                    beside=[conf("appendonly no\ntimeout 0\n")],
                ),
            ),
            (
                "its file of settings is one long word, which is read in no time",
                world(bounded(*CAP, spec=CONF), evictions("redis", 0, 40), beside=[conf("cachesize" * 10_000)]),
            ),
            (
                "of Secrets it reads a password alone",
                world(
                    bounded(*CAP, spec=MOUNTED, env=PASSWORD),
                    evictions("redis", 0, 40),
                    beside=[secret("redis-password")],
                ),
            ),
            (
                "users ask for hardly more",
                world(bounded(*CAP, resources=HALF), rate("shop", 50, 70, 1700), evictions("redis", 0, 40)),
            ),
            (
                "only an alert tells who suffers",
                world(bounded(*CAP), evictions("redis", 0, 40), felt=[], alerts=[alert(service="shop")]),
            ),
            (
                "a user was released meanwhile, and it filled up as before",
                world(
                    bounded(*CAP),
                    held((3600, 0.8), (1500, 1.0), (0, 1.0)),
                    evictions("redis", 0, 40),
                    shop={"before": {"image": "shop:1"}, "released": 1900},
                ),
            ),
        )
    ),
    Holds(
        "its release gave it its first bound: carts lie in it",
        world(bounded(*CAP), evictions("redis", 0, 40), env={**ASKS, "CART_STORE": "redis"}),
        (CACHE, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(
            f"its release gave it its first bound, and users ask three times as much: {what}",
            world(bounded(*CAP, resources=HALF), THRICE, evictions("redis", 0, 40), *measured),
            (CACHE, "configuration_error", "page_human"),
            believed=believed,
            harmful=("rollback_workload", "restart_workload", "scale_workload"),
        )
        for what, measured, believed in (
            ("it fills since they do", [held((3600, 0.5), (2000, 0.5), (1500, 1.0), (0, 1.0))], "cache_full"),
            ("nobody measures how full it was", [], ""),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a cache got a bound by its release: {what}", made, ("page_human",), harmful=("rollback_workload",)
        )
        for what, made in (
            ("it is not reached", world(bounded(*CAP), evictions("redis", 0, 0))),
            ("nobody measures it", world(bounded(*CAP))),
            ("it threw out as much before it", world(bounded(*CAP, released=1800), evictions("redis", 35, 40))),
            (
                "its container may have hardly more",
                world(bounded(*CAP, resources=TIGHT), evictions("redis", 0, 40)),
            ),
            (
                "its file of settings named one before",
                world(
                    bounded(*CAP, spec=CONF),
                    evictions("redis", 0, 40),
                    beside=[conf("maxmemory 384mb\n")],
                ),
            ),
            (
                "its file of settings is sealed",
                world(
                    bounded(*CAP, spec=CONF), evictions("redis", 0, 40), beside=[conf(seal("maxmemory 384mb", "redis"))]
                ),
            ),
            (
                "its file of settings lies in a Secret",
                world(bounded(*CAP, spec=MOUNTED), evictions("redis", 0, 40), beside=[secret("redis.conf")]),
            ),
            (
                "nobody knows what a Secret that it mounts tells",
                world(bounded(*CAP, spec=MOUNTED), evictions("redis", 0, 40)),
            ),
            (
                "a Secret tells one of its variables",
                world(bounded(*CAP, env={"REDIS_ARGS": secret_key("redis", "args")}), evictions("redis", 0, 40)),
            ),
            ("nobody sees its file of settings", world(bounded(*CAP, spec=CONF), evictions("redis", 0, 40))),
            (
                "who was well until then suffers since long before",
                world(bounded(*CAP, released=1800), evictions("redis", 0, 40), felt=[errors("shop", 0.3, 3000)]),
            ),
        )
    ),
    DoesNotHold(
        "a cache got a bound by its release, and fills since that of a user, hours later",
        world(
            bounded(*CAP),
            held((3600, 0.5), (2100, 0.5), (1500, 1.0), (0, 1.0)),
            evictions("redis", 0, 40),
            shop={"before": {"image": "shop:1"}, "released": 2130},
        ),
        (SHOP, "resource_exhaustion", "rollback_workload"),
    ),
    DoesNotHold(
        "a cache got a bound by its release, and the alert is older than that",
        world(bounded(*CAP, released=360), evictions("redis", 0, 40, 300), felt=[], alerts=[alert(service="shop")]),
        ("page_human",),
        harmful=("rollback_workload",),
    ),
]
