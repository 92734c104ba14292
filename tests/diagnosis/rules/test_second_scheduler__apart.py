"""Who scheduled before, has work or a lock of its own, and what ails a store beside: by itself, or of doubled work."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any

from tests.diagnosis.rules.cases import Answers, DoesNotHold, Holds
from tests.diagnosis.rules.test_second_scheduler import (
    ALL,
    BEATS,
    CELERY,
    DEADLOCK,
    FOUND,
    HARMFUL,
    LARAVEL,
    REDIS,
    WORKS,
    both,
    turned,
)
from tests.diagnosis.rules.tiny import DAY, NOW, postgres, secret_key, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

ON = {"RUN_SCHEDULER": "true"}
SNAPSHOT = ("INFO Running scheduled command: php artisan horizon:snapshot",) * 2
STARTS = ("INFO scheduled task starting: remind",) * 2
REFRESHES = ("INFO 1 --- [   scheduling-1] c.example.flags.FlagClient : Running refresh of feature flags",) * 2
BY_CLASS = ("INFO 1 --- [main] c.example.flags.FlagScheduler : Running refresh of feature flags",) * 2
IN_FIELD = ('{"level":"info","thread":"scheduling-1","message":"Running refresh of feature flags"}',) * 2
LIBRARY = ("INFO Running scheduled task refresh of feature flags",) * 2
REFUSED = "ERROR I/O error on POST request for https://api.pay.example/v3/quotes: Connection refused"
FULL = 'ERROR:  could not extend file "base/16384/16397": No space left on device'
OOM = "OOM command not allowed when used memory > 'maxmemory'"
WHOSE = ("APP_NAME", "TENANT", "CELERY_TASK_DEFAULT_QUEUE", "SHARD_ID", "AWS_REGION")
SHARED = secret_key("relay", "smtp")
HARMFUL_TO_ALL = ("restart_workload", "rollback_workload", "scale_workload")


def lines(world: Snapshot, name: str, *told: tuple[float, str]) -> Snapshot:
    """Return a world in which a pod tells something more."""
    return replace(world, logs=(*world.logs, timed(name, *told)))


def followed(world: Snapshot, after: str, of: str = "worker") -> Snapshot:
    """Return a world in which pods say something behind each line."""

    def more(each: Log) -> Iterator[str]:
        for line in each.lines:
            yield from (line, f"{line.partition(' INFO ')[0]} INFO {after}")

    given = (each._replace(lines=tuple(more(each))) if each.pod.startswith(of) else each for each in world.logs)
    return replace(world, logs=tuple(given))


def numbered(said: str) -> Snapshot:
    """Return a world in which each line bears another number."""
    world, number = turned({}, ON, (said, said)), count(4711)
    told = (tuple(line.replace("%", str(next(number))) for line in each.lines) for each in world.logs)
    return replace(world, logs=tuple(each._replace(lines=said) for each, said in zip(world.logs, told, strict=True)))


def asks(database: str = "postgres://app@postgres:5432/app") -> Snapshot:
    """Return workers that ask a database which is seen."""
    return both(CELERY, postgres(), now={"env": {**REDIS, "DATABASE_URL": database}, "args": BEATS})


def two_apps(mine: dict[str, Any], its: dict[str, Any]) -> Snapshot:
    """Return two programs that each run what their framework brings, and are led to a store so."""
    return both(SNAPSHOT, before={"env": mine}, now={"env": {**mine, **ON}}, other_env=its, pods=1)


def of_redis(place: str) -> dict[str, str]:
    """Return how one is led to a database of the Redis."""
    return {"REDIS_URL": f"redis://redis:6379{place}"}


def keyed(prefix: str) -> dict[str, str]:
    """Return how one is led to the Redis, and how its keys there begin."""
    return {"REDIS_HOST": "redis", "REDIS_PREFIX": f"{prefix}_"}


def of_whose(name: str) -> Snapshot:
    """Return two workers of one program that tell otherwise by a variable whose work they do."""
    mine, its = {**REDIS, name: "shop"}, {**REDIS, name: "crm"}
    return both(before={"env": mine, "args": WORKS}, now={"env": mine, "args": BEATS}, other_env=its, pods=1)


def for_days(**more: Any) -> Snapshot:
    """Return pods that began the same as the scheduler ten days ago, which nobody noticed until today."""
    came = 10 * DAY
    before = [came + 120 * n for n in range(7, 0, -1)]
    return both(released=came, mine=lambda n: [a - 20 * n for a in ALL if a > 60], its=[*before, *ALL], **more)


def refused(world: Snapshot) -> Snapshot:
    """Return a world in which a host outside refuses connections since ten minutes."""
    return lines(world, "worker-pod0", *((age, REFUSED) for age in range(560, 0, -20)))


def elsewhere() -> dict[str, Any]:
    """Return templates that take a switch from a ConfigMap, and one of which sets another."""
    kept = {"RUN_SCHEDULER": {"configMapKeyRef": {"name": "hub", "key": "scheduler"}}, **REDIS}
    return {"before": {"env": kept}, "now": {"env": {**kept, "ENABLE_CRON": "1"}}}


def shards(mine: int, its: int) -> tuple[str, str]:
    """Return how schedulers tell of the parts of which each has one."""
    said = "INFO sidekiq-scheduler: queueing SyncJob (shard-{})"
    return said.format(its), said.format(mine)


def locked() -> Snapshot:
    """Return pods that all wake when something is due."""
    return turned({}, ON, STARTS)


def lately(world: Snapshot, name: str, said: str) -> Snapshot:
    """Return a world in which a store fails for five minutes, and people are told since then."""
    page = world.alerts[0]._replace(starts_at=NOW - timedelta(minutes=4))
    return lines(replace(world, alerts=(page,)), name, *((age, said) for age in range(300, 0, -10)))


HOLDS = [
    Holds(f"each pod begins what is due, as the scheduler does: {what}", world, FOUND, harmful=HARMFUL)
    for what, world in (
        ("a variable tells it to, where another told how before", turned({"CRON_TZ": "UTC"}, {"CRON_TZ": "UTC", **ON})),
        ("a variable of options tells it to", turned({"CELERY_OPTS": "-c 4"}, {"CELERY_OPTS": "-c 4 --beat"})),
        ("each run has a number of its own", numbered("INFO Starting scheduled task remind run=%")),
        ("a task waits in vain for a row", followed(both(), "could not obtain lock on row in relation loans")),
        ("a task finds what another has done", followed(both(), "loan 17 already reminded, skipping")),
        ("they are told apart only where they are watched", of_whose("NEW_RELIC_APP_NAME")),
        ("what its framework brings, in one database", two_apps({"REDIS_URL": "redis://redis:6379"}, REDIS)),
    )
]
HOLDS += [
    Holds(
        "its runs meet at a database that it asks",
        lines(asks(), "postgres-0", *((age, DEADLOCK) for age in range(2800, 0, -200))),
        FOUND,
        alone=True,
        harmful=HARMFUL,
    ),
]
HOLDS += [
    Holds("it did so for days before anybody was called", for_days(), FOUND, sure=(0.3, 0.45)),
    Holds(
        "a host outside refuses connections, which is no work of theirs",
        refused(both()),
        FOUND,
        believed="outside_dependency_fails",
        harmful=HARMFUL_TO_ALL,
    ),
    Holds(
        "it did so for days, and a host outside refuses connections today",
        refused(for_days()),
        FOUND,
        believed="outside_dependency_fails",
        harmful=HARMFUL_TO_ALL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=HARMFUL_TO_ALL)
    for what, world in (
        ("it scheduled before: with how many threads is new", turned(ON, {**ON, "SCHEDULER_THREADS": "4"})),
        ("it scheduled before: by which clock is new", turned(ON, {**ON, "CRON_TZ": "Europe/Berlin"})),
        ("it scheduled before, as one of its roles", turned({"ROLES": "scheduler"}, {"ROLES": "scheduler", **ON})),
        ("whether it did before is kept elsewhere", both(**elsewhere())),
        ("how long a run may take", turned({}, {"CRON_TIMEOUT_S": "30"})),
        ("how many at once, and that is one", turned({}, {"SCHEDULER_THREADS": "1"})),
        ("how its command does so", both(before={"args": ["serve"]}, now={"args": ["serve", "--cron-timeout=30"]})),
        ("how, among other options", turned({"OPTS": "-Xmx1g"}, {"OPTS": "-Xmx1g -Dscheduler.poolSize=4"})),
        ("each has a part, told by its number", turned({}, ON, shards(1, 2))),
        ("two programs in two databases of one Redis", two_apps(of_redis("/1"), REDIS)),
        ("of which one names the first by silence", two_apps(of_redis("/1"), of_redis(""))),
        ("told by a variable", two_apps({"REDIS_HOST": "redis", "REDIS_DB": "1"}, {"REDIS_HOST": "redis"})),
        ("told by how its keys begin", two_apps(keyed("shop"), keyed("crm"))),
        *((f"told by a variable of whose they are: {name}", of_whose(name)) for name in WHOSE),
        (
            "another program does by the clock what a library of both does",
            both(LIBRARY, its_image="registry.example/b:1"),
        ),
        ("a thread bears the word: each pod keeps itself up to date", turned({}, ON, REFRESHES)),
        ("a thread is called a scheduler", turned({}, ON, (REFRESHES[0].replace("scheduling", "scheduler"),) * 2)),
        ("a class bears it", turned({}, ON, BY_CLASS)),
        ("the field of a thread bears it", turned({}, ON, IN_FIELD)),
        ("both take one key, which is of no store", two_apps({"MAIL": SHARED}, {"MAIL": SHARED})),
        ("one holds the lock, all others skip it", followed(locked(), "remind: lock is held by beat-pod0, skipped")),
        ("ShedLock tells it so", followed(locked(), "Not executing 'remind'. It's locked.")),
        ("Laravel tells it so", followed(both(LARAVEL), "Skipping [loans:remind], already run on another server")),
    )
]
ANSWERS = [
    Answers(what, world, ((store, "resource_exhaustion", "page_human"),), harmful=("restart_workload", "no_action"))
    for what, world, store in (
        (
            "the disk of their database is full since minutes",
            lately(asks(), "postgres-0", FULL),
            "StatefulSet/postgres",
        ),
        ("of the one they share nothing fits in any more", lately(both(), "redis-pod0", OOM), "Deployment/redis"),
    )
]
