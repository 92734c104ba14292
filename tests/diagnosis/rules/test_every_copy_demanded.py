"""A topic that demands all its copies refuses writes when one broker is away; one with a copy to spare does not."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of, put
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import Obj, event, log, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RETRIES = (
    "WARN [Producer clientId=shop-1] Got error produce response with correlation id 9 on topic-partition orders-3, "
    "retrying (2147483503 attempts left). Error: NOT_ENOUGH_REPLICAS"
)
FRANZ = "ERROR unable to produce: topic orders partition 3: NOT_ENOUGH_REPLICAS: Messages are rejected since there"
RDKAFKA = "ERROR delivery failed for topic orders [3]: Broker: Not enough in-sync replicas"
NAMELESS = "ERROR kafka server: Messages are rejected since there are fewer in-sync replicas than required"
OTHER = "ERROR delivery failed for topic audits [3]: Broker: Not enough in-sync replicas"
ISR = "NotEnoughReplicasException: The size of the current ISR {} is insufficient to satisfy the min.isr requirement "
SET = f"{ISR.format('Set(0, 1)')}of 3 for partition orders-18"
NUMBER = f"{ISR.format(': 2')}of 3 for partition orders-18, live replica(s) broker.id are : Set(0, 1)"
LOST = f"{ISR.format('Set(0)')}of 3 for partition orders-18"
SPARE = f"{ISR.format('Set(0)')}of 2 for partition orders-18"
OLD = "Number of insync replicas for partition [orders,3] is [2], below required minimum [3]"
TAKEN = "INFO order taken"


def topic(name: str = "orders", least: Any = 3, copies: int = 3, **spec: Any) -> Obj:
    """Return a topic as Strimzi has it; ``least``: how many copies must take a write, None: as its cluster has it."""
    own = {} if least is None else {"min.insync.replicas": least}
    made = thing("KafkaTopic", name, spec={"partitions": 12, "replicas": copies, "config": own, **spec})
    made["metadata"]["labels"] = {"strimzi.io/cluster": "main"}
    return made


def cluster(least: int = 3) -> Obj:
    config = {"min.insync.replicas": least, "default.replication.factor": 3}
    return thing("Kafka", "main", spec={"kafka": {"config": config}})


def brokers(away: int = 1, *, gone: int = 0, restarts: int = 0, **more: Any) -> list[Obj]:
    """Return three brokers, the last of which start after a planned end; ``gone``: have no pod."""
    objects = workload(
        "kafka", "apache/kafka:3.9", kind="StatefulSet", pods=3, ready=3 - away - gone, port=9092, **more
    )
    pods = pods_of(objects)
    for each in pods[3 - away :] if away else []:
        put(each, {"state": {"running": {}}, "restartCount": restarts}, ready=False)
    return [each for each in objects if not gone or each is not pods[0]]


def world(*objects: Any, line: str = RETRIES, told: tuple[Log, ...] = (), since: float = 600) -> Snapshot:
    """Return a shop that was released just before its writes are refused, and what it writes to."""
    client = shop(env={"KAFKA": "kafka:9092"}, before=IMAGE, released=720)
    said = tuple(logs("shop", line, 0, 1, since=since)) if line else ()
    return snapshot(client, *objects, logs=[*said, *told], figures=[errors("shop", 0.9, 580)])


def broker_says(line: str) -> tuple[Log, ...]:
    return (log("kafka-0", *[line] * 9, since=600, of="kafka"),)


ORDERS = "KafkaTopic/orders"
KAFKA = "StatefulSet/kafka"
CAUSE = ("configuration_error", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
STOPPED = event("Pod/kafka-2", "Killing", "Stopping container kafka", age=700, kind="Normal")
HOLDS = [
    *(
        Holds(
            f"a topic demands all its copies: {what}",
            made,
            (ORDERS, *CAUSE),
            excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=KAFKA)),
            alone=True,
            harmful=ACTS,
            began=600,
        )
        for what, made in (
            ("its client alone tells, of a broker that starts", world(brokers(), topic(), STOPPED)),
            ("another client's words", world(brokers(), topic(), line=FRANZ)),
            ("those of a third", world(brokers(), topic("orders", "3"), line=RDKAFKA)),
            ("the broker tells as well", world(brokers(), topic(), told=broker_says(SET))),
            ("in the words of a later one", world(brokers(), topic(), told=broker_says(NUMBER))),
            ("others have a copy to spare", world(brokers(), topic(), topic("audits", 2))),
            ("two of two", world(brokers(), topic("orders", 2, 2))),
            ("no line names a topic, and it is the only one", world(brokers(), topic(), topic("a", 2), line=NAMELESS)),
            ("all of them are there, and one does not keep up", world(brokers(0), topic())),
            (
                "as Confluent's operator has it",
                world(brokers(), topic(config={}, configs={"min.insync.replicas": "3"})),
            ),
            (
                "as Koperator has it, under another name",
                world(brokers(), topic(replicas=None, replicationFactor=3, name="orders")),
            ),
        )
    ),
    Holds("its brokers are elsewhere", world(topic()), (ORDERS, *CAUSE), alone=True, harmful=ACTS),
    Holds(
        "its cluster sets it for all of them",
        world(brokers(), cluster(), topic(least=None), topic("audits", None)),
        ("Kafka/main", *CAUSE),
        alone=True,
        harmful=ACTS,
    ),
    *(
        Holds(f"no object tells of topics: {what}", made, (KAFKA, *CAUSE), harmful=ACTS)
        for what, made in (
            ("a broker tells how many it demands", world(brokers(), told=broker_says(SET))),
            ("one of old, in its words", world(brokers(), line=NAMELESS, told=broker_says(OLD))),
            ("its settings tell", world(brokers(env={"KAFKA_CFG_MIN_INSYNC_REPLICAS": "3"}), line=NAMELESS)),
        )
    ),
    Holds(
        "the broker that is away crashes: that is a fault of its own",
        world(brokers(restarts=7), topic()),
        (ORDERS, *CAUSE),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, made)
    for what, made in (
        ("it has a copy to spare", world(brokers(), topic(least=2))),
        ("two brokers are away", world(brokers(2), topic())),
        ("one is away and one has no pod", world(brokers(1, gone=1), topic())),
        ("it lacks two copies, as the broker tells", world(brokers(), topic(), told=broker_says(LOST))),
        (
            "what is refused has a copy to spare, as the broker tells",
            world(brokers(), topic(), told=broker_says(SPARE)),
        ),
        ("another topic refuses", world(brokers(), topic(), topic("audits", 2), line=OTHER)),
        ("a topic of one copy has none to spare in any case", world(brokers(), topic("orders", 1, 1))),
        ("no object or setting tells how many it demands", world(brokers())),
        ("its settings demand two of three", world(brokers(env={"KAFKA_MIN_INSYNC_REPLICAS": "2"}))),
        (
            "it refused for a moment",
            world(brokers(), topic(), line="", told=(log("shop-pod0", RETRIES, *[TAKEN] * 30),)),
        ),
        (
            "it takes writes again",
            world(brokers(), topic(), line="", told=(log("shop-pod0", *[RETRIES] * 20, *[TAKEN] * 60, since=900),)),
        ),
    )
]
