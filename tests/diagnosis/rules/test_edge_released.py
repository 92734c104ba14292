"""The edge was released, and the requests to some who stand behind it end there since."""

from __future__ import annotations

from collections.abc import Iterable

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import waiting
from tests.diagnosis.rules.scenes import CART, down, errors, ingress, rate, shop
from tests.diagnosis.rules.tiny import Obj, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

EDGE = "Deployment/edge"
IMAGE, BEFORE = "registry.example/ingress-nginx/controller:v1.12.4", {"image": "registry.example/ingress-nginx:v1.11.5"}
FOUND, MISSED = '"GET / HTTP/2.0" 200 18114', '"GET /cart HTTP/2.0" 404 146'
RISKY = "E0121 store.go:938] annotation group ConfigurationSnippet contains risky annotation"


def edge(name: str = "edge", image: str = IMAGE, *, service: bool = False) -> list[Obj]:
    return workload(name, image, before=BEFORE, released=1200, service=service)


def told(*lines: str, by: str = "edge") -> list[Log]:
    return [log(pod(by), *lines, since=500)]


def world(
    *objects: Iterable[Obj],
    logs: Iterable[Log] = (),
    now: float = 0,
    since: float = 1150,
    carts: list[Obj] | None = None,
    written: float | None = None,
) -> Snapshot:
    """Return a shop and a cart with ways in through an edge; of the cart's users hardly any come since a while."""
    ways = [ingress("shop", "shop.example"), ingress("cart", "cart.example", written=written)]
    figures = [rate("shop", now=48), rate("cart", now=now, since=since), errors("shop", 0.0)]
    return snapshot(*objects, shop(), carts or workload("cart"), ways, logs=list(logs), figures=figures)


LOST = told(RISKY, *[FOUND, MISSED] * 6)
HEARD = log(pod("cart"), *["INFO GET /cart 200 4ms"] * 9, since=3000)
SILENT = [HEARD._replace(lines=HEARD.lines[:5])]
ASKS = workload("web", env={"PAY": "http://pay-gateway:8080"})
HOLDS = [
    Holds(
        "it finds nothing at the cart's address, and says that it does not take the way in as it is written",
        world(edge(), logs=LOST),
        (EDGE, "configuration_error", "rollback_workload"),
        excludes=[*no("restart_workload", at=EDGE), *no("rollback_workload", "restart_workload", at=CART)],
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "it says nothing, and the cart has told of no request since",
        world(edge(), logs=SILENT),
        (EDGE, "code_defect", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("all users come", world(edge(), logs=LOST, now=48), ()),
    DoesNotHold("they stayed away long before", world(edge(), logs=LOST, since=2400), ()),
    DoesNotHold("somebody else was released too", world(edge(), edge("edge-b"), logs=LOST), ()),
    DoesNotHold("the way in was written in the same minute", world(edge(), logs=LOST, written=1200), ()),
    DoesNotHold(
        "what was released leads nobody", world(edge("mailer", "registry-proxy.example/mailer:2"), logs=LOST), ()
    ),
    DoesNotHold(
        "it is a gateway that others ask, and leads no users",
        world(edge("pay-gateway", "pay-gateway:2", service=True), ASKS, logs=SILENT),
        (),
        harmful=("rollback_workload",),
    ),
    DoesNotHold("only figures say so: they may come from the edge itself", world(edge(), logs=told(*[FOUND] * 9)), ()),
    DoesNotHold(
        "the cart itself is down",
        world(edge(), logs=LOST, carts=down(workload("cart"), waiting("ImagePullBackOff"))),
        (),
        harmful=("rollback_workload",),
    ),
]
