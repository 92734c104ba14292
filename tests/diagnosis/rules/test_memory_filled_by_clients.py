"""A store that ends for want of memory: the release is taken back since which a client has it keep more and more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, alert, errors, rate
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, log, pod, redis, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Series, Snapshot

KAFKA, RABBIT, REDIS = "StatefulSet/kafka", "StatefulSet/rabbitmq", "Deployment/redis"
ASKS = {"KAFKA_BROKERS": "kafka:9092"}
AMQP = {"AMQP_URL": "amqp://rabbitmq:5672/"}
HEAP = "Terminating due to java.lang.OutOfMemoryError: Java heap space"
MADE = "INFO o.a.k.c.producer.KafkaProducer : [Producer clientId=audit] Instantiated an idempotent producer."
SARAMA = "[sarama] Successfully initialized new client"
OPENED = "INFO o.s.a.r.c.CachingConnectionFactory : Created new connection: rabbitConnectionFactory#5e3a8624:{}/Simple"
NUMBERED = "INFO o.apache.kafka.clients.Metadata : [Producer clientId=producer-{}] Cluster ID: 5L6g3nShT"
CUSTOMER = "INFO orders : sold to producer-{}"
REDISSON = "INFO org.redisson.connection : 24 connections initialized for redis/10.96.0.4:6379"
QUIET = "INFO listening"
ENDED = again("Error", 3, age=600, lived=30 * DAY)
KILLED = again("OOMKilled", 137, age=600, restarts=3, lived=1200)
LATE = 9000.0
"""So long ago the client was released."""


def kafka(status: Mapping[str, Any] = ENDED, **more: Any) -> list[Obj]:
    base = {"kind": "StatefulSet", "port": 9092, "age": 60 * DAY, "status": status, **more}
    return workload("kafka", "apache/kafka:3.9.0", **base)


def rabbit(status: Mapping[str, Any] = KILLED) -> list[Obj]:
    return workload("rabbitmq", "rabbitmq:4", kind="StatefulSet", pods=1, port=5672, age=60 * DAY, status=status)


def last_words(line: str = HEAP, of: str = "kafka-0") -> Log:
    return log(of, QUIET, line, since=1205, previous=True)


def told(line: str, *ages: float, of: str = "shop", start: int = 5, step: int = 40) -> Log:
    """Return the log of a client that tells a line at some ages, with a number that rises."""
    return timed(pod(of), *((age, line.format(start + n * step)) for n, age in enumerate(ages)))


def all_along(line: str, since: float = LATE - 60, **more: Any) -> Log:
    return told(line, *(since - n * 30 for n in range(int(since / 30))), **more)


def line_up(value: Callable[[float], float], of: str = "kafka-0", kept: str = "producers") -> tuple[str, Series]:
    """Return what a store counts of its clients in the last hour, by the age."""
    points = tuple((NOW.timestamp() - age, value(age)) for age in range(3600, 0, -30))
    return "kept_for_clients", Series({"pod": of, "kept": kept}, points)


def since(release: float, pace: float = 70.0, base: float = 40.0) -> Callable[[float], float]:
    return lambda age: base + pace * max(0.0, release - age)


def world(
    *logs: Log,
    figures: Sequence[tuple[str, Series]] = (),
    store: list[Obj] | None = None,
    beside: Sequence[list[Obj]] = (),
    words: Sequence[Log] | None = None,
    **more: Any,
) -> Snapshot:
    """Return a shop that was released hours before its store ran out of memory."""
    client = workload("shop", **{"env": ASKS, "before": OLD, "released": LATE, **more})
    return snapshot(
        kafka() if store is None else store,
        client,
        *beside,
        logs=[*logs, *((last_words(),) if words is None else words)],
        figures=[errors("shop", 0.4, 600), *figures],
        alerts=[alert(service="shop")],
    )


def anew(store: str = KAFKA, *, age: float = 60 * DAY, **more: Any) -> dict[str, Any]:
    """Return a store whose pods somebody made all anew as it ended, since its client's release; it ends again."""
    ended = again("Error", 3, age=600, lived=590) if store == KAFKA else again("OOMKilled", 137, age=600, lived=590)
    image, port, pods = ("apache/kafka:3.9.0", 9092, 2) if store == KAFKA else ("rabbitmq:4", 5672, 1)
    base: dict[str, Any] = {"kind": "StatefulSet", "port": port, "age": age, "started": 1200, "pods": pods}
    made = workload(store.partition("/")[2], image, **base, status=ended)
    words = None if store == KAFKA else ()
    env = ASKS if store == KAFKA else AMQP
    return {"store": made, "words": words, "env": env, "released": 2700, **more}


