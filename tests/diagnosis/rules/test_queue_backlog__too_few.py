"""Readers that do all they can, as their processors, their senders' logs and the kinds of their jobs tell, or not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.plans import run
from tests.diagnosis.rules.scenes import errors
from tests.diagnosis.rules.test_queue_backlog import AMQP, MAIL, broker, worker
from tests.diagnosis.rules.test_queue_backlog__outnumbered import HARM, climbs
from tests.diagnosis.rules.tiny import (
    NOW,
    Obj,
    container,
    event,
    figure,
    pod,
    postgres,
    secret_key,
    series,
    snapshot,
    timed,
    workload,
)
from tuheg_ir.diagnosis.model import Series, Snapshot

TOO_FEW = (MAIL, "capacity", "scale_workload")
RELEASED = (MAIL, "code_defect", "rollback_workload")
HELD_UP = (MAIL, "dependency_failure", "page_human")
SIDEKIQ = "pid=7 tid=1g{n}h class=FeedWorker jid={n}fa{n}e elapsed={s:.3f} INFO: done"
PLAIN = "INFO Job FeedJob [{n}a-{n}c] done in {s:.3f} s"
STORED = {"DATABASE_URL": "postgres://postgres:5432/app"}
KEYS = {"AMQP_URL": secret_key("rabbitmq", "url")}
BESIDE = {"containers": [container("mail-worker", "mails:1", env=AMQP), container("log-shipper", "fluent-bit:3")]}
TWO = {"containers": [container("work", "mails:1", env=AMQP), container("more", "mails:1", env=AMQP)]}
ACCEPTED = '{{"level":"info","event":"order accepted, mail queued","order":{n}}}'


def hot(
    *beside: Any,
    share: tuple[float, float] = (0.97, 0.98),
    of: str = "mail-worker",
    busy: tuple[float, float] | None = (20, 20),
    done: tuple[float, float] = (40, 40),
    took: tuple[float, float] | None = None,
    was: float = 0.3,
    now: float = 0.31,
    told: str = SIDEKIQ,
    hours: float = 6,
    depth: tuple[float, float] = (5400, 8000),
    **more: Any,
) -> Snapshot:
    """Return readers at their processor limit, whose queue grows in a straight line since before the first figure.

    ``of``: the container that is measured at its limit.
    """
    figures = [climbs(*depth, component="mail-worker"), *beside]
    figures += [figure("cpu_share", *share, 1500, pod=pod("mail-worker", n), container=of) for n in range(2)]
    counts = {"jobs_in_work": busy, "job_rate": done, "job_time": took}
    figures += [figure(name, *pair, 1500, component="mail-worker") for name, pair in counts.items() if pair]
    ages = [hours * 3600 - 120 * n for n in range(int(hours * 30))]
    lines = [
        (age, told.format(n=n % 90 + 10, s=(was if age > 9000 else now) + n % 7 / 500)) for n, age in enumerate(ages)
    ]
    said = [timed(pod("mail-worker", n), *lines) for n in range(2)]
    return snapshot(worker(**more), broker(), figures=figures, logs=said)


def rain(
    *beside: Any,
    often: tuple[int, int] = (400, 100),
    told: str = ACCEPTED,
    hours: float = 5,
    took: tuple[float, float] = (6.1, 6.0),
    done: tuple[float, float] = (1.98, 1.97),
    sender: dict[str, Any] | None = None,
    objects: Any = (),
    **more: Any,
) -> Snapshot:
    """Return readers whose log goes back for an hour, and what those tell who hand them work.

    ``often``: seconds from one such line to the next, hours ago and of late.
    """
    figures = [climbs(4200, 8000, component="mail-worker"), *beside]
    counts = {"jobs_in_work": (12, 12), "job_rate": done, "job_time": took}
    figures += [figure(name, *pair, 1500, component="mail-worker") for name, pair in counts.items()]
    early = range(int(hours * 3600), 9000, -often[0])
    late = range(9000, 0, -often[1])
    lines = [(float(age), told.format(n=n)) for n, age in enumerate((*early, *late))]
    work = [(3500.0 - 30 * n, f"INFO mail {n} sent in 6.{n % 4} s") for n in range(110)]
    return snapshot(
        worker(**more),
        workload("shop", **{"env": AMQP, **(sender or {})}),
        broker(),
        *objects,
        figures=figures,
        logs=[
            *(timed(pod("mail-worker", n), *work) for n in range(2)),
            *(timed(pod("shop", n), *lines) for n in range(2)),
        ],
    )


def resized(way: str, how: str) -> Obj:
    """Return that a sender was given more pods, or fewer, before its queue grew."""
    said = f"Scaled {way} replica set shop-r1 {how}"
    return event("Deployment/shop", "ScalingReplicaSet", said, age=9000, kind="Normal", count=1)


def imported(
    *beside: Any,
    left: float = 30000,
    peak: float = 40000,
    longer: float = 0.9,
    mails: bool = True,
    released: float = 3300,
    began: float = 2400,
    done: tuple[float, float] = (1.3, 8.9),
    took: tuple[float, float] = (0.5, 0.88),
    busy: tuple[float, float] = (1, 8),
    said: str = "INFO feed: {n}00/40000 products saved, tasks queued",
    feeds: dict[str, str] | None = AMQP,
    early: float | None = 0.5,
    every: int = 2,
    objects: Any = (),
    **more: Any,
) -> Snapshot:
    """Return readers that were released, and a run that fills their queue a quarter of an hour later.

    ``longer``: the seconds of an index task since the queue grows. ``feeds``: the run's variables. ``early``: the
    seconds of a task before the release. ``every``: so many tasks there are until the next to index comes.
    """
    feed, told = run("feed", began, *(said.format(n=n) for n in range(20)))
    feed[0]["spec"]["template"]["spec"]["containers"] = [container("feed", "feed:1", env=feeds)]
    depth = [(3600.0, 2.0), *((began - 30 * n, peak * n / 40) for n in range(1, 41))]
    depth += [(age, left + (peak - left) * age / (began - 1200)) for age in range(int(began) - 1230, -1, -30)]
    points = tuple((NOW.timestamp() - age, value) for age, value in depth)
    extra = [(NOW.timestamp() - age, 2.0) for age in range(3570, int(began), -30)]
    waiting = Series({"component": "mail-worker"}, tuple(sorted([*points, *extra])))
    figures: list[Any] = [("queue_depth", waiting), *beside]
    counts = {"job_rate": done, "jobs_in_work": busy}
    figures += [figure(name, *pair, began, component="mail-worker") for name, pair in counts.items()]
    steps = series({"component": "mail-worker"}, (3600, early or 0), (released, took[0]), (began, took[1]))
    known = tuple(each for each in steps.points if early or each[0] >= NOW.timestamp() - released)
    figures.append(("job_time", steps._replace(points=known)))
    line = "INFO Task {kind}[{n}b-{n}c] succeeded in {s:.4f}s: None"
    calm = [
        (age, line.format(kind="mail" if mails and n % every else "index", n=n, s=0.2 if mails and n % every else 0.9))
        for n, age in enumerate(range(int(released) - 60, int(began), -30))
    ]
    rush = [(age, line.format(kind="index", n=n, s=longer)) for n, age in enumerate(range(int(began) - 10, 0, -30))]
    logs = [timed(pod("mail-worker", n), *calm, *rush) for n in range(2)]
    more = {"before": {"image": "registry.example/mail:0"}, "released": released, **more}
    return snapshot(worker(**more), broker(), feed, *objects, figures=figures, logs=[*logs, told])


HOLDS = [
    *(
        Holds(
            f"readers do all they can while more comes: {what}",
            world,
            TOO_FEW,
            excludes=no("restart_workload", at=MAIL),
            harmful=HARM,
        )
        for what, world in (
            ("all threads busy, at the processor limit, jobs as quick by the log", hot()),
            ("at the processor limit, each job timed, nobody counts the threads", hot(busy=None, took=(0.31, 0.31))),
            ("at the processor limit, of plain words", hot(told=PLAIN)),
            ("who hands on work tells of it four times as often", rain()),
            ("of published events", rain(told="INFO event {n} published to mails")),
            ("its broker's address is of one Secret with theirs", rain(sender={"env": KEYS}, env=KEYS)),
            ("its settings name the queue", rain(sender={"env": {"MAIL_QUEUE": "mail-worker"}})),
            ("it was given more pods hours ago", rain(objects=[resized("up", "from 1 to 2")])),
            ("a proxy stands beside them, and they are at their limit", hot(spec=BESIDE)),
            ("a run fills the queue a while after their release", imported()),
            ("of a replay", imported(said="INFO replayed {n} of 20")),
            (
                "the run names their queue as it publishes",
                imported(feeds=None, said="INFO published to mail-worker"),
            ),
            ("the run is told of their queue", imported(feeds={"QUEUE": "mail-worker"})),
        )
    ),
    Holds(
        "readers were released, and a run's jobs take longer than such jobs did",
        imported(longer=1.9, took=(0.5, 1.9), done=(1.3, 4.2)),
        RELEASED,
        harmful=("scale_workload",),
    ),
    *(
        Holds(f"readers were released a while before a run began: {what}", world, RELEASED, harmful=("scale_workload",))
        for what, world in (
            ("a job takes four times as long since their release", imported(early=0.2, took=(0.9, 0.9), busy=(1.3, 8))),
            (
                "a job takes twice as long since, at a mean of mails and others",
                imported(early=0.2, took=(0.5, 0.9), released=3000),
            ),
            ("the run has neither broker nor store in common with them", imported(feeds=None)),
            (
                "what the run published is a report",
                imported(feeds=None, said="INFO daily report published to s3 bucket"),
            ),
            (
                "the run only reads what a database keeps",
                imported(feeds=STORED, said="INFO report published", env={**STORED, **AMQP}, objects=[postgres()]),
            ),
        )
    ),
    *(
        Holds(
            f"readers were released a while before a run filled their queue, and {what}",
            world,
            (MAIL, "capacity", "page_human"),
            harmful=("scale_workload", *HARM),
        )
        for what, world in (
            ("nobody knows how long a job took before", imported(early=None)),
            ("its kind of job was a small part of the work before", imported(early=0.22, took=(0.25, 0.9), every=9)),
        )
    ),
    Holds(
        "readers were released as their queue began to grow, and a run began then too",
        imported(released=2500),
        RELEASED,
        harmful=("scale_workload",),
    ),
    Holds(
        "readers were released a while before, and a run that publishes nothing began with their queue",
        imported(said="INFO report page {n} written"),
        RELEASED,
        harmful=("scale_workload",),
    ),
    Holds(
        "what a run left is worked off in some minutes",
        imported(left=1500, peak=40000),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload", *HARM),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(
            f"a queue that was long an hour ago grows, and nobody knows that its readers are too few: {what}",
            world,
            harmful=("scale_workload",),
        )
        for what, world in (
            ("a job took a third of that hours ago", hot(was=0.1)),
            ("they are not at their limit, and nobody counts how long a job takes", hot(share=(0.5, 0.5))),
            ("at their limit only of late", hot(share=(0.5, 0.98))),
            ("at their limit, and they do fewer", hot(done=(40, 30))),
            ("what takes as long as ever is no job", hot(told="INFO ack {n} took 2 ms")),
            ("their log begins as the queue is long", hot(hours=1.2)),
            ("some threads hang beside those at the limit", hot(busy=(12, 20))),
            ("of short ago released", hot(before={"image": "registry.example/mail:0"}, released=9000)),
            ("who hands on work tells of it as often as ever", rain(often=(100, 100))),
            ("who hands on work tells a third more, and it comes at half as much again", rain(often=(130, 100))),
            ("who hands on work tells of what it sends again", rain(told="INFO mail {n} queued, attempt 2")),
            ("who hands on work was released since", rain(sender={"before": {"env": {}}, "released": 5000})),
            ("the log of who hands on work begins too late", rain(hours=1.5)),
            ("a third of the jobs fails", rain(errors("mail-worker", 0.3, 1500))),
            ("who tells so has nothing to do with their broker", rain(sender={"env": {}})),
            ("who tells so has a broker of its own", rain(sender={"env": {"AMQP_URL": "amqp://broker.example:5672"}})),
            ("articles are published", rain(told="INFO article {n} published")),
            ("requests wait for a thread", rain(told="INFO request {n} queued for a worker thread, 3 ahead")),
            ("events are kept for an audit", rain(told="DEBUG audit event created for user {n}")),
            ("who hands on work had four times as many pods", rain(objects=[resized("down", "to 2 from 8")])),
            ("who hands on work had so by events of newer servers", rain(objects=[resized("down", "from 8 to 2")])),
            ("who hands on work had more by figures", rain(figure("replicas_wanted", 8, 2, component="shop"))),
            ("only what ships their logs is at its limit", hot(of="fluent-bit", busy=None, took=(0.31, 0.31))),
            ("of two containers nobody knows which works", hot(spec=TWO, of="work", busy=None, took=(0.31, 0.31))),
            ("jobs became slower within the hour", rain(took=(3.0, 6.0), done=(3.9, 1.97))),
        )
    ),
]
