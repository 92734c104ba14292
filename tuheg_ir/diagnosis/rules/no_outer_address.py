"""A Service that is reached from outside has no address there: another one has it, or the cluster gave none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import stays_away
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import created, items, mapping, oldest, outer_addresses, text, written
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON
from tuheg_ir.diagnosis.view.trouble import unplaced
from tuheg_ir.diagnosis.view.view import View

ALERTED = timedelta(minutes=30)
"""An alert that begins later after a change is seldom about it."""
_REFUSED = (
    *("AllocationFailed", "SyncLoadBalancerFailed", "CreatingLoadBalancerFailed", "EnsureLoadBalancerFailed"),
    *("FailedBuildModel", "FailedDeployModel", "IPAllocationFailed"),
)
"""Reasons of events: MetalLB, the service controller of Kubernetes, controllers of clouds."""
_ASKS = late(r"load-?balancer-?ips?$|lb-?ipam.*ips?$", re.IGNORECASE)
"""Annotations by which a Service asks for an address: MetalLB, kube-vip, Cilium."""
_NONE_LEFT = late(r"no (?:available|free|more) (?:IP|address)|exhausted|out.of.ips|quota|insufficient", re.IGNORECASE)


def when(view: View) -> Iterator[Match]:
    """A Service of type LoadBalancer has no outer address, for a reason that is seen, and its users stay away since."""
    for service in view.services.values():
        if text(service.obj, "spec", "type") != "LoadBalancer" or _has_one(service.obj):
            continue
        why = [*_taken(view, service), *_refused(view, service)]
        starts = (written(service.obj), oldest(each.time for each in why))
        away = [seen for ref in service.backends for seen in stays_away(view, ref) if _follows(seen, starts, SOON)]
        fires = [seen for seen in _alerts(view, service) if _follows(seen, starts[:1], ALERTED)]
        if why and (away or fires):
            yield _match(service, why, away, fires)


def _has_one(obj: Obj) -> bool:
    return bool(items(obj, "status", "loadBalancer", "ingress"))


def _asked(obj: Obj) -> set[str]:
    """Return the addresses that a Service asks for."""
    notes = mapping(obj, "metadata", "annotations").items()
    asked = [text(obj, "spec", "loadBalancerIP"), *(str(value) for key, value in notes if _ASKS.search(str(key)))]
    return {each.strip() for value in asked for each in value.split(",") if each.strip()}


def _taken(view: View, service: Service) -> Iterator[Evidence]:
    """Yield that the address which a Service asks for is another's."""
    for other in view.services.values():
        for address in sorted(_asked(service.obj) & outer_addresses(other.obj)):
            yield Evidence("objects", other.ref, f"it has {address}, for which {service.ref} asks")


def _refused(view: View, service: Service) -> Iterator[Evidence]:
    """Yield that the cluster says why a Service gets no address."""
    for event in view.events_of(service.ref, *_REFUSED)[:2]:
        yield Evidence("events", service.ref, f"{event.reason}: {event.message[:240]}", event.first)
    for condition in items(service.obj, "status", "conditions"):
        if text(condition, "type").endswith("IPAMRequestSatisfied") and text(condition, "status") == "False":
            told = f"{text(condition, 'reason')}: {text(condition, 'message')}"
            yield Evidence("objects", service.ref, told[:240])


def _alerts(view: View, service: Service) -> Iterator[Evidence]:
    """Yield the alerts that are about who stands behind a Service, or about nobody that is known."""
    yield from unplaced(view)
    for alert in view.alerts:
        if view.about_alert(alert) in service.backends:
            yield alert.fires(view.about_alert(alert))


def _follows(seen: Evidence, starts: Iterable[datetime | None], within: timedelta) -> bool:
    """Tell whether something began soon after one of the times at which a Service may have lost its address."""
    return seen.time is not None and any(at is not None and BEFORE <= seen.time - at <= within for at in starts)


def _match(service: Service, why: list[Evidence], away: list[Evidence], fires: list[Evidence]) -> Match:
    lacks = Evidence("objects", service.ref, "it has no outer address", created(service.obj))
    none_left = all(_NONE_LEFT.search(each.fact) for each in why)
    return Match(
        component=service.ref,
        evidence=(lacks, *why[:3], *(away or fires)[:2]),
        certainty=0.75 if away else 0.55,
        root_cause="resource_exhaustion" if none_left else "",
        since=oldest(each.time for each in away or fires),
        explains=service.backends,
        excludes=not_for(service.backends, f"{service.ref} has no address outside: its pods are well and hear nothing"),
    )


RULE = Rule(
    name="no_outer_address",
    title="A Service has no address outside of the cluster",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="every Service that is reached from outside has an address there, or nobody misses it",
)