LINE = line_up(since(LATE))
NOW_UP = [line_up(since(2680), of) for of in ("kafka-0", "kafka-1")]
CART_TOO = workload("cart", env=ASKS, before=OLD, released=LATE - 300)
NEAR = workload("cart", env=ASKS, before=OLD, released=900)
WITHOUT = workload("api", before=OLD, released=LATE - 300)
BACK = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            what,
            seen,
            BACK,
            excludes=(
                *no("restart_workload", "scale_workload", at=SHOP),
                *no("restart_workload", "rollback_workload", "scale_workload", at=store),
            ),
            harmful=("restart_workload", "scale_workload", "scale_database"),
        )
        for what, store, seen in (
            ("its log and the figures of Kafka", KAFKA, world(all_along(MADE), figures=[LINE])),
            ("Kafka's figures alone, which begin amid it", KAFKA, world(figures=[LINE])),
            ("its log alone", KAFKA, world(all_along(MADE))),
            ("of a Go client", KAFKA, world(all_along(SARAMA))),
            (
                "numbers of one process, of which the middle is lost",
                KAFKA,
                world(told(NUMBERED, 8900, 8890, 8880, *range(3600, 700, -120), step=4000)),
            ),
            ("it is killed by the kernel", KAFKA, world(all_along(MADE), store=kafka(KILLED), words=())),
            (
                "it told of it and runs on",
                KAFKA,
                world(all_along(MADE), store=kafka({}), words=[log("kafka-0", *[HEAP] * 9, since=500)]),
            ),
            (
                "queues of RabbitMQ, seen from their beginning",
                RABBIT,
                world(
                    store=rabbit(),
                    words=(),
                    env=AMQP,
                    released=2700,
                    figures=[line_up(since(2650, 20), "rabbitmq-0", "queues")],
                ),
            ),
            (
                "connections of RabbitMQ, by the log",
                RABBIT,
                world(all_along(OPENED, 2600), store=rabbit(), words=(), env=AMQP, released=2700),
            ),
            (
                "all its pods were made anew amid it, and filled again",
                KAFKA,
                world(all_along(MADE, 2600), figures=NOW_UP, **anew()),
            ),
            (
                "a RabbitMQ that was made anew amid it",
                RABBIT,
                world(
                    all_along(OPENED, 2600),
                    figures=[line_up(since(2680, 20), "rabbitmq-0", "connections")],
                    **anew(RABBIT),
                ),
            ),
            (
                "clients of a cache",
                REDIS,
                world(
                    all_along(REDISSON, 2600),
                    store=redis(age=60 * DAY, status=KILLED),
                    words=(),
                    released=2700,
                    env={"REDIS_URL": "redis://redis:6379"},
                ),
            ),
            ("another client was released as it ended", KAFKA, world(all_along(MADE), figures=[LINE], beside=[NEAR])),
            ("by the figures alone, another released near", KAFKA, world(figures=[LINE], beside=[NEAR])),
            ("one released with it makes none", KAFKA, world(all_along(MADE), figures=[LINE], beside=[CART_TOO])),
            ("one released with it asks no broker", KAFKA, world(figures=[LINE], beside=[WITHOUT])),
            (
                "another one has always made some",
                KAFKA,
                world(
                    all_along(MADE), all_along(SARAMA, of="cart"), figures=[LINE], beside=[workload("cart", env=ASKS)]
                ),
            ),
        )
    ),
    Holds(
        "a setting makes it do so",
        world(all_along(MADE), env={**ASKS, "REUSE": "no"}, before={"env": {**ASKS, "REUSE": "yes"}}),
        (SHOP, "configuration_error", "rollback_workload"),
    ),
    Holds(
        "what was released near is not to be taken back",
        world(all_along(MADE), figures=[LINE], beside=[NEAR]),
        BACK,
        excludes=no("rollback_workload", at=CART),
        alone=True,
    ),
    Holds("its last words came before its end", world(all_along(MADE)), BACK, began=603.0),
]
NOBODY = (KAFKA, "resource_exhaustion", "page_human")
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, NOBODY if instead is None else instead, ("rollback_workload",))
        for what, instead, seen in (
            ("neither its log nor figures tell of anything", None, world(all_along(QUIET))),
            (
                "it makes clients since the store is ill alone",
                None,
                world(all_along(QUIET, 1200), all_along(MADE, 590, of="shop")),
            ),
            ("it makes some as it starts", None, world(told(MADE, *(8900 - n for n in range(60))))),
            ("it makes one each few minutes", None, world(told(MADE, *range(8900, 700, -200)))),
            (
                "numbers of customers",
                None,
                world(
                    timed(pod("shop"), *((age, CUSTOMER.format(age * 7919 % 10007)) for age in range(8900, 700, -60)))
                ),
            ),
            ("clients of another kind", None, world(all_along(REDISSON))),
            ("what the store counts stands", None, world(all_along(MADE), figures=[line_up(lambda _: 5000.0)])),
            ("a few more are counted", None, world(figures=[line_up(since(LATE, 0.05))])),
            ("what it counts began days before", None, world(figures=[line_up(since(2 * DAY))])),
            (
                "it counts as much more before the release",
                (SHOP, "code_defect", "page_human"),
                world(all_along(MADE, 1700), released=1800, figures=[line_up(since(LATE))]),
            ),
            ("two were released as it began to grow", None, world(figures=[LINE], beside=[CART_TOO])),
            (
                "another one does it as well",
                None,
                world(all_along(MADE), all_along(SARAMA, of="cart"), beside=[workload("cart", env=ASKS)]),
            ),
            (
                "it did so before its release",
                None,
                world(
                    *(each._replace(pod=pod("shop")) for each in [all_along(MADE, LATE)]), released=5000, started=LATE
                ),
            ),
            ("its release is of days before", None, world(all_along(QUIET), figures=[LINE], released=2 * DAY)),
            (
                "its users ask for more",
                (SHOP, "capacity", "scale_workload"),
                world(all_along(MADE), figures=[LINE, rate("shop", 10, 100, 3000)]),
            ),
            ("made anew amid it, and nothing counts what it keeps", None, world(all_along(MADE, 2600), **anew())),
            ("made anew amid it, and no log tells who makes them", None, world(figures=NOW_UP, **anew())),
            (
                "made anew amid it, and it had kept as much before",
                None,
                world(all_along(MADE, 2600), figures=[line_up(since(2680, base=3e4), "kafka-0")], **anew()),
            ),
            (
                "made anew amid it, and its clients had just come back to it at the release",
                None,
                world(all_along(MADE, 2600), figures=[line_up(since(3550))], **anew()),
            ),
            (
                "made anew amid it, and there was no such store before",
                None,
                world(all_along(MADE, 2600), figures=NOW_UP, **anew(age=3000)),
            ),
            (
                "made anew amid it, and two were released as it began to grow",
                None,
                world(
                    all_along(MADE, 2600),
                    all_along(SARAMA, 2500, of="cart"),
                    figures=NOW_UP,
                    beside=[workload("cart", env=ASKS, before=OLD, released=2650)],
                    **anew(),
                ),
            ),
            (
                "the store is as young as the release",
                None,
                world(all_along(MADE), store=kafka(again("Error", 3, age=600, lived=7000), age=LATE)),
            ),
        )
    ),
    DoesNotHold(
        "the store was released that day",
        world(all_along(MADE), store=kafka(before={"image": "apache/kafka:3.8.0"}, released=LATE)),
        (KAFKA, "code_defect", "rollback_workload"),
    ),
]
