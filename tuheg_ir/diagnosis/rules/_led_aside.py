"""A Service that was written to send to a port which its pods have for operators, or which no probe of theirs asks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_amiss import asked_amiss
from tuheg_ir.diagnosis.rules._figures import stays_away
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.network import Service, target_of
from tuheg_ir.diagnosis.view.reading import at, items, mapping, text
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=6)
_OF_OPERATORS = late(
    r"(?:.*-)?(?:metrics?|prom(?:etheus)?|telemetry|monitor(?:ing)?|stats|statsd|admin|manage(?:ment)?|mgmt|actuator"
    r"|health(?:z|check)?|probes?|debug|pprof|jmx|profil(?:e|er|ing))(?:-.*)?",
    re.IGNORECASE,
)
"""Names of ports at which operators ask, and no client."""
_SCRAPED = "prometheus.io/port"
_PROBES = ("readinessProbe", "livenessProbe", "startupProbe")
_WAYS = (("httpGet", "port"), ("tcpSocket", "port"), ("grpc", "port"))


class Aside(NamedTuple):
    """The port to which a Service was led, who suffers since, and how one sees it."""

    port: str
    seen: tuple[Evidence, ...]
    at: datetime


def led_aside(view: View, service: Service, workload: Workload) -> Aside | None:
    """Return that a Service leads beside the port that serves, since it was written: its callers fail from then on.

    One of them at least had no release then. Where the requests to what is behind it are measured they stay away, or
    its pods are asked since for what they never were before, and do not know: that port may be measured as well.
    """
    when = edited(service.obj)
    if when is None or not view.recent(when, LATELY):
        return None
    port = _aside(service, workload, calm=not since_release(workload, when))
    if not port or any(troubles(view, workload.ref)):
        return None
    away = [seen for seen in stays_away(view, workload.ref) if soon_after(seen.time, when)]
    amiss = () if away or since_release(workload, when) else asked_amiss(view, workload, when)
    missed = (*away, *amiss)
    if labels_of(view, workload.ref, "request_rate") and not missed:
        return None
    told = [
        seen for caller in _callers(view, service, workload) for seen in _fails(view, service, caller, when, missed)
    ]
    return Aside(port, (*missed[:1], *told[:3]), when) if told else None


def _aside(service: Service, workload: Workload, *, calm: bool) -> str:
    """Return the port to which a Service leads if none of its ports leads to one that serves; "" if one does.

    A port that no probe asks may serve all the same, another protocol for one: then a release may be what fails, unless
    it is ``calm``.
    """
    containers = items(workload.template, "spec", "containers")
    declared = [port for each in containers for port in items(each, "ports")]
    led = [_found(declared, target_of(port)) for port in service.ports]
    if not led or not all(led):
        return ""
    probed = [_found(declared, asked) for each in containers for asked in _asked(each)]
    scraped = text(workload.template, "metadata", "annotations", _SCRAPED)
    others = [port for port in declared if port not in led]
    if all(_of_operators(port, scraped) for port in led):
        serving = any(not _of_operators(port, scraped) for port in others)
    else:
        serving = calm and any(port in probed for port in others) and not any(port in probed for port in led)
        serving = serving and not any(_of_operators(port, scraped) for port in probed if port)
    return text(led[0], "containerPort") if serving else ""


def _found(declared: list[Mapping[str, Any]], port: Any) -> Mapping[str, Any]:
    """Return the port of a container that a number or name means; {} for none."""
    return next((p for p in declared if str(port) in (text(p, "containerPort"), text(p, "name"))), {})


def _of_operators(port: Mapping[str, Any], scraped: str) -> bool:
    return bool(_OF_OPERATORS.fullmatch(text(port, "name"))) or text(port, "containerPort") == scraped


def _asked(container: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the ports that the probes of a container ask, by number or name."""
    for probe in _PROBES:
        yield from filter(None, (at(mapping(container, probe), *way) for way in _WAYS))


def _callers(view: View, service: Service, workload: Workload) -> Iterator[Workload]:
    """Yield those who call what is behind a Service by its own name."""
    for ref in sorted(view.graph.callers(workload.ref)):
        caller = view.workloads.get(ref)
        if caller is not None and any(_means(service, host) for host in _hosts(view, caller)):
            yield caller


def _hosts(view: View, caller: Workload) -> Iterator[str]:
    for key, value in view.graph.settings(caller):
        yield from hosts_in(key, value)
    yield from hosts_named(error.line for error in marked(view, caller))


def _means(service: Service, host: str) -> bool:
    return host.partition(".")[0] == service.name or host == text(service.obj, "spec", "clusterIP")


def _fails(
    view: View, service: Service, caller: Workload, when: datetime, missed: Sequence[Evidence]
) -> Iterator[Evidence]:
    """Yield what a caller that had no release then suffers since a time: errors that name a Service, or its own users.

    That its own users suffer tells of the Service only where the requests stay away from what serves behind that.
    """
    for error in marked(view, caller):
        named = any(_means(service, host) for host in hosts_named([error.line]))
        if named and soon_after(error.since, when) and not since_release(caller, error.since):
            yield Evidence("logs", caller.ref, f"{error.count} lines: {error.line}", error.since)
    if missed:
        yield from (
            seen
            for seen, began in troubles(view, caller.ref)
            if soon_after(began, when) and not since_release(caller, began)
        )
