"""A Service that publishes pods before they are ready refuses its callers for as long as one starts."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, CART, SHOP, alert, down, shop
from tests.diagnosis.rules.tiny import Obj, at, pod, service_for, snapshot, timed, workload
from tuheg_ir.diagnosis.model import Snapshot

WARM = 240
"""So many seconds a new pod of the cart takes until it is ready."""
REFUSED = 'Get "http://cart:8080/items": dial tcp 10.96.0.7:8080: connect: connection refused'
UNHEALTHY = "upstream error: GET http://cart:8080/items 503 Service Unavailable"
SERVED = "GET /items 200 20ms"
BORN = (2400, 600)
BURSTS = (2390, 2330, 2270, 2200, 590, 560, 500, 450, 400)
ACT = ("rollback_workload", "restart_workload", "scale_workload")


def cart(*born: float, ready: bool = True) -> list[Obj]:
    """Return a cart of one old pod and younger ones, of which the youngest may start yet."""
    made = workload("cart", pods=1 + len(born), ready=len(born) + (1 if ready else 0), service=False)
    for each, age in zip(pods_of(made)[1:], born, strict=True):
        each["metadata"]["creationTimestamp"] = at(age)
        starts = not ready and age == born[-1]
        each["status"]["conditions"][0]["lastTransitionTime"] = at(age if starts else age - WARM)
    return made


def published(*, headless: bool = False, publish: bool = True) -> Obj:
    found = service_for("cart", written=3000, headless=headless)
    found["spec"]["publishNotReadyAddresses"] = publish
    return found


def world(
    *objects: Any,
    by: Obj | None = None,
    of: list[Obj] | None = None,
    refused: tuple[float, ...] = BURSTS,
    said: str = REFUSED,
    caller: list[Obj] | None = None,
) -> Snapshot:
    """Return a caller of the cart that is refused at some times, and served at all others."""
    told = {float(age): SERVED for age in range(3400, 0, -50)} | {float(age): said for age in refused}
    return snapshot(
        of or cart(*BORN),
        by or published(),
        caller or shop(env=CALLS_CART),
        *objects,
        logs=[timed(pod("shop"), *sorted(told.items(), reverse=True))],
        alerts=[alert(service="shop")],
    )


HOLDS = [
    Holds(
        "each pod that is added is asked before it listens",
        world(),
        (CART, "configuration_error", "page_human"),
        excludes=(*no(*ACT, at=CART), *no("rollback_workload", "restart_workload", at=SHOP)),
        alone=True,
        began=2390,
    ),
    Holds(
        "the caller was released shortly before a pod was added",
        world(caller=shop(env=CALLS_CART, before={"image": "shop:0"}, released=2700)),
        (CART, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "the youngest one starts yet, and answers that it does",
        world(of=cart(2400, 600, ready=False), refused=(*BURSTS, 300, 200, 100), said=UNHEALTHY),
        (CART, "configuration_error", "page_human"),
        harmful=ACT,
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(what, seen, harmful=ACT)
        for what, seen in (
            ("the Service publishes who is ready", world(by=published(publish=False))),
            ("peers find each other by a Service without an address", world(by=published(headless=True))),
            ("it refuses at other times as well", world(refused=(*BURSTS, 1900, 1700, 1500, 1300, 1100))),
            ("no pod of it is ready", world(of=down(cart(*BORN), {}))),
            ("a few refusals", world(refused=BURSTS[:4])),
            ("a pod was not ready nearly all the time", world(of=cart(2950, ready=False), refused=BURSTS)),
        )
    ),
]
