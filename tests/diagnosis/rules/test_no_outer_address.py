"""A Service that is reached from outside has no address there, and its users stay away."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import ASK, DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import SHOP, alert, errors, rate, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, event, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

WISH, IP = "metallb.io/loadBalancerIPs", "192.0.2.61"
TAKEN = 'Failed to allocate IP for "town/shop": address also in use by town/trial'
NONE_LEFT = 'Failed to allocate IP for "town/shop": no available IPs'


def outer(name: str, address: str = "", *, age: float = 900, asks: str = "") -> Obj:
    """Return a Service of type LoadBalancer, made so long ago, with an address outside or none."""
    made = service_for(name)
    made["metadata"] |= {"creationTimestamp": at(age), "annotations": {WISH: asks} if asks else {}}
    made["spec"]["type"] = "LoadBalancer"
    made["status"] = {"loadBalancer": {"ingress": [{"ip": address}]} if address else {}}
    return made


def fires(age: float) -> Alert:
    return alert("OrdersMissing")._replace(starts_at=NOW - timedelta(seconds=age))


def world(*services: Obj, now: float = 0, told: str = "", reason: str = "AllocationFailed", **more: Any) -> Snapshot:
    """Return a shop behind these Services, what the cluster says of it, and how much it is asked now."""
    events = [event("Service/shop", reason, told, age=30)] if told else []
    well = [rate("shop", now=now, since=880), errors("shop", 0.0)]
    apps = [shop(service=False), workload("trial", pods=1, service=False)]
    return snapshot(*apps, *services, *events, **{"figures": well, **more})


FAULT = ("network_fault", "page_human")
HOLDS = [
    Holds(
        "it was made anew, and another Service has got the address that it asks for",
        world(outer("shop", asks=IP), outer("trial", IP, age=9 * DAY)),
        ("Service/shop", *FAULT),
        excludes=no("restart_workload", "rollback_workload", "scale_workload", at=SHOP),
    ),
    Holds(
        "the cluster says that its address is in use",
        world(outer("shop"), told=TAKEN),
        ("Service/shop", *FAULT),
    ),
    Holds(
        "no address is left",
        world(outer("shop"), told=NONE_LEFT),
        ("Service/shop", "resource_exhaustion", "page_human"),
    ),
    Holds(
        "the cloud makes none, and only an alert tells that nothing comes in",
        world(
            outer("shop"),
            told="Error syncing load balancer: failed to ensure load balancer: invalid subnet",
            reason="SyncLoadBalancerFailed",
            figures=[],
            alerts=[fires(600)],
        ),
        ("Service/shop", *FAULT),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("it waits for an address, and all users come", world(outer("shop"), now=50, told=TAKEN), ()),
    DoesNotHold("it has its address", world(outer("shop", IP, asks=IP), told=TAKEN), ()),
    DoesNotHold(
        "it never had an address, and the alert is a new one",
        world(outer("shop", age=30 * DAY), told=NONE_LEFT, figures=[], alerts=[fires(600)]),
        ASK,
    ),
    DoesNotHold("nobody says why it has none: who keeps addresses may be away", world(outer("shop")), ()),
]
