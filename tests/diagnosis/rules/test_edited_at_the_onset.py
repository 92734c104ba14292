"""Trouble began as the one object beside who suffers, or beside whom that one needs, was edited or came into force."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds
from tests.diagnosis.rules.pods import HOUR, again, pods_of, put, younger
from tests.diagnosis.rules.scenes import (
    CALLS_CART,
    CART,
    IMAGE,
    OLD,
    SHOP,
    alert,
    autoscaler,
    errors,
    latency,
    policy,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, log, pod, service_for, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

ODD = "ERROR basket 7: total is not what the lines add up to"
ODD_SINCE_ITS_START = log(pod("shop", 1), "INFO ready", *[ODD] * 9, since=630)
PASSED = "ERROR GET http://cart:8080/total failed: 500 Internal Server Error"
FAILS = errors("shop")
EARLY = alert()._replace(starts_at=NOW - timedelta(minutes=25))
RATES = ("ConfigMap/rates", "configuration_error", "page_human")
UNKNOWN = (SHOP, *ASK)


def mounts(name: str) -> dict[str, Any]:
    return {"spec": {"volumes": [{"name": "c", "configMap": {"name": name}}]}}


def takes(name: str) -> dict[str, Any]:
    return {"envFrom": [{"configMapRef": {"name": name}}]}


def rates(age: float = 640) -> Obj:
    return thing("ConfigMap", "rates", written=age, data={"a": "b"})


def asking(*more: Any, cart: dict[str, Any] | None = None, figures: Any = (FAILS,), **world: Any) -> Snapshot:
    """Return a shop that fails, and the cart that it asks."""
    return snapshot(shop(env=CALLS_CART), workload("cart", **(cart or {})), *more, figures=figures, **world)


def some_anew(started: float = 640, **more: Any) -> list[Obj]:
    """Return a shop of which one pod was made anew."""
    return younger(shop(**more), 1, age=started)


def once_more() -> list[Obj]:
    """Return a shop of which a container ran for hours with what was written, ended, and was started as it began."""
    world = shop(**takes("rates"))
    put(pods_of(world)[-1], again("Error", 1, age=640, lived=5 * HOUR), ready=True)
    return world


def in_turn(*ages: float) -> list[Obj]:
    """Return a shop of which some pods were made anew, one after the other."""
    world = shop(pods=len(ages) + 1, **takes("rates"))
    for number, age in enumerate(ages):
        younger(world, len(ages) - number, age=age)
    return world


def starting() -> list[Obj]:
    """Return a shop whose last pod is new and not ready yet."""
    world = some_anew(30, **mounts("rates"))
    put(pods_of(world)[-1], {"state": {"running": {"startedAt": at(20)}}}, ready=False, unready=30)
    world[0]["status"]["readyReplicas"] -= 1
    return world


def refusing(*more: Any, since: int = 20, **world: Any) -> Snapshot:
    """Return a cart whose log tells of refusals since ten minutes, and a shop that asks it and that people look at."""
    lines = [*["INFO GET /cart 200 4ms"] * 60, *["INFO GET /cart 200 4ms", "INFO POST /cart 403 3ms"] * (since // 2)]
    told = log(pod("cart"), *lines, since=30 * len(lines))
    fires = [alert(service="shop")._replace(starts_at=NOW - timedelta(minutes=5))]
    cart = mounts("rates")
    return asking(rates(), *more, cart=cart, **{"figures": (), "logs": [told], "alerts": fires, **world})


HOLDS = [
    Holds("a file of who refuses since then what it let in before", refusing(), RATES, began=570),
    Holds(
        "a file of whom it asks", asking(rates(), cart=mounts("rates")), RATES, sure=(0.3, 0.45), alone=True, began=600
    ),
    Holds(
        "a policy of the network for whom it asks, though nobody tells whom it does not reach",
        asking(policy("cart", "cart", age=640, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "api"}}}]}])),
        ("NetworkPolicy/cart", "network_fault", "page_human"),
    ),
    Holds(
        "the autoscaler of whom it asks",
        asking(autoscaler("cart", 2, 2, written=640)),
        ("HorizontalPodAutoscaler/cart", "configuration_error", "page_human"),
    ),
    Holds(
        "a Service without pods of ours that its settings name",
        snapshot(
            shop(env={"BIDS_URL": "http://bids:8080"}),
            service_for("bids", selector={"app": "nobody"}, written=640),
            figures=[FAILS],
        ),
        ("Service/bids", "configuration_error", "page_human"),
    ),
    Holds(
        "what a pod was the first to start with, of a day ago",
        snapshot(some_anew(**takes("rates")), rates(DAY), logs=[ODD_SINCE_ITS_START]),
        RATES,
    ),
    Holds(
        "what pods were started with one after the other: it began amid that",
        snapshot(
            in_turn(1240, 940, 640),
            rates(DAY),
            figures=[latency("shop")],
        ),
        RATES,
    ),
    Holds(
        "defaults for new pods, of a day ago: some were made anew as it began",
        snapshot(some_anew(), thing("LimitRange", "defaults", written=DAY), figures=[latency("shop")]),
        ("LimitRange/defaults", "configuration_error", "page_human"),
    ),
    Holds(
        "a class for all pods that name none, of a day ago: some were made anew as it began",
        snapshot(some_anew(), thing("PriorityClass", "usual", age=DAY, globalDefault=True), figures=[latency("shop")]),
        ("PriorityClass/usual", "configuration_error", "page_human"),
    ),
    Holds(
        "the one that was written just then, beside what a start brought into force",
        snapshot(
            some_anew(**mounts("rates")),
            rates(),
            thing("LimitRange", "defaults", written=DAY),
            figures=[latency("shop")],
        ),
        RATES,
        believed="configuration_changed_outside",
    ),
    Holds(
        "a release of somebody else in the same minutes",
        asking(rates(), workload("page", before=OLD, released=640), cart=mounts("rates")),
        RATES,
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it was written a quarter of an hour before", asking(rates(1500), cart=mounts("rates")), UNKNOWN),
    DoesNotHold("it was written after it had begun", asking(rates(400), cart=mounts("rates")), UNKNOWN),
    DoesNotHold("nobody of those reads it", asking(rates(), workload("page", **mounts("rates"))), UNKNOWN),
    DoesNotHold("nobody was the first to start with it", asking(rates(), cart=takes("rates")), UNKNOWN),
    DoesNotHold(
        "two were written in the same minutes",
        asking(rates(), autoscaler("cart", 2, 2, written=640), cart=mounts("rates")),
        UNKNOWN,
    ),
    DoesNotHold(
        "whom it asks was released in the same minutes",
        asking(rates(), cart={**mounts("rates"), "before": IMAGE, "released": 660}),
    ),
    DoesNotHold(
        "who reads it only passes on what whom it asks tells since a release before it",
        snapshot(
            shop(env=CALLS_CART, **mounts("rates")),
            workload("cart", before=IMAGE, released=1400),
            rates(),
            figures=(FAILS,),
            logs=[
                log(pod("cart"), "INFO ready", *[ODD] * 40, since=1100),
                log(pod("shop"), "INFO ready", *[PASSED] * 30, since=600),
            ],
        ),
        (CART, "dependency_failure", "page_human"),
    ),
    DoesNotHold("people were called before it was written", asking(rates(), cart=mounts("rates"), alerts=[EARLY])),
    DoesNotHold(
        "users came in twice the number",
        asking(rates(), cart=mounts("rates"), figures=[FAILS, rate("shop", 50, 150)]),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "a policy of the mesh was made, and nobody tells that it denies anybody",
        asking(thing("AuthorizationPolicy", "cart", age=640, spec={"selector": {"matchLabels": {"app": "cart"}}})),
        UNKNOWN,
    ),
    DoesNotHold(
        "defaults for new pods, and none was made",
        snapshot(shop(), thing("LimitRange", "defaults", written=640), figures=[latency("shop")]),
        UNKNOWN,
    ),
    DoesNotHold(
        "a class that the new pods do not name",
        snapshot(some_anew(), thing("PriorityClass", "rare", age=DAY), figures=[latency("shop")]),
    ),
    DoesNotHold(
        "a quota, and no pod was refused",
        snapshot(some_anew(), thing("ResourceQuota", "team", written=640), figures=[latency("shop")]),
    ),
    DoesNotHold(
        "a pod was made anew as it began, and what it reads is of last week",
        snapshot(some_anew(**takes("rates")), rates(7 * DAY), figures=[latency("shop")]),
    ),
    DoesNotHold(
        "a policy for whom it asks, which lets it in",
        asking(
            policy("cart", "cart", age=640, ingress=[{"from": [{"podSelector": {"matchLabels": {"app": "shop"}}}]}])
        ),
        UNKNOWN,
    ),
    DoesNotHold(
        "figures show that users feel nothing of what its log tells",
        snapshot(some_anew(**takes("rates")), rates(DAY), logs=[ODD_SINCE_ITS_START], figures=[errors("shop", 0.001)]),
    ),
    DoesNotHold(
        "a pod was started with it many hours ago and is well: who starts later is not the first",
        snapshot(
            in_turn(20 * HOUR, 640),
            rates(DAY),
            figures=[latency("shop")],
        ),
        UNKNOWN,
    ),
    DoesNotHold(
        "its container was started with it before, and again as it began",
        snapshot(once_more(), rates(DAY), logs=[ODD_SINCE_ITS_START], figures=[latency("shop")]),
        (SHOP, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "a host outside only begins like a Service without pods",
        snapshot(
            shop(env={"BIDS_URL": "https://bids.example.com"}),
            service_for("bids", selector={"app": "nobody"}, written=640),
            figures=[FAILS],
        ),
        UNKNOWN,
    ),
    DoesNotHold(
        "its own release came in the same minutes",
        snapshot(
            shop(before=IMAGE, released=630, env=CALLS_CART),
            workload("cart", **mounts("rates")),
            rates(),
            figures=[FAILS],
        ),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold(
        "a pod is made since half a minute: it is not ill",
        snapshot(starting(), rates(60)),
    ),
    DoesNotHold("it refuses, and nobody was called for that", refusing(alerts=[])),
    DoesNotHold(
        "it refused as many before", refusing(logs=[log(pod("cart"), *["GET /cart 403 1ms"] * 60, since=1800)])
    ),
    DoesNotHold("it refuses since long before", refusing(since=80)),
    DoesNotHold("nobody suffers", asking(rates(), cart=mounts("rates"), figures=[errors("shop", 0.001)])),
]
