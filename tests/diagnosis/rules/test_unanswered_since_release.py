"""Callers get no answer of whom they call since it was released; what only looks like it has another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import looping, pods_of, put, reown
from tests.diagnosis.rules.scenes import CALLS_CART, CART, OLD, SHOP, URL, alert, down, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, postgres, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log

REFUSED = "error: basket not read: dial tcp: connect: connection refused (http://cart:8080)"
RESET = "upstream prematurely closed: read: connection reset by peer (http://cart:8080)"
CALLER = shop(env=CALLS_CART)
RINGS = [alert("ShopErrors", deployment="shop")]


def cart(**more: Any) -> list[Obj]:
    """Return a cart that was released ten minutes ago."""
    return workload("cart", **{"before": OLD, "released": 600, **more})


def tells(line: str = REFUSED, *, well: int = 8, bad: int = 16, since: float = 840) -> list[Log]:
    """Return a caller's log that tells of nothing at first, and then repeats a line."""
    return [log(pod("shop"), *["INFO basket read"] * well, *[line] * bad, since=since)]


def half_ready(objects: list[Obj]) -> list[Obj]:
    """Return a workload of which the first pod is ready no more."""
    put(pods_of(objects)[0], {}, ready=False, unready=570)
    objects[0]["status"]["readyReplicas"] = len(pods_of(objects)) - 1
    return objects


def half_rolled(objects: list[Obj]) -> list[Obj]:
    """Return a workload whose first pod is of the template before, and ends as all of them do."""
    first, *_ = pods_of(down(objects, looping(restarts=5), unready=500))
    reown(first, "cart-r1", 9000)
    return objects


def probed(timeout: int) -> Obj:
    return {"readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}, "timeoutSeconds": timeout}}


PORTS = {"ports": [{"name": "web", "containerPort": 9090}]}
HOLDS = [
    Holds(
        "its pods are ready, and hang up on everybody",
        snapshot(CALLER, cart(), logs=tells(RESET), alerts=RINGS),
        (CART, "code_defect", "rollback_workload"),
        excludes=(*no("restart_workload", at=CART), *no("restart_workload", "rollback_workload", at=SHOP)),
        sure=(0.5, 0.8),
        began=560,
    ),
    Holds(
        "its pods are ready, and nobody is at the port that the release renamed",
        snapshot(
            CALLER,
            cart(before={**OLD, "ports": [{"name": "http", "containerPort": 8080}]}, **PORTS),
            logs=tells(),
            alerts=RINGS,
        ),
        (CART, "configuration_error", "rollback_workload"),
        believed="service_port_wrong",
    ),
    Holds(
        "one of its pods is not ready, and nothing tells why",
        snapshot(CALLER, half_ready(cart()), logs=tells(), alerts=RINGS),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "one of its pods is not ready: a probe waits for less than before",
        snapshot(CALLER, half_ready(cart(before=probed(5), **probed(1))), logs=tells(), alerts=RINGS),
        (CART, "configuration_error", "rollback_workload"),
        believed="probe_changed",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "they complained before it was released",
        snapshot(CALLER, cart(), logs=tells(RESET, well=2), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "their logs begin after it was released: nobody knows what they told before",
        snapshot(CALLER, cart(released=1100), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it had answered for half an hour",
        snapshot(CALLER, cart(released=2700), logs=tells(RESET, well=40, since=3300), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "they told of it twice",
        snapshot(CALLER, cart(), logs=tells(RESET, bad=2, well=9), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "the caller was released as well",
        snapshot(shop(env=CALLS_CART, before=OLD, released=610), cart(), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its Service was written as well",
        snapshot(
            CALLER,
            [o for o in cart() if o["kind"] != "Service"],
            service_for("cart", written=590),
            logs=tells(),
            alerts=RINGS,
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it gets twice as many requests as before",
        snapshot(CALLER, cart(), logs=tells(RESET), alerts=RINGS, figures=[rate("cart", 50, 100), errors("cart", 0.0)]),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "it gets no answer either, of its database that is down",
        snapshot(
            CALLER,
            cart(env=URL, before={**OLD, "env": URL}),
            down(postgres(), looping(restarts=3), unready=590),
            logs=[*tells(RESET), *logs("cart", "could not connect to postgres:5432: connection refused", since=580)],
            alerts=RINGS,
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "a new image that had answered for minutes",
        snapshot(CALLER, cart(released=1000), logs=tells(RESET, well=18, bad=8, since=1440), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "its older pods end as well: what fells them is no matter of the release",
        snapshot(CALLER, half_rolled(cart()), logs=tells(), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "another one that is called by nobody known was released just after it",
        snapshot(CALLER, cart(), workload("pay", before=OLD, released=580), logs=tells(RESET), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "what the caller tells is of another one too",
        snapshot(
            CALLER,
            cart(),
            workload("pay"),
            logs=tells(f"{RESET}, then http://pay:8080: connection reset by peer"),
            alerts=RINGS,
        ),
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "nobody complains",
        snapshot(CALLER, cart(), logs=tells("INFO basket read"), alerts=RINGS),
        harmful=("rollback_workload",),
    ),
]
