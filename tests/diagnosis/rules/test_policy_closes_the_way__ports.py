"""A policy that lets a caller in, but not at the port that it asks."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, SHOP, logs, policy, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

SENTINELS = {"REDIS_SENTINELS": "redis-0.redis:26379,redis-1.redis:26379", "REDIS_MASTER": "town"}
MUTE = (
    "[ioredis] Unhandled error event: Error: All sentinels are unreachable. "
    "Retrying from scratch after 2000ms. Last error: connect ETIMEDOUT"
)
TLS = {"BROKERS": "kafka:9093"}
LATE = "ERROR NetworkClient: connection to node -1 (kafka:9093) could not be established: timed out"
TO_ALL = policy("more", "redis", ingress=[{"ports": [{"port": 26379}]}])


def ports(name: str, image: str, *numbers: int, **more: Any) -> list[Obj]:
    """Return a set of servers whose containers have some ports."""
    made = workload(name, image, kind="StatefulSet", port=numbers[0], **more)
    for holder in [made[0], *pods_of(made)]:
        (first,) = holder["spec"].get("template", holder)["spec"]["containers"]
        first["ports"] = [{"containerPort": number} for number in numbers]
    return made


def open_at(name: str, *numbers: int, age: float = 600, app: str = "shop") -> Obj:
    """Return a policy that lets a caller in at some ports, written so long ago."""
    rule = {"from": [{"podSelector": {"matchLabels": {"app": app}}}], "ports": [{"port": each} for each in numbers]}
    return policy(name, name, ingress=[rule], age=age)


def asks(
    *policies: Obj,
    line: str = MUTE,
    env: dict[str, str] | None = None,
    telling: tuple[int, ...] = (0, 1),
    since: float = 500,
    young: tuple[int, ...] = (),
    well: bool = True,
    **more: Any,
) -> Snapshot:
    """Return a shop that asks a Redis by its sentinels, of which some pods tell that they get no answer.

    ``young``: which of its pods were started five minutes ago, which are not ready unless ``well``.
    """
    objects = shop(pods=3, env=env or SENTINELS, **more)
    for number in young:
        each = pods_of(objects)[number]
        each["metadata"]["creationTimestamp"] = at(300)
        status = each["status"]["containerStatuses"][0]
        status["state"] = {"running": {"startedAt": at(300)}}
        if not well:
            status["ready"] = False
            each["status"]["conditions"] = [{"type": "Ready", "status": "False", "lastTransitionTime": at(300)}]
    store = ports("redis", "redis:7", 6379, 26379)
    broker = ports("kafka", "apache/kafka:3.9", 9092, 9093)
    return snapshot(objects, store, broker, *policies, logs=logs("shop", line, *telling, since=since))


CLOSED = ("NetworkPolicy/redis", "network_fault", "page_human")
HOLDS = [
    Holds(
        "a new one lets in to the store and not to who tells where its leader is",
        asks(open_at("redis", 6379)),
        CLOSED,
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
        alone=True,
    ),
    Holds(
        "a new one lets in to a broker's plain port and not to that of TLS, which the line names",
        asks(open_at("kafka", 9092), line=LATE, env=TLS),
        ("NetworkPolicy/kafka", "network_fault", "page_human"),
        alone=True,
    ),
    Holds(
        "it is two days old, and only the pod that started since is kept out",
        asks(open_at("redis", 6379, age=2 * DAY), telling=(2,), since=280, young=(2,), well=False),
        CLOSED,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    ),
    Holds(
        "a new one lets a caller out at one port alone",
        asks(
            policy(
                "out",
                "shop",
                egress=[{"to": [{"podSelector": {}}], "ports": [{"port": 6379}, {"port": 53, "protocol": "UDP"}]}],
            )
        ),
        ("NetworkPolicy/out", "network_fault", "page_human"),
    ),
]
AWAY = ("dependency_failure", "page_human")
DOES_NOT_HOLD = [
    DoesNotHold("it lets in at both ports", asks(open_at("redis", 6379, 26379)), AWAY),
    DoesNotHold(
        "a second one lets in at the other",
        asks(open_at("redis", 6379), TO_ALL),
        AWAY,
    ),
    DoesNotHold("it is of old, and all are kept out alike", asks(open_at("redis", 6379, age=90 * DAY)), AWAY),
    DoesNotHold("the trouble is older", asks(open_at("redis", 6379, age=200)), AWAY),
    DoesNotHold(
        "the line names a port at which it lets in",
        asks(open_at("redis", 6379), line="Error: connect ETIMEDOUT redis:6379: All sentinels told of it"),
        AWAY,
    ),
    DoesNotHold(
        "a pod that started since comes through: nobody enforces it",
        asks(open_at("redis", 6379), young=(2,)),
        AWAY,
    ),
    DoesNotHold(
        "a release brought the port, which it was never let in at",
        asks(open_at("redis", 6379, age=900), before={**IMAGE, "env": {"REDIS": "redis:6379"}}, released=600),
        AWAY,
    ),
    DoesNotHold("it closes a port that nobody asks", asks(open_at("kafka", 9092)), AWAY),
]
