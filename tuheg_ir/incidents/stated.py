"""What a responder left open is stated from the facts: fault, service and severity by a look at the namespace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from tuheg_ir.catalogue import Platform
from tuheg_ir.diagnosis.collector.context import Target
from tuheg_ir.diagnosis.diagnose import diagnose_service
from tuheg_ir.errors import UsageError
from tuheg_ir.incidents.order import Order
from tuheg_ir.incidents.shop import Shop
from tuheg_ir.incidents.triage import Triage, fault_of, severity_of


@dataclass(frozen=True, slots=True)
class Stated:
    """An order without gaps, the diagnosis that filled them, and one sentence for the record."""

    order: Order
    found: dict[str, Any]
    reason: str

    @property
    def well(self) -> bool:
        """Return whether there is nothing to respond to."""
        return bool(self.found["verdict"] == "healthy") and not self.order.fault


def state(shop: Shop, order: Order, platform: Platform, service: str) -> Stated:
    """Fill in what an order leaves open. Reads only.

    Raises UnknownError and NotHealedError where no fault fits, UsageError for a severity milder
    than the facts give without a reason for the record, ClusterError without a cluster.
    """
    target = Target.of_platform(platform.namespace, platform.services, platform.vars)
    found = diagnose_service({}, target, service, cluster=platform.cluster)
    signs = found["facts"].get("signs", [])
    triage = severity_of(shop.catalogue, signs, found["verdict"], lang=order.lang)
    severity = order.severity or triage.severity
    _check_override(order, triage)
    filled = replace(order, severity=severity, service=_service(platform, order, found, service))
    if not order.fault and found["verdict"] != "healthy":
        filled = replace(filled, fault=fault_of(shop.catalogue, found["findings"][0], signs))
    for word, text in (("fault", filled.fault), ("severity", f"{severity}: {_why(order, triage)}")):
        if text:
            shop.tell(f"{word} {text}")
    return Stated(filled, found, f"severity {severity}: {_why(order, triage)}")


def _check_override(order: Order, triage: Triage) -> None:
    """Refuse a severity milder than the facts' that gives no reason: it decides who is called."""
    if order.severity and order.severity > triage.severity and not order.reason:
        raise UsageError(
            f"The facts say {triage.severity} ({triage.reason}), and you say {order.severity}",
            "",
            f"Take {triage.severity}, or say why: --reason TEXT.",
        )


def _why(order: Order, triage: Triage) -> str:
    if not order.severity or order.severity == triage.severity:
        return triage.reason
    said = order.reason or "stated with the order to respond"
    return f"{said} (by the facts {triage.severity}: {triage.reason})"


def _service(platform: Platform, order: Order, found: dict[str, Any], service: str) -> str:
    """Return the service to act on: the one asked for, else the inventory's own that the first finding is about.

    A finding about what the default service depends on is answered there, by its ladder.
    """
    if order.service is not None:
        return order.service
    needed = {service, *(platform.services[service].get("depends_on") or [])}
    named = str(found["findings"][0]["component"]).partition("/")[2]
    return named if named in platform.services and named not in needed else service
