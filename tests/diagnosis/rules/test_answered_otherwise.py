"""Requests are refused since the one release of who asks, answers or leads them, as hardly any were before."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.scenes import CART, OLD, SHOP, WEB, alert, ingress
from tests.diagnosis.rules.tiny import NOW, Obj, at, container, log, pod, redis, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

EDGE = "Deployment/edge"
CONTROLLER = "registry.example/ingress-nginx/controller:v1.12.4"
FOUND, MISSED = '"GET / HTTP/2.0" 200 18114', '"GET /cart HTTP/2.0" 404 146'
WELL, REFUSED = "INFO GET /cart 200 4ms", "INFO POST /cart 400 3ms"
SCANNED = [line for word in "abcdefghijklmnopqrst" for line in (WELL, f"INFO GET /{word}/login 404 1ms")]
EARLY = alert(service="shop")._replace(starts_at=NOW - timedelta(minutes=40))


def told(name: str, *, well: str = WELL, bad: str = REFUSED, before: int = 80, since: int = 40) -> list[Log]:
    """Return a log of an hour or so, a line in half a minute: each second one is a refusal since some time."""
    return [log(pod(name), *[well] * before, *[well, bad] * (since // 2), since=30 * (before + since))]


def stuffed(beside: int = 1) -> Log:
    """Return a log of an hour in which many more ask since 20 minutes, and are refused beside those who are not."""
    calm = [f"{at(3600 - 30 * n)} {WELL}" for n in range(80)]
    bad = "INFO POST /login 401 2ms"
    return Log(
        pod("cart"),
        "cart",
        (*calm, *(f"{at(1200 - 30 * n)} {each}" for n in range(40) for each in [WELL] * beside + [bad] * 3)),
        False,
    )


def run(ended: float) -> Obj:
    """Return a run of a migration that was done so long ago."""
    template = {"spec": {"containers": [container("migrate", "registry.example/shop:2")]}}
    return thing("Job", "migrate", age=ended + 30, spec={"template": template}, status={"completionTime": at(ended)})


def released(name: str, image: str = "", **more: Any) -> list[Obj]:
    return workload(name, image, **{"before": OLD, "released": 1230, **more})


def asked(
    *more: Iterable[Obj] | Obj,
    logs: list[Log] | None = None,
    shop: dict[str, Any] | None = None,
    cart: dict[str, Any] | None = None,
    alerts: Any = None,
) -> Snapshot:
    """Return a shop that asks a cart, whose log tells of refusals since 20 minutes."""
    objects = (workload("shop", env={"CART_URL": "http://cart:8080"}, **(shop or {})), workload("cart", **(cart or {})))
    fires = [alert(service="shop")] if alerts is None else alerts
    return snapshot(*objects, *more, logs=told("cart") if logs is None else logs, alerts=fires)


ASKS: dict[str, Any] = {
    "before": {"resources": {"requests": {"cpu": "1"}}},
    "resources": {"requests": {"cpu": "2"}},
}
NEW: dict[str, Any] = {"before": OLD, "released": 1230}
LED = told("shop", well=FOUND, bad=MISSED)
WAYS = (ingress("shop", "shop.example"), ingress("cart", "cart.example"))
LONE: dict[str, Any] = {"logs": LED, "alerts": [alert(service="cart")]}
AS_EDGE = '"GET /cart HTTP/2.0" {0} 146 "-" "Firefox" 9 0.08 [town-{1}-8080] [] 10.1.0.9:8080 146 0.08 {0}'
BY_CART, BY_SHOP = ([AS_EDGE.format(status, name) for status in (200, 403)] for name in ("cart", "shop"))


def at_the_edge(*more: Any, lines: Any = BY_CART, worker: str = "cart", ways: Any = None) -> Snapshot:
    """Return an edge whose log tells of refusals, a cart that was released behind it, and its worker with it."""
    well, bad = lines
    return snapshot(
        workload("edge", CONTROLLER, service=False),
        workload("shop"),
        released("cart"),
        workload("jobs", f"registry.example/{worker}:1", before=OLD, released=1235, service=False),
        *(ways or WAYS),
        *more,
        logs=told("edge", well=well, bad=bad),
        alerts=[alert("LoginsFail")],
    )


HOLDS = [
    Holds(
        "who answers was, as the edge tells which leads to it, and a worker of the same image with it",
        at_the_edge(),
        (CART, "code_defect", "rollback_workload"),
        sure=(0.3, 0.5),
        alone=True,
    ),
    Holds(
        "who answers was, and the edge, which names nobody, leads to no other",
        at_the_edge(lines=(FOUND, MISSED), ways=WAYS[1:]),
        (CART, "code_defect", "rollback_workload"),
    ),
    Holds(
        "who asks was released: it asks in a way that is refused",
        asked(shop=NEW),
        (SHOP, "code_defect", "rollback_workload"),
        sure=(0.3, 0.45),
        began=1170,
        alone=True,
    ),
    Holds("who answers was", asked(cart=NEW), (CART, "code_defect", "rollback_workload"), alone=True),
    Holds(
        "who leads requests was: one gets those of another, and finds nothing",
        asked(released("edge", CONTROLLER, service=False), *WAYS, **LONE),
        (EDGE, "code_defect", "rollback_workload"),
        alone=True,
    ),
    Holds(
        "whom it needs was",
        asked(released("web"), cart={"env": {"RIGHTS_URL": "http://web:8080"}}),
        (WEB, "code_defect", "rollback_workload"),
    ),
    Holds(
        "some were refused always, and are far more since",
        asked(shop=NEW, logs=[log(pod("cart"), *([WELL] * 25 + [REFUSED]) * 3, *[WELL, REFUSED] * 20, since=3540)]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "who asks was released, and asks for more than before",
        asked(shop=NEW, logs=[stuffed()]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    Holds(
        "who is refused asks again and again, and few are answered",
        asked(cart=NEW, logs=[stuffed(beside=0)]),
        (CART, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the edge tells of refusals by another one", at_the_edge(lines=BY_SHOP)),
    DoesNotHold("the edge names nobody, and leads to two", at_the_edge(lines=(FOUND, MISSED))),
    DoesNotHold("what was released with it is another program", at_the_edge(worker="jobs")),
    DoesNotHold("so is what takes requests in the same image", at_the_edge(released("api", "registry.example/cart:1"))),
    DoesNotHold("nobody was released", asked()),
    DoesNotHold("somebody else was, too", asked(released("web"), shop=NEW)),
    DoesNotHold("only a stranger to it was", asked(released("web"))),
    DoesNotHold("a setting was written in the same minutes", asked(thing("ConfigMap", "a", written=1230), shop=NEW)),
    DoesNotHold("it was released long before", asked(shop={"before": OLD, "released": 3000})),
    DoesNotHold("people were called before it", asked(shop={"before": OLD, "released": 1230}, alerts=[EARLY])),
    DoesNotHold(
        "people are called for somebody else, and were for nobody known before it",
        asked(workload("web"), shop=NEW, alerts=[alert(service="web"), EARLY._replace(labels={})]),
    ),
    DoesNotHold("it asks its nodes for more, and does as before", asked(shop={**ASKS, "released": 1230})),
    DoesNotHold(
        "strangers are refused beside those who are answered as before",
        asked(cart=NEW, logs=[stuffed()]),
    ),
    DoesNotHold("a run changed a store in the same minutes", asked(run(1230), shop=NEW)),
    DoesNotHold("nobody was called", asked(shop=NEW, alerts=[])),
    DoesNotHold(
        "people were called for somebody else", asked(workload("web"), shop=NEW, alerts=[alert(service="web")])
    ),
    DoesNotHold("a limit turns some away", asked(shop=NEW, logs=told("cart", bad="INFO POST /cart 429 3ms"))),
    DoesNotHold(
        "a scanner asks for ever other things that are not there",
        asked(shop=NEW, logs=[log(pod("cart"), *[WELL] * 80, *SCANNED, since=3600)]),
    ),
    DoesNotHold("clients left", asked(shop=NEW, logs=told("cart", bad="INFO POST /cart 499 3ms"))),
    DoesNotHold(
        "half as many were refused before",
        asked(
            shop=NEW,
            logs=[log(pod("cart"), *[WELL, WELL, WELL, REFUSED] * 20, *[WELL, REFUSED] * 20, since=3600)],
        ),
    ),
    DoesNotHold("the log does not reach back", asked(shop=NEW, logs=told("cart", before=6))),
    DoesNotHold(
        "they are few",
        asked(shop=NEW, logs=[log(pod("cart"), *[WELL] * 40, *[WELL, REFUSED] * 9, since=3600)]),
    ),
    DoesNotHold(
        "they are a small part",
        asked(shop=NEW, logs=[log(pod("cart"), *[WELL] * 200, *([WELL] * 9 + [REFUSED]) * 10, since=3600)]),
    ),
    DoesNotHold("only probes are refused", asked(shop=NEW, logs=told("cart", bad="INFO GET /healthz 404 1ms"))),
    DoesNotHold(
        "it is over",
        asked(shop=NEW, logs=[log(pod("cart"), *[WELL] * 40, *[WELL, REFUSED] * 10, *[WELL] * 60, since=3600)]),
    ),
    DoesNotHold(
        "what was released is a store",
        asked(redis(before=OLD, released=1230), cart={"env": {"CACHE": "redis://redis:6379"}}),
    ),
    DoesNotHold(
        "a gateway that others ask was released, and not whom it leads",
        asked(released("pay-gateway"), workload("web", env={"PAY": "http://pay-gateway:8080"}), *WAYS, **LONE),
    ),
    DoesNotHold(
        "what leads nobody was released",
        asked(released("mailer", service=False), *WAYS, **LONE),
    ),
]
