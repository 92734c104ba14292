"""An alarm that a broker told of once, long ago, stands until somebody tells that it is over."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, alert, errors
from tests.diagnosis.rules.tiny import Obj, figure, pod, secret_key, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

MIN = 60.0
RABBIT = "StatefulSet/rabbitmq"
RABBIT_SET = "[warning] <0.482.0> disk resource limit alarm set on node 'rabbit@rabbitmq-0'."
RABBIT_OVER = "[warning] <0.482.0> disk resource limit alarm cleared across the cluster"
MEMORY_SET = "[warning] <0.482.0> memory resource limit alarm set on node 'rabbit@rabbitmq-0'."
MEMORY_OVER = "[warning] <0.482.0> memory resource limit alarm cleared on node 'rabbit@rabbitmq-0'"
ARTEMIS_SET = (
    "WARN [org.apache.activemq.artemis.core.server] AMQ222210: Free storage space is at 512MB of 20GB total. Usage "
    "rate is 97.5% which is beyond the configured <max-disk-usage>. System will start blocking producers."
)
ARTEMIS_OVER = (
    "WARN [org.apache.activemq.artemis.core.server] AMQ222211: Free storage space is at 8GB of 20GB total. Usage "
    "rate is 59% which is below the configured <max-disk-usage>. System will unblock producers."
)
WORKS = "[info] <0.487.0> accepting AMQP connection <0.2078581.0> (10.1.0.4:59463 -> 10.1.0.9:5672)"
BLOCKED = "WARN aiormq.connection: Connection amqp://shop:***@rabbitmq:5672/ was blocked by: 'low on disk'"
UNBLOCKED = "INFO aiormq.connection: Connection amqp://shop:***@rabbitmq:5672/ was unblocked"
UNCONFIRMED = "ERROR publish not confirmed within 10.0s, rolling back"
TAKEN = "INFO order taken"
GIVES_BACK = "ERROR delivery failed, requeue=True redelivered=True"
HIDDEN = {"AMQP_URL": secret_key("shop-amqp", "uri")}
NEAR: dict[str, Any] = {"env": HIDDEN, "before": OLD, "released": 34 * MIN}
FULL = (RABBIT, "resource_exhaustion", "page_human")
CODE = ("code_defect", "rollback_workload")


def broker(image: str = "rabbitmq:3.13-management", name: str = "rabbitmq") -> list[Obj]:
    return workload(name, image, kind="StatefulSet", pods=1, port=5672)


def told(*lines: tuple[float, str], of: str = "rabbitmq-0") -> Log:
    """Return a log of what was told so many minutes ago."""
    return timed(of, *((age * MIN, line) for age, line in lines))


def failing(since: float, line: str = UNCONFIRMED, *first: tuple[float, str], of: str = "shop") -> Log:
    """Return the log of a workload that was well for an hour, and fails every minute since so many minutes ago."""
    well = [(float(age), TAKEN) for age in range(60, int(since), -1)]
    return told(*sorted([*well, *first, *((since - n, line) for n in range(int(since)))], reverse=True), of=pod(of))


def world(
    *kept: Log, brokers: Any = None, shops: Any = None, beside: Any = (), queue: Any = (), since: float = 33
) -> Snapshot:
    """Return a shop that fails since so many minutes, whose release came ten minutes before, and what logs tell."""
    env = {"env": HIDDEN, "before": OLD, "released": (since + 10) * MIN}
    return snapshot(
        brokers if brokers is not None else broker(),
        workload("shop", **(env if shops is None else shops)),
        *beside,
        logs=kept,
        figures=[errors("shop", 0.6, since * MIN), *queue],
        alerts=[alert("OrdersFail", deployment="shop")],
    )


def consumer(**more: Any) -> list[Obj]:
    """Return who reads the long queue, and how it was released."""
    return workload("invoices", **{"env": HIDDEN, "service": False, "before": OLD, "released": 50 * MIN, **more})


def counts(now: float, since: float = 33) -> list[Any]:
    """Return how many alarms the broker counts, since so many minutes."""
    return [figure("broker_alarms", 0 if now else 1, now, since * MIN, pod="rabbitmq-0")]


def filled(grows: float, **more: Any) -> Snapshot:
    """Return a broker that is full since 33 minutes, and whose queue grows since so many."""
    queue = [figure("queue_depth", 100, 60000, grows * MIN, component="invoices")]
    shop = failing(32, UNCONFIRMED, (33, BLOCKED))
    return world(told((33, RABBIT_SET)), shop, beside=[consumer(**more)], queue=queue)


HOLDS = [
    *(
        Holds(
            f"it told so half an hour ago, and tells of nothing but connections since: {what}",
            made,
            (named, "resource_exhaustion", "page_human"),
            excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no("restart_workload", at=named)),
            alone=True,
            harmful=("rollback_workload",),
        )
        for what, named, made in (
            (
                "its client has the address from a Secret, and was released before",
                RABBIT,
                world(
                    told((33, RABBIT_SET), (20, WORKS), (3, WORKS)),
                    failing(31, UNCONFIRMED),
                    told((33, BLOCKED), (32, TAKEN), of=pod("carts")),
                    beside=[workload("carts", env=HIDDEN)],
                ),
            ),
            (
                "Artemis, hours ago",
                "StatefulSet/artemis",
                world(
                    told((170, ARTEMIS_SET), of="artemis-0"),
                    brokers=broker("apache/activemq-artemis:2.40.0", "artemis"),
                    shops={"env": {"BROKER_URL": "tcp://artemis:61616"}, "before": OLD, "released": 45 * MIN},
                ),
            ),
            (
                "there was an alarm of memory as well, which is over",
                RABBIT,
                world(
                    told((40, MEMORY_SET), (33, RABBIT_SET), (25, MEMORY_OVER), (3, WORKS)),
                    failing(32, UNCONFIRMED, (33, BLOCKED)),
                ),
            ),
            (
                "nobody has its log, and a client that it told of it fails ever since",
                RABBIT,
                world(failing(32, UNCONFIRMED, (33, BLOCKED))),
            ),
        )
    ),
    Holds(
        "nobody tells of it but its figures, and its client has the address from a Secret",
        world(failing(31), queue=counts(1)),
        FULL,
        excludes=no("rollback_workload", at=SHOP),
        harmful=("rollback_workload",),
    ),
    Holds(
        "who reads the queue gives back what it takes since the alarm alone, though it was released before",
        world(
            told((33, RABBIT_SET)),
            failing(32, UNCONFIRMED, (33, BLOCKED)),
            failing(30, GIVES_BACK, of="invoices"),
            beside=[consumer()],
        ),
        FULL,
        harmful=("rollback_workload",),
    ),
    Holds("the queue grew long before its reader's release", filled(55, released=40 * MIN), FULL),
    Holds("the queue grew since the alarm, long after its reader's release", filled(20), FULL),
    Holds(
        "the queue grew with its reader's release, and filled the broker",
        filled(49),
        ("Deployment/invoices", *CODE),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "who reads the queue gave back what it took before the alarm, since its release",
        world(
            told((33, RABBIT_SET)),
            failing(32, UNCONFIRMED, (33, BLOCKED)),
            failing(48, GIVES_BACK, of="invoices"),
            beside=[consumer()],
        ),
        ("Deployment/invoices", *CODE),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"it is over: {what}", made, (SHOP, *CODE))
        for what, made in (
            ("it told so", world(told((33, RABBIT_SET), (25, RABBIT_OVER), (3, WORKS)), failing(31), shops=NEAR)),
            (
                "Artemis told so",
                world(
                    told((170, ARTEMIS_SET), (100, ARTEMIS_OVER), of="artemis-0"),
                    brokers=broker("apache/activemq-artemis:2.40.0", "artemis"),
                    shops={"env": {"BROKER_URL": "tcp://artemis:61616"}, "before": OLD, "released": 34 * MIN},
                ),
            ),
            (
                "its figures tell so",
                world(told((33, RABBIT_SET)), failing(31), shops=NEAR, queue=counts(0, 20)),
            ),
            ("its client told so", world(failing(31, UNCONFIRMED, (33, BLOCKED), (28, UNBLOCKED)), shops=NEAR)),
            (
                "it told so, and its client never heard of that",
                world(
                    told((33, RABBIT_SET), (25, RABBIT_OVER)),
                    failing(31, UNCONFIRMED, (33, BLOCKED)),
                    shops=NEAR,
                ),
            ),
        )
    ),
    DoesNotHold(
        "a client was blocked once, and takes orders since",
        snapshot(
            broker(), workload("shop", env=HIDDEN), logs=[told((33, BLOCKED), (20, TAKEN), (1, TAKEN), of="shop")]
        ),
    ),
]
