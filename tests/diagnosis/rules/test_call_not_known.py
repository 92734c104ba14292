"""A release asks for what its neighbour does not know; what lacks a call since its own release is left alone."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, alert, errors, shop, taken_back
from tests.diagnosis.rules.tiny import Obj, log, pod, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

GRPC = "ERROR quote failed upstream=cart:8080 rpc error: code = Unimplemented desc = unknown service cart.v2.Carts"
GRAPHQL = 'ERROR http://cart:8080/graphql: Cannot query field "tier" on type "Customer".'
S3 = (
    "WARNING store failed: An error occurred (XAmzContentSHA256Mismatch) when calling the PutObject operation: "
    "The provided 'x-amz-content-sha256' header does not match what was computed."
)
REDIS = "ERROR redis:6379 ReplyError: ERR unknown command 'LMPOP'"
OUTSIDE = (
    "ERROR charge failed upstream=api.acmepay.com:443 rpc error: code = Unimplemented desc = unknown service "
    "pay.v1.Charges"
)
NOWHERE = "ERROR charge failed: rpc error: code = Unimplemented desc = unknown service pay.v1.Charges"
PAYS = {"PAY_URL": "https://api.acmepay.com"}
HEALTH = "ERROR cart:8080 rpc error: code = Unimplemented desc = unknown service grpc.health.v1.Health"
NEW: dict[str, Any] = {"before": IMAGE, "released": 900}
STORE = {"S3_ENDPOINT": "http://objects:9000"}
FIRES: dict[str, Any] = {"alerts": [alert("CartErrors", service="cart")]}


def told(line: str, *numbers: int, of: str = "shop", since: float = 840) -> list[Log]:
    """Return the logs of some pods (both) of a workload that work and repeat a line."""
    return [log(pod(of, n), *["INFO GET /v1/zones 200", line] * 6, since=since) for n in numbers or (0, 1)]


def world(
    line: str = GRPC,
    *beside: Any,
    logs: list[Log] | None = None,
    cart: dict[str, Any] | None = None,
    caller: list[Obj] | None = None,
    more: list[Log] | None = None,
    **other: Any,
) -> Snapshot:
    """Return a shop that is released and told so by a cart."""
    return snapshot(
        caller or shop(env=CALLS_CART, **NEW),
        workload("cart", **(cart or {})),
        *beside,
        logs=[*(told(line) if logs is None else logs), *(more or [])],
        **{**FIRES, **other},
    )


def objects(**more: Any) -> list[Obj]:
    return workload("objects", "minio/minio:2021", **{"kind": "StatefulSet", "pods": 1, "port": 9000, **more})


FOUND = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            f"a release asks a neighbour that is as it was for {what}",
            world(line),
            FOUND,
            excludes=(*no("restart_workload", "scale_workload", at=SHOP), *no("rollback_workload", at=CART)),
            harmful=("restart_workload", "scale_workload"),
        )
        for what, line in (("a call that it does not know", GRPC), ("a field that it does not have", GRAPHQL))
    ),
    Holds(
        "its users feel it, and nobody else was called", world(figures=[errors("shop", since=800)], alerts=()), FOUND
    ),
    Holds(
        "its library asks the store in a newer form; who reads what it stores misses it, and was released later",
        snapshot(
            shop(env=STORE, **NEW),
            objects(),
            workload("gallery", env=STORE, before={"image": "registry.example/gallery:0"}, released=650),
            logs=told(S3),
            alerts=[alert("PhotoNotFound", service="gallery")],
        ),
        FOUND,
        harmful=("restart_workload",),
    ),
    Holds(
        "a cache is too old for a command",
        snapshot(
            shop(env={"REDIS_URL": "redis://redis:6379"}, **NEW),
            workload("redis", "redis:6", pods=1, port=6379),
            logs=told(REDIS),
            alerts=[alert("ShopErrors", service="shop")],
        ),
        FOUND,
    ),
]


def row(what: str, snap: Snapshot, *harmful: str) -> DoesNotHold:
    return DoesNotHold(what, snap, (), harmful=harmful or ("restart_workload",))


DOES_NOT_HOLD = [
    row(
        "it was told so before its release",
        world(caller=shop(env=CALLS_CART, before=IMAGE, released=500)),
        "rollback_workload",
    ),
    row(
        "it is told so hours after its release",
        world(caller=shop(env=CALLS_CART, before=IMAGE, released=4 * HOUR)),
        "rollback_workload",
    ),
    row("nobody was released", world(caller=shop(env=CALLS_CART)), "rollback_workload"),
    row(
        "what it asks was released as well: it may have lost the call",
        world(cart={"before": {"image": "registry.example/cart:0"}, "released": 1000}),
    ),
    row(
        "what it asks runs anew since an hour: another version of it may be what lacks the call",
        world(cart={"started": HOUR}),
    ),
    row("what it asks is not complete", world(cart={"ready": 1})),
    row(
        "the way to what it asks was changed: it may lead to another one",
        world(
            logs=told(GRPC),
            caller=[*shop(env=CALLS_CART, **NEW), service_for("cart", written=950)],
            cart={"service": False},
        ),
    ),
    row(
        "the release takes another one back", world(caller=taken_back(shop(env=CALLS_CART, **NEW))), "rollback_workload"
    ),
    row(
        "one of its two pods is told so: it may ask another one than the other",
        world(logs=told(GRPC, 0)),
        "rollback_workload",
    ),
    row(
        "it is told so a few times",
        world(logs=[log(pod("shop", n), GRPC, GRPC) for n in range(2)]),
        "rollback_workload",
    ),
    row("only a probe of health is not known", world(HEALTH), "rollback_workload"),
    row("nobody suffers", world(alerts=()), "rollback_workload"),
    row(
        "somebody else, who is as he was, is told the same: what he asks lacks it by itself",
        world(GRPC, workload("web", env=CALLS_CART), more=told(GRPC, of="web")),
        "rollback_workload",
    ),
    row(
        "who is outside does not know the call: nobody sees whether it is as it was",
        snapshot(
            shop(env=PAYS, **NEW), logs=told(OUTSIDE), figures=[errors("shop", since=800)], alerts=[alert("ShopErrors")]
        ),
        "rollback_workload",
    ),
    row(
        "who is outside does not know the call, nor when another one asks that was not released",
        snapshot(
            shop(env=PAYS | CALLS_CART, **NEW),
            workload("cart"),
            workload("web", env=PAYS),
            logs=[*told(OUTSIDE), *told(OUTSIDE, of="web")],
            figures=[errors("shop", since=800)],
        ),
        "rollback_workload",
    ),
    DoesNotHold(
        "nobody of ours is asked for it, as far as anybody knows: what is left is that its words are new",
        snapshot(shop(**NEW), logs=told(NOWHERE), alerts=[alert("ShopErrors", service="shop")]),
        FOUND,
    ),
    row(
        "no line names who is asked, and another one, that is as he was, is told the same",
        world(NOWHERE, workload("web", env=CALLS_CART), more=told(NOWHERE, of="web")),
        "rollback_workload",
    ),
    DoesNotHold(
        "it is the one that others say does not know",
        world(
            "ERROR code = Unimplemented desc = unknown method Merge for service shop.v1.Shop",
            workload("web", env={"SHOP_URL": "http://shop:8080"}),
            more=told("ERROR shop:8080 rpc error: code = Unimplemented desc = unknown method Merge", of="web"),
            alerts=[alert("ShopErrors", service="shop")],
        ),
        FOUND,
    ),
]
