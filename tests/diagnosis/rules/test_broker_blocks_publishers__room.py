"""A broker whose release left it less memory raises its alarm at the load of every day: it goes back."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import OLD, SHOP, errors, logs, shop
from tests.diagnosis.rules.tiny import DAY, figure, log, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

RABBIT, MQ = "rabbitmq:3.13-management", "apache/activemq-classic:6.1.2"
AMQP = {"AMQP": "amqp://broker:5672"}
BROKER = "StatefulSet/broker"
ALARM = "memory resource limit alarm set on node rabbit@broker-0."
USAGE = "INFO | Usage Manager memory limit (375809638) reached for topic://events. Producers will be throttled"
BLOCKED = "WARN connection blocked by broker: low on memory"
KEPT: dict[str, Any] = {
    "volumeMounts": [{"name": "data", "mountPath": "/var/lib/rabbitmq"}],
    "spec": {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data-broker-0"}}]},
}
CLAIMED: dict[str, Any] = {"volumeMounts": KEPT["volumeMounts"]}
"""As a StatefulSet mounts what it claims for each of its pods."""


def limit(memory: str) -> dict[str, Any]:
    """Return the limit of a container."""
    return {"resources": {"limits": {"memory": memory}}}


def conf(name: str, said: str) -> Any:
    """Return a ConfigMap with the settings of a broker."""
    return thing("ConfigMap", name, data={"rabbitmq.conf": said})


def reads(name: str) -> dict[str, Any]:
    """Return how a container reads a ConfigMap."""
    return {"envFrom": [{"configMapRef": {"name": name}}]}


HEAP: dict[str, Any] = {"env": {"ACTIVEMQ_OPTS": "-Xms64m -Xmx2g"}}
LESS_HEAP: dict[str, Any] = {"env": {"ACTIVEMQ_OPTS": "-Xms64m -Xmx512m"}}
MARK = {"env": {"RABBITMQ_VM_MEMORY_HIGH_WATERMARK": "0.6"}, **limit("2Gi")}
CUT: dict[str, Any] = {"before": limit("4Gi"), **limit("1536Mi")}


def blocked(
    *beside: Any,
    image: str = RABBIT,
    says: str = ALARM,
    client: str = BLOCKED,
    since: float = 600,
    released: float = 9 * 3600,
    waits: tuple[float, float] | None = (3, 20),
    keeps: Any = None,
    shop_is: Any = None,
    figures: Any = (),
    **of: Any,
) -> Snapshot:
    """Return a broker that tells of an alarm since a while, was released before, and who publishes to it.

    ``waits``: how many messages do, before and since; None: nobody counts them. ``of``: what its release changed.
    """
    more = {**(KEPT if keeps is None else keeps), **(of or CUT)}
    return snapshot(
        shop(env=AMQP, **(shop_is or {})),
        workload("broker", image, kind="StatefulSet", pods=1, port=5672, age=90 * DAY, released=released, **more),
        *beside,
        logs=[log("broker-0", says, since=since), *(logs("shop", client, since=since - 20) if client else ())],
        figures=[
            errors("shop", 0.6, since - 20),
            *([] if waits is None else [figure("queue_depth", *waits, since, component="orders")]),
            *figures,
        ],
    )


BACK = (BROKER, "configuration_error", "rollback_workload")
ASKS = (BROKER, "configuration_error", "page_human")
FULL = (BROKER, "resource_exhaustion", "page_human")
HOLDS = [
    *(
        Holds(
            f"its memory was cut, and nothing piles up: {what}",
            world,
            BACK,
            excludes=(
                *no("restart_workload", "rollback_workload", at=SHOP),
                *no("restart_workload", "scale_workload", at=BROKER),
            ),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
        )
        for what, world in (
            ("its limit, by night", blocked()),
            ("its limit, before a weekend", blocked(released=62 * 3600)),
            ("its limit, minutes before", blocked(released=900)),
            ("its limit, and nobody counts what waits", blocked(waits=None)),
            ("its limit, and only who publishes tells of it", blocked(says="INFO Server startup complete")),
            ("its limit, and only it tells of it", blocked(client="")),
            ("its limit, and who publishes was released as well", blocked(shop_is={"before": OLD, "released": 1200})),
            ("it had no limit before", blocked(before={"resources": {}}, **limit("1536Mi"))),
            ("its pods claim a volume each", blocked(keeps=CLAIMED)),
            ("its heap", blocked(image=MQ, says=USAGE, before=HEAP, **LESS_HEAP)),
            (
                "its mark",
                blocked(before=MARK, **limit("2Gi"), env={"RABBITMQ_VM_MEMORY_HIGH_WATERMARK": "0.3"}),
            ),
            (
                "its mark, in another file",
                blocked(
                    [conf("a", "vm_memory_high_watermark.relative = 0.6"), conf("b", "memory = x")],
                    conf("c", "# vm_memory_high_watermark.absolute = 4GB\nvm_memory_high_watermark.absolute = 400MB"),
                    before={**limit("2Gi"), **reads("a")},
                    **limit("2Gi"),
                    **reads("c"),
                ),
            ),
        )
    ),
    *(
        Holds(f"its memory was cut, and {what}", world, ASKS, excludes=no("rollback_workload", at=BROKER))
        for what, world in (
            ("it keeps nothing on a volume", blocked(keeps={})),
            ("it is a newer one as well", blocked(before={"image": "rabbitmq:3.12", **limit("4Gi")}, **limit("1Gi"))),
        )
    ),
    *(
        Holds(f"its release is not behind it: {what}", world, FULL, excludes=no("rollback_workload", at=BROKER))
        for what, world in (
            ("it got more", blocked(before=limit("1536Mi"), **limit("4Gi"))),
            ("it got hardly less", blocked(before=limit("4Gi"), **limit("3500Mi"))),
            ("only its processor was cut", blocked(before={"resources": {}}, resources={"limits": {"cpu": "1"}})),
            ("it came after the alarm", blocked(since=2400, released=900)),
            ("it was weeks ago", blocked(released=20 * DAY)),
            ("it was days ago, and nobody counts what waits", blocked(released=62 * 3600, waits=None)),
            ("messages pile up", blocked(waits=(40, 90_000))),
            ("messages piled up and are worked off", blocked(waits=(90_000, 40))),
            (
                "its disk is full",
                blocked(
                    says="disk resource limit alarm set on node rabbit@broker-0.",
                    client="WARN connection blocked by broker: low on disk",
                ),
            ),
            (
                "its heap has the size of before",
                blocked(image=MQ, says=USAGE, before={**HEAP, **limit("4Gi")}, **HEAP, **limit("2560Mi")),
            ),
            (
                "its mark is in bytes, and as before",
                blocked(
                    conf("a", "vm_memory_high_watermark.absolute = 700MB"),
                    before={**limit("4Gi"), **reads("a")},
                    **limit("1536Mi"),
                    **reads("a"),
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "its memory was cut, and it raises no alarm",
        blocked(says="INFO accepting AMQP connection", client="WARN order 7 took long"),
        harmful=("restart_workload",),
    ),
]
