"""A queue that was long before the first figure: its readers work at all they are handed, as quick as ever, or not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import autoscaler, errors
from tests.diagnosis.rules.test_queue_backlog import CALLS, EXPIRED, MAIL, broker, sessions, worker
from tests.diagnosis.rules.tiny import NOW, figure, pod, postgres, snapshot, timed
from tuheg_ir.diagnosis.model import Series, Snapshot

REFUSED = "[WRN] POST http://mailer:8080/v1/mails failed with 503 Service Unavailable, retry 1 of 3 in 500 ms"
SERILOG = "[INF] mail {n} sent by carrier in {ms} ms (queued {waits} s)"
LOGFMT = 'level=info msg="mail sent" id={n} waited_ms={waits} duration_ms={ms}'
JSON = '{{"level":"info","msg":"mail sent","id":{n},"duration_ms":{ms}}}'
UNTIMED = "[INF] mail {n} sent"
FEWEST = ("restart_workload", "rollback_workload", "restart_connection_pool")
HELD_UP = (MAIL, "dependency_failure", "page_human")
TOO_FEW = (MAIL, "capacity", "scale_workload")


def at_work(
    *beside: Any,
    held: tuple[float, float] | None = (2, 2),
    done: tuple[float, float] = (4.7, 4.8),
    took: tuple[float, float] = (0.41, 0.42),
    was: float = 410,
    told: str = SERILOG,
    fails: float = 900,
    failing: str = REFUSED,
    hours: float = 4,
    objects: Any = (),
    **more: Any,
) -> Snapshot:
    """Return two readers of a queue that was long an hour ago, and what each says of how long its jobs took.

    ``held``: how many messages they are handed. ``was``: the ms of a job hours ago. ``fails``: seconds between two
    calls that do. ``hours``: how far back the logs go.
    """
    figures = [figure("queue_depth", 5400, 20600, 1500, component="mail-worker"), *beside]
    counts = {"queue_unacked": held, "job_rate": done, "job_time": took}
    figures += [figure(name, *pair, 1500, component="mail-worker") for name, pair in counts.items() if pair]
    ages = [hours * 3600 - 40 * n for n in range(int(hours * 90))]
    well = [
        (age, told.format(n=n, ms=int(was if age > 9000 else 1000 * took[1]) + n % 7, waits=max(0, 9000 - int(age))))
        for n, age in enumerate(ages)
    ]
    ill = [(hours * 3600 - fails * n, failing) for n in range(1, int(hours * 3600 / fails))]
    lines = sorted([*well, *ill], key=lambda each: -each[0])
    said = [timed(pod("mail-worker", n), *lines) for n in range(2)]
    return snapshot(worker(**more), broker(), *objects, figures=figures, logs=said)


ONCE = ("queue_unacked", Series({"component": "mail-worker"}, ((NOW.timestamp(), 2.0),)))
HOLDS = [
    *(
        Holds(
            f"all that its readers are handed is in work, each job as quick as ever: {what}",
            world,
            TOO_FEW,
            excludes=no("restart_workload", at=MAIL),
            spares=no("scale_workload", at=MAIL),
            harmful=FEWEST,
        )
        for what, world in (
            ("one message at a time", at_work()),
            ("ten at a time, each of two seconds", at_work(held=(20, 20), done=(9.8, 9.9), took=(2, 2), was=1950)),
            ("its log has fields", at_work(told=LOGFMT)),
            ("its log is of JSON", at_work(told=JSON)),
            ("the database has room", at_work(*sessions(60), env=CALLS, objects=[postgres()])),
        )
    ),
    *(
        Holds(
            f"its readers may be held up by whom they call: {what}",
            world,
            HELD_UP,
            excludes=no("scale_workload", at=MAIL),
            harmful=("scale_workload", *FEWEST),
        )
        for what, world in (
            ("a job took a fifth of that before any waited", at_work(was=80)),
            ("a job took half as long an hour ago", at_work(took=(0.2, 0.42), done=(9.4, 4.8))),
            ("jobs end sooner than before, as they fail", at_work(took=(0.1, 0.1), done=(20, 20))),
            ("they do fewer jobs than an hour ago", at_work(done=(5.6, 4.8))),
            ("they hold messages that they do not work at", at_work(held=(40, 40))),
            ("one of two hangs at its message", at_work(done=(2.4, 2.4))),
            ("nobody counts what they are handed", at_work(held=None)),
            ("their logs go back to when it was long already", at_work(hours=1.5)),
            ("no line tells how long a job takes", at_work(told=UNTIMED)),
            ("what they are handed is told once", at_work(ONCE, held=None)),
            ("it is no job that takes as long as ever", at_work(was=80, told="[DBG] mail {n} sent, page took 3 ms")),
            ("one waits as long as ever for the next", at_work(told="[INF] mail {n} sent; polling again in 5 s")),
            ("a time of settings stays", at_work(was=80, told="[INF] mail {n} sent; POST /send timeout 30 s")),
            ("what takes as long is the answer", at_work(was=80, told='level=info msg="ack" id={n} duration_ms=2')),
            ("each fourth line tells of whom they ask", at_work(fails=130)),
        )
    ),
    Holds(
        "all that its readers are handed is in work, and one in seven of their jobs fails",
        at_work(errors("mail-worker", 0.15, 1500)),
        HELD_UP,
        excludes=no("scale_workload", at=MAIL),
        believed="not_well",
        harmful=("scale_workload", *FEWEST),
    ),
    Holds(
        "all that its readers are handed is in work, and some meet a certificate that is over",
        at_work(failing=EXPIRED),
        HELD_UP,
        believed="certificate_expired",
        harmful=("scale_workload",),
    ),
    Holds(
        "all that its readers are handed is in work, and the database has no session for further ones",
        at_work(*sessions(99), env=CALLS, objects=[postgres()]),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        believed="sessions_all_taken",
        harmful=("scale_workload",),
    ),
    Holds(
        "all that its readers are handed is in work, and their autoscaler has given all it may",
        at_work(objects=[autoscaler("mail-worker", 2, 2)]),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all that its readers are handed is in work, and no more wait than an hour ago",
        snapshot(
            worker(),
            broker(),
            figures=[
                figure("queue_depth", 5400, 5500, component="mail-worker"),
                figure("queue_unacked", 2, 2, component="mail-worker"),
                figure("job_rate", 4.7, 4.8, component="mail-worker"),
                figure("job_time", 0.41, 0.42, component="mail-worker"),
            ],
        ),
        harmful=("scale_workload",),
    ),
]
