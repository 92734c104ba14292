"""A release let a data service take more memory than its container has: its former ceiling helps, and no start."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.scenes import CACHE, DB, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, figure, pod, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

AGO = 3000.0
LIMIT: dict[str, Any] = {"resources": {"limits": {"memory": "2Gi"}}}
REFUSED = "dial tcp 10.96.0.1:6379: connect: connection refused"
SESSIONS = {"SESSION_STORE": "redis://redis:6379/0"}
BACK = (CACHE, "configuration_error", "rollback_workload")
ASK = (CACHE, "configuration_error", "page_human")
MORE = (CACHE, "resource_exhaustion", "page_human")


def held(*flags: str) -> dict[str, Any]:
    return {"args": ["redis-server", *flags, "--maxmemory-policy", "allkeys-lru"]}


def dies(store: list[Obj], *more: Any, env: Any = None, whole: bool = True, restarts: int = 4) -> Snapshot:
    """Return a store whose pods, made by its release, fill in minutes and are killed.

    ``whole``: all of them; else the first alone.
    """
    for each in pods_of(store)[: None if whole else 1]:
        put(each, again("OOMKilled", 137, age=200, restarts=restarts, lived=700))
    figures = [errors("shop"), *(each for each in more if isinstance(each, tuple))]
    objects = [each for each in more if not isinstance(each, tuple)]
    told = logs("shop", REFUSED, times=8)
    return snapshot(store, shop(env=env or {"CACHE_URL": "redis://redis:6379"}), *objects, figures=figures, logs=told)


def cache(before: Any, now: Any, **more: Any) -> list[Obj]:
    return redis(**{"released": AGO, **LIMIT, **now, "before": before, **more})


def database(image: str, before: Any, now: Any, **more: Any) -> list[Obj]:
    told = {"kind": "StatefulSet", "pods": 1, "port": 5432, "released": AGO, **LIMIT, **now, "before": before}
    return workload("postgres", image, **{**told, **more})


def died_before() -> tuple[str, Series]:
    """Return that the pod of the same name was started again before the release, and since."""
    return figure("restarts", 3, 6, AGO + 200, pod=pod("redis", 0))


def edited(**data: str) -> Obj:
    """Return a ConfigMap that was edited by hand."""
    return {**thing("ConfigMap", "redis", written=AGO), "data": data}


FULL = figure("memory_share", 0.97, 0.97, pod=pod("redis", 0))
WIDE, NARROW = ({"resources": {"limits": {"memory": each}}} for each in ("4Gi", "1Gi"))
SMALL, LARGE = held("--maxmemory", "1536mb"), held("--maxmemory", "3gb")
ON_DISK = {"spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "redis"}}]}}
SCRATCH = {"spec": {"volumes": [{"name": "data", "emptyDir": {}}]}}
FILE: dict[str, Any] = {"spec": {"volumes": [{"name": "conf", "configMap": {"name": "redis"}}]}}
DB_BACK = (DB, "configuration_error", "rollback_workload")

HOLDS = [
    Holds(
        "a cache evicts no more, for its ceiling is above its limit, and sessions are lost by each kill as well",
        dies(cache(SMALL, LARGE), env=SESSIONS),
        BACK,
        excludes=no("restart_workload", "scale_workload", at=CACHE),
        spares=no("rollback_workload", at=CACHE),
    ),
    Holds("its ceiling is where its limit is", dies(cache(held("--maxmemory=1gb"), held("--maxmemory=2gb"))), BACK),
    Holds(
        "Memcached counts in megabytes",
        dies(
            workload(
                "redis",
                "memcached:1.6",
                port=6379,
                pods=1,
                released=AGO,
                args=["-m", "4096"],
                before={"args": ["-m", "1024"]},
                **LIMIT,
            )
        ),
        BACK,
    ),
    Holds("nobody tells it a ceiling any more", dies(cache(SMALL, {"args": ["redis-server"]})), BACK),
    Holds(
        "its limit was raised, by less",
        dies(cache({**held("--maxmemory", "700mb"), **NARROW}, LARGE)),
        ASK,
    ),
    Holds("what it keeps is on a volume too: it would throw out keys", dies(cache(SMALL, LARGE, **ON_DISK)), ASK),
    Holds("sessions in scratch files outlive a kill", dies(cache(SMALL, LARGE, **SCRATCH), env=SESSIONS), ASK),
    Holds("one of its two pods holds sessions yet", dies(cache(SMALL, LARGE, pods=2), env=SESSIONS, whole=False), ASK),
    Holds("its release is another version too", dies(cache({**SMALL, "image": "redis:6"}, LARGE)), ASK),
    Holds(
        "buffers of PostgreSQL",
        dies(database("postgres:16", {"args": ["-c", "shared_buffers=1GB"]}, {"args": ["-c", "shared_buffers=2GB"]})),
        DB_BACK,
    ),
    Holds(
        "buffers of MySQL, in a variable",
        dies(
            database(
                "bitnami/mysql:8.4",
                {"env": {"MYSQL_EXTRA_FLAGS": "--innodb-buffer-pool-size=1G --max-connections=200"}},
                {"env": {"MYSQL_EXTRA_FLAGS": "--innodb-buffer-pool-size=3G --max-connections=200"}},
            )
        ),
        DB_BACK,
    ),
    Holds(
        "a broker holds senders back at a share of the limit",
        dies(
            database(
                "rabbitmq:3.13",
                {"env": {"RABBITMQ_VM_MEMORY_HIGH_WATERMARK": "0.4"}},
                {"env": {"RABBITMQ_VM_MEMORY_HIGH_WATERMARK": "0.95"}},
            )
        ),
        DB_BACK,
    ),
    Holds(
        "the heap of a search engine",
        dies(
            database(
                "elasticsearch:8.15.0",
                {"env": {"ES_JAVA_OPTS": "-Xms1g -Xmx1g"}},
                {"env": {"ES_JAVA_OPTS": "-Xms2g -Xmx2g"}},
            )
        ),
        DB_BACK,
    ),
    *(
        Holds(what, world, MORE, harmful=("rollback_workload",))
        for what, world in (
            ("its ceiling is raised, and under its limit with room", dies(cache(held("--maxmemory", "1gb"), SMALL))),
            ("its ceiling was above its limit before", dies(cache(held("--maxmemory", "2500mb"), LARGE))),
            ("it was killed before its release as well", dies(cache(SMALL, LARGE), died_before())),
            ("it was full before its release as well", dies(cache(SMALL, LARGE), FULL)),
            ("it lived for long under the new ceiling first", dies(cache(SMALL, LARGE), restarts=1)),
            ("the ceiling may stand in a file", dies(cache(SMALL, {"args": ["redis-server", "/etc/redis.conf"]}))),
        )
    ),
    Holds(
        "the ceiling was raised by hand, in a ConfigMap",
        dies(redis(started=AGO, **LIMIT, **FILE), edited(**{"redis.conf": "maxmemory 3gb"})),
        ("ConfigMap/redis", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its limit was cut below its ceiling",
        dies(cache({**held("--maxmemory", "3gb"), **WIDE}, LARGE)),
        BACK,
    ),
    DoesNotHold(
        "its limit was raised as well, and is well above its ceiling",
        dies(cache({**SMALL, **LIMIT}, {**LARGE, **WIDE})),
        BACK,
    ),
    DoesNotHold("its ceiling is above its limit, and nobody was killed", snapshot(cache(SMALL, LARGE))),
]
