"""A cache that may throw out any key loses the work that lies there; one that holds copies does as it should."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import CACHE, OLD, alert, errors, failing, latency, rate, rising
from tests.diagnosis.rules.test_cache_full import SEALED, evicts
from tests.diagnosis.rules.tiny import DAY, Obj, figure, log, pod, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

HOURS = 3 * 3600.0
ASKS = {"REDIS_URL": "redis://redis:6379/0"}
CONF = ("ConfigMap/redis", "configuration_error", "page_human")
OWN = (CACHE, "configuration_error", "page_human")
ANY = "port 6379\nmaxmemory 256mb\nmaxmemory-policy allkeys-lru\n"
SIDEKIQ: dict[str, Any] = {"args": ["bundle", "exec", "sidekiq", "-q", "low"]}
CELERY = {"args": ["celery", "-A", "app", "worker"]}
WARNS = (
    "WARN:",
    "WARNING: Your Redis instance will evict Sidekiq data under heavy load.",
    "The 'noeviction' maxmemory policy is recommended (current policy: 'allkeys-lru').",
)
BULL = 'IMPORTANT! Eviction policy is {}. It should be "noeviction"'
MISSED = alert("ReceiptsMissing", service="web")


def measured(full: float = 1.0, evictions: float = 30, failed: float = 0.0) -> list[tuple[str, Series]]:
    """Return the figures of a cache, as they are for longer than an hour, and of one who asks it."""
    return [*evicts("redis", (full, evictions), (full, evictions)), errors("web", failed, 900)]


def loses(
    conf: str | None = ANY,
    *,
    written: float | None = HOURS + 100,
    started: float = HOURS,
    worker: list[Obj] | None = None,
    cache: list[Obj] | None = None,
    others: Sequence[list[Obj] | Obj] = (),
    acl: float | None = None,
    acl_says: str = "user default on",
    figures: Sequence[tuple[str, Series]] = (),
    alerts: Sequence[Alert] = (MISSED,),
    logs: Sequence[Log] = (),
) -> Snapshot:
    """Return a cache that evicts for longer than figures go back, since its start hours ago, and two that use it.

    ``conf``: its file of settings, ``written`` some time ago, and ``acl``: when another one was.
    """
    files = {"redis": (written, {"redis.conf": conf or ""}), "users": (acl, {"users.acl": acl_says})}
    volumes = [{"name": label, "configMap": {"name": label}} for label in files]
    return snapshot(
        workload("web", env=ASKS),
        worker or workload("jobber", env=ASKS, **SIDEKIQ),
        cache or redis(spec={"volumes": volumes}, started=started),
        *(thing("ConfigMap", label, written=age, data=data) for label, (age, data) in files.items()),
        *others,
        figures=figures or measured(),
        alerts=list(alerts),
        logs=list(logs),
    )


def worker(program: dict[str, Any] | None = None, name: str = "jobber", **env: Any) -> list[Obj]:
    """Return another user of the cache."""
    return workload(name, env={**ASKS, **env}, **(program or {}))


def told(policy: str, **more: Any) -> dict[str, Any]:
    """Return the flags of a Redis."""
    return {"args": ["redis-server", "--maxmemory", "256mb", "--maxmemory-policy", policy], **more}


def freed(now: str, before: str, released: float = HOURS) -> list[Obj]:
    """Return a cache to which its release told another policy."""
    return redis(**told(now), before=told(before), released=released, started=released)


def says(*lines: str, since: float = HOURS - 900, name: str = "jobber") -> list[Log]:
    """Return what a worker tells at its start, and that it works on."""
    return [log(pod(name), *lines, "job done", "job done", since=since)]


NO_FILES = "ERROR too many open files"
FREED: dict[str, Any] = {"written": None, "cache": freed("allkeys-lru", "noeviction")}


def one_pod_ill() -> dict[str, Any]:
    """Return that one pod of another user of the cache, which has but copies there, has no files left."""
    return {
        "others": (workload("api", env=ASKS, pods=3),),
        "alerts": [alert(service="api")],
        "logs": [log(pod("api"), *[NO_FILES] * 9, since=500)],
        "figures": [*measured(), *failing(0.9, 0.0, 0.0, of="api"), errors("api", 0.3, 560)],
    }


def busy(name: str) -> list[tuple[str, Series]]:
    """Return the figures of who gets three times the requests, and of the cache."""
    shares = (figure("cpu_share", 0.4, 0.98, pod=pod(name, n), container=name) for n in range(2))
    return [*measured(), latency(name), *shares, rate(name, 50, 150)]


HOLDS = [
    *(
        Holds(
            f"work lies in a cache that may throw out any key since it was started with an edit: {what}",
            world,
            CONF,
            excludes=(
                *no("restart_workload", "rollback_workload", "scale_workload", at=CACHE),
                *no("restart_workload", "rollback_workload", at="Deployment/jobber"),
            ),
            spares=no("restart_workload", at="Deployment/web"),
            alone=True,
            began=HOURS,
        )
        for what, world in (
            ("Sidekiq, by the command", loses()),
            ("Celery", loses(ANY.replace("allkeys-lru", "allkeys-random"), worker=worker(CELERY))),
            ("Laravel, by a variable", loses(worker=worker(QUEUE_CONNECTION="redis"))),
            ("Bull, by the name of its store", loses(worker=worker(BULL_QUEUE_REDIS_HOST="redis"))),
            ("Celery, by its broker", loses(worker=worker(CELERY_BROKER_URL="redis://redis:6379/1"))),
            ("RQ, by the command", loses(worker=worker({"args": ["rq", "worker", "low"]}))),
            ("flags in a variable", loses("--maxmemory 1gb --maxmemory-policy allkeys-lfu")),
            ("other settings were written as well, and are not about memory", loses(acl=HOURS + 90)),
            ("nobody sees what they say, but the worker does", loses(SEALED, logs=says(BULL.format("allkeys-lru")))),
            ("nothing but its warning tells that work lies there", loses(worker=worker(), logs=says(*WARNS))),
            ("an alert that is older fires as well", loses(alerts=[MISSED, alert("Watchdog")])),
            ("an alert names nobody", loses(alerts=[alert("InvoicesNotSent", team="billing")])),
            (
                "a user fails as jobs are gone",
                loses(alerts=(), figures=measured(failed=0.2)),
            ),
        )
    ),
    Holds(
        "it was edited days before the start with which all was read anew",
        loses(written=5 * DAY),
        CONF,
        alone=True,
    ),
    Holds(
        "its release let it throw out any key, and the work there with them",
        loses(None, written=None, cache=freed("allkeys-lru", "noeviction")),
        OWN,
        excludes=no("restart_workload", "rollback_workload", at=CACHE),
        alone=True,
    ),
    Holds(
        "who fails and was released a few minutes ago may have a fault of its own",
        loses(
            worker=workload("jobber", env=ASKS, **SIDEKIQ),
            others=(workload("api", env=ASKS, before=OLD, released=600),),
            figures=[*measured(), errors("api", 0.3, 560)],
        ),
        CONF,
        spares=no("rollback_workload", at="Deployment/api"),
    ),
    Holds(
        "who asks it and gets three times the requests has too few replicas",
        loses(others=(workload("api", env=ASKS),), alerts=(), figures=busy("api")),
        CONF,
        spares=no("scale_workload", at="Deployment/api"),
    ),
    Holds(
        "who only calls those that ask it has no files left",
        loses(
            others=(workload("front", env={"WEB_URL": "http://web:8080"}),),
            alerts=[alert(service="front")],
            logs=[log(pod("front"), *[NO_FILES] * 9, since=500)],
            figures=[*measured(), errors("front", 0.3, 560)],
        ),
        CONF,
        spares=no("restart_workload", at="Deployment/front"),
    ),
    Holds(
        "who asks it has one pod without files, which is found first",
        loses(**one_pod_ill()),
        CONF,
        spares=no("restart_workload", at="Deployment/api"),
        believed="odd_replica",
    ),
    Holds(
        "who works jobs off has its memory fill up",
        loses(figures=[*measured(), *(rising(pod("jobber", n), 0.3, 0.99) for n in range(2))]),
        CONF,
        spares=no("restart_workload", at="Deployment/jobber"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"its release let it throw out any key, and a user has a trouble of its own: {what}", world, instead
        )
        for what, world, instead in (
            (
                "three times the requests",
                loses(None, **FREED, others=(workload("api", env=ASKS),), alerts=(), figures=busy("api")),
                ("Deployment/api", "capacity", "scale_workload"),
            ),
            (
                "it was released",
                loses(
                    None,
                    **FREED,
                    others=(workload("api", env=ASKS, before=OLD, released=600),),
                    alerts=(),
                    figures=[*measured(), errors("api", 0.3, 560)],
                ),
                ("Deployment/api", "code_defect", "rollback_workload"),
            ),
            (
                "one of its pods has no files left",
                loses(None, **FREED, **one_pod_ill()),
                ("Deployment/api", "resource_exhaustion", "restart_workload"),
            ),
        )
    ),
    *(
        DoesNotHold(f"it throws out no work, or does as it did: {what}", world)
        for what, world in (
            ("only keys with an end", loses(ANY.replace("allkeys", "volatile"))),
            (
                "only a comment speaks of any key",
                loses(f"# {ANY.splitlines()[-1]}\nmaxmemory-policy volatile-ttl"),
            ),
            ("its flags tell another policy", loses(cache=redis(**told("volatile-lru", started=HOURS)))),
            ("it holds copies alone", loses(worker=worker())),
            ("telemetry has a queue, not its user", loses(worker=worker(OTEL_BSP_MAX_QUEUE_SIZE="2048"))),
            ("work lies in a broker", loses(worker=worker(CELERY, BROKER_URL="amqp://mq.example.com:5672"))),
            ("work lies in another store", loses(worker=worker(SIDEKIQ, QUEUE_REDIS="redis://jobs.example.com:6379"))),
            ("work lies in a database", loses(worker=worker(QUEUE_CONNECTION="database"))),
            ("nobody edited its settings", loses(written=None)),
            ("it worked with them for days", loses(written=4 * DAY, started=3 * DAY)),
            ("it was not started since the edit", loses(written=HOURS, started=5 * DAY)),
            ("others were edited", loses(written=None, acl=HOURS + 90)),
            ("two were edited, and either may tell", loses(acl=HOURS + 90, acl_says="maxmemory 1gb")),
            ("it is not full", loses(figures=measured(full=0.6))),
            (
                "it throws out a key now and then",
                loses(figures=measured(evictions=0.2)),
            ),
            ("it threw out as much before its start", loses(written=2000, started=1800)),
            ("all are well", loses(alerts=())),
            ("the alert is of who does not use it", loses(alerts=[alert(service="pdf")], others=(workload("pdf"),))),
            ("the warning is from before its start", loses(worker=worker(), logs=says(*WARNS, since=2 * HOURS))),
            (
                "its user finds that only keys with an end may go",
                loses(SEALED, logs=says(BULL.format("volatile-lru"))),
            ),
            (
                "its release told another kind of any key",
                loses(None, written=None, cache=freed("allkeys-lfu", "allkeys-lru")),
            ),
            ("telemetry is told to pass over such programs", loses(worker=worker(DD_TRACE_SIDEKIQ_ENABLED="false"))),
            ("and of Celery", loses(worker=worker(OTEL_PYTHON_DISABLED_INSTRUMENTATIONS="celery"))),
            ("telemetry has a store of its queue", loses(worker=worker(DD_QUEUE_SERVICE="shop-redis"))),
            ("a flag names what is not to run", loses(worker=worker({"args": ["serve", "--without=celery"]}))),
            ("copies of job advertisements", loses(worker=worker(JOB_CACHE_URL="redis://redis:6379/2"))),
            ("job advertisements", loses(worker=worker(JOBS_REDIS_URL="redis://redis:6379/2"))),
            ("a name has a bull in it", loses(worker=worker(name="bull-index"))),
            ("its release is days old", loses(None, written=None, cache=freed("allkeys-lru", "noeviction", 3 * DAY))),
        )
    ),
]
