"""Limits that were written days ago, and that a program took when its pods were made anew for another reason."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import CALLS_CART, IMAGE, SHOP, alert, errors, rate, shop
from tests.diagnosis.rules.test_limits_tightened import LEVEL, SEALED, TIGHTER, limiter, reads, refusing
from tests.diagnosis.rules.test_limits_tightened import limits as edited_now
from tests.diagnosis.rules.tiny import DAY, Obj, at, figure, log, pod, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Series, Snapshot

NGINX = (
    '2026/03/04 11:50:00 [error] 32#29: *1035 limiting requests, excess: 20.414 by zone "per_caller", client: 10.1.0.3,'
    ' server: , request: "GET /v2/items/7 HTTP/1.1", host: "shop:8080"',
    '10.1.0.3 web "GET /v2/items/7 HTTP/1.1" 429 162 rt=0.000 us=-',
    '10.1.0.3 web "GET /v2/items/8 HTTP/1.1" 200 811 rt=0.012 us=200',
)
PLAIN = (
    '10.1.0.3 - - "GET /v2/items/7 HTTP/1.1" 429 44 "-" "web/2.1"',
    '10.1.0.3 - - "GET /v2/items/8 HTTP/1.1" 200 811 "-" "web/2.1"',
)
OF_ANOTHER = ("ERROR GET https://api.pay.example/v1: 429 Too Many Requests",)
ZONE = {"default.conf": "limit_req_zone $caller zone=per_caller:10m rate=40r/s;"}
RPS = {"GATEWAY_RATE_LIMIT_RPS": "40"}
BY_ENV: dict[str, Any] = {"envFrom": [{"configMapRef": {"name": "limits"}}], "spec": {}}
STARTED = 1500.0
NOBODY = figure("rate_limited_ratio", 0.0, 0.0, component="cart")
ASKED_ALIKE = rate("shop", 100, 100, 1450)
COUNTED = figure("rate_limited_ratio", 0.0, 0.35, 1450, component="shop")


def limits(wrote: float = 3 * DAY, said: Obj | None = None, name: str = "limits") -> Obj:
    return thing("ConfigMap", name, written=wrote, data=ZONE if said is None else said)


def gateway(**more: Any) -> list[Obj]:
    """Return a shop that leads to a cart, whose pods were all made anew a while ago, from an old template."""
    return shop(**{"env": CALLS_CART, "spec": reads("limits"), "age": 60 * DAY, "started": STARTED, **more})


def made_anew(
    *objects: list[Obj] | Obj,
    figures: tuple[tuple[str, Series], ...] = (),
    lines: tuple[str, ...] = NGINX,
    of_cart: tuple[str, ...] = (),
    since: float = 1480,
    passed: tuple[float, float] = (100, 65),
    asked: tuple[float, float] = (50, 50),
) -> Snapshot:
    """Return a gateway that refuses since a time, by its log, and how much is asked ahead of it and comes through."""
    told = [log(pod("shop", n), *lines * 15, since=since) for n in (0, 1)]
    told += [log(pod("cart"), *of_cart * 15, since=since)] if of_cart else []
    return snapshot(
        *objects,
        workload("cart"),
        workload("web", env={"SHOP_URL": "http://shop:8080"}),
        logs=told,
        figures=[rate("cart", *passed, since), rate("web", *asked, since), errors("web", since=since), *figures],
        alerts=[alert("WebErrors", service="web")],
    )


def half_new(old: float = 9 * DAY) -> list[Obj]:
    """Return a gateway of which one pod was not made anew: it is so old, by default older than the edit."""
    objects = gateway()
    left = pods_of(objects)[0]
    left["metadata"]["creationTimestamp"] = at(old)
    left["status"]["containerStatuses"][0]["state"] = {"running": {"startedAt": at(old)}}
    return objects


def own_and_more(*others: str) -> list[Obj]:
    """Return the gateway, which reads other settings as well."""
    return gateway(spec={"volumes": [{"name": n, "configMap": {"name": n}} for n in ("limits", *others)]})


def moved(name: str, **more: Any) -> list[Obj]:
    """Return one that reads settings of its own name, whose pods were made anew as the gateway refused more."""
    return workload(name, spec=reads(name), age=60 * DAY, started=620, **more)


HARM = ("no_action", "rollback_workload", "restart_workload", "scale_workload")
HOLDS = [
    Holds(
        "its own words tell of it, and less comes through to whom it asks",
        made_anew(gateway(), limits()),
        TIGHTER,
        excludes=no("rollback_workload", "restart_workload", "scale_workload", at=SHOP),
        harmful=HARM,
    ),
    *(
        Holds(what, world, TIGHTER, harmful=HARM)
        for what, world in (
            (
                "it takes them from its environment, its access log tells of it, and whom it asks refuses nobody",
                made_anew(gateway(**BY_ENV), limits(said=RPS), lines=PLAIN, figures=(NOBODY,)),
            ),
            ("nobody sees what they say", made_anew(gateway(), limits(said=SEALED))),
            (
                "a caller was released just before",
                made_anew(
                    gateway(), limits(), workload("app", env={"SHOP_URL": "http://shop"}, before=IMAGE, released=1800)
                ),
            ),
            (
                "its refusals are counted, and as much is asked",
                made_anew(gateway(), limits(), lines=(), figures=(COUNTED, ASKED_ALIKE)),
            ),
        )
    ),
    *(
        Holds(what, world, TIGHTER, alone=True, harmful=HARM)
        for what, world in (
            (
                "limits were written in the minutes, and one whom it does not ask was made anew with its own of before",
                refusing(shop(), limiter(), edited_now(), moved("quota"), limits(said=LEVEL, name="quota")),
            ),
            (
                "limits were written in the minutes, and one whom it asks was made anew with its own of before",
                refusing(shop(env=CALLS_CART), limiter(), edited_now(), moved("cart"), limits(name="cart")),
            ),
            (
                "the limiter that it asks was made anew, and one whom it does not ask as well",
                refusing(
                    *(shop(env={"LIMITER_URL": "http://limits:8081"}), moved("limits"), limits()),
                    *(moved("quota"), limits(said=LEVEL, name="quota")),
                ),
            ),
        )
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(what, world, ())
    for what, world in (
        ("as much comes through: more is asked of the same limits", made_anew(gateway(), limits(), passed=(100, 100))),
        ("fewer are asked, and fewer come through", made_anew(gateway(), limits(), asked=(50, 30))),
        ("they were written weeks ago", made_anew(gateway(), limits(20 * DAY))),
        ("they were written before its last release", made_anew(gateway(age=2 * DAY), limits())),
        ("what was written says nothing of limits", made_anew(gateway(), limits(said=LEVEL))),
        ("one of its pods is older than the edit, and refuses as well", made_anew(half_new(), limits())),
        ("it served well for long after its start", made_anew(gateway(started=4000), limits())),
        ("whom it asks refuses", made_anew(gateway(), limits(), lines=PLAIN, of_cart=PLAIN)),
        ("nobody tells whether whom it asks refuses", made_anew(gateway(), limits(), lines=PLAIN)),
        ("it is refused itself by somebody outside", made_anew(gateway(), limits(), lines=OF_ANOTHER)),
        ("it has a pod less", made_anew(gateway(ready=1), limits())),
        (
            "two settings of limits were written",
            made_anew(own_and_more("more"), limits(), limits(name="more")),
        ),
        (
            "one of its pods has served with them for days, and it refuses more by its figures",
            made_anew(half_new(2.9 * DAY), limits(), lines=(), figures=(COUNTED, ASKED_ALIKE)),
        ),
        (
            "another setting of its own was written as its pods were made: nobody can tell which",
            made_anew(own_and_more("level"), limits(), limits(1540, said=LEVEL, name="level")),
        ),
        (
            "a third one asks less of whom it asks, and an app asks more of the same limits",
            made_anew(
                gateway(),
                limits(),
                workload("batch", env=CALLS_CART),
                workload("app", env={"SHOP_URL": "http://shop"}, before=IMAGE, released=1500),
                figures=(rate("batch", 60, 5, 1480), rate("app", 10, 40, 1480), errors("app", 0.4, 1480)),
                passed=(100, 60),
            ),
        ),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        "it was scaled down by hand, and one of the pods that are left was made anew",
        made_anew(
            half_new(2.9 * DAY),
            limits(),
            lines=(),
            figures=(
                *(COUNTED, ASKED_ALIKE, errors("shop", 0.35, 1450)),
                *(figure(f"replicas_{which}", 4, 2, 1460, component="shop") for which in ("wanted", "available")),
            ),
        ),
        (SHOP, "capacity", "scale_workload"),
    ),
    DoesNotHold(
        "it was released as its pods were made",
        made_anew(gateway(before=IMAGE, released=STARTED, started=None), limits()),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
