"""Messages that are too large for the other side since a release, and those that were so before it."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import API, CALLS_CART, CART, DB, IMAGE, SHOP, URL, logs, shop, taken_back
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

RUST = (
    "WARN completing failed Status { code: ResourceExhausted, "
    'message: "grpc: received message larger than max (7340032 vs. 4194304)" }'
)
OTHERS = (
    "ERROR rpc error: code = ResourceExhausted desc = grpc: received message larger than max (7340032 vs. 4194304)",
    "ERROR rpc error: code = ResourceExhausted desc = trying to send message larger than max (7340032 vs. 4194304)",
    "io.grpc.StatusRuntimeException: RESOURCE_EXHAUSTED: gRPC message exceeds maximum size 4194304: 7340032",
    "ERROR tonic: Error, message length too large: found 7340032 bytes, the limit is: 4194304 bytes",
    "ERROR org.apache.kafka.common.errors.RecordTooLargeException: The message is 1292041 bytes when serialized",
    "ERROR nats: maximum payload exceeded",
    "ERROR Packet for query is too large (6291488 > 4194304)",
)
SERVED = "INFO letter sent"


def cart(**more: Any) -> list[Obj]:
    return workload("cart", **more)


def world(*told: Log, released: float = 600, beside: Any = (), of_cart: Any = None, **more: Any) -> Snapshot:
    """Return a shop that calls a cart, released a while ago, and what its pods tell."""
    said = told or logs("shop", RUST, 0, 1, since=500)
    client = shop(env=CALLS_CART, **({"before": IMAGE, "released": released} | more))
    return snapshot(client, cart(**(of_cart or {})), beside, logs=said)


BACK: tuple[str, str, str] = (SHOP, "code_defect", "rollback_workload")
ACTS = ("rollback_workload", "restart_workload", "scale_workload")
NEW: dict[str, Any] = {"before": {"image": "registry.example/cart:0"}, "released": 600}
OLD: dict[str, Any] = {"before": None}
EDITED = thing("ConfigMap", "limits", data={"max-message": "1000"}, written=550)
READS: dict[str, Any] = {"of_cart": {"envFrom": [{"configMapRef": {"name": "limits"}}]}}
HOLDS = [
    *(
        Holds(
            f"since a release of its own: {line[:60]}",
            world(*logs("shop", line, 0, 1, since=500)),
            BACK,
            excludes=(
                *no("restart_workload", "scale_workload", at=SHOP),
                *no("rollback_workload", "restart_workload", at=CART),
            ),
            harmful=("restart_workload", "scale_workload"),
            alone=True,
            began=500,
        )
        for line in (RUST, *OTHERS)
    ),
    Holds(
        "since a release of whom it calls: what that answers is too large",
        world(of_cart=NEW, **OLD),
        (CART, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "since a release of who calls it",
        snapshot(
            workload("api", env={"SHOP": "http://shop:8080"}, before=IMAGE, released=600),
            shop(),
            logs=logs("shop", RUST, 0, 1, since=500),
        ),
        (API, "code_defect", "rollback_workload"),
        excludes=no("rollback_workload", at=SHOP),
    ),
    Holds(
        "both were released: a person looks which of them it was",
        world(of_cart=NEW),
        (SHOP, "code_defect", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        spares=no("rollback_workload", at=CART),
        harmful=("restart_workload", "scale_workload"),
    ),
]
HOLDS += [
    Holds(
        "since its database was released: a person looks at what that takes",
        snapshot(
            shop(env=URL),
            workload(
                "postgres", "mysql:8", kind="StatefulSet", pods=1, port=5432, env={"A": "2"}, before={"env": {"A": "1"}}
            ),
            logs=logs("shop", OTHERS[-1], 0, 1, since=500),
        ),
        (DB, "configuration_error", "page_human"),
        harmful=ACTS,
    ),
    Holds(
        "since it went back: a person looks",
        snapshot(taken_back(shop(before=IMAGE, released=600)), logs=logs("shop", RUST, 0, 1, since=500)),
        (SHOP, "code_defect", "page_human"),
        harmful=ACTS,
    ),
]
LONG_SINCE = log(pod("shop"), *[RUST] * 20, since=5000)
DOES_NOT_HOLD = [
    DoesNotHold(what, found, harmful=("restart_workload", "scale_workload"))
    for what, found in (
        ("nobody was released", world(**OLD)),
        ("it was so before the release", world(LONG_SINCE)),
        ("now and then", world(*logs("shop", RUST, times=4, since=500))),
        ("it is over", world(log(pod("shop"), *[RUST] * 6, *[SERVED] * 60, since=5000), released=5100)),
        ("what it calls reads what somebody wrote just before", world(beside=EDITED, **READS)),
    )
]
