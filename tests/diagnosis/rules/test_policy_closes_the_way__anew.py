"""A policy that was edited keeps out who starts or connects anew, and a release only made such pods."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import labelled
from tests.diagnosis.rules.scenes import IMAGE, SHOP, WEB, policy, shop
from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Snapshot

ASKS = {"RabbitMq__Host": "rabbitmq"}
UNREACHED = (
    "[WRN] MassTransit: Connection Failed: rabbitmq://rabbitmq/shop",
    "RabbitMQ.Client.Exceptions.BrokerUnreachableException: None of the specified endpoints were reachable",
)
LOGIN = (
    *UNREACHED,
    "RabbitMQ.Client.Exceptions.AuthenticationFailureException: ACCESS_REFUSED - Login was refused using PLAIN",
)
CLIENTS = {"from": [{"podSelector": {"matchLabels": {"amqp-client": "true"}}}], "ports": [{"port": 5672}]}
ACTING = ("restart_workload", "rollback_workload", "scale_workload", "isolate_workload")


def anew(*told: str, age: float = 900, label: bool = False, besides: bool = True) -> Snapshot:
    """Return a broker that a policy guards since some seconds, who was released since, and who connects anew.

    ``label``: its pods bear what the policy asks for. ``besides``: one that nobody released tells the same.
    """
    released = shop(env=ASKS, before=IMAGE, released=600, ready=0, service=False)
    other = workload("web", env=ASKS, service=False)
    broker = workload("rabbitmq", "rabbitmq:3.13", kind="StatefulSet", port=5672)
    binds = policy("rabbitmq", "rabbitmq", ingress=[CLIENTS], age=age)
    objects = [labelled(each, {"amqp-client": "true"}) if label else each for each in (released, other)]
    lines = [log(pod("shop", n), *told * 9, since=570) for n in range(2)]
    lines += [log(pod("web"), *told * 9, since=400)] if besides else []
    return snapshot(*objects, broker, binds, logs=lines)


HOLDS = [
    Holds(
        f"MassTransit does not come through {what}",
        world,
        ("NetworkPolicy/rabbitmq", "network_fault", "page_human"),
        excludes=(*no("restart_workload", "rollback_workload", at=SHOP), *more),
        harmful=ACTING,
        alone=True,
    )
    for what, world, more in (
        (
            "in pods of a release, nor in one that nobody released",
            anew(*UNREACHED),
            no("restart_workload", at=WEB),
        ),
        ("in pods of a release alone", anew(*UNREACHED, besides=False), ()),
        ("and only the client's own words tell it", anew(UNREACHED[1]), ()),
    )
]
DOES_NOT_HOLD = [
    DoesNotHold("the broker refuses the login of who comes through", anew(*LOGIN), harmful=ACTING),
    DoesNotHold("it lets in whoever bears a label, and all do", anew(*UNREACHED, label=True), harmful=ACTING),
    DoesNotHold("it was written when nobody came through for long", anew(*UNREACHED, age=60), harmful=ACTING),
    DoesNotHold("nobody tells that it does not come through", anew("[INF] Consumer configured"), harmful=ACTING),
]
