"""A program whose release has its cache keep things for next to no time is taken back; others keep things otherwise."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold
from tests.diagnosis.rules.scenes import OLD, URL, errors, latency, rate
from tests.diagnosis.rules.test_cache_made_smaller import shares
from tests.diagnosis.rules.test_cache_missed_since_release import (
    MEANT,
    MISSES,
    NARROW,
    RELEASED,
    beside,
    geo,
    switched,
    switched_by,
    taken_back,
)
from tests.diagnosis.rules.tiny import figure, postgres, redis, snapshot, workload

MS = ({"MENU_CACHE_TTL_MS": "60000"}, {"MENU_CACHE_TTL_MS": "60"})
LEVELS = {"CACHE_L1_TTL": "5", "CACHE_L2_TTL": "3600"}
UNITS = {"GEO_CACHE_TTL_MINUTES": "5", "GEO_CACHE_TTL_DAYS": "1"}
EARLIER = workload("tours", env=MEANT, before=OLD, released=RELEASED + 540)
"""It asks the same cache and the same database, and was released nine minutes before."""
OF_CACHE = shares("redis", 0.96, 0.01, MISSES)

HOLDS = [
    *taken_back(
        "its cache keeps things for next to no time",
        (
            ("seconds where milliseconds are read", switched(*MS)),
            ("the cache counts it, and another was released before", switched(*MS, OF_CACHE, others=(EARLIER,))),
            ("nobody counts it, and another was released before", switched(*MS, others=(EARLIER,))),
            (
                "a mistyped unit",
                switched({"SPRING_CACHE_REDIS_TIME_TO_LIVE": "10m"}, {"SPRING_CACHE_REDIS_TIME_TO_LIVE": "10ms"}),
            ),
            ("by an argument of ISO 8601", switched_by("--quotes.cache.ttl=PT5M", "--quotes.cache.ttl=PT0.3S")),
            ("by a property", switched_by("-Dgeo.cacheTtlMillis=1_800_000", "-Dgeo.cacheTtlMillis=1_800")),
            ("Flask", switched({"CACHE_DEFAULT_TIMEOUT": "3600"}, {"CACHE_DEFAULT_TIMEOUT": "3.6"})),
            ("a unit less by its name", switched({"CACHE_TTL_SECONDS": "600"}, {"CACHE_TTL_MS": "600"})),
            (
                "a unit less by its name, beside another level's",
                switched(
                    {"CACHE_L1_TTL_SECONDS": "600", "CACHE_L2_TTL_SECONDS": "600"},
                    {"CACHE_L1_TTL_MS": "600", "CACHE_L2_TTL_SECONDS": "600"},
                ),
            ),
            (
                "a day became an hour, and the cache counts what it misses since",
                switched({"CACHE_TTL": "7d"}, {"CACHE_TTL": "1h"}, OF_CACHE, others=(EARLIER,)),
            ),
            ("called after the store", switched({"REDIS_EXPIRY": "1h"}, {"REDIS_EXPIRY": "1m"})),
        ),
    )
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a database has no processor left since, and {what}",
            switched(was, now, others=(EARLIER,)),
            NARROW,
            harmful=("rollback_workload",),
        )
        for what, was, now in (
            ("things are kept as long, in another unit", {"CACHE_TTL": "1h"}, {"CACHE_TTL": "60m"}),
            ("the number is less, and its unit may be larger", {"CACHE_TTL": "60000"}, {"CACHE_TTL": "60s"}),
            ("the number follows its unit", {"CACHE_TTL_MS": "60000"}, {"CACHE_TTL_SECONDS": "60"}),
            ("things are kept for somewhat less long", {"CACHE_TTL": "600"}, {"CACHE_TTL": "60"}),
            ("things are kept for longer", {"CACHE_TTL_MS": "60"}, {"CACHE_TTL_MS": "60000"}),
            ("a lifetime of none may be for ever", {"CACHE_TTL_MS": "60000"}, {"CACHE_TTL_MS": "0"}),
            ("a word says it now", {"CACHE_TTL": "3600"}, {"CACHE_TTL": "default"}),
            ("it gives the cache less time to answer", {"REDIS_CACHE_TIMEOUT": "5000"}, {"REDIS_CACHE_TIMEOUT": "50"}),
            ("it keeps what is not there", {"CACHE_NEGATIVE_TTL": "600"}, {"CACHE_NEGATIVE_TTL": "5"}),
            ("lifetimes vary by less", {"CACHE_TTL_JITTER": "600"}, {"CACHE_TTL_JITTER": "5"}),
            ("it is given later what is stale", {"CACHE_STALE_TTL": "600"}, {"CACHE_STALE_TTL": "5"}),
            ("its locks end sooner", {"REDIS_LOCK_TTL": "600"}, {"REDIS_LOCK_TTL": "5"}),
            ("sessions end sooner", {"REDIS_SESSION_TTL": "600"}, {"REDIS_SESSION_TTL": "5"}),
            ("connections are held for less long", {"REDIS_POOL_MAX_AGE": "600"}, {"REDIS_POOL_MAX_AGE": "5"}),
            ("a week became an hour", {"CACHE_TTL": "7d"}, {"CACHE_TTL": "1h"}),
            ("a day became minutes", {"MENU_CACHE_MAX_AGE": "24h"}, {"MENU_CACHE_MAX_AGE": "20m"}),
            ("two levels last as long as before", {**LEVELS, "LOG": "info"}, {**LEVELS, "LOG": "warn"}),
            ("two lifetimes of other units are as before", {**UNITS, "LOG": "info"}, {**UNITS, "LOG": "warn"}),
            (
                "nobody knows which of two was renamed",
                {"CACHE_TTL_DAYS": "1", "CACHE_TTL_MINUTES": "5"},
                {"CACHE_TTL_SECONDS": "300"},
            ),
            *(
                (f"the store keeps other things for less long: {name}", {name: "3600"}, {name: "60"})
                for name in (
                    *("REDIS_OTP_TTL", "REDIS_RATE_LIMIT_DURATION", "REDIS_PRESENCE_TTL", "REDIS_BAN_DURATION"),
                    *("REDIS_LEADER_LEASE_DURATION", "REDIS_CART_EXPIRY", "REDIS_STREAM_MAX_AGE"),
                    *("REDIS_IDEMPOTENCY_TTL", "REDIS_DEFAULT_TIMEOUT"),
                )
            ),
            ("what lasts less is in no cache", {"QUOTE_TTL": "600"}, {"QUOTE_TTL": "5"}),
        )
    ),
    *(
        DoesNotHold(f"its cache keeps things for next to no time, and {what}", made, NARROW)
        for what, made in (
            (
                "the cache has as much of what is asked of it",
                switched(*MS, shares("redis", 0.96, 0.95, MISSES), others=(EARLIER,)),
            ),
            (
                "it finds as much by its own count",
                switched(*MS, shares("geo", 0.6, 0.58, MISSES), others=(EARLIER,)),
            ),
            ("users ask for more", switched(*MS, rate("geo", 20, 60, MISSES), others=(EARLIER,))),
            (
                "users of another ask the database for more",
                switched(*MS, rate("mail", 20, 200, MISSES), others=(EARLIER,)),
            ),
            ("users suffered before", switched(*MS, felt=(latency("geo", 0.1, 4, 3000),))),
            ("the database was busy long before", switched(*MS, busy=3000)),
            ("the cache was started anew", switched(*MS, cache=redis(started=MISSES), others=(EARLIER,))),
            (
                "another that asks the database was released after it",
                switched(*MS, others=(workload("web", env=URL, before=OLD, released=RELEASED - 30),)),
            ),
        )
    ),
    DoesNotHold("a container beside it has a lifetime of the same name", beside(MS[1]), NARROW),
    DoesNotHold(
        "its cache keeps things for next to no time, and its database is idle", switched(*MS, busy=-1, felt=())
    ),
    DoesNotHold(
        "its cache keeps things for less long, and may yet be filling",
        snapshot(
            geo(env={**MEANT, **MS[1]}, before={"env": {**MEANT, **MS[0]}}, released=330),
            workload("mail", env=URL),
            workload("tours", env=MEANT, before=OLD, released=870),
            postgres(),
            redis(),
            figures=[
                figure("cpu_share", 0.2, 0.99, 300, pod="postgres-0", container="postgres"),
                *(latency("geo", 0.1, 4, 290), errors("mail", 0.2, 290)),
            ],
        ),
        NARROW,
    ),
]
