"""A cache whose release left it less room than is needed is taken back; a cold one fills up by itself."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, DB, SHOP, URL, alert, errors, latency
from tests.diagnosis.rules.tiny import NOW, Obj, figure, log, pod, postgres, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

MEMCACHED = "Deployment/memcached"
FOUND = (MEMCACHED, "configuration_error", "rollback_workload")
REDIS = (CACHE, "configuration_error", "rollback_workload")
ASKS = {**URL, "CACHE_ADDR": "memcached:11211"}
ASKS_REDIS = {**URL, "REDIS_URL": "redis://redis:6379/0"}
SINCE = 1500


def flags(*given: str, **variables: str) -> dict[str, Any]:
    """Return what a container is told."""
    return {"args": list(given), "env": variables}


def memcached(now: dict[str, Any], before: dict[str, Any], released: float = SINCE + 30, **more: Any) -> list[Obj]:
    """Return a Memcached of one pod that was released."""
    given = {"pods": 1, "port": 11211, "released": released, "before": before, **now, **more}
    return workload("memcached", "memcached:1.6", **given)


def shares(name: str, before: float, now: float, since: float = SINCE) -> tuple[str, Series]:
    """Return the share of what is asked that a cache has."""
    return figure("cache_hit_share", before, now, since, component=name)


def evictions(name: str, before: float, now: float, since: float = SINCE) -> tuple[str, Series]:
    """Return how many keys a cache throws out a second."""
    return figure("cache_evictions", before, now, since, component=name)


def warming(name: str = "memcached") -> tuple[str, Series]:
    """Return that a cache was emptied, and has more and more again."""
    ages = range(3600, -1, -30)
    told = ((age, 0.97 if age > SINCE else 0.1 + 0.5 * (SINCE - age) / SINCE) for age in ages)
    return "cache_hit_share", Series({"component": name}, tuple((NOW.timestamp() - age, share) for age, share in told))


def new(signal: str, now: float, name: str = "memcached") -> tuple[str, Series]:
    """Return a signal of a cache that nobody knows of before its release."""
    ages = range(SINCE, -1, -30)
    return signal, Series({"component": name}, tuple((NOW.timestamp() - age, now) for age in ages))


def world(cache: list[Obj], *figures: tuple[str, Series], env: dict[str, str] | None = None, **more: Any) -> Snapshot:
    """Return a shop that asks a cache and a database, and suffers since a time."""
    felt = more.pop("felt", None) or [errors("shop", 0.1, SINCE - 60), latency("shop", 0.2, 5.0, SINCE - 60)]
    return snapshot(workload("shop", env=env or ASKS), cache, postgres(), figures=[*felt, *figures], **more)


def told(*values: str, since: float = 2 * SINCE) -> dict[str, Any]:
    """Return what a program tells of its cache now and then."""
    return {"logs": [log(pod("shop"), *(value for value in values for _ in range(20)), since=since)]}


BIG, SMALL = flags("-m", "1024", "-c", "4096"), flags("-m", "64", "-c", "1024")
CUT = memcached(SMALL, BIG)
A_THIRD = memcached(flags("-m", "700"), BIG)
EVICTS = evictions("memcached", 0.3, 1700)
LESS = shares("memcached", 0.97, 0.41)
BARRED = (
    *no("restart_workload", "scale_workload", at=MEMCACHED),
    *no("restart_workload", "rollback_workload", at=SHOP),
    *no("restart_workload", "scale_database", at=DB),
)
ONE_GB = flags("redis-server", "--maxmemory", "1gb", "--maxmemory-policy", "allkeys-lru")
LRU = ("--maxmemory-policy", "allkeys-lru")
BITNAMI = "docker.io/bitnami/redis:7.2"
EVICTS_ANY = "maxmemory-policy allkeys-lru\nappendonly no\n# appendonly yes\n"
CONF = {"volumes": [{"name": "conf", "configMap": {"name": "redis"}}]}


def conf(told: str) -> Obj:
    """Return the file of settings of a Redis, as it is since long."""
    return thing("ConfigMap", "redis", data={"redis.conf": told})


def warm(*given: str, policy: str = "allkeys-lru", was: str | None = None, **more: Any) -> Snapshot:
    """Return users of a Redis that has a volume, and less room since its release."""
    volume = {"name": "d", "persistentVolumeClaim": {"claimName": "redis"}}
    spec = {"volumes": [volume, *more.pop("spec", {}).get("volumes", ())]}
    now, before = (
        ["redis-server", *given, "--maxmemory", room, *(("--maxmemory-policy", each) if each else ())]
        for room, each in (("100mb", policy), ("1gb", policy if was is None else was))
    )
    told: dict[str, Any] = {key: more.pop(key) for key in ("image", "env") if key in more}
    told |= {"args": now, "spec": spec, "volumeMounts": [{"name": "d", "mountPath": "/data"}]}
    former = {"args": before, **more.pop("former", {})}
    cache = workload(
        "redis", **{"image": "redis:7", "pods": 1, "port": 6379, "released": SINCE + 30, **told}, before=former
    )
    env = {**ASKS_REDIS, **more.pop("users", {})}
    return world([*cache, *more.pop("beside", [])], evictions("redis", 0, 300), env=env, **more)


HOLDS = [
    *(
        Holds(f"it has less room since its release: {what}", made, FOUND, excludes=BARRED, alone=True)
        for what, made in (
            ("it throws out and misses", world(CUT, EVICTS, LESS)),
            ("it throws out", world(CUT, EVICTS)),
            ("nobody measured what it threw out before", world(CUT, new("cache_evictions", 1700))),
            ("it misses", world(CUT, LESS)),
            ("nobody measures it", world(CUT)),
            ("its flag is gone, and its own default holds", world(memcached(flags("-c", "1024"), BIG), EVICTS)),
            (
                "a variable tells it",
                world(
                    memcached(flags(MEMCACHED_CACHE_SIZE="64"), flags(MEMCACHED_CACHE_SIZE="2048")),
                    EVICTS,
                ),
            ),
            ("one word tells it", world(memcached(flags("--memory-limit=128"), flags("--memory-limit=1024")), EVICTS)),
            ("only an alert tells who suffers", world(CUT, EVICTS, felt=[], alerts=[alert(service="shop")])),
            (
                "who asks it tells what it misses, as a share",
                world(
                    A_THIRD, **told('{"msg":"cache","gets":6000,"hit_ratio":0.97}', '{"msg":"cache","hit_ratio":0.41}')
                ),
            ),
            (
                "who asks it tells it, of a hundred",
                world(A_THIRD, **told("cache hit rate: 96.9%", "cache hit rate: 41%")),
            ),
        )
    ),
    *(
        Holds(f"a Redis has less room since its release: {what}", made, REDIS, alone=True)
        for what, made in (
            (
                "it throws out",
                world(
                    redis(**flags("redis-server", "--maxmemory", "100mb", *LRU), before=ONE_GB, released=SINCE + 30),
                    evictions("redis", 0, 300),
                    env=ASKS_REDIS,
                ),
            ),
            (
                "it is full and throws out, of another unit",
                world(
                    redis(**flags("redis-server", "--maxmemory=256000000", *LRU), before=ONE_GB, released=SINCE + 30),
                    evictions("redis", 2, 300),
                    figure("cache_memory_share", 0.8, 1.0, SINCE, component="redis"),
                    env=ASKS_REDIS,
                ),
            ),
        )
    ),
    Holds(
        "what lies in it is nowhere else",
        world(
            redis(**flags("redis-server", "--maxmemory", "100mb", *LRU), before=ONE_GB, released=SINCE + 30),
            evictions("redis", 0, 300),
            env={**ASKS_REDIS, "SESSION_STORE": "redis"},
        ),
        (CACHE, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
    *(
        Holds(f"a Redis with a volume may throw out any key all along: {what}", made, REDIS, alone=True)
        for what, made in (
            ("it is told nothing of what lies there", warm()),
            ("it takes a picture of it now and then", warm("--appendonly", "no", "--save", "300 100")),
            ("its file of settings names the policy", warm(policy="", spec=CONF, beside=[conf(EVICTS_ANY)])),
            ("its image is told to keep no writes", warm(image=BITNAMI, env={"REDIS_AOF_ENABLED": "no"})),
        )
    ),
    *(
        Holds(
            f"what lies on the volume of a Redis may be meant to stay: {what}",
            made,
            (CACHE, "configuration_error", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, made in (
            ("it keeps each write", warm("--appendonly", "yes")),
            ("its image keeps each write by itself", warm(image=BITNAMI)),
            ("its file of settings keeps each write", warm(spec=CONF, beside=[conf("appendonly yes\n")])),
            ("nobody sees its file of settings", warm(spec=CONF)),
            ("its settings lie in a Secret", warm(spec={"volumes": [{"name": "c", "secret": {"secretName": "c"}}]})),
            ("it throws out only what has a term", warm(policy="volatile-lru")),
            ("it throws out nothing", warm(policy="noeviction")),
            ("nobody tells what it throws out", warm(policy="")),
            ("it threw out nothing before its release", warm(was="noeviction")),
            ("its release brought another image", warm(image="redis:7.2", former={"image": "redis:7.0"})),
            ("its release mounted it elsewhere", warm(former={"volumeMounts": [{"name": "d", "mountPath": "/old"}]})),
            ("sessions lie in it", warm(users={"SESSION_STORE": "redis"})),
            ("it is declared a database", warm(services={"redis": {"database": {"single_primary": True}}})),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a cache was released, and its users suffer: {what}",
            made,
            ("page_human",),
            harmful=("restart_workload", "scale_workload", "scale_database"),
        )
        for what, made in (
            ("it fills up again", world(CUT, evictions("memcached", 0, 0), warming())),
            ("it throws out nothing", world(CUT, evictions("memcached", 0, 0))),
            ("it threw out as much before", world(CUT, evictions("memcached", 1500, 1700))),
            ("it has a little less", world(memcached(flags("-m", "960"), BIG), EVICTS)),
            ("it has two thirds, and nobody measures it", world(A_THIRD)),
            (
                "who asks it tells that it has as much",
                world(A_THIRD, **told("cache hit rate: 96.9%", "cache hit rate: 96.2%")),
            ),
            ("it was days ago", world(memcached(SMALL, BIG, released=3 * 86400), EVICTS)),
            (
                "they suffered long before",
                world(CUT, EVICTS, LESS, felt=[errors("shop", 0.3, 3000), latency("shop", 0.2, 5.0, 3000)]),
            ),
            (
                "only for minutes, and nobody measures it",
                world(memcached(SMALL, BIG, 400), felt=[errors("shop", since=390)]),
            ),
        )
    ),
    DoesNotHold(
        "it has less room since its release, and nobody suffers",
        world(CUT, EVICTS, LESS, felt=[errors("shop", 0.001)]),
        harmful=("rollback_workload",),
    ),
]
