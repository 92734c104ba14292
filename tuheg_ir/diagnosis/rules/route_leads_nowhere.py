"""An Ingress or HTTPRoute sends to a Service or port that does not exist.

Which Services a namespace has is known only where some of them were read. A young route that leads nowhere, of a review
that is over or of one that begins, is none that people are called for where all alerts are about others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.network import Route, Service
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, newest, text, written
from tuheg_ir.diagnosis.view.view import View

LATELY = timedelta(hours=6)
UNMISSED = 0.25
"""How sure one is of a route that nobody is known to miss, while others suffer."""


def when(view: View) -> Iterator[Match]:
    """A route names what is not there, and it was changed lately or somebody suffers."""
    if not view.snapshot.known("Service"):
        return
    elsewhere, spaces = set(_elsewhere(view)), _spaces(view)
    wrongs = {
        route: _wrong(view, route)
        for route in view.routes
        if (route.ref, route.service) not in elsewhere and _space(view, route.ref) in spaces
    }
    others = _all_for_others(view, [route for route in view.routes if route in wrongs and not wrongs[route]])
    for route in view.routes:
        refused, wrong = _refused(view, route), wrongs.get(route, "")
        wrong = wrong or (f"what its gateway refuses: {refused.fact}" if refused else "")
        service = view.services.get(route.service)
        # What was written last broke it: the route, or the Service that it names.
        times = (_written(view, route.ref), written(service.obj) if service else None)
        since = newest((*times, refused.time if refused else None))
        hurts = tuple(_hurts(view, route))
        if not wrong or not (hurts or view.recent(since, LATELY)):
            continue
        serving = service.backends if service else tuple(w.ref for w in view.serving if w.name == route.service)
        yield Match(
            component=route.ref,
            evidence=(
                Evidence("objects", route.ref, f"{route.host or 'every host'} is sent to {wrong}"[:300], since),
                *hurts,
                *(view.event_evidence(e) for e in view.events_of(route.ref)[:1]),
            ),
            certainty=UNMISSED if others and not hurts else 0.75 if view.recent(since, LATELY) else 0.6,
            since=min((e.time for e in hurts if e.time), default=since if view.recent(since, LATELY) else None),
            explains=serving,
            excludes=not_for(serving or _others(view), f"{route.ref} does not lead to it: its pods are well"),
        )


def _spaces(view: View) -> set[str]:
    """Return the namespaces of which Services were read: a folder may hold a few objects of further ones."""
    read = {text(obj, "metadata", "namespace") or view.snapshot.namespace for obj in view.snapshot.of("Service")}
    return {view.snapshot.namespace, *read}


def _space(view: View, ref: str) -> str:
    kind, _, named = ref.partition("/")
    return text(view.objects(kind).get(named), "metadata", "namespace") or view.snapshot.namespace


def _all_for_others(view: View, sound: Collection[Route]) -> bool:
    """Tell whether people were called, and each alert is about what no route is to blame for.

    That is a host whose every route leads somewhere, who is reached by such a route and bears no name like that of a
    Service that is missing, or whose containers end or are not ready.
    """
    wrong = [route for route in view.routes if route not in sound]
    hosts = {route.host for route in sound} - {route.host for route in wrong} - {""}
    led = {ref for route in sound if (service := view.services.get(route.service)) for ref in service.backends}
    led = {ref for ref in led if not any(route.service.startswith(ref.partition("/")[2]) for route in wrong)}
    return bool(view.alerts) and all(_for_another(view, alert, hosts, led) for alert in view.alerts)


def _for_another(view: View, alert: Alert, hosts: Collection[str], led: Collection[str]) -> bool:
    if not _said(alert).isdisjoint(hosts):
        return True
    about = view.workloads.get(view.about_alert(alert))
    if about is None:
        return False
    return about.ref in led or about.ready < about.wanted or bool(crashes(view, about))


def _refused(view: View, route: Route) -> Evidence | None:
    """Return that a gateway cannot follow a route's references, as it says in the route's own status."""
    kind, _, named = route.ref.partition("/")
    for parent in items(view.objects(kind).get(named), "status", "parents"):
        for condition in items(parent, "conditions"):
            if text(condition, "type") == "ResolvedRefs" and text(condition, "status") == "False":
                fact = f"{text(condition, 'reason')}: {text(condition, 'message')[:160]}"
                return Evidence("objects", route.ref, fact, moment(condition, "lastTransitionTime"))
    return None


def _wrong(view: View, route: Route) -> str:
    if not route.service:
        return ""
    service = view.services.get(route.service)
    if service is None:
        return f"Service {route.service}, which does not exist"
    if route.port and not _has(service, route.port):
        return f"port {route.port} of Service {route.service}, which has none such"
    return ""


def _has(service: Service, port: str) -> bool:
    return not service.ports or any(port in (text(p, "port"), text(p, "name")) for p in service.ports)


def _elsewhere(view: View) -> Iterator[tuple[str, str]]:
    """Yield the (route, name) of backends that are in another namespace or no Services."""
    for obj in view.snapshot.of("HTTPRoute"):
        for rule in items(obj, "spec", "rules"):
            for backend in items(rule, "backendRefs"):
                space = text(backend, "namespace")
                if space not in ("", view.snapshot.namespace) or text(backend, "kind") not in ("", "Service"):
                    yield f"HTTPRoute/{name(obj)}", text(backend, "name")


def _written(view: View, ref: str) -> datetime | None:
    kind, _, named = ref.partition("/")
    return written(mapping(view.objects(kind), named))


def _hurts(view: View, route: Route) -> Iterator[Evidence]:
    """Yield failing requests under a name that the route bears."""
    words = {route.service, route.ref.partition("/")[2], route.host} - {""}
    for label, ratio in view.figures.latest("error_ratio", "component").items():
        if ratio > ERRORS and (label in words or not view.component(label)):
            since = view.figures.crossed("error_ratio", ERRORS, component=label)
            yield Evidence("metrics", route.ref, f"{label}: {ratio:.1%} of requests fail", since)
    for alert in view.alerts:
        if words & _said(alert):
            yield alert.fires(route.ref)


def _said(alert: Alert) -> set[str]:
    """Return what the labels of an alert say, and the hosts of URLs in them, as probes bear them."""
    return {said for key, value in alert.labels.items() for said in (str(value), *hosts_in(key, str(value)))}


def _others(view: View) -> tuple[str, ...]:
    """Return the workloads that routes lead to: what people would restart first."""
    found = [view.services[r.service].backends for r in view.routes if r.service in view.services]
    return tuple(dict.fromkeys(ref for refs in found for ref in refs))


RULE = Rule(
    name="route_leads_nowhere",
    title="An Ingress or HTTPRoute leads to a Service or port that does not exist",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="every route leads to a Service and port that exist, or nobody suffers",
)
