"""A queue grows whose readers do more jobs than before, each as quick as ever, while a few of their calls fail."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import autoscaler, errors, rate
from tests.diagnosis.rules.test_queue_backlog import AWAY, CALLS, EXPIRED, MAIL, broker, sessions, shares, worker
from tests.diagnosis.rules.tiny import at, figure, log, pod, postgres, snapshot, timed
from tuheg_ir.diagnosis.model import Log, Snapshot

TIMED_OUT = "WARN job=SendMail elapsed=5.01 Net::ReadTimeout with #<TCPSocket:(closed)>"
TRACED = '{"level":"error","task":"render","msg":"POST http://mailer:8080/v1: read: connection reset by peer"}'
OUTSIDE = "ERROR charge: POST https://api.pay.example/v1/charges: 503 Service Unavailable, put back for later"
OF_ITS_OWN = "ERROR RuntimeError: no template for order (job will be retried)"
FEWEST = ("restart_workload", "rollback_workload", "restart_connection_pool")
HELD_UP = (MAIL, "dependency_failure", "page_human")
TOO_FEW = (MAIL, "capacity", "scale_workload")


def in_line(
    *beside: Any,
    done: tuple[float, float] = (11, 25),
    took: tuple[float, float] = (1.1, 1.12),
    busy: tuple[float, float] | None = (12, 30),
    told: str = TIMED_OUT,
    fails: int = 2,
    well: int = 100,
    objects: Any = (),
    waits: str = "mail-worker",
    **more: Any,
) -> Snapshot:
    """Return two readers of a queue that grows, how they count their jobs, and what each says: done, and fails at last.

    ``beside``: further figures.
    """
    figures = [figure("queue_depth", 1, 26000, 1500, component=waits), *beside]
    counts = {"job_rate": done, "job_time": took, "jobs_in_work": busy}
    figures += [figure(name, *pair, 1500, component="mail-worker") for name, pair in counts.items() if pair]
    said = [log(pod("mail-worker", n), *["INFO done"] * well, *[told] * fails, since=1400) for n in range(2)]
    return snapshot(worker(**more), broker(), *objects, figures=figures, logs=said)


def hit_until_it_grew() -> Snapshot:
    """Return the same whose calls failed just before their queue grew, and do no more."""
    world = in_line(fails=0)
    early = (f"{at(1500 + 60 * n)} {TIMED_OUT}" for n in (4, 3, 2, 1))
    first, *others = world.logs
    return replace(world, logs=(Log(first.pod, first.container, (*early, *first.lines)), *others))


def failing_since_it_grew(told: str = AWAY) -> Snapshot:
    """Return the same whose jobs went well for hours and fail since the queue grew."""
    well = [(36000.0 - 34 * n, f"INFO done {n}") for n in range(1000)]
    ill = [(1400.0 - 34 * n, f"{told} try {n}") for n in range(40)]
    logs = (timed(pod("mail-worker", n), *well, *ill) for n in range(2))
    return replace(in_line(fails=0), logs=tuple(logs))


def with_a_port(told: str, **more: Any) -> Snapshot:
    """Return the same who answer a few requests, nearly all of them well as ever, while four of ten jobs fail."""
    asked = (errors("mail-worker", 0.01, before=0.01), rate("mail-worker"))
    return in_line(*asked, told=told, fails=40, well=60, **more)


HOLDS = [
    *(
        Holds(
            f"its readers do more jobs, each as quick as ever, though a few of their calls fail: {what}",
            world,
            TOO_FEW,
            excludes=no("restart_workload", at=MAIL),
            spares=no("scale_workload", at=MAIL),
            harmful=FEWEST,
        )
        for what, world in (
            ("all threads of Sidekiq are busy", in_line()),
            ("nobody counts how many are busy", in_line(busy=None, told=TRACED)),
            ("what they wait for takes hardly any of the processor", in_line(*shares(0.02, 0.02), told=TRACED)),
            ("they were at their limit before, and do as many", in_line(done=(24, 25), busy=(29, 30))),
            ("they failed until it grew", hit_until_it_grew()),
            ("none fails", in_line(fails=0)),
            ("the database has room", in_line(*sessions(60), env=CALLS, objects=[postgres()])),
            ("an autoscaler that may give more sees idle pods", in_line(objects=[autoscaler("mail-worker", 2, 9)])),
        )
    ),
    *(
        Holds(
            f"its readers are held up: {what}",
            world,
            HELD_UP,
            excludes=no("scale_workload", at=MAIL),
            harmful=("scale_workload", *FEWEST),
        )
        for what, world in (
            ("each job takes twice as long, whom it asks is slow", in_line(took=(1.1, 2.3), done=(11, 13))),
            ("they do more, and each takes half as long again", in_line(took=(1.1, 1.7))),
            ("jobs are over in a third of the time, as they fail", in_line(took=(1.1, 0.35), done=(11, 70))),
            ("they do fewer jobs", in_line(done=(11, 6))),
            ("they do as many, and nobody counts how many are busy", in_line(done=(11, 11.2), busy=None)),
            ("a few very long jobs hold most threads", in_line(done=(11, 11.5), busy=(12, 30))),
            ("more is done, by a part of the threads, as others hang", in_line(done=(8, 12), busy=(9, 30))),
            ("every fourth line tells of whom they ask", in_line(told=AWAY, fails=25, well=75)),
            ("each job fails since it grew, after a long time without errors", failing_since_it_grew()),
            ("the same, of whom they ask and get no end", failing_since_it_grew(TIMED_OUT)),
            ("nobody counts how long a job takes", in_line(took=(0, 0))),
            ("its few requests are answered as well as ever, and jobs fail outside", with_a_port(OUTSIDE)),
            ("the same, and it has a Service", with_a_port(OUTSIDE, service=True)),
            ("its few requests are answered as well as ever, and jobs are refused", with_a_port(AWAY)),
        )
    ),
    Holds(
        "its readers do more jobs as quick as ever, and the database has no session for further ones",
        in_line(*sessions(99), env=CALLS, objects=[postgres()]),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        believed="sessions_all_taken",
        harmful=("scale_workload",),
    ),
    Holds(
        "its readers do more jobs as quick as ever, and their autoscaler has given all it may",
        in_line(objects=[autoscaler("mail-worker", 2, 2)]),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload",),
    ),
    Holds(
        "its readers are held up: they do more jobs as quick as ever, and one in seven fails",
        in_line(errors("mail-worker", 0.15, 1500)),
        HELD_UP,
        excludes=no("scale_workload", at=MAIL),
        believed="not_well",
        harmful=("scale_workload", *FEWEST),
    ),
    *(
        Holds(
            f"its readers count jobs that fail, each with words of its own: {what}",
            world,
            (MAIL, "unknown", "page_human"),
            excludes=no("scale_workload", at=MAIL),
            harmful=("scale_workload", *FEWEST),
        )
        for what, world in (
            ("all of them", in_line(told=OF_ITS_OWN, fails=100, well=0)),
            ("they use hardly any of the processor", in_line(*shares(0.02, 0.02), told=OF_ITS_OWN, fails=100, well=0)),
            ("one in ten", in_line(told=OF_ITS_OWN, fails=10, well=90)),
            ("they are warnings", in_line(told=OF_ITS_OWN.replace("ERROR", "WARN"), fails=100, well=0)),
        )
    ),
    Holds(
        "a release made each job slower",
        in_line(took=(1.1, 2.6), done=(11, 10), before={"image": "registry.example/mail:0"}, released=1600),
        (MAIL, "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    Holds(
        "its readers do more jobs as quick as ever, and some meet a certificate that is over",
        in_line(told=EXPIRED),
        HELD_UP,
        harmful=("scale_workload",),
        believed="certificate_expired",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "more jobs are done, each as quick as ever, and none waits",
        snapshot(
            worker(),
            broker(),
            figures=[
                figure("queue_depth", 1, 30, component="mail-worker"),
                figure("job_rate", 11, 25, component="mail-worker"),
                figure("job_time", 1.1, 1.1, component="mail-worker"),
            ],
        ),
        harmful=("scale_workload",),
    ),
]
