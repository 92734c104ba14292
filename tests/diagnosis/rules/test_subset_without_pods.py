"""A VirtualService leads to a part of a Service that no pod belongs to, while pods of the Service are well."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.proxied import asked, cart, field, leads, line, meshed, part, rule, to
from tests.diagnosis.rules.scenes import CALLS_CART, OLD, SHOP, errors
from tests.diagnosis.rules.tiny import Obj, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

WAY, PARTS = "VirtualService/cart", "DestinationRule/cart"
BLAMED = ("Deployment/cart-v1", "dependency_failure", "page_human")
ACT = ("rollback_workload", "restart_workload", "scale_workload")
BACK = "switch_traffic"
TURNED = asked(line(200, "-", to("blue")), line(503, "UH", to("green")))


def world(
    *objects: Any,
    told: list[Log] | None = None,
    both: bool = True,
    since: float = 590,
    fails: bool = True,
    caller: dict[str, Any] | None = None,
    parts: list[Obj] | None = None,
) -> Snapshot:
    """Return a cart of two parts, v1 and v2.0, that a shop calls by a mesh."""
    return snapshot(
        meshed("shop", env=CALLS_CART, **(caller or {})),
        cart(),
        parts or [*part("v1"), *(part("v2.0") if both else [])],
        *objects,
        logs=[TURNED] if told is None else told,
        figures=[errors("shop", 0.9 if fails else 0.0, since)],
    )


def relabelled() -> list[Obj]:
    """Return a cart whose release gave its pods another version."""
    objects = workload("cart", service=False, before=OLD, released=600)
    for each in (objects[0], *(o for o in objects if o["kind"] == "ReplicaSet")):
        version = "v1" if each["metadata"]["name"] == "cart-r1" else "v2.0"
        each["spec"]["template"]["metadata"]["labels"] = {"app": "cart", "version": version}
    for each in pods_of(objects):
        each["metadata"]["labels"] = {"app": "cart", "version": "v2.0"}
    return objects


HOLDS = [
    Holds(
        "calls were led to the other part, whose label is misspelt, and a caller was released shortly before",
        world(rule(blue="v1", green="v2"), leads(blue=0, green=100), caller={"before": OLD, "released": 900}),
        (WAY, "configuration_error", BACK),
        excludes=(*no("rollback_workload", "restart_workload", at=SHOP), *no(*ACT, at="Deployment/cart-v2.0")),
        harmful=ACT,
        alone=True,
    ),
    Holds(
        "no proxy's log was read: the caller's users suffer since calls were led there",
        world(rule(blue="v1", green="v2"), leads(blue=0, green=100), told=[]),
        (WAY, "configuration_error", BACK),
        harmful=ACT,
    ),
    Holds(
        "a share of calls only, by a short name, in a log of JSON",
        world(
            rule(stable="v1", canary="v9", host="cart"),
            leads(stable=90, canary=10, host="cart"),
            told=[asked(field(200, "-", to("stable")), field(503, "UH,URX", f"{to('canary')};"))],
        ),
        (WAY, "configuration_error", BACK),
        harmful=ACT,
    ),
    Holds(
        "it leads to a part that no DestinationRule names, and nothing tells where it led before",
        world(rule(blue="v1"), leads(gren=100), told=[asked(line(503, "NC", to("gren")), line(503, "NC", to("gren")))]),
        (WAY, "configuration_error", "page_human"),
    ),
    Holds(
        "what the part asks for was edited",
        world(rule(blue="v11", age=600), leads(blue=100, age=None), told=[]),
        (PARTS, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    Holds(
        "a release gave its pods another version",
        world(
            rule(blue="v1"),
            leads(blue=100, age=None),
            parts=relabelled(),
            told=[asked("", line(503, "UH", to("blue")))],
        ),
        ("Deployment/cart", "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", "scale_workload", at="Deployment/cart"),
    ),
    Holds(
        "it was so for long, as a proxy tells: nobody knows who did it",
        world(
            rule(blue="v1", green="v2"),
            leads(blue=0, green=100, age=None),
            told=[asked("", line(503, "UH", to("green")), 3500)],
        ),
        (WAY, "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "all parts have pods, and callers fail otherwise",
        world(rule(blue="v1", green="v2.0"), leads(blue=0, green=100), told=[]),
        instead=(WAY, "configuration_error", "page_human"),
    ),
    DoesNotHold(
        "the part without pods gets no calls",
        world(rule(blue="v1", green="v2"), leads(blue=100, green=0, age=None), told=[]),
        instead=ASK,
        harmful=ACT,
    ),
    DoesNotHold(
        "nobody suffers, and no proxy tells of it",
        world(rule(blue="v1", green="v2"), leads(blue=90, green=10), told=[], fails=False),
    ),
    DoesNotHold(
        "proxies tell that calls are answered: users suffer otherwise",
        world(
            rule(blue="v1", green="v2"), leads(blue=90, green=10), told=[asked("", line(200, "-", to("blue")), 4000)]
        ),
        instead=(WAY, "configuration_error", "page_human"),
        harmful=ACT,
    ),
    DoesNotHold(
        "what the part asks for is a workload that was taken down",
        world(
            rule(blue="v1", green="v2.0"),
            leads(blue=0, green=100, age=None),
            parts=[*part("v1"), *part("v2.0", pods=0)],
        ),
        instead=BLAMED,
        harmful=("rollback_workload",),
    ),
    DoesNotHold(
        "no pod of the Service is ready: it is no matter of parts",
        world(rule(blue="v1", green="v2"), leads(green=100, age=None), parts=part("v1", ready=0)),
        instead=BLAMED,
    ),
    DoesNotHold(
        "the Service is another one outside",
        snapshot(
            meshed("shop", env=CALLS_CART),
            service_for("cart"),
            workload("cart", service=False),
            rule(blue="v1", host="cart.pay.example"),
            leads(blue=100, host="cart.pay.example"),
            figures=[errors("shop", 0.0)],
        ),
    ),
]
