"""A broker that lets no more in than somebody allowed, since its start or since its clients want more."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, Obj, log, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

VHOST = "[error] <0.9.0> access to vhost 'mail' refused for user 'shop': connection limit (60) is reached"
USER = "[error] <0.9.0> connection refused for user 'shop': user connection limit (60) is reached"
NODE = "[error] <0.9.0> connection refused: node connection limit (60) is reached"
QUEUES = (
    "[error] <0.9.0> channel exception not_allowed: cannot declare queue 'q7': "
    "queue limit in vhost 'mail' (60) is reached"
)
CHANNELS = (
    "[error] <0.9.0> number of channels opened for user 'shop' has reached the maximum allowed user limit of (60)"
)
BY_CLIENT = (
    "ERROR amqp: Handshake terminated by server: 530 (NOT-ALLOWED) with message \"NOT_ALLOWED - access to vhost 'mail' "
    "refused for user 'shop': connection limit (60) is reached\""
)
RATE = "[error] outbound rate limit (60) is reached for user 'shop'"
USES = {"AMQP_URL": "amqp://rabbitmq:5672/mail"}
BROKER = "StatefulSet/rabbitmq"


def rabbit(started: float = 700) -> list[Obj]:
    """Return a broker of one pod that runs since a while."""
    return workload("rabbitmq", "rabbitmq:3.13", kind="StatefulSet", pods=1, port=5672, started=started)


def said(line: str = VHOST, times: int = 9, since: float = 500, *, then: tuple[str, ...] = ()) -> Log:
    return log("rabbitmq-0", *[line] * times, *then, since=since, of="rabbitmq")


def world(*told: Log, started: float = 700, released: float = 900, broker: bool = True) -> Snapshot:
    """Return a shop that fails soon after its release, and the broker that it uses."""
    client = shop(env=USES, before=IMAGE, released=released)
    return snapshot(client, rabbit(started) if broker else [], logs=told, figures=[errors("shop", since=500)])


SET: tuple[str, str, str] = (BROKER, "configuration_error", "page_human")
OUTGROWN: tuple[str, str, str] = (BROKER, "capacity", "page_human")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
IN_VAIN: Any = (*no("restart_workload", "scale_workload", at=SHOP), *no("restart_workload", at=BROKER))
HOLDS = [
    *(
        Holds(
            f"since its start {what} is limited",
            world(said(line)),
            SET,
            excludes=(*IN_VAIN, *no("rollback_workload", at=SHOP)),
            harmful=ACTS,
            began=500,
        )
        for what, line in (
            ("a virtual host", VHOST),
            ("a user", USER),
            ("a node", NODE),
            ("the number of queues", QUEUES),
            ("the number of channels", CHANNELS),
        )
    ),
    Holds("clients alone tell of it", world(*logs("shop", BY_CLIENT, since=500)), SET, excludes=IN_VAIN, harmful=ACTS),
    Holds(
        "it runs for long: since a release its client may want more",
        world(said(), started=DAY),
        OUTGROWN,
        excludes=IN_VAIN,
        spares=no("rollback_workload", at=SHOP),
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "the one broker there is is none that it uses",
        snapshot(shop(), rabbit(), logs=logs("shop", BY_CLIENT, since=500)),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
    ),
    Holds(
        "the broker is elsewhere",
        world(*logs("shop", BY_CLIENT, since=500), broker=False),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
        spares=no("rollback_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, snapshot(shop(env=USES), rabbit(), logs=[told]))
    for what, told in (
        ("a few came back before their former connections were missed", said(times=4)),
        ("a limit of another kind", said(RATE)),
        ("it is over", said(since=9000, then=("[info] <0.9.0> accepting AMQP connection",) * 20)),
    )
]
