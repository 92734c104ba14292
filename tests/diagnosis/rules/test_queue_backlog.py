"""A queue that grows: its reader was released, stands still, or is too few."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.back_again import back_again, hill
from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CACHE, OLD, alert, autoscaler, ingress, logs, rate
from tests.diagnosis.rules.tiny import NOW, Obj, at, figure, log, pod, redis, series, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

AMQP = {"AMQP_URL": "amqp://rabbitmq:5672"}
CALLS = {"DATABASE_URL": "postgres://postgres:5432/app", **AMQP}
MAIL, WORKER = "Deployment/mail-worker", "Deployment/worker"
FETCHES = {"PREFETCH": "4"}
GREW = figure("queue_depth", 20, 8000, component="mail-worker")
KAFKA = workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092)
LAGS: dict[str, Any] = {"alerts": [alert("KafkaLag", service="worker")]}
SLEPT = (
    "WARN consumer poll timeout has expired. This means the time between subsequent calls to "
    "poll() was longer than the configured max.poll.interval.ms"
)
REFUSED = "WARN POST /v1/lookup 429 7ms retry-after=1"
AWAY = "ERROR POST http://mailer:8080/v1/mails: dial tcp 10.0.0.9:8080: connect: connection refused"
EXPIRED = "ERROR SslAuthenticationException: SSL handshake failed: Received fatal alert: certificate_expired"
UNREADABLE = "ERROR cannot decode message: unexpected end of input"


def sessions(taken: float) -> list[Any]:
    """Return how many of a hundred sessions of the database are taken."""
    return [
        figure("db_connections", taken, taken, component="postgres"),
        figure("db_max_connections", 100, 100, component="postgres"),
    ]


def broker() -> list[Obj]:
    return workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)


def hooks(before: float = 4, now: float = 9000) -> Any:
    """Return a queue of which only the broker and its own name are known."""
    return figure("queue_depth", before, now, component="rabbitmq", queue="hooks")


def under(key: str) -> Any:
    """Return what waits under a key of a store."""
    return figure("queue_depth", 4, 9000, component="redis", key=key)


def told_to_read(queue: str, *, name: str = "sender") -> list[Obj]:
    return workload(name, command=["celery", "-A", "hub", "worker", "-Q", queue], service=False)


def told_to_serve(env: dict[str, str]) -> list[Obj]:
    return workload("sender", env={**env, "BROKER": "amqp://rabbitmq:5672"})


def worker(**more: Any) -> list[Obj]:
    return workload("mail-worker", **{"env": AMQP, "service": False, **more})


def shares(*values: float, of: str = "mail-worker-pod{}") -> list[Any]:
    """Return how busy each pod is, of its processor limit."""
    return [figure("cpu_share", 0.2, v, 1400, pod=of.format(n), container="w") for n, v in enumerate(values)]


def cores(*values: float) -> list[Any]:
    """Return how many cores each pod uses."""
    return [figure("cpu_usage", 0.2, v, 1400, pod=pod("mail-worker", n), container="w") for n, v in enumerate(values)]


def set_of_readers() -> list[Obj]:
    """Return a set of four readers, the last of which was made anew a few minutes ago."""
    objects = workload("worker", kind="StatefulSet", pods=4, env={"KAFKA_BROKERS": "kafka:9092"})
    pods_of(objects)[3]["metadata"]["creationTimestamp"] = at(500)
    return objects


def cut_off(*still: int, born: float = 1940, said: bool = True) -> Snapshot:
    """Return three readers of which some do nothing since the broker was away, and the last was started then."""
    objects = worker(pods=3)
    pods_of(objects)[2]["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(born)}}
    lost = f"{at(2000)} ERROR Cannot connect to amqp://rabbitmq:5672: Error 111. Connection refused."
    told = [Log(pod("mail-worker", n), "mail-worker", (lost, f"{at(1960)} INFO connected")) for n in still if said]
    works = [log(pod("mail-worker", n), "INFO mail sent") for n in range(3) if n not in still]
    busy = [0.005 if n in still else 0.3 for n in range(3)]
    queue = figure("queue_depth", 20, 8000, 1950, component="mail-worker")
    return snapshot(objects, broker(), figures=[queue, *shares(*busy)], logs=[*told, *works])


def refused(*pods: int, said: str = REFUSED, since: float = 900, takes: bool = False, share: float = 0.1) -> Snapshot:
    """Return three readers of a queue that grows; the limits of whom they ask refuse some of them since a time.

    ``takes``: they take requests themselves.
    """
    told = logs("mail-worker", said, *pods, times=30, since=since) if pods else []
    others = logs("mail-worker", "INFO mail sent", *sorted({0, 1, 2} - {*pods}), times=30) if len(pods) < 3 else []
    objects = worker(pods=3, service=takes)
    return snapshot(objects, broker(), figures=[GREW, *shares(share, share, share)], logs=[*told, *others])


def helped(share: float, young: float) -> Snapshot:
    """Return two readers of a queue that grows, and two that came since to help; and how busy they are."""
    objects = worker(pods=4)
    for each in pods_of(objects)[2:]:
        each["metadata"]["creationTimestamp"] = at(400)
    came = [
        (
            "cpu_share",
            Series({"pod": pod("mail-worker", n)}, tuple((NOW.timestamp() - a, young) for a in range(390, -1, -30))),
        )
        for n in (2, 3)
    ]
    return snapshot(objects, broker(), figures=[GREW, *shares(share, share), *came])


def undone(
    *busy: float,
    was: tuple[float, ...] = (),
    fell: float = 1500,
    told: str = "",
    ages: tuple[float, ...] = tuple(range(240, 0, -30)),
    beside: list[Obj] | None = None,
    pods: int = 3,
) -> Snapshot:
    """Return readers of a queue that grows, and how busy each is since a time; the first tells a line at some ages.

    ``was``: how busy they were before.
    """
    both = zip(was or [0.2] * len(busy), busy, strict=True)
    turns = [figure("cpu_share", a, b, fell, pod=pod("mail-worker", n), container="w") for n, (a, b) in enumerate(both)]
    mine = Log(pod("mail-worker"), "mail-worker", tuple(f"{at(age)} {told}" for age in ages))
    said = [mine, *logs("mail-worker", "INFO mail sent", 1, 2)] if told else []
    queue = figure("queue_depth", 20, 8000, 1500, component="mail-worker")
    return snapshot(worker(pods=pods), broker(), beside or [], figures=[queue, *turns], logs=said)


def held_up(said: str = AWAY, share: float = 0.2, used: tuple[float, ...] = (), **more: Any) -> Snapshot:
    """Return readers of a queue that grows, which repeat an error, and how busy they are; ``used``: in cores."""
    told = logs("mail-worker", said, 0, 1, times=20, since=1400)
    return snapshot(worker(**more), broker(), figures=[GREW, *shares(share, share), *cores(*used)], logs=told)


def stopped(share: float) -> Snapshot:
    """Return readers that told of who is away until shortly before their queue grew, and poll since."""
    before = (f"{at(age)} {AWAY}" for age in range(2700, 2490, -20))
    told = (*before, *(f"{at(age)} INFO poll" for age in range(2460, 0, -60)))
    queue = figure("queue_depth", 20, 8000, 2400, component="mail-worker")
    both = [Log(pod("mail-worker", n), "mail-worker", told) for n in range(2)]
    return snapshot(worker(), broker(), figures=[queue, *shares(share, share)], logs=both)


def slowed(share: float, was: float = 0.2, lines: int = 12) -> Snapshot:
    """Return two readers that use next to nothing of the processor, and say so much in the last four minutes."""
    used = [figure("cpu_share", was, share, 1400, pod=pod("mail-worker", n), container="w") for n in range(2)]
    told = [log(pod("mail-worker", n), *["INFO batch=9 took=21.4s"] * lines) for n in range(2)]
    return snapshot(worker(), broker(), figures=[GREW, *used], logs=told)


HOLDS = [
    *(
        Holds(
            f"its readers use next to nothing, and tell of their work all the while: {what}",
            world,
            (MAIL, "unknown", "page_human"),
            excludes=no("scale_workload", at=MAIL),
            harmful=("scale_workload", "restart_workload"),
        )
        for what, world in (
            ("a third of what they did", slowed(0.02, 0.06)),
            ("as little as ever", slowed(0.02, 0.02)),
        )
    ),
    *(
        Holds(
            f"its readers use next to nothing: {what}",
            world,
            (MAIL, "service_crash", "restart_workload"),
        )
        for what, world in (
            ("they only beat", slowed(0.02, 0.06, lines=2)),
            ("a tenth of what they did", slowed(0.02, 0.2)),
        )
    ),
    *(
        Holds(
            f"its readers tell of what holds them up, {what}: more of them are no help",
            world,
            (MAIL, cause, "page_human"),
            excludes=no("scale_workload", at=MAIL),
            harmful=("scale_workload", "restart_workload", "rollback_workload"),
        )
        for what, cause, world in (
            ("whom they ask is away", "dependency_failure", held_up()),
            ("and one asks more often", "dependency_failure", held_up(pods=4, used=(0.1, 0.1, 0.5, 0.1))),
            ("and messages are taken from them meanwhile", "unknown", held_up(SLEPT)),
            ("and nothing but their image was released", "dependency_failure", held_up(before=OLD, released=1500)),
        )
    ),
    Holds(
        "its readers told of what held them up until it grew: more of them are no help",
        stopped(0.2),
        (MAIL, "dependency_failure", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload", "rollback_workload"),
    ),
    Holds(
        "its readers told of what held them up until it grew, and have too much to do since",
        stopped(0.97),
        (MAIL, "capacity", "scale_workload"),
    ),
    Holds(
        "its readers do nothing, and tell of a certificate that is as old after a start",
        held_up(EXPIRED, 0.01),
        (MAIL, "dependency_failure", "page_human"),
        believed="certificate_expired",
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "its readers tell of who is away, and are at their limit all the same",
        held_up(share=0.97),
        (MAIL, "capacity", "scale_workload"),
    ),
    Holds(
        "its readers tell of who is away since a release gave them another address",
        held_up(env={**AMQP, "SMTP": "smtp-b"}, before={"env": {**AMQP, "SMTP": "smtp-a"}}, released=1500),
        (MAIL, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "its readers stumble over an error of their own since a release, and tell of who is away as well",
        snapshot(
            worker(before=OLD, released=1500),
            broker(),
            figures=[GREW],
            logs=logs("mail-worker", f"{AWAY}\nTypeError: items is undefined", 0, 1, times=20, since=1400),
        ),
        (MAIL, "code_defect", "rollback_workload"),
    ),
    Holds(
        "nobody is known to read what a store keeps, and more of the store do not either",
        snapshot(redis(), workload("web"), figures=[figure("queue_depth", 20, 8000, component="redis")]),
        ("Deployment/redis", "dependency_failure", "page_human"),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "two lost the broker and stand still since it is back; who was started then works",
        cut_off(0, 1),
        (MAIL, "service_crash", "restart_workload"),
        believed="reader_fell_out",
        harmful=("scale_workload",),
    ),
    Holds(
        "one stands still, and another that lost nothing works: it may have nothing to do",
        cut_off(0),
        (MAIL, "capacity", "scale_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "one does nothing since work waits, and its like work as before: nobody does its part",
        undone(0.005, 0.21, 0.19),
        (MAIL, "service_crash", "restart_workload"),
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"one does nothing since work waits, {what}: nobody can tell whether it has anything to do",
            world,
            (MAIL, "capacity", "scale_workload"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("and another does its part", undone(0.005, 0.3, 0.2)),
            ("and nine others do a ninth of its part each", undone(0.005, *[0.222] * 9, pods=10)),
            ("and another is at its limit as before", undone(0.005, 0.9, 0.6, was=(0.2, 0.9, 0.6))),
            ("and of another nobody knows", undone(0.005, 0.2)),
            ("and did so for long before", undone(0.005, 0.2, 0.2, fell=3400)),
            ("and stopped only long after it did", undone(0.005, 0.2, 0.2, fell=700)),
            ("and most of the others do nothing too", undone(0.005, 0.005, 0.2)),
            (
                "and somebody who may send to others was released then",
                undone(0.005, 0.2, 0.2, beside=workload("web", before=OLD, released=1500)),
            ),
            ("and repeats an error that it may meet again", undone(0.005, 0.2, 0.2, told="ERROR mail 7: 550 rejected")),
        )
    ),
    Holds(
        "one does nothing since work waits, and tells ever more seldom that it does not get past a message",
        undone(0.005, 0.2, 0.2, told=UNREADABLE, ages=(1500, 1490, 1470, 1430, 1350, 1190, 870, 300)),
        (MAIL, "code_defect", "page_human"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=MAIL),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "one of two does nothing since work waits, and the other is at its limit as before: all is under one key",
        undone(0.005, 0.95, was=(0.2, 0.95), pods=2),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "two stand still, and nobody tells why",
        cut_off(0, 1, said=False),
        (MAIL, "capacity", "scale_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "who works was there before the broker was away",
        cut_off(0, 1, born=9000),
        (MAIL, "capacity", "scale_workload"),
        harmful=("restart_workload",),
    ),
    Holds(
        "a program was released when it was long already, before far more was sent to it",
        snapshot(
            broker(),
            workload("api", before=OLD, released=700),
            figures=[("queue_depth", series({"component": "invoices"}, (3600, 3), (1500, 400), (600, 6000)))],
        ),
        ("StatefulSet/rabbitmq", "dependency_failure", "page_human"),
        harmful=("rollback_workload",),
        began=1500,
    ),
    Holds(
        "its reader is named in no label, but its command tells it what to read",
        snapshot(
            broker(),
            workload("sender", command=["celery", "-A", "hub", "worker", "-Q", "hooks"], service=False),
            workload("caller", command=["sh", "-c", "celery -A hub worker --queues=mails"], service=False),
            workload("orders", env={**AMQP, "QUEUE": "hooks"}),
            figures=[hooks()],
        ),
        ("Deployment/sender", "capacity", "scale_workload"),
    ),
    Holds(
        "its reader has the queue's name in a variable, as one of several",
        snapshot(
            broker(),
            workload("thumbnailer", env={**AMQP, "WORK_QUEUES": "mails, hooks"}, service=False),
            workload("uploader", env={**AMQP, "RESULT_QUEUE": "hooks"}, service=False),
            figures=[hooks()],
        ),
        ("Deployment/thumbnailer", "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"the queue lies in a store, under the key {key}",
            snapshot(redis(), told_to_read("hooks"), figures=[under(key)]),
            ("Deployment/sender", "capacity", "scale_workload"),
        )
        for key in ("hooks", "queue:hooks", "rq:queue:hooks", "laravel_database_queues:hooks", "bull:hooks:wait")
    ),
    Holds(
        "two are told to read what lies under a key, and nobody can tell which of them does not keep up",
        snapshot(redis(), told_to_read("hooks"), told_to_read("hooks", name="filer"), figures=[under("hooks")]),
        (CACHE, "dependency_failure", "page_human"),
        harmful=("scale_workload",),
    ),
    Holds(
        "who is asked by others has the queue's name to write to it",
        snapshot(
            broker(),
            workload("orders", env={**AMQP, "QUEUE": "hooks"}),
            workload("sender", env=AMQP, service=False),
            figures=[hooks()],
        ),
        ("StatefulSet/rabbitmq", "dependency_failure", "page_human"),
        harmful=("scale_workload",),
    ),
    Holds(
        "two have the queue's name, and nobody can tell which of them does not keep up",
        snapshot(
            broker(),
            workload("sender", env={**AMQP, "QUEUE": "hooks"}, service=False),
            workload("filer", env={**AMQP, "QUEUE": "hooks"}, service=False),
            figures=[hooks()],
        ),
        ("StatefulSet/rabbitmq", "dependency_failure", "page_human"),
        harmful=("scale_workload",),
    ),
    Holds(
        "one of its readers does not get past a message that it cannot read; the others go on",
        snapshot(
            worker(pods=3),
            broker(),
            figures=[GREW],
            logs=logs("mail-worker", "ERROR SerializationException: Unknown magic byte! at offset 118", 1, since=500),
        ),
        (MAIL, "code_defect", "page_human"),
        excludes=no("scale_workload", "restart_workload", at=MAIL),
        harmful=("scale_workload", "restart_workload"),
    ),
    Holds(
        "its readers do much less than before: something holds them up",
        snapshot(worker(), broker(), figures=[GREW, *shares(0.05, 0.06)]),
        (MAIL, "unknown", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload",),
    ),
    Holds(
        "its readers do much less than before, and so do those that came since to help",
        helped(0.05, 0.06),
        (MAIL, "unknown", "page_human"),
        excludes=no("scale_workload", at=MAIL),
        harmful=("scale_workload",),
    ),
    Holds(
        "its readers do much less than before, but those that came since to help work as they did",
        helped(0.05, 0.2),
        (MAIL, "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"its readers are refused by the limits of whom they ask, {what}",
            world,
            (MAIL, "dependency_failure", "page_human"),
            excludes=no("scale_workload", "restart_workload", at=MAIL),
            harmful=("scale_workload", "restart_workload"),
        )
        for what, world in (
            ("all of them", refused(0, 1, 2)),
            ("most of them", refused(0, 2)),
            ("and do nothing but wait", refused(0, 1, 2, share=0.01)),
        )
    ),
    *(
        Holds(
            f"some are refused by limits, {what}: more of them do more",
            world,
            (MAIL, "capacity", "scale_workload"),
        )
        for what, world in (
            ("one of three", refused(1)),
            ("and it is over", refused(0, 1, 2, said="INFO mail sent")),
            ("those that ask them, and that they answer so", refused(0, 1, 2, takes=True)),
        )
    ),
    Holds(
        "its readers have as much to do as before",
        snapshot(worker(), broker(), figures=[GREW, *shares(0.3, 0.15)]),
        (MAIL, "capacity", "scale_workload"),
    ),
    Holds(
        "one of its readers has all of it, the others wait",
        snapshot(worker(pods=4), broker(), figures=[GREW, *shares(0.2, 0.98, 0.1, 0.2)]),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
    ),
    Holds(
        "one of its readers has all of it, and was made anew for nothing",
        snapshot(
            KAFKA,
            set_of_readers(),
            figures=[
                figure("queue_depth", 10, 50000, 1400, component="worker"),
                *shares(0.1, 0.1, 0.2, 0.99, of="worker-{}"),
            ],
        ),
        ("StatefulSet/worker", "capacity", "page_human"),
        excludes=no("scale_workload", "restart_workload", at="StatefulSet/worker"),
    ),
    Holds(
        "one of its readers has more than the others, who work too",
        snapshot(worker(pods=4), broker(), figures=[GREW, *shares(0.7, 0.98, 0.6, 0.7)]),
        (MAIL, "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"one of its readers does many times what each other does, far below the limit: {what}",
            snapshot(worker(pods=4), broker(), figures=[GREW, *shares(*(v / 4 for v in used)), *cores(*used)]),
            (MAIL, "capacity", "page_human"),
            excludes=no("scale_workload", at=MAIL),
        )
        for what, used in (
            ("its one thread uses a core up", (0.21, 1.0, 0.2, 0.24)),
            ("it waits for its store as well", (0.1, 0.1, 0.42, 0.12)),
        )
    ),
    *(
        Holds(
            f"nobody can tell that one has all of it: {what}",
            snapshot(worker(pods=pods), broker(), figures=[GREW, *cores(*used)]),
            (MAIL, "capacity", "scale_workload"),
        )
        for what, pods, used in (
            ("the others work half as much", 4, (0.5, 1.0, 0.5, 0.6)),
            ("another does a good part too", 4, (0.2, 1.0, 0.2, 0.6)),
            ("half of them work", 4, (0.2, 1.0, 1.0, 0.2)),
            ("there are two", 2, (0.2, 1.0)),
            ("hardly any of them does anything", 4, (0.01, 0.15, 0.01, 0.02)),
            ("one is not measured", 4, (0.2, 1.0, 0.2)),
        )
    ),
    Holds(
        "its reader's autoscaler has given all it may",
        snapshot(worker(), broker(), [autoscaler("mail-worker", 2, 2)], figures=[GREW]),
        (MAIL, "capacity", "page_human"),
        excludes=no("scale_workload", at=MAIL),
    ),
    Holds(
        "its reader's autoscaler may give more",
        snapshot(worker(), broker(), [autoscaler("mail-worker", 2, 6)], figures=[GREW]),
        (MAIL, "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"who has the queue's name and a Service may only write to it: {what}",
            snapshot(told_to_serve({"QUEUE": "hooks", **env}), broker(), beside, figures=[hooks()]),
            ("StatefulSet/rabbitmq", "dependency_failure", "page_human"),
            harmful=("scale_workload",),
        )
        for what, env, beside in (
            ("it fetches nothing", {}, []),
            ("somebody calls it", FETCHES, workload("hub", env={"URL": "http://sender:8080"})),
            ("users call it", FETCHES, [ingress("sender", "hub.example")]),
            ("it fetches of another queue, it may be", {**FETCHES, "MAIL_QUEUE": "mails"}, []),
            ("a key of a customer of its interface", {"CONSUMER_KEY": "ck_18"}, []),
            ("how surely it sends", {"MQTT_QOS": "1"}, []),
            ("who is told of it", {"SUBSCRIBER_URL": "http://hub.example"}, []),
        )
    ),
    *(
        Holds(
            f"who reads it has a Service that nobody calls: {key}",
            snapshot(told_to_serve({key: "4", "QUEUE": "hooks"}), broker(), figures=[hooks()]),
            ("Deployment/sender", "capacity", "scale_workload"),
        )
        for key in ("PREFETCH", "RABBITMQ_PREFETCH_COUNT", "prefetchSize", "SPRING_CONSUMER_CONCURRENCY")
    ),
    Holds(
        "its reader was released",
        snapshot(worker(before={"image": "registry.example/mail-worker:0"}), broker(), figures=[GREW]),
        (MAIL, "code_defect", "rollback_workload"),
    ),
    Holds(
        "its reader is well, and needs more of its kind",
        snapshot(worker(), broker(), figures=[GREW]),
        (MAIL, "capacity", "scale_workload"),
    ),
    Holds(
        "its reader stands still, by its figures",
        snapshot(
            worker(),
            broker(),
            figures=[
                GREW,
                *(figure("cpu_share", 0.4, 0.01, pod=pod("mail-worker", n), container="w") for n in (0, 1)),
            ],
        ),
        (MAIL, "service_crash", "restart_workload"),
    ),
    Holds(
        "its reader stands still, by its logs",
        snapshot(
            worker(),
            broker(),
            figures=[GREW],
            logs=[Log(pod("mail-worker", n), "w", (f"{at(1500)} sent mail 17",)) for n in (0, 1)],
        ),
        (MAIL, "service_crash", "restart_workload"),
    ),
    Holds(
        "a reader of Kafka that does not ask any more",
        snapshot(
            KAFKA,
            workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}),
            figures=[
                figure("queue_depth", 10, 50000, 1150, component="worker"),
                figure("cpu_share", 0.4, 0.0, 1150, pod=pod("worker"), container="worker"),
            ],
            logs=logs("worker", SLEPT, times=5, since=1100),
            **LAGS,
        ),
        (WORKER, "service_crash", "restart_workload"),
    ),
    Holds(
        "a queue by its own name finds its reader",
        snapshot(worker(), broker(), figures=[figure("queue_depth", 20, 8000, component="outgoing.mail")]),
        (MAIL, "capacity", "scale_workload"),
    ),
    Holds(
        "who fills a queue tells how long it is, and another is told to read it",
        snapshot(
            workload("web", env={"REDIS_URL": "redis://redis:6379", "MAILS_QUEUE": "mails"}),
            workload("sender", service=False, env={"REDIS_URL": "redis://redis:6379", "QUEUES": "mails"}),
            figures=[figure("queue_depth", 20, 8000, component="web", queue="mails")],
        ),
        ("Deployment/sender", "capacity", "scale_workload"),
    ),
    Holds(
        "of two topics of a group one grows, and the group is called like its reader",
        snapshot(
            KAFKA,
            workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}),
            workload("biller", service=False, env={"KAFKA_BROKERS": "kafka:9092", "TOPIC": "mails"}),
            figures=[
                figure("queue_depth", 20, 8000, consumergroup="worker", queue="mails"),
                figure("queue_depth", 9000, 9000, consumergroup="worker", queue="bills"),
                figure("queue_depth", 20, 20, consumergroup="biller", queue="mails"),
            ],
        ),
        (WORKER, "capacity", "scale_workload"),
    ),
    Holds(
        "of a group one has the name, and another watches it",
        snapshot(
            KAFKA,
            workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}, service=False),
            workload("lag-watch", env={"KAFKA_BROKERS": "kafka:9092", "KAFKA_GROUP": "worker"}, service=False),
            figures=[figure("queue_depth", 20, 8000, consumergroup="worker")],
        ),
        (WORKER, "capacity", "scale_workload"),
        alone=True,
    ),
    Holds(
        "its reader has the name of the group in its settings, and its topic is called like who writes to it",
        snapshot(
            KAFKA,
            workload("worker", env={"KAFKA_BROKERS": "kafka:9092", "CONSUMER_GROUP_ID": "billing"}, service=False),
            workload("orders", env={"KAFKA_BROKERS": "kafka:9092"}),
            figures=[figure("queue_depth", 20, 8000, consumergroup="billing", queue="orders")],
        ),
        (WORKER, "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"a group is named in {key} of who does not read as it",
            snapshot(
                KAFKA,
                workload("lag-watch", env={"KAFKA_BROKERS": "kafka:9092", key: "billing"}, service=False),
                workload("ledger", env={"KAFKA_BROKERS": "kafka:9092"}, service=False),
                figures=[figure("queue_depth", 20, 8000, consumergroup="billing")],
            ),
            ("StatefulSet/kafka", "dependency_failure", "page_human"),
            harmful=("scale_workload",),
        )
        for key in ("WATCH_GROUP", "LOG_GROUP", "SECURITY_GROUP", "LAG_CONSUMER_GROUP")
    ),
    Holds(
        "a reader of Kafka whose release fails at each message",
        snapshot(
            KAFKA,
            workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}, before=OLD, released=1200),
            figures=[figure("queue_depth", 10, 50000, 1150, component="worker")],
            logs=logs("worker", "ERROR failed to process message: NullPointerException", times=20, since=1100),
            **LAGS,
        ),
        (WORKER, "code_defect", "rollback_workload"),
        believed="errors_since_release",
    ),
    Holds(
        "a reader at its processor limit",
        snapshot(
            workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
            workload("worker", env={"Q": "amqp://rabbitmq"}),
            workload("web", env={"Q": "amqp://rabbitmq"}),
            figures=[
                figure("queue_depth", 10, 30000, 1400, component="worker"),
                rate("web", 50, 200, 1450),
                *(figure("cpu_share", 0.4, 0.97, 1400, pod=pod("worker", n), container="worker") for n in range(2)),
            ],
            alerts=[alert("QueueDepth", service="worker")],
        ),
        (WORKER, "capacity", "scale_workload"),
        believed="cpu_saturated",
    ),
    Holds(
        "a worker whose name is like the queue's, though nothing tells that it reads from the broker",
        snapshot(
            broker(),
            workload(
                "label-worker", before={"command": ["celery", "--concurrency=24"]}, command=["celery"], released=1500
            ),
            workload("web", env=AMQP),
            figures=[figure("queue_depth", 4, 20000, 1450, component="rabbitmq", queue="labels")],
        ),
        ("Deployment/label-worker", "configuration_error", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its reader has no ready pods, a trouble of its own",
        snapshot(worker(service=True, ready=0), broker(), figures=[GREW]),
    ),
    *(
        DoesNotHold(
            f"a store keeps more under a key, {what}",
            snapshot(redis(), told_to_read("hooks"), figures=[under(key)]),
            harmful=("scale_workload",),
        )
        for what, key in (("that nobody is told to read", "carts"), ("that is called like a reader", "sender"))
    ),
    DoesNotHold("a short queue", snapshot(broker(), figures=[figure("queue_depth", 2, 40, component="mail")])),
]
PARTS = {"consumergroup": "worker", "queue": "mails"}


def partitions(most: float, total: float, *, counted: bool = True, **more: Any) -> Snapshot:
    """Return a reader of a topic, of which so many messages wait in the fullest partition and in all; figures climb."""
    waits = {"queue_depth": (80, total), "queue_part_depth": (40, most)}
    figures = [
        (signal, series(PARTS, *((3600 - 60 * n, first + (last - first) * n / 60) for n in range(61))))
        for signal, (first, last) in waits.items()
        if counted or signal == "queue_depth"
    ]
    reader = workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}, service=False, **more)
    return snapshot(KAFKA, reader, figures=figures, **LAGS)


HOLDS += [
    *(
        Holds(
            f"one partition alone grows: {what}",
            world,
            (WORKER, "unknown", "page_human"),
            excludes=no("scale_workload", at=WORKER),
            harmful=("scale_workload",),
        )
        for what, world in (
            ("further readers get nothing of it", partitions(24000, 24600)),
            ("there is no other one", partitions(24000, 24000)),
        )
    ),
    *(
        Holds(f"more than one partition grows: {what}", world, (WORKER, "capacity", "scale_workload"))
        for what, world in (
            ("one most of all", partitions(24000, 40000)),
            ("nobody tells how they lie", partitions(0, 24000, counted=False)),
        )
    ),
    Holds(
        "one partition alone grows since its reader was released",
        partitions(24000, 24000, before={"image": "registry.example/worker:0"}, released=3600),
        (WORKER, "code_defect", "rollback_workload"),
    ),
]
HOLDS += [
    Holds(
        f"it came while a host outside was away, minutes after a release, and {what}",
        back_again(waits),
        ("Deployment/sender", "dependency_failure", "page_human"),
        excludes=no("scale_workload", at="Deployment/sender"),
        harmful=("rollback_workload", "scale_workload"),
        believed="new_words_since_a_change",
    )
    for what, waits in (("stands since", hill(left=36000)), ("will take long", hill(left=24000)))
]
DOES_NOT_HOLD += [DoesNotHold("it came so, and is gone in minutes", back_again(), HEALTHY)]
