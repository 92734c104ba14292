"""A release whose pods begin by the clock what another workload begins as ever; who scheduled before is no such."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, alert, autoscaler
from tests.diagnosis.rules.tiny import DAY, figure, pod, postgres, redis, secret_key, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

WORKER = "Deployment/worker"
REDIS = {"REDIS_URL": "redis://redis:6379/0"}
WORKS = ["-A", "hub", "worker", "-Q", "celery,mail"]
BEATS = ["-A", "hub", "worker", "-B", "-Q", "celery,mail"]
DUE = "Scheduler: Sending due task remind (loans.remind)"
CELERY = (f"[INFO/MainProcess] {DUE}", f"[INFO/Beat] {DUE}")
APSCHEDULER = ('INFO apscheduler.executors.default: Running job "remind (trigger: interval[0:02:00])"',) * 2
SIDEKIQ = ("INFO: sidekiq-scheduler: queueing RemindJob (remind)",) * 2
SPRING = ("INFO 1 --- [scheduling-1] town.loans.Reminders : Starting scheduled task reminders run=4711",) * 2
HUB = "registry.example/hub:1"
LARAVEL = ("INFO Running scheduled command: php artisan loans:remind",) * 2
DEADLOCK = "ERROR:  deadlock detected"
SINCE = 3000.0
"""How long ago the release came."""
ALL = tuple(range(10800, 0, -120))
HARMFUL = ("restart_workload", "scale_workload", "scale_database", "restart_connection_pool")


def shifted(n: int) -> Sequence[float]:
    """Return when the n-th of the new pods begins the work."""
    return [age - 20 * n for age in ALL if 60 < age < SINCE - 30]


def both(
    said: tuple[str, str] = CELERY,
    *beside: Any,
    before: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
    its: Sequence[float] = ALL,
    mine: Callable[[int], Sequence[float]] = shifted,
    other_env: dict[str, Any] | None = None,
    released: float = SINCE,
    deadlocks: bool = False,
    waits: bool = False,
    pods: int = 3,
    its_image: str = HUB,
    **more: Any,
) -> Snapshot:
    """Return a scheduler, and workers of which a release made schedulers too; and when each begins what is due."""
    env = (now or {}).pop("env", None) if now else None
    told = {"env": env or REDIS, **({"args": BEATS} if now is None else now)}
    was = {"args": WORKS} if before is None else before
    objects = workload("worker", HUB, **told, before=was, released=released, service=False, pods=pods, **more)
    its_env = REDIS if other_env is None else other_env
    beat = workload("beat", its_image, env=its_env, args=["beat"], service=False, pods=1)
    lines = [timed(pod("beat"), *((age, said[0]) for age in its))]
    lines += [timed(pod("worker", n), *((age, said[1]) for age in mine(n))) for n in range(pods)]
    ends = [timed("postgres-0", *((age, DEADLOCK) for age in range(2800, 0, -200)))] if deadlocks else []
    queue = [figure("queue_depth", 20, 1800, 2800, component="worker")] if waits else []
    page = alert("MailsFail", service="worker")
    return snapshot(objects, beat, redis(), *beside, logs=[*lines, *ends], figures=queue, alerts=[page])


def turned(before: dict[str, str], now: dict[str, str], said: tuple[str, str] = SIDEKIQ, **more: Any) -> Snapshot:
    """Return the same, of which a variable was written otherwise."""
    return both(said, before={"env": {**REDIS, **before}}, now={"env": {**REDIS, **now}}, **more)


FOUND = (WORKER, "configuration_error", "rollback_workload")
HOLDS = [
    Holds(
        f"each pod begins what is due, as the scheduler does: {what}",
        world,
        FOUND,
        excludes=no("restart_workload", "scale_workload", at=WORKER),
        spares=no("rollback_workload", at=WORKER),
        harmful=HARMFUL,
    )
    for what, world in (
        ("celery -B", both()),
        ("and a queue grows of it", both(waits=True)),
        ("celery --beat in a script", both(now={"args": ["exec celery -A hub worker --beat"]})),
        ("of one pod", both(pods=1)),
        ("a variable turns it on", turned({}, {"RUN_SCHEDULER": "true"})),
        ("a variable was off", turned({"ENABLE_CRON": "false"}, {"ENABLE_CRON": "1"}, SPRING)),
        ("a variable no longer turns it off", turned({"DISABLE_SCHEDULER": "1"}, {}, APSCHEDULER)),
        ("it is one role of several", turned({"ROLES": "queue"}, {"ROLES": "queue,scheduler"}, LARAVEL)),
        ("with a new image", both(before={**OLD, "args": WORKS})),
        (
            "they hold one key, and ask for something outside",
            both(now={"env": {"BROKER": secret_key("broker")}, "args": BEATS}, other_env={"URL": secret_key("broker")}),
        ),
        ("it may grow further", both(CELERY, autoscaler("worker", 3, 9))),
    )
]
HOLDS += [
    Holds(
        "its runs end each other in the only database, whose address nobody sees",
        both(CELERY, postgres(), deadlocks=True, waits=True),
        FOUND,
        alone=True,
        harmful=HARMFUL,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, harmful=("restart_workload", "rollback_workload", "scale_workload"))
    for what, world in (
        ("only the scheduler begins what is due", both(mine=lambda _: [])),
        (
            "a lock lets one of all do it each time, since the release",
            both(
                its=[a for n, a in enumerate(ALL) if a > SINCE or n % 4 == 0],
                mine=lambda n: [a for a in ALL[n + 1 :: 4] if a < SINCE],
            ),
        ),
        ("the scheduler has stopped: they took its work over", both(its=[age for age in ALL if age > SINCE])),
        ("it does other work by the clock", both((CELERY[0], CELERY[1].replace("remind", "sweep")))),
        ("they do so no more", both(mine=lambda _: [age for age in ALL if 2400 < age < SINCE])),
        ("the scheduler came with the release", both(its=[age for age in ALL if age < SINCE])),
        ("they scheduled before the release", both(before={"args": [*BEATS, "-c", "2"]})),
        ("how often they look was changed", turned({"CRON_POLL_S": "30"}, {"CRON_POLL_S": "15"})),
        ("a heartbeat was turned on", turned({}, {"HEARTBEAT": "true"})),
        ("nothing but its image was released", both(before=OLD, now={"args": BEATS})),
        ("it was released weeks ago", both(released=20 * DAY)),
        ("they ask for nothing in common", both(other_env={"REDIS_URL": "redis://elsewhere.example:6379"})),
        ("both tell of their health", both(("INFO health check redis ok",) * 2)),
        ("both tell of something scheduled that nobody begins", both(("INFO Scheduler: 4 jobs known",) * 2)),
        ("it was begun twice by them", both(mine=lambda _: [1200, 600])),
    )
]
