"""A route, Service, autoscaler or policy was written, and the users of the workload beside it suffer since."""

from __future__ import annotations

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import IMAGE, SHOP, autoscaler, errors, ingress, latency, shop
from tests.diagnosis.rules.tiny import service_for, snapshot

ROUTE = ingress("shop", "shop.example", written=660)

HOLDS = [
    Holds(
        "a route",
        snapshot(shop(), ROUTE, figures=[errors("shop")]),
        ("Ingress/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", "rollback_workload", at=SHOP),
    ),
    Holds(
        "a Service",
        snapshot(shop(service=False), service_for("shop", written=660), figures=[errors("shop")]),
        ("Service/shop", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload", "rollback_workload"),
        began=600,
    ),
    Holds(
        "an autoscaler",
        snapshot(shop(), autoscaler("shop", 2, 2, written=700), figures=[latency("shop")]),
        ("HorizontalPodAutoscaler/shop", "configuration_error", "page_human"),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold(
        "it was written long before",
        snapshot(shop(), ingress("shop", "shop.example", written=3500), figures=[errors("shop")]),
        ASK,
    ),
    DoesNotHold(
        "a release came as well",
        snapshot(shop(before=IMAGE, released=660), ROUTE, figures=[errors("shop")]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
    DoesNotHold("nobody suffers", snapshot(shop(), ROUTE, figures=[errors("shop", 0.001)])),
]
