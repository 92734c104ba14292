"""An alert about a full cache fires: of what else it may be, and what does not show that it is as it should be."""

from __future__ import annotations

from dataclasses import replace

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.test_alert_without_trouble__stores import CONFIGURED, LRU, SOME, evicting, spares
from tests.diagnosis.rules.tiny import Obj, redis, thing, workload
from tuheg_ir.diagnosis.model import Snapshot, Source

COMMENTED = "maxmemory 2gb\n# maxmemory-policy allkeys-lru would lose carts\n"
ANY_KEY = "maxmemory 2gb\nmaxmemory-policy allkeys-lru\n"
NO_KEY = "maxmemory 2gb\nmaxmemory-policy noeviction\n"


def told(**files: str) -> tuple[Obj, list[Obj]]:
    """Return the files of a cache, and the cache."""
    data = {f"{name}.conf": value for name, value in files.items()}
    return thing("ConfigMap", "redis-conf", data=data), redis(pods=1, **CONFIGURED)


def scraped(world: Snapshot, times: int) -> Snapshot:
    """Return a snapshot of whose figures there are only the newest few points."""
    short = {key: tuple(each._replace(points=each.points[-times:]) for each in of) for key, of in world.metrics.items()}
    return replace(world, metrics=short)


def deaf(world: Snapshot) -> Snapshot:
    """Return a snapshot for which no log could be read."""
    return replace(
        world, logs=(), sources=(*world.sources, Source("logs", ok=False, note="no right", kind="forbidden"))
    )


HOLDS = [
    *(
        Holds(f"a critical one of a full cache: {what}", world, ("Deployment/redis", "no_fault", "no_action"))
        for what, world in (
            ("its file says which policy it does not have", spares(*told(redis=f"# not noeviction\n{ANY_KEY}"))),
            ("all its files say that any key may go", spares(*told(redis=ANY_KEY, more=ANY_KEY))),
            ("its memory is high", spares(fires="RedisMemoryHigh", **LRU)),
            ("how much it uses", spares(fires="RedisMemoryUsageAbove90", **LRU)),
            ("a few points say so", scraped(spares(**LRU), 9)),
            (
                "Dragonfly as a cache drops any key",
                spares(workload("redis", "dragonfly:1.2", pods=1, port=6379, args=["--cache_mode=true"])),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a critical alert about a full cache, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("only a comment says that it may drop keys", spares(*told(redis=COMMENTED))),
            ("a comment says so above the policy that it has", spares(*told(redis=COMMENTED + NO_KEY))),
            ("it does not drop any, and may be told so by another file", spares(*told(cache=ANY_KEY, queue=NO_KEY))),
            (
                "its file leaves it some keys only, another one any",
                spares(*told(cache=ANY_KEY, queue="maxmemory-policy volatile-ttl")),
            ),
            ("it drops none", spares(evictions=(0, 0), **LRU)),
            ("it drops none any more", spares(evictions=(30, 0), **LRU)),
            ("its figures are of a moment", scraped(spares(**LRU), 1)),
            ("its figures are of two", scraped(spares(**LRU), 2)),
            ("no log could be read, where it may refuse", deaf(spares(**LRU))),
            *(
                (f"{name} is not about how full", spares(fires=name, **LRU))
                for name in (
                    "RedisMemoryFragmentationHigh",
                    "RedisReplicaMemoryLeak",
                    "RedisMemoryLimitNearOOM",
                    "CacheClientOutputBufferMemory",
                    "RedisPersistenceFailedMemory",
                    "RedisForkFailedOvercommitMemory",
                    "RedisMemoryUnauthorisedAccess",
                    "KubePodEvicted",
                )
            ),
        )
    ),
    *(
        DoesNotHold(f"a warning of a full cache, and {what}", world, harmful=("no_action",))
        for what, world in (
            ("it drops none", evicting(evictions=(0, 0), **LRU)),
            ("it drops none, of those that may go", evicting(evictions=(0, 0), **SOME)),
            ("no log could be read, where it may refuse", deaf(evicting(**LRU))),
            ("its figures are of a moment", scraped(evicting(**LRU), 1)),
        )
    ),
]
