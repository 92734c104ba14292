"""A queue grew while its readers were moved to other nodes, and is as short as before; its alert looks back on that."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, figure, pod, series, snapshot, timed, workload
from tests.diagnosis.rules.tiny import at as moment
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

WORKER = "Deployment/mail-worker"
OVER = (WORKER, "no_fault", "no_action")
QUIET = ("no_action",)
MOST = "max_over_time(rabbitmq_queue_messages{queue='mail'}[1h]) > 1000"
NEW_S, READY_S, SHORT_S = 2400.0, 2200.0, 1500.0
"""When the readers were sent away, when those in their place were ready, and when the queue was short again."""


def waits(*steps: tuple[float, float], queue: str = "mail") -> tuple[str, Series]:
    """Return how many wait in a queue: as it grew while nobody read, unless said otherwise."""
    grew = ((3600.0, 4.0), (2350.0, 700.0), (2280.0, 2500.0), (2200.0, 4000.0), (1900.0, 2000.0), (SHORT_S, 4.0))
    return "queue_depth", series({"component": queue, "queue": queue}, *(steps or grew))


def told(name: str, reason: str, message: str, age: float) -> Obj:
    return {**event(name, reason, message, age=age, kind="Normal", count=1), "firstTimestamp": moment(age)}


DRAINED = (
    told("Node/n1", "NodeNotSchedulable", "Node n1 status is now: NodeNotSchedulable", NEW_S + 10),
    told("Pod/mail-worker-6d5f8c7b9d-aaaaa", "Killing", "Stopping container mail-worker", NEW_S),
    told("Pod/mail-worker-6d5f8c7b9d-bbbbb", "Killing", "Stopping container mail-worker", NEW_S - 1),
)
EVICTED = tuple(
    told(f"Pod/mail-worker-6d5f8c7b9d-{each}", "Evicted", "Evicted pod: drain of node n1 by upgrade", NEW_S)
    for each in ("aaaaa", "bbbbb")
)
SENT = "INFO delivered message id=7f3a{:04d}b1"
BEATS = "INFO heartbeat sent, 0 messages taken in {}ms"


def works(line: str = SENT, until: float = 30, *more: tuple[float, str]) -> list[Log]:
    """Return the logs of the new readers, which tell of their work until an age."""
    ages = [age for age in range(int(READY_S), 0, -60) if age >= until]
    own = [(float(age), line.format(1000 + age)) for age in ages]
    return [timed(pod("mail-worker", n), *sorted((*own, *more), reverse=True)) for n in range(2)]


def fires(
    said: str = MOST, name: str = "MailBacklogHigh", age: float = 2250, of: str = "rabbitmq", **more: str
) -> Alert:
    return Alert(name, {"service": of, **more}, {"description": said}, "firing", NOW - timedelta(seconds=age))


def moved(
    *depths: tuple[str, Series],
    events: Iterable[Obj] = DRAINED,
    logs: Iterable[Log] = (),
    alerts: Iterable[Alert] = (),
    ready: float = READY_S,
    released: float | None = None,
    restarted: bool = False,
    up: int = 2,
) -> Snapshot:
    """Return a worker whose pods were moved, and a queue that is as short as before."""
    before = {"image": "mail-worker:0"} if released else None
    env = {"QUEUE_NAME": "mail"}
    worker = workload(
        "mail-worker", service=False, started=NEW_S - 5, env=env, before=before, released=released or 9 * DAY, ready=up
    )
    for each in pods_of(worker):
        each["status"]["conditions"][0]["lastTransitionTime"] = moment(ready)
        if restarted:
            put(each, again("Error", 1, age=1300))
    broker = workload("rabbitmq", "rabbitmq:3.13", kind="StatefulSet", pods=1)
    figures = depths or (waits(),)
    return snapshot(worker, broker, events, logs=logs or works(), figures=figures, alerts=alerts or [fires()])


def counted(before: float, now: float, signal: str = "queue_consumers") -> Snapshot:
    return moved(waits(), figure(signal, before, now, READY_S, component="mail"))


def done(now: float) -> tuple[str, Series]:
    return figure("job_rate", 2.0, now, SHORT_S, component="mail-worker")


def said(age: float, line: str, name: str = "rabbitmq-0") -> Snapshot:
    """Return the same with a line of the broker, or of another pod."""
    return moved(logs=[*works(), timed(name, (age, line), of=name.split("-", maxsplit=1)[0])])


def falling(line: str, count: int = 30) -> Snapshot:
    """Return readers that say something of their work while the queue falls."""
    return moved(logs=works(SENT, 30, *((2150.0 - 10 * n, line.format(1000 + n)) for n in range(count))))


OLD = "mail-worker-6d5f8c7b9d-aaaaa"
RESTARTS = ("restart_workload", "rollback_workload", "scale_workload")
HOLDS = [
    Holds(f"a drain sent the readers of a queue away, {what}", world, OVER, harmful=RESTARTS, alone=True)
    for what, world in (
        ("and all is worked off", moved()),
        ("by evictions that tell whose they are", moved(events=EVICTED)),
        (
            "and the alert is of the worker, in the last hour",
            moved(alerts=[fires("mail: > 1000 messages in the last hour")]),
        ),
        ("and its window is a label", moved(alerts=[fires("messages wait in mail", window="1h")])),
        ("and the broker counts as many readers as before", counted(2, 2)),
        ("and as much is done as before, by their own count", moved(waits(), done(1.9), logs=works(BEATS))),
        ("one of the two", moved(events=DRAINED[:2])),
        (
            "and the broker warns of the connection that ended",
            said(NEW_S, "[warning] closing AMQP connection <0.7.0>: client unexpectedly closed TCP connection"),
        ),
        ("and the broker drops a session of it", said(NEW_S, "[info] session expired, 0 messages dropped")),
        ("and a former pod warns that it ends", said(NEW_S, "WARN SIGTERM, 14 messages in hand given back", OLD)),
        ("and they count that they skipped none", falling("INFO delivered id=7f3a{}b1 dropped=0 expired: 0", 3)),
        ("and a message had expired long before", said(3500, "[info] queue 'mail': 3 messages expired, dropped")),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold(f"a queue grew as its readers were moved, {what}", world, harmful=QUIET)
    for what, world in (
        ("but nobody sends anything any more: they only beat", moved(logs=works(BEATS))),
        ("but little is done of what was done before", moved(waits(), done(0.1))),
        ("but they tell of no work for long", moved(logs=works(until=1300))),
        ("but they complain since", moved(logs=works(SENT, 30, (400.0, "ERROR cannot deliver 7f3a0017b1: rejected")))),
        *(
            (f"but the broker threw it away: {line}", said(1700, line))
            for line in (
                "[info] queue 'mail': 3800 messages expired (x-message-ttl 300000), dropped",
                "[warning] queue 'mail' reached max-length 4000, dropping head",
                "[info] queue 'mail' purged by user admin, 3996 messages removed",
                "[info] queue 'mail': 0 messages dropped, 2100 dead-lettered",
            )
        ),
        ("but they warn that much had expired", falling("WARN message id=7f3a{}b1 expired, discarded")),
        ("but they could not do much of it", falling("ERROR message id=7f3a{}b1: no such template", 60)),
        ("but they skipped what was old", falling("INFO skipped message id=7f3a{}b1: older than 5 min")),
        (
            "but a former pod dropped what it had in hand",
            said(NEW_S + 1, "WARN SIGTERM, 14 messages in hand acked and not delivered: dropped", OLD),
        ),
        (
            "but a former pod of which no event tells could not do its work",
            said(NEW_S, "ERROR killed with 14 mails half sent", "mail-worker-r1-ccccc"),
        ),
        ("and is short for minutes only", moved(waits((3600, 4), (2350, 700), (2200, 4000), (400, 4)))),
        ("and is still longer than before", moved(waits((3600, 4), (2350, 700), (2200, 4000), (1500, 90)))),
        ("and did so again", moved(waits((3600, 4), (2350, 700), (2200, 4000), (1500, 4), (300, 900), (200, 4)))),
        ("and one of them is not there again", moved(up=1)),
        ("and they fell since", moved(restarted=True)),
        ("but fewer read than before", counted(3, 2)),
        ("but they keep what they took in hand", counted(5, 900, "queue_unacked")),
        ("but another queue is full since", moved(waits(), waits((3600, 4), (1500, 3000), queue="mail.dead"))),
        ("but the alert is of what was given up", moved(alerts=[fires("mail dead letters [1h] > 1000 messages")])),
        (
            "but the alert is of mails that never leave",
            moved(alerts=[fires("messages not delivered in the last hour")]),
        ),
        ("but the alert says of no time that it looks back", moved(alerts=[fires("messages in mail > 1000")])),
        ("but its alert looks back over minutes only", moved(alerts=[fires("messages in mail [10m] > 1000")])),
        ("but the alert began long before", moved(alerts=[fires(age=3300)])),
        ("but another alert is of something else", moved(alerts=[fires(), fires("bills are wrong [1h]", "Bills")])),
    )
] + [
    DoesNotHold(f"a queue grew once, {what}", world, harmful=RESTARTS if calm else ())
    for what, world, calm in (
        ("and no node was drained", moved(events=()), False),
        ("and those in their place were ready long after", moved(ready=600), True),
        ("as its reader was released", moved(released=NEW_S), False),
        ("long after its readers were moved", moved(waits((3600, 4), (1700, 900), (1600, 4000), (1000, 4))), True),
    )
]
