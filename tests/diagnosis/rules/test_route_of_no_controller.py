"""An Ingress of a class that nobody serves: requests do not come any more."""

from __future__ import annotations

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, ingress, rate
from tests.diagnosis.rules.tiny import DAY, Obj, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot


def classes(mine: str, *more: Obj, written: float = 600, requests: float = 0.0) -> Snapshot:
    """Return a shop whose Ingress is of a class, beside a blog of class nginx."""
    return snapshot(
        workload("shop"),
        workload("blog"),
        ingress("shop", "shop.example", klass=mine, written=written),
        ingress("blog", "blog.example"),
        *more,
        figures=[rate("shop", 40, requests), rate("blog")],
        alerts=[alert("ShopNoTraffic", service="shop")] if requests == 0.0 else [],
    )


HOLDS = [
    Holds(
        "it was changed, and is unlike all others",
        classes("traefik"),
        ("Ingress/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
    Holds(
        "it does not exist",
        classes("ngnix", thing("IngressClass", "nginx")),
        ("Ingress/shop", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("the class of all others", classes("nginx")),
    DoesNotHold("it exists", classes("traefik", thing("IngressClass", "nginx"), thing("IngressClass", "traefik"))),
    DoesNotHold("it has been so for long", classes("traefik", written=90 * DAY, requests=40.0)),
]
