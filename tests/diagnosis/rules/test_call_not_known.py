"""A release asks for what its neighbour does not know; what lacks a call since its own release is left alone."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import HOUR
from tests.diagnosis.rules.scenes import CALLS_CART, CART, IMAGE, SHOP, alert, errors, latency, rate, shop, taken_back
from tests.diagnosis.rules.tiny import Obj, figure, log, pod, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

GRPC = "ERROR quote failed upstream=cart:8080 rpc error: code = Unimplemented desc = unknown service cart.v2.Carts"
OLDER = "INFO cart:8080 has no cart.v2 (code = Unimplemented desc = unknown service cart.v2.Carts), using cart.v1"
GRAPHQL = 'ERROR http://cart:8080/graphql: Cannot query field "tier" on type "Customer".'
S3 = (
    "WARNING store failed: An error occurred (XAmzContentSHA256Mismatch) when calling the PutObject operation: "
    "The provided 'x-amz-content-sha256' header does not match what was computed."
)
REDIS = "ERROR redis:6379 ReplyError: ERR unknown command 'LMPOP'"
HEALTH = "ERROR cart:8080 rpc error: code = Unimplemented desc = unknown service grpc.health.v1.Health"
NEW: dict[str, Any] = {"before": IMAGE, "released": 900}
STORE = {"S3_ENDPOINT": "http://objects:9000"}
FIRES: dict[str, Any] = {"alerts": [alert("CartErrors", service="cart")]}
DISK: dict[str, Any] = {"alerts": [alert("NodeDiskWillFillIn4h")]}
WITH_REDIS = {"REDIS_URL": "redis://redis:6379"}
OUTSIDE = GRPC.replace("cart:8080", "api.acmepay.com:443")
SHOP_FAILS: dict[str, Any] = {"alerts": [alert("ShopErrors", service="shop")]}


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


def old_redis() -> list[Obj]:
    return workload("redis", "redis:6", pods=1, port=6379)


def throttled(line: str, **more: Any) -> Snapshot:
    """Return a released shop that is told something by a cart which has too little processor for its requests."""
    busy = [*(figure("cpu_share", 0.3, 0.97, 600, pod=pod("cart", n), container="cart") for n in range(2))]
    busy.append(rate("cart", 50, 200))
    return world(line, figures=[*busy, latency("cart")], alerts=[alert("CartLatency", service="cart")], **more)


def of_redis(line: str, **more: Any) -> Snapshot:
    """Return a released shop that is told something by a redis whose memory is full."""
    full = [figure("memory_share", 0.5, 0.97, 3000, component="redis")]
    return snapshot(
        shop(env=WITH_REDIS, **NEW),
        old_redis(),
        logs=told(line),
        **{"figures": full, "alerts": [alert("RedisMemoryHigh", service="redis")], **more},
    )


FOUND = (SHOP, "code_defect", "rollback_workload")
HOLDS = [
    *(
        Holds(
            f"a release asks a neighbour that is as it was for {what}",
            world(line),
            FOUND,
            excludes=no("restart_workload", "scale_workload", at=SHOP),
            spares=no("scale_workload", "restart_workload", at=CART),
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
    *(
        Holds(
            f"its library asks the store in a newer form, which it knows by {key}",
            snapshot(shop(env={key: "http://objects:9000"}, **NEW), objects(), logs=told(S3), **SHOP_FAILS),
            FOUND,
            harmful=("restart_workload",),
        )
        for key in ("OBJECT_STORE", "OBJECT_STORE_BASE", "MINIO", "S3_ENDPOINTS", "S3_URL_INTERNAL")
    ),
    Holds(
        "a cache is too old for a command",
        snapshot(
            shop(env=WITH_REDIS, **NEW),
            old_redis(),
            logs=told(REDIS),
            **SHOP_FAILS,
        ),
        FOUND,
    ),
    Holds(
        "what it asks counts the failed calls as well",
        world(figures=[errors("shop", since=800), errors("cart", since=800)]),
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
    *(
        DoesNotHold(
            f"what it asks is short of processor, {also}",
            throttled(line),
            (CART, "capacity", "scale_workload"),
            harmful=("rollback_workload",),
        )
        for also, line in (
            ("and it goes on with an older call", OLDER),
            ("and it calls that an error", f"{GRPC}, falling back to cart.v1"),
            ("and nobody tells of errors", GRPC),
        )
    ),
    *(
        row(what, snap, "rollback_workload", "restart_workload")
        for what, snap in (
            ("it calls that no error", world(GRPC.replace("ERROR", "INFO"), **SHOP_FAILS)),
            (
                "a library tells a cache who it is, which is full",
                of_redis("DEBUG redis:6379 ERR unknown subcommand 'SETINFO'"),
            ),
            (
                "the cache says that it is an error, and the library does not",
                of_redis("DEBUG redis:6379 ERR unknown command 'LMPOP'"),
            ),
            ("a cache lacks a command and is full", of_redis(REDIS)),
            (
                "no error, and the only alert belongs nowhere",
                of_redis("DEBUG redis:6379 ERR unknown command 'LMPOP'", figures=[], **DISK),
            ),
            (
                "somebody asks it in vain itself, for all that anybody knows",
                world('WARN request failed: Cannot query field "secret" on type "Query"', **SHOP_FAILS),
            ),
            ("a host outside says so", world(OUTSIDE, **SHOP_FAILS)),
            (
                "a host outside says so to everybody",
                world(OUTSIDE, workload("web"), more=told(OUTSIDE, of="web"), **SHOP_FAILS),
            ),
            (
                "the store that it asks is outside",
                snapshot(
                    shop(env={"S3_ENDPOINT": "https://s3.acme.com", **CALLS_CART}, **NEW),
                    workload("cart"),
                    logs=told(S3),
                    **SHOP_FAILS,
                ),
            ),
        )
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
