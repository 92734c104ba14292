"""Work that takes longer than it is kept for who took it: a release that shortened that is taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, NamedTuple

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import alert
from tests.diagnosis.rules.tiny import DAY, NOW, figure, pod, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

WORKER = "Deployment/worker"
IDS = ("e286852c-ff76-4e37-8ddc-74c897bdd982", "cc099a1e-7706-4c2c-8f55-2c9402cdf2af", "3f1347de-2274-4a18-9e34-b3f1")
HEX = ("9fbc12aa40d1e7735be0a1c2", "b33f0917c4d2a86e1f5590aa", "07ac41e9d3385bc26f90e1d4")
ORDERS = ("render-20417", "render-20418", "render-20419")


class Words(NamedTuple):
    """How a program tells that it takes a piece of work, and that it has done it; and how it calls such."""

    takes: str
    ends: str
    pieces: tuple[str, ...] = IDS


CELERY = Words(
    "[INFO/MainProcess] Task shop.build[{0}] received", "[INFO/Worker-2] Task shop.build[{0}] succeeded in 7s"
)
LARAVEL = Words("App\\Jobs\\Render {0} .... RUNNING", "App\\Jobs\\Render {0} .... 11m 47s DONE", HEX)
SIDEKIQ = Words("pid=1 tid=2kq class=Render jid={0} INFO: start", "pid=1 tid=2kq jid={0} elapsed=707.3 INFO: done", HEX)
BULL = Words('{{"msg":"job started","jobId":"{0}"}}', '{{"msg":"job completed","jobId":"{0}","pages":1096}}', ORDERS)
GO = Words('level=info msg="processing message" id={0} user=48151623', 'level=info msg="finished" id={0} user=48151623')


def worked(
    words: Words = CELERY,
    *,
    took: float = 700,
    later: float = 1900,
    pieces: int = 3,
    by: int = 1,
    between: str = "",
    at: float = 3600,
) -> list[Any]:
    """Return the logs of two pods: the first takes pieces of work and does them; ``by`` takes them again ``later``.

    ``between``: what the first one tells of each as well. ``at``: when it took the first one.
    """
    told: tuple[list[tuple[float, str]], ...] = ([], [])
    for number, piece in enumerate(words.pieces[:pieces]):
        begun = at - 10 * number
        told[0].append((begun, words.takes.format(piece)))
        if between:
            told[0].append((begun - took / 2, between.format(piece)))
        if words.ends:
            told[0].append((begun - took, words.ends.format(piece)))
        told[by].append((begun - later, words.takes.format(piece)))
    return [timed(pod("worker", n), *sorted(lines, reverse=True)) for n, lines in enumerate(told) if lines]


def kept(name: str, before: str, now: str, logs: list[Any], *, released: float = 4000, **more: Any) -> Snapshot:
    """Return workers of which a release set for how long work is kept; "" for nothing that sets it."""
    old, new = ({name: each} if each else {} for each in (before, now))
    return snapshot(
        workload("worker", env=new, before={"env": old}, released=released, service=False), logs=logs, **more
    )


def set_so(name: str, value: str, logs: list[Any], **more: Any) -> Snapshot:
    """Return workers that were always set so."""
    return snapshot(workload("worker", env={name: value}, service=False), logs=logs, **more)


CELERY_TIME = "CELERY_VISIBILITY_TIMEOUT"
BACK = (WORKER, "configuration_error", "rollback_workload")
PERSON = (WORKER, "configuration_error", "page_human")
IN_VAIN = no("restart_workload", "scale_workload", at=WORKER)
CALLED = alert(app="worker")._replace(starts_at=NOW - timedelta(seconds=5000))
SLOW = figure("dependency_latency_p95", 0.2, 9.0, 900, component="worker", dependency="bank.example")

HOLDS = [
    *(
        Holds(f"a release shortened that: {what}", world, BACK, excludes=IN_VAIN, alone=True)
        for what, world in (
            ("Celery", kept(CELERY_TIME, "21600", "600", worked())),
            ("Celery, by the same pod after it had done it", kept(CELERY_TIME, "21600", "600", worked(by=0))),
            ("Celery, while it is done by another", kept(CELERY_TIME, "21600", "600", worked(later=610))),
            ("Laravel", kept("REDIS_QUEUE_RETRY_AFTER", "3600", "90", worked(LARAVEL, took=300, later=95))),
            ("Sidekiq with reliable fetch", kept("JOB_LEASE_SECONDS", "7200", "300", worked(SIDEKIQ))),
            ("BullMQ, in thousandths", kept("LOCK_DURATION_MS", "1800000", "60000", worked(BULL, later=720))),
            ("NATS, with a unit", kept("JETSTREAM_ACK_WAIT", "30m", "30s", worked(GO, took=45, later=31))),
            ("SQS", kept("SQS_VISIBILITY_TIMEOUT_SECONDS", "900", "30", worked(GO, took=40, later=33))),
            ("its own words", kept("TASK_REQUEUE_AFTER", "2h", "10 min", worked(BULL))),
            ("what it asks is slower too", kept(CELERY_TIME, "21600", "600", worked(), figures=[SLOW])),
        )
    ),
    *(
        Holds(
            f"no release is known to have brought it: {what}",
            world,
            PERSON,
            excludes=IN_VAIN,
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("it was always so", set_so(CELERY_TIME, "600", worked())),
            ("work takes longer than it was kept before too", kept(CELERY_TIME, "660", "600", worked())),
            ("how it was before is not known", kept(CELERY_TIME, "", "600", worked())),
            ("it is kept longer than before", kept(CELERY_TIME, "300", "600", worked())),
            ("it was begun before the release", kept(CELERY_TIME, "21600", "600", worked(), released=3000)),
            ("the release is of days ago", kept(CELERY_TIME, "21600", "600", worked(), released=2 * DAY)),
            ("people were called before it", kept(CELERY_TIME, "21600", "600", worked(), alerts=[CALLED])),
            (
                "a ConfigMap says so",
                snapshot(
                    workload("worker", envFrom=[{"configMapRef": {"name": "settings"}}], service=False),
                    thing("ConfigMap", "settings", data={"VISIBILITY_TIMEOUT": "600"}),
                    logs=worked(),
                ),
            ),
        )
    ),
]
FAILED = "[WARNING/Worker-2] Task shop.build[{0}] retry: Retry in 900s: ConnectionError"
OF_ONE_USER = Words("INFO processing order of user=48151623", "INFO finished order of user=48151623")
NEXT = Words("[INFO/MainProcess] Task shop.mail[{0}] received", "")
STILL = Words("INFO processing render job={0}", "", ORDERS)
OTHERS = [
    timed(pod("worker"), *((3600 - 30 * n, f"INFO received order={5512 + n} user=48151623") for n in range(3)),
          (2500, "INFO finished order=5510 user=48151623")),
    timed(pod("worker", 1), *((2000 - 30 * n, f"INFO received order={6512 + n} user=48151623") for n in range(3))),
]  # fmt: skip
DOES_NOT_HOLD = [
    DoesNotHold(what, kept(CELERY_TIME, "21600", "600", logs, **more))
    for what, logs, more in (
        ("work is done in time", worked(took=300, later=1900), {}),
        ("it failed and is tried again", worked(between=FAILED), {}),
        ("it was asked for twice, of two pieces", worked(pieces=2), {}),
        ("it was never done by who took it first: that one ended", worked(Words(CELERY.takes, "")), {}),
        ("one tells more than once that it is at it", worked(STILL, by=0), {}),
        ("the orders of one user", OTHERS, {}),
        ("the next step is done by others", [*worked()[:1], *worked(NEXT)[1:]], {}),
        ("all that is named is the user", worked(OF_ONE_USER), {}),
        ("it is long over", worked(at=5 * 3600), {"released": 5.5 * 3600}),
    )
] + [
    DoesNotHold(what, world)
    for what, world in (
        ("another time was shortened", kept("STATEMENT_TIMEOUT", "21600", "600", worked())),
        ("it is kept for long, and longer than that", set_so(CELERY_TIME, "21600", worked())),
        ("a word that is no time", set_so(CELERY_TIME, "default", worked())),
        ("it takes so long as what it asks is slow", set_so(CELERY_TIME, "600", worked(), figures=[SLOW])),
        ("nothing tells what was done", kept(CELERY_TIME, "21600", "600", [])),
    )
]  # fmt: skip
