"""A login that is denied what it did since its rights were written: the object of the rights is named."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD
from tests.diagnosis.rules.tiny import Obj, pod, secret_key, snapshot, thing, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

ETA, KAFKA_USER = "Deployment/eta", "KafkaUser/eta"
BROKER = (
    "INFO Principal = User:{} is Denied operation = READ from host = 10.0.0.6 on resource = Topic:LITERAL:{} "
    "for request = FETCH with resourceRefCount = 1 based on rule DefaultDeny (kafka.authorizer.logger)"
)
DENIED = BROKER.format("eta", "scans.v2")
OF_CERTIFICATE = BROKER.format("CN=eta,O=io.strimzi", "scans.v2")
LIBRDKAFKA = (
    'KafkaError{code=TOPIC_AUTHORIZATION_FAILED,val=29,str="Subscribed topic not available: scans.v2: Broker: '
    'Topic authorization failed"}'
)
JVM = "org.apache.kafka.common.errors.GroupAuthorizationException: Not authorized to access group: eta-reader"
RABBIT = "operation basic.publish caused a channel exception access_refused: access to exchange 'paid' in vhost 'shop' "
RABBIT += "refused for user 'eta'"
MARIA = "(1142, \"SELECT command denied to user 'eta'@'10.0.0.6' for table `shop`.`scans`\")"
OWN_DISK = "PermissionError: [Errno 13] Permission denied: '/data/scans'"
SECRET = {"KAFKA_PASSWORD": secret_key("eta"), "KAFKA": "kafka:9092"}


def user(name: str = "eta", *topics: str, written: float | None = 600, kind: str = "literal") -> Obj:
    """Return a login of Kafka that may read some topics."""
    acls = [{"resource": {"type": "topic", "name": t, "patternType": kind}, "operations": ["Read"]} for t in topics]
    rules = {"authorization": {"type": "simple", "acls": acls}}
    return thing("KafkaUser", name, written=written, spec=rules, status={"username": name})


def often(name: str, line: str, *, since: float = 598, until: float = 10) -> Log:
    """Return a log that tells a line each half minute, and went well before."""
    ages = range(int(since), int(until), -30)
    return timed(name, (3000, "ready"), *((age, line) for age in ages))


def world(*more: Any, told: dict[str, str] | None = None, since: float = 598, until: float = 10, **client: Any) -> Any:
    """Return a client and a broker, what objects there are, and what both tell (pod: line)."""
    said = {pod("eta"): LIBRDKAFKA, "kafka-0": DENIED} if told is None else told
    return snapshot(
        workload("eta", **{"env": SECRET, **client}),
        workload("kafka", "apache/kafka:3.9.0", kind="StatefulSet", pods=1, port=9092),
        more,
        logs=[often(name, line, since=since, until=until) for name, line in said.items()],
    )


NARROWED = user("eta", "scans", "etas.v1")
OTHERS = user("billing", "scans.", kind="prefix", written=90000)
PERMISSION = thing("Permission", "eta-shop", written=620, spec={"vhost": "shop", "user": "eta"})
BY_REFERENCE = thing("Permission", "eta-shop", written=620, spec={"vhost": "shop", "userReference": {"name": "eta"}})
GRANT = thing("Grant", "eta-reads", written=615, spec={"username": "eta", "privileges": ["INSERT"], "table": "scans"})


def mine(what: str, seen: Snapshot, of: str = KAFKA_USER, **more: Any) -> Holds:
    """Return that the object of the rights is named, for a person."""
    return Holds(
        what,
        seen,
        (of, "configuration_error", "page_human"),
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
        **more,
    )


HOLDS = [
    mine(
        "a topic's name was tidied: client and broker tell it",
        world(NARROWED, OTHERS),
        excludes=(*no("restart_workload", at=ETA), *no("rollback_workload", at=ETA)),
        sure=(0.8, 1.0),
        began=598,
    ),
    mine("the client alone tells it", world(NARROWED, told={pod("eta"): LIBRDKAFKA})),
    mine("the broker alone tells it", world(NARROWED, told={"kafka-0": DENIED})),
    mine("the broker tells the name of a certificate", world(NARROWED, told={"kafka-0": OF_CERTIFICATE})),
    mine("a group has no right any more", world(NARROWED, told={pod("eta"): JVM})),
    mine("nobody sees what it gives", world(thing("KafkaUser", "eta", written=600), told={pod("eta"): JVM})),
    mine("nobody knows when it was written, and it lacks the topic", world(user("eta", "scans", written=None))),
    mine(
        "the client was released two minutes before, and was not denied then",
        world(NARROWED, before=OLD, released=720),
    ),
    mine(
        "the client was made as two other logins were written too, which go on",
        world(NARROWED, user("billing", "scans.", kind="prefix")),
    ),
    mine("RabbitMQ", world(PERMISSION, told={"kafka-0": RABBIT}), "Permission/eta-shop"),
    mine("RabbitMQ, of a user by its object", world(BY_REFERENCE, told={pod("eta"): RABBIT}), "Permission/eta-shop"),
    mine("MariaDB", world(GRANT, told={pod("eta"): MARIA}), "Grant/eta-reads"),
]
DOES_NOT_HOLD = [
    DoesNotHold("its rights are as they were", world(user("eta", "scans", written=90000))),
    DoesNotHold("its rights were written long after", world(user("eta", "scans", written=60), since=3000)),
    DoesNotHold("its rights were written half an hour before", world(user("eta", "scans", written=2400))),
    DoesNotHold("another login's rights were written", world(user("billing", "scans"), user("eta", written=90000))),
    DoesNotHold(
        "another one is denied too, whose rights are as they were: it is the server",
        world(
            NARROWED,
            OTHERS,
            *workload("billing", env={"KAFKA": "kafka:9092"}),
            told={"kafka-0": DENIED, pod("billing"): LIBRDKAFKA},
        ),
    ),
    DoesNotHold("it is over", world(NARROWED, until=300, told={pod("eta"): LIBRDKAFKA}, since=2400)),
    DoesNotHold("it was told once", world(NARROWED, until=570)),
    DoesNotHold(
        "its release asks for another topic in those minutes",
        world(
            NARROWED,
            env={**SECRET, "TOPIC": "scans.v2"},
            before={**OLD, "env": {**SECRET, "TOPIC": "scans.v1"}},
            released=720,
        ),
    ),
    DoesNotHold("it was released since", world(NARROWED, before=OLD, released=599)),
    DoesNotHold(
        "nobody knows when it was written, and a release asks for more than it gives",
        world(user("eta", "scans", written=None), before=OLD, released=620),
    ),
    DoesNotHold(
        "nobody knows when it was written, and it gives what is denied",
        world(user("eta", "scans.", written=None, kind="prefix")),
    ),
    DoesNotHold("the client may not read a file of its own", world(NARROWED, told={pod("eta"): OWN_DISK})),
]
