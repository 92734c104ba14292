"""A cache that refuses writes, or throws out what is needed, has too little memory."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, CALLS_CART, OLD, SHOP, URL, WELL, errors, latency, logs, rate, shop
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    container,
    figure,
    log,
    postgres,
    redis,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

ASKS = {"REDIS_URL": "redis://redis:6379/0"}
MEMORY = "OOM command not allowed when used memory > 'maxmemory'."
PAGES = ("Deployment/pages", "resource_exhaustion", "rollback_workload")
FULL = (CACHE, "resource_exhaustion", "page_human")
MEMCACHED = ("StatefulSet/memcached", "resource_exhaustion", "page_human")


def evicts(name: str, before: tuple[float, float], now: tuple[float, float]) -> list[tuple[str, Series]]:
    """Return the figures of a cache: (share of memory, evictions a second) before and now."""
    return [
        figure("cache_memory_share", before[0], now[0], component=name),
        figure("cache_evictions", before[1], now[1], component=name),
    ]


def filling(*steps: tuple[float, float]) -> tuple[str, Series]:
    """Return the share of its memory that a cache holds: straight from one (age, share) to the next."""
    points = []
    for age in range(3600, -1, -30):
        turn = next((n for n, (least, _) in enumerate(steps[1:], 1) if age >= least), len(steps) - 1)
        (start, low), (end, high) = steps[turn - 1], steps[turn]
        points.append((NOW.timestamp() - age, low + (high - low) * (start - age) / (start - end)))
    return "cache_memory_share", Series({"component": "redis"}, tuple(points))


def refused_since_release(
    *steps: tuple[float, float], released: float = 1800, words: str = "", cache: list[Obj] | None = None
) -> Snapshot:
    """Return a cache that refuses writes for 20 minutes, ten after the release of one of its two users.

    ``words``: what the released one tells of itself for 40 minutes.
    """
    told = [entry for pod in (0, 1) for entry in logs("pages", words, pod, since=2400)] if words else []
    return snapshot(
        workload("pages", env=ASKS, before=OLD, released=released),
        workload("api", env=ASKS),
        cache or redis(),
        figures=[errors("api", 0.3, 1200), filling(*steps, (0, 1.0))],
        logs=[*logs("api", MEMORY, since=1200), *(told or logs("pages", MEMORY, since=1200))],
    )


def policy(name: str) -> dict[str, Any]:
    """Return the arguments of a Redis that throws out by a policy ("": by none that it is told)."""
    told = ["--maxmemory-policy", name] if name else []
    return {"args": ["redis-server", "--maxmemory", "900mb", *told]}


def keeper(now: str = "noeviction", before: str = "allkeys-lru", *, released: float = DAY, **more: Any) -> list[Obj]:
    """Return a cache that a release some time ago gave another policy."""
    return redis(**policy(now), before=policy(before), released=released, **more)


def told_to_keep(*policies: str, **more: Any) -> Snapshot:
    """Return such a cache that refuses the writes of its only user."""
    return kept_for(shop(env=ASKS), keeper(*policies, **more))


def kept_for(user: list[Obj], *others: list[Obj]) -> Snapshot:
    """Return a cache that refuses the writes of one user; it keeps all since yesterday, unless others are given."""
    name = user[0]["metadata"]["name"]
    return snapshot(user, *others or (keeper(),), figures=[errors(name, 0.3)], logs=logs(name, MEMORY))


OWN = (CACHE, "configuration_error", "rollback_workload")
CLAIM = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
CONF = {"volumes": [{"name": "conf", "configMap": {"name": "redis"}}]}


def told_anew(written: float | None, started: float, *, more: float | None = None, full: float = 600) -> Snapshot:
    """Return a cache that evicts, and whose file of settings was written and its process started some time ago.

    ``more``: when another file that it reads was written. ``full``: since when it evicts.
    """
    files = {"conf": ("redis", written), "acl": ("users", more)}
    volumes = [{"name": name, "configMap": {"name": label}} for name, (label, _) in files.items()]
    return snapshot(
        shop(env=ASKS),
        redis(spec={"volumes": volumes}, started=started),
        *(thing("ConfigMap", label, written=age, data={"conf": "x"}) for label, age in files.values()),
        figures=[
            figure("cache_memory_share", 0.7, 1.0, full, component="redis"),
            figure("cache_evictions", 0, 400, full, component="redis"),
        ],
    )


REFUSES = "# maxmemory-policy allkeys-lru\nmaxmemory 900mb\nmaxmemory-policy noeviction\n"
SEALED = "sha256:0123456789abcdef"


def keeps_since_start(
    conf: str = REFUSES,
    *,
    written: float | None = DAY,
    evicted: tuple[float, float] = (40, 0),
    released: float = 1500,
    at_release: float = 0.925,
    more: float | None = None,
    other: str = "user default on",
    **of_cache: Any,
) -> Snapshot:
    """Return a cache that refuses writes for ten minutes; it was started 50 minutes ago, and was at its limit before.

    ``conf``: its file of settings, ``written`` some time ago, and ``more``: when another one, ``other``, was.
    ``evicted``: how many keys a second before its start, and since. ``released``: when one of its users was, and
    ``at_release``: the share of its memory that it held 25 minutes ago.
    """
    files = {"conf": ("redis", written, conf), "acl": ("users", more, other)}
    volumes = [{"name": name, "configMap": {"name": label}} for name, (label, *_) in files.items()]
    return snapshot(
        workload("pages", env=ASKS, before=OLD, released=released),
        workload("api", env=ASKS),
        redis(spec={"volumes": volumes}, started=3000, **of_cache),
        *(thing("ConfigMap", label, written=age, data={"redis.conf": text}) for label, age, text in files.values()),
        figures=[
            errors("api", 0.3, 600),
            filling((3600, 1.0), (3001, 1.0), (3000, 0.8), (1500, at_release), (600, 1.0), (0, 1.0)),
            figure("cache_evictions", *evicted, 3000, component="redis"),
        ],
        logs=[*logs("api", MEMORY, since=600), *logs("pages", MEMORY, since=600)],
    )


def beside_exporter(age: float, **of_cache: Any) -> list[Obj]:
    """Return a cache with an exporter of its figures that was started some time ago."""
    programs = [
        container("redis", "redis:7", port=6379),
        container("exporter", "oliver006/redis_exporter:1", port=9121),
    ]
    made = redis(spec={"containers": programs}, **of_cache)
    for each in made:
        if each["kind"] == "Pod":
            running = {"state": {"running": {"startedAt": at(age)}}, "ready": True, "restartCount": 1}
            each["status"]["containerStatuses"].append({"name": "exporter", **running})
    return made


def one_replaced(age: float) -> list[Obj]:
    """Return a cache of six pods, the last of which was started some time ago."""
    made = redis(pods=6)
    last = [each for each in made if each["kind"] == "Pod"][-1]
    last["metadata"]["creationTimestamp"] = at(age)
    last["status"]["containerStatuses"][0]["state"]["running"]["startedAt"] = at(age)
    return made


FELT = errors("pages", 0.3, 3500)


def counts(
    *steps: tuple[int, int],
    line: str = "DB 0: {} keys ({} volatile) in 8388608 slots HT.",
    full: float = 1.0,
    released: float = 4700,
    started: float | None = None,
    beside: Sequence[str] = (),
    felt: tuple[str, Series] = FELT,
) -> Snapshot:
    """Return a cache that evicts for longer than its figures go back, and counts its keys: (how often, how many)."""
    told = [line.format(keys, keys) for times, keys in steps for _ in range(times)]
    return snapshot(
        workload("pages", env=ASKS, before=OLD, released=released),
        redis(started=started),
        figures=[*evicts("redis", (full, 2500), (full, 2500)), felt],
        logs=[log("redis-pod0", *beside, *told, since=7000)],
    )


def fills_again(*, started: float, released: float) -> Snapshot:
    """Return a cache that fills evenly since its start some time ago; one of its users was released after that."""
    return snapshot(
        workload("pages", env=ASKS, before=OLD, released=released),
        workload("api", env=ASKS),
        redis(started=started),
        figures=[
            errors("api", 0.3, 240),
            filling((3600, 1.0), (started + 1, 1.0), (started, 0.5), (240, 1.0), (0, 1.0)),
        ],
        logs=logs("api", MEMORY, since=240),
    )


FITS = (6, 4900000), (8, 5477000)
FEW = (3, 3, 3, 9, 9, 9)
HOLDS = [
    Holds(
        "it evicts since before its figures begin, and counts more keys than fit only since it was asked to keep more",
        counts(*FITS),
        FULL,
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
        began=4000,
    ),
    *(
        Holds(
            f"it evicts nothing since it was started with settings that were written {what}, and fills up by and by",
            world,
            ("ConfigMap/redis", "configuration_error", "page_human"),
            excludes=(*no("restart_workload", at=CACHE), *no("rollback_workload", at="Deployment/pages")),
            alone=True,
        )
        for what, world in (
            ("the day before", keeps_since_start()),
            ("nine days ago", keeps_since_start(written=9 * DAY)),
            ("the day before, and that are hidden", keeps_since_start(SEALED)),
            ("the day before, and that name no policy", keeps_since_start("maxmemory 900mb\n")),
            ("the day before, and a user fills it faster since its release", keeps_since_start(at_release=0.81)),
        )
    ),
    *(
        Holds(
            f"it is full since its start, and no edit is shown to be why: {what}",
            world,
            FULL,
            harmful=("rollback_workload", "restart_workload"),
            alone=True,
        )
        for what, world in (
            ("nobody wrote its settings", keeps_since_start(written=None)),
            ("they leave it free", keeps_since_start(REFUSES.replace("noeviction", "allkeys-lfu"))),
            ("they let it throw out some", keeps_since_start("maxmemory-policy volatile-lru")),
            ("flags in them let it", keeps_since_start("--maxmemory 900mb --maxmemory-policy volatile-lru")),
            ("a value of its own lets it", keeps_since_start("volatile-ttl")),
            ("a program in them lets it", keeps_since_start("redis-cli CONFIG SET maxmemory-policy 'allkeys-lru'\n")),
            ("others of its settings let it", keeps_since_start(other="maxmemory-policy=allkeys-lru")),
            (
                "its template tells the policy",
                keeps_since_start(args=["redis-server", "--maxmemory-policy", "noeviction"]),
            ),
            ("it threw out nothing before either", keeps_since_start(evicted=(0, 0))),
            ("it throws out keys as before", keeps_since_start(evicted=(40, 40))),
            ("other settings are hidden, and were written as well", keeps_since_start(SEALED, more=2 * DAY)),
        )
    ),
    *(
        Holds(
            f"it fills as fast since its start as since the release of one of its users: started {what}",
            fills_again(started=started, released=released),
            FULL,
            harmful=("rollback_workload", "restart_workload"),
            alone=True,
        )
        for what, started, released in (
            ("long before", 3000, 1200),
            ("minutes before, which nobody can tell apart", 1600, 1300),
        )
    ),
    *(
        Holds(
            f"since its own release it may not throw out any key as before: {what}",
            world,
            OWN,
            excludes=(*no("restart_workload", "scale_workload", at=CACHE), *no("rollback_workload", at=SHOP)),
            alone=True,
        )
        for what, world in (
            ("none at all", told_to_keep()),
            ("only those with a time to live", told_to_keep("volatile-ttl", "allkeys-lfu")),
            ("nothing tells it of a policy", told_to_keep("")),
            (
                "what else its user speaks of is elsewhere, or means something else",
                kept_for(
                    shop(
                        env={
                            **ASKS,
                            **CALLS_CART,
                            "BROKER_URL": "amqp://mq.example.com:5672",
                            "QUEUE_HOST": "jobs.other.svc",
                            "RELEASE": "1",
                            "BLOCK_SIZE": "4096",
                        },
                        args=["gunicorn", "--workers", "4", "-k", "uvicorn.workers.UvicornWorker"],
                    ),
                    keeper(),
                    workload("cart"),
                ),
            ),
        )
    ),
    *(
        Holds(
            f"it may throw out none since yesterday, and fills since the release of one of its users: {what}",
            refused_since_release((3600, 0.7), (1800, share), (1200, 1.0), cache=keeper()),
            found,
            harmful=harmful,
        )
        for what, share, found, harmful in (
            ("five times as fast", 0.82, PAGES, ("restart_workload",)),
            ("as fast as before", 0.925, OWN, ("restart_workload",)),
        )
    ),
    *(
        Holds(
            f"since its own release it may throw out none, and {what}",
            world,
            (CACHE, "configuration_error", "page_human"),
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("it keeps them on a volume", told_to_keep(spec=CLAIM)),
            ("somebody has his work lie there", kept_for(shop(env={"CELERY_BROKER_URL": ASKS["REDIS_URL"]}))),
            ("its user is called as one who works off what lies there", kept_for(workload("sidekiq", env=ASKS))),
            ("its user works off something", kept_for(workload("mail-worker", env=ASKS))),
            ("its user runs a program that does", kept_for(shop(env=ASKS, args=["rq", "worker", "mails"]))),
            ("its user starts a file that does", kept_for(shop(env=ASKS, command=["node", "dist/worker.js"]))),
            ("its user's image is one of work", kept_for(shop(env=ASKS, image="registry.example/bullmq-runner:1"))),
            ("its user has sessions there", kept_for(shop(env={**ASKS, "SESSION_STORE": "redis"}))),
            ("its user has carts there", kept_for(workload("cart-api", env=ASKS))),
            ("its user locks by it", kept_for(shop(env={**ASKS, "LOCK_TTL_MS": "30000"}))),
            ("its user counts for limits there", kept_for(workload("rate-limiter", env=ASKS))),
            (
                "who works off what lies there has its address from a Secret",
                kept_for(workload("sidekiq", env={"REDIS_URL": {"secretKeyRef": {"name": "redis", "key": "url"}}})),
            ),
            (
                "nobody sees where the work of its user lies",
                kept_for(shop(env={**ASKS, "BROKER_URL": {"secretKeyRef": {"name": "mq", "key": "url"}}})),
            ),
        )
    ),
    *(
        Holds(
            f"its own release is not why it refuses: {what}",
            world,
            FULL,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, world in (
            ("it could throw out none before either", told_to_keep(before="noeviction")),
            ("it may throw out each", told_to_keep("allkeys-lru", "volatile-lru")),
            ("it had room for weeks since", told_to_keep(released=20 * DAY)),
            ("a file may tell it the policy", told_to_keep("", spec=CONF)),
        )
    ),
    Holds(
        "it filled as fast before the release of one of its users as since",
        refused_since_release((3600, 0.9), (1200, 1.0)),
        FULL,
        harmful=("rollback_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "it fills five times as fast since the release of one of its users",
        refused_since_release((3600, 0.7), (1800, 0.82), (1200, 1.0)),
        PAGES,
    ),
    *(
        Holds(
            f"it was started with other settings, and fills far faster since the release of one of its users: {what}",
            keeps_since_start(conf, at_release=0.81),
            PAGES,
            harmful=("restart_workload",),
            alone=True,
        )
        for what, conf in (("they are hidden", SEALED), ("they name no policy", "maxmemory 900mb\n"))
    ),
    *(
        Holds(
            f"it fills fast since the release of one of its users, and {what} a quarter of an hour before",
            refused_since_release((3600, 0.7), (1800, 0.82), (1200, 1.0), cache=cache),
            PAGES,
            harmful=("restart_workload",),
        )
        for what, cache in (
            ("its exporter was started anew", beside_exporter(2700)),
            ("one of six of it was replaced", one_replaced(2700)),
        )
    ),
    *(
        Holds(
            f"it fills fast since the release of one of its users, but {what} a quarter of an hour before",
            refused_since_release((3600, 0.7), (1800, 0.82), (1200, 1.0), cache=cache),
            FULL,
            harmful=("rollback_workload", "restart_workload"),
        )
        for what, cache in (
            ("it was started anew beside its exporter", beside_exporter(8 * DAY, started=2700)),
            ("all of it were", redis(pods=6, started=2700)),
        )
    ),
    Holds(
        "it stood still before the release of one of its users",
        refused_since_release((3600, 0.9), (1800, 0.9), (1200, 1.0)),
        PAGES,
    ),
    Holds(
        "it fills by and by since the minute of a release, and is full half an hour later",
        refused_since_release((3600, 0.4), (2880, 0.4), (1200, 1.0), released=2900),
        PAGES,
        harmful=("scale_workload", "restart_workload"),
        alone=True,
    ),
    Holds(
        "it fills by and by since a release that fails by its own words from then on",
        refused_since_release(
            (3600, 0.4),
            (2880, 0.4),
            (1200, 1.0),
            released=2900,
            words="WARN job failed: TypeError: Cannot read properties of undefined (reading 'name')",
        ),
        ("Deployment/pages", "code_defect", "rollback_workload"),
        harmful=("scale_workload", "restart_workload"),
        alone=True,
    ),
    *(
        Holds(
            f"it is full half an hour after a release, {what}",
            refused_since_release(*steps, (1200, 1.0), released=2900),
            FULL,
            harmful=("rollback_workload", "restart_workload"),
            alone=True,
        )
        for what, steps in (
            ("and fills since a quarter of an hour after it", ((3600, 0.4), (2000, 0.4))),
            ("and filled minutes before it", ((3600, 0.4), (3200, 0.4))),
            ("and fills since ever", ((3600, 0.4),)),
        )
    ),
    Holds(
        "writes are refused",
        snapshot(shop(env=ASKS), redis(), logs=logs("shop", f"ResponseError: {MEMORY}", times=1)),
        FULL,
        excludes=(*no("restart_workload", at=CACHE), *no("restart_workload", at=SHOP)),
    ),
    Holds(
        "writes of a Ruby service are refused",
        snapshot(
            redis(),
            workload("api", env=ASKS),
            figures=[errors("api", 0.9)],
            logs=logs("api", f"Redis::CommandError: {MEMORY}", 0, 1),
        ),
        FULL,
        harmful=("restart_workload",),
    ),
    Holds(
        "it throws out what is needed",
        snapshot(shop(env=ASKS), redis(), figures=evicts("redis", (0.7, 0), (1.0, 400))),
        FULL,
    ),
    Holds(
        "it throws out what is needed, and the database behind it is busy since",
        snapshot(
            shop(env={**ASKS, "DB_HOST": "postgres"}),
            redis(),
            postgres(),
            figures=[
                *evicts("redis", (0.8, 0), (1.0, 900)),
                figure("cpu_share", 0.3, 0.99, pod="postgres-0", container="postgres"),
                latency("shop", now=4.0),
            ],
        ),
        FULL,
        alone=True,
    ),
    Holds(
        "it throws out what others need since one of its users was released",
        snapshot(
            shop(env={**ASKS, "DB_HOST": "postgres"}),
            workload("pages", env=ASKS, before=OLD, released=660),
            redis(),
            postgres(),
            figures=[
                *evicts("redis", (0.8, 0), (1.0, 900)),
                figure("cpu_share", 0.3, 0.99, pod="postgres-0", container="postgres"),
                latency("shop", now=4.0),
            ],
        ),
        PAGES,
        excludes=(*no("restart_workload", at=CACHE), *no("rollback_workload", "scale_workload", at=SHOP)),
        alone=True,
    ),
    *(
        Holds(
            f"a memcached refuses writes since one of its users was released, {known}",
            snapshot(
                workload("memcached", "memcached:1", kind="StatefulSet", pods=1, port=11211),
                workload("pages", env={"MEMCACHED": "memcached:11211"}, before=OLD, released=300),
                workload("api", env={"MEMCACHED": "memcached:11211"}),
                figures=[errors("api", 0.3, 240), *measured],
                logs=logs("api", "SERVER_ERROR out of memory storing object"),
            ),
            told,
            harmful=("restart_workload", "scale_workload", *harmful),
        )
        for known, measured, told, harmful in (
            ("and had room before", [figure("cache_memory_share", 0.6, 1.0, 240, component="memcached")], PAGES, ()),
            ("and nobody measured how full it was", [], MEMCACHED, ("rollback_workload",)),
        )
    ),
    Holds(
        "it evicts since one of its users was released, and another one gets three times its requests",
        snapshot(
            shop(env=ASKS),
            workload("pages", env=ASKS, before=OLD, released=660),
            redis(),
            figures=[*evicts("redis", (0.8, 0), (1.0, 900)), rate("shop", 50, 150)],
        ),
        FULL,
    ),
    Holds(
        "it evicts since it was started with less memory, when one of its users was released",
        snapshot(
            workload("pages", env=ASKS, before=OLD, released=660),
            redis(started=650),
            figures=evicts("redis", (0.8, 0), (1.0, 900)),
        ),
        FULL,
    ),
    *(
        Holds(
            f"it evicts since it was started, with settings that were written {what}",
            world,
            ("ConfigMap/redis", "configuration_error", "page_human"),
            excludes=no("restart_workload", "rollback_workload", at=CACHE),
            alone=True,
        )
        for what, world in (
            ("just before", told_anew(700, 620)),
            ("the day before", told_anew(DAY, 620)),
            ("nine days ago", told_anew(9 * DAY, 620)),
        )
    ),
    *(
        Holds(f"it evicts, and its settings are not why: {what}", world, FULL, harmful=("restart_workload",))
        for what, world in (
            ("nobody wrote them", told_anew(None, 620)),
            ("its template was made with them", told_anew(20 * DAY, 620)),
            ("it worked with them for hours", told_anew(DAY, 5 * 3600)),
            ("it worked with those of before and was not started since", told_anew(DAY, 2 * DAY)),
            ("they were written once it was full", told_anew(300, 620)),
            ("others were written as well, so that it may be either", told_anew(DAY, 620, more=2 * DAY)),
        )
    ),
    Holds(
        "a memcached that evicts",
        snapshot(
            workload("memcached", "memcached:1", kind="StatefulSet", pods=1, port=11211),
            postgres(),
            workload("api", env={**URL, "MEMCACHED": "memcached:11211"}),
            figures=[latency("api"), *evicts("memcached", (0.7, 0), (1.0, 300))],
        ),
        ("StatefulSet/memcached", "resource_exhaustion", "page_human"),
        harmful=("restart_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it came up to its room long before a user fails, since its release",
        counts(*FITS, released=700, felt=errors("pages", 0.3, 650)),
        ("Deployment/pages", "code_defect", "rollback_workload"),
    ),
    *(
        DoesNotHold(f"it evicts since before its figures begin: {what}", world)
        for what, world in (
            ("it held as many keys all the time", counts((14, 5477000))),
            ("about as many", counts((6, 5400000), (8, 5477000))),
            ("it holds ever more", counts(*((1, 4000000 + 200000 * n) for n in range(14)))),
            ("it holds fewer than it did", counts((6, 5477000), (8, 4900000))),
            ("it counts too seldom", counts((2, 4900000), (8, 5477000))),
            ("it counts expired keys", counts(*FITS, line="DB 0: {} keys expired ({} of them idle)")),
            ("it is not full", counts(*FITS, full=0.6)),
            (
                "of another part of it few more",
                counts((14, 5477000), beside=[f"DB 1: {keys} keys (0 volatile) in 16 slots HT." for keys in FEW]),
            ),
            ("it has filled up since its start, as it should", counts(*FITS, started=7300)),
            ("its users are well", counts(*FITS, felt=errors("pages", 0.0, 3500))),
        )
    ),
    DoesNotHold(
        "it always evicts, as it should",
        snapshot(shop(env=ASKS), redis(), figures=evicts("redis", (1.0, 40), (1.0, 40))),
    ),
    *(
        DoesNotHold(
            f"it uses {share:.0%} of its memory",
            snapshot(redis(), shop(), figures=[figure("cache_memory_share", share, share, component="redis"), WELL]),
            HEALTHY,
        )
        for share in (0.1, 0.5)
    ),
]
