"""A program that misses in its cache since its release what it had there is taken back; whoever it asks anew is not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.refusing import HOST, REFUSED
from tests.diagnosis.rules.scenes import CACHE, DB, OLD, URL, alert, errors, ingress, latency, logs, rate, with_helper
from tests.diagnosis.rules.test_cache_made_smaller import evictions, shares, warming
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, postgres, redis, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

GEO = "Deployment/geo"
FOUND = (GEO, "code_defect", "rollback_workload")
OUTSIDE = (GEO, "dependency_failure", "page_human")
ASKS = {"CACHE_URL": "redis://redis:6379/0", "PROVIDER_URL": f"https://{HOST}"}
RELEASED, MISSES, FAILS = 1800, 1750, 1000
LIMITED = [log(pod("geo"), *["INFO found"] * 20, *[REFUSED] * 25, since=1.8 * FAILS)]


def geo(**more: Any) -> list[Obj]:
    """Return a program that was released and asks a provider for what is not in its cache."""
    return workload("geo", **{"env": ASKS, "before": OLD, "released": RELEASED, **more})


def world(
    *figures: tuple[str, Series],
    own: list[Obj] | None = None,
    cache: list[Obj] | None = None,
    others: tuple[list[Obj], ...] = (),
    felt: tuple[tuple[str, Series], ...] | None = None,
    told: list[Log] = LIMITED,
    **more: Any,
) -> Snapshot:
    """Return such a program, a cache, and a shop that asks the program and suffers since a time."""
    return snapshot(
        workload("shop", env={"GEO_URL": "http://geo:8080"}),
        own or geo(),
        cache if cache is not None else redis(),
        *others,
        figures=[*((errors("shop", 0.3, FAILS), errors("geo", 0.9, FAILS)) if felt is None else felt), *figures],
        logs=told,
        **more,
    )


OWN = shares("geo", 0.96, 0.0, MISSES)
OF_CACHE = shares("redis", 0.96, 0.0, MISSES)
WAY_IN = [ingress("maps", "maps.example", service="geo")]
BARRED = (
    *no("restart_workload", "scale_workload", at=GEO),
    *no("restart_workload", "rollback_workload", at="Deployment/shop"),
    *no("restart_workload", at=CACHE),
)
WITH_DATABASE = geo(env={"CACHE_URL": ASKS["CACHE_URL"], **URL})
KEPT_INSIDE = geo(env={"PROVIDER_URL": ASKS["PROVIDER_URL"]})

MEANT = {"CACHE_URL": ASKS["CACHE_URL"], **URL}
"""What a program is told of its cache and its database."""


def switched(
    was: dict[str, str],
    now: dict[str, str],
    *figures: tuple[str, Series],
    busy: float = MISSES,
    cache: list[Obj] | None = None,
    others: tuple[list[Obj], ...] = (),
    felt: tuple[tuple[str, Series], ...] = (latency("geo", 0.1, 4, FAILS), errors("mail", 0.2, FAILS)),
    told: list[Log] | None = None,
    **more: Any,
) -> Snapshot:
    """Return a program whose release set its cache otherwise, and its database, which mail asks too, busy since."""
    return snapshot(
        geo(env={**MEANT, **now}, before={"env": {**MEANT, **was}, **more}),
        workload("mail", env=URL),
        postgres(),
        cache if cache is not None else redis(),
        *others,
        figures=[figure("cpu_share", 0.2, 0.99, busy, pod="postgres-0", container="postgres"), *felt, *figures],
        logs=told or [],
    )


def lost(now: dict[str, str], **more: Any) -> Snapshot:
    """Return such a program whose release tells it no more where its cache is."""
    busy = figure("cpu_share", 0.2, 0.99, MISSES, pod="postgres-0", container="postgres")
    return snapshot(
        geo(env={**URL, **now}, before={"env": MEANT}, **more),
        workload("mail", env=URL),
        postgres(),
        redis(),
        figures=[busy, latency("geo", 0.1, 4, FAILS), errors("mail", 0.2, FAILS)],
    )


def switched_by(word: str, instead: str) -> Snapshot:
    """Return such a program whose command says it."""
    return snapshot(
        geo(env=MEANT, args=[instead], before={"args": [word]}),
        workload("mail", env=URL),
        postgres(),
        redis(),
        figures=[
            figure("cpu_share", 0.2, 0.99, MISSES, pod="postgres-0", container="postgres"),
            latency("geo", 0.1, 4, FAILS),
        ],
    )


def beside(env: dict[str, str]) -> Snapshot:
    """Return such a program whose own cache is as it was, since a release with a container beside it."""
    mine = {**MEANT, "CACHE_ENABLED": "true", "MENU_CACHE_TTL_MS": "60000"}
    return snapshot(
        with_helper(geo(env=mine, before={"env": mine}), {"env": []}, {"env": env}),
        workload("mail", env=URL),
        MAIL,
        postgres(),
        redis(),
        figures=[
            figure("cpu_share", 0.2, 0.99, MISSES, pod="postgres-0", container="postgres"),
            errors("mail", 0.2, FAILS),
        ],
    )


LARAVEL = ({"CACHE_STORE": "redis"}, {"CACHE_STORE": "array"})
OWN_ONE = ({"CACHE_DRIVER": "memcached"}, {"CACHE_DRIVER": "file"})
MAIL = workload("mail2", env=URL, before=OLD, released=RELEASED + 400)
OFF = (GEO, "configuration_error", "rollback_workload")
NARROW = (DB, "capacity", "page_human")


def taken_back(says: str, rows: Iterable[tuple[str, Snapshot]]) -> Iterator[Holds]:
    """Yield that a release which leaves a database no processor is taken back, and nothing is done to others."""
    for what, made in rows:
        yield Holds(
            f"{says}, and a database has no processor left since: {what}",
            made,
            OFF,
            excludes=(
                *no("restart_workload", "scale_workload", at=GEO),
                *no("restart_workload", "scale_database", at=DB),
                *no("restart_workload", at=CACHE),
            ),
            alone=True,
            harmful=("scale_workload", "restart_workload", "scale_database"),
        )


HOLDS = [
    *taken_back(
        "its release takes its cache from it",
        (
            ("Laravel", switched(*LARAVEL)),
            ("Laravel, and another was released minutes before", switched(*LARAVEL, others=(MAIL,))),
            ("Rails", switched({"RAILS_CACHE_STORE": "redis_cache_store"}, {"RAILS_CACHE_STORE": ":null_store"})),
            ("Spring", switched({"SPRING_CACHE_TYPE": "redis"}, {"SPRING_CACHE_TYPE": "none"})),
            ("Spring, each its own", switched({"SPRING_CACHE_TYPE": "redis"}, {"SPRING_CACHE_TYPE": "simple"})),
            ("Spring by an argument", switched_by("--spring.cache.type=redis", "--spring.cache.type=none")),
            ("by a property", switched_by("-Dshop.cache.enabled=true", "-Dshop.cache.enabled=false")),
            ("Django", switched({"CACHE_BACKEND": "django_redis.RedisCache"}, {"CACHE_BACKEND": "dummy.DummyCache"})),
            ("Django by an address", switched({}, {"CACHE_URL": "locmem://"})),
            ("its own files", switched(*OWN_ONE)),
            ("a switch", switched({"QUERY_CACHE_ENABLED": "true"}, {"QUERY_CACHE_ENABLED": "false"})),
            ("a switch the other way round", switched({"CACHE_DISABLED": "0"}, {"CACHE_DISABLED": "1"})),
            ("a switch called after the program", switched({"GEO_CACHE_ENABLED": "1"}, {"GEO_CACHE_ENABLED": "0"})),
            ("it keeps things for no time", switched({"CACHE_MAX_AGE": "300s"}, {"CACHE_MAX_AGE": "0"})),
            ("it is told no more where it is", lost({})),
            ("an image came along", switched(*LARAVEL, **OLD)),
        ),
    ),
    *(
        Holds(f"it misses what it had before its release: {what}", made, FOUND, excludes=BARRED, alone=True)
        for what, made in (
            ("by its own count and by the cache's, and a provider refuses more", world(OWN, OF_CACHE)),
            ("by its own count", world(OWN)),
            ("by the count of the cache", world(OF_CACHE)),
            ("half of it", world(shares("geo", 0.97, 0.5, MISSES))),
            ("its users ask again what failed", world(OWN, rate("geo", 20, 60, FAILS))),
            ("another user of the cache is as it was", world(OF_CACHE, others=(workload("mail", env=ASKS),))),
            (
                "nobody tells of the provider, and it is slow",
                world(OWN, told=[], felt=(latency("geo", 0.1, 3, FAILS),)),
            ),
            ("only an alert tells who suffers", world(OWN, felt=(), told=[], alerts=[alert(service="geo")])),
            (
                "only an alert about its way in tells who suffers",
                world(OWN, felt=(), told=[], others=(WAY_IN,), alerts=[alert(ingress="maps")]),
            ),
        )
    ),
    Holds(
        "a database of ours has to answer what it misses",
        world(
            OWN,
            figure("cpu_share", 0.2, 0.99, MISSES, pod="postgres-0", container="postgres"),
            own=WITH_DATABASE,
            others=(postgres(),),
            told=[],
            felt=(latency("geo", 0.1, 4, FAILS), errors("shop", 0.2, FAILS)),
        ),
        FOUND,
        excludes=no("restart_workload", "scale_database", at=DB),
        alone=True,
    ),
    Holds(
        "settings changed alone",
        world(OWN, own=geo(before={"env": {**ASKS, "CACHE_KEY": "v3"}})),
        (GEO, "configuration_error", "rollback_workload"),
    ),
    Holds("what it kept in itself it does not find at all", world(OWN, own=KEPT_INSIDE, cache=[]), FOUND),
    Holds(
        "what it kept in itself it has to gather again, after any start",
        world(shares("geo", 0.96, 0.2, MISSES), own=KEPT_INSIDE, cache=[]),
        (GEO, "code_defect", "page_human"),
        harmful=("rollback_workload", "restart_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a provider refuses it after its release: {what}", made, OUTSIDE, harmful=("rollback_workload",))
        for what, made in (
            ("its cache has what it had", world(shares("geo", 0.96, 0.95, MISSES))),
            ("nobody counts what it misses", world()),
            ("it missed as much before", world(shares("geo", 0.3, 0.05, MISSES))),
            ("users suffered before", world(OWN, felt=(errors("shop", 0.3, 2400), errors("geo", 0.9, FAILS)))),
            ("its cache fills up again", world(warming("geo"))),
            ("it missed long before the release", world(shares("geo", 0.96, 0.0, 3000))),
            ("it misses since long after it", world(shares("geo", 0.96, 0.0, 300))),
            ("far more is asked of it at that time", world(OWN, rate("geo", 20, 60, MISSES))),
            ("the cache was started anew", world(OWN, cache=redis(started=MISSES))),
            ("the cache was released as well", world(OWN, cache=redis(before=OLD, released=MISSES))),
            ("the cache throws out what it holds", world(OWN, evictions("redis", 0, 300, MISSES))),
            (
                "another user of the cache was released as well",
                world(OF_CACHE, others=(workload("mail", env=ASKS, before=OLD, released=RELEASED),)),
            ),
        )
    ),
    *(
        DoesNotHold(f"its cache is set otherwise, and {what}", made, instead)
        for what, made, instead in (
            ("another shared one is meant", switched(LARAVEL[0], {"CACHE_STORE": "memcached"}), OFF),
            ("nothing was kept before", switched({"CACHE_STORE": "file"}, LARAVEL[1]), OFF),
            ("it is now shared", switched({"CACHE_STORE": "array"}, {"CACHE_STORE": "redis"}), OFF),
            ("it keeps the names of hosts there", switched({"DNS_CACHE_TTL": "30"}, {"DNS_CACHE_TTL": "0"}), OFF),
            ("it kept them for no time before", switched({"CACHE_TTL": "0"}, {"CACHE_TTL": "0s"}), OFF),
            ("the place is told by another name", lost({"REDIS_URL": ASKS["CACHE_URL"]}), OFF),
            ("users ask for more", switched(*LARAVEL, rate("geo", 20, 60, MISSES)), OFF),
            ("users of another ask the database for more", switched(*LARAVEL, rate("mail", 20, 200, MISSES)), OFF),
            ("a lifetime of zero may be for ever", switched({"CACHE_TTL": "300s"}, {"CACHE_TTL": "0"}), OFF),
            (
                "zero of a timeout is no lifetime",
                switched({"CACHE_COMMAND_TIMEOUT": "500"}, {"CACHE_COMMAND_TIMEOUT": "0"}),
                OFF,
            ),
            *(
                (f"only a trait of it is switched off: {name}", switched({name: "true"}, {name: "false"}), OFF)
                for name in (
                    *("CACHE_METRICS_ENABLED", "CACHE_COMPRESSION_ENABLED", "REDIS_CACHE_TLS_ENABLED"),
                    *("CACHE_WARM_ON_START", "WARM_CACHE", "ENABLE_CACHE_DEBUG"),
                )
            ),
            ("it has moved to another one", lost({"VALKEY_URL": "redis://valkey:6379/0"}), OFF),
            ("it has moved outside", lost({"ELASTICACHE_ENDPOINT": "geo.abc.cache.amazonaws.com:6379"}), OFF),
            ("the one before is gone", switched({}, {"CACHE_URL": "locmem://"}, cache=[]), OFF),
            ("a container beside it has a switch of the same name", beside({"CACHE_ENABLED": "false"}), NARROW),
            ("the database was busy long before", switched(*LARAVEL, busy=3000), NARROW),
            ("users suffered before", switched(*LARAVEL, felt=(latency("geo", 0.1, 4, 3000),)), NARROW),
            (
                "another that asks the database was released after it",
                switched(*LARAVEL, others=(workload("web", env=URL, before=OLD, released=RELEASED - 30),)),
                NARROW,
            ),
            (
                "its cache was started anew",
                switched(*LARAVEL, cache=redis(started=MISSES)),
                OFF,
            ),
        )
    ),
    DoesNotHold(
        "its cache is its own now, and may yet be filling",
        switched(*OWN_ONE, busy=300, felt=(latency("geo", 0.1, 4, 290), errors("mail", 0.2, 290))),
        NARROW,
    ),
    DoesNotHold("its cache is taken from it, and its database is idle", switched(*LARAVEL, busy=-1, felt=())),
    DoesNotHold(
        "the cache cannot be asked",
        world(
            OWN,
            told=logs(
                "geo",
                "redis.exceptions.ConnectionError: Error 111 connecting to redis:6379. Connection refused.",
                since=FAILS,
            ),
        ),
        ("page_human",),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("nobody suffers", world(OWN, felt=(errors("shop", 0.001), errors("geo", 0.001)), told=[])),
]
