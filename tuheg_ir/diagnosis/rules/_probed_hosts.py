"""Hosts outside that fail whoever probes them: who meets no answer then, and names nobody, and has one in its settings.

Many a client tells by its exception alone that it waited in vain.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlsplit

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import rise
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SIGNAL = "probe_failing"
FAILS = 0.5
EARLIER = timedelta(minutes=5)
"""Who told of it so long before a host failed meets something else."""
WATCHES = late(
    r"monitor|prometheus|metric|observ|telemetry|\botel|grafana|victoria|jaeger|zipkin|\btempo\b|\bloki\b|fluent|sentry"
    r"|statsd|datadog|pushgateway|\bapm\b|\blogging\b|\btracing\b|elastic-agent"
)
"""How services of a cluster are called to which programs send what they measure: no request waits for them."""
_UNANSWERED = ("connection_refused", "connection_timeout", "connection_reset")


def unnamed(view: View) -> Iterator[tuple[str, Evidence, Complaint]]:
    """Yield (host, how it fails, complaint) of who may mean no other one than a host that is probed in vain.

    Not where somebody whom it calls in the namespace is away as well, or two of its hosts fail.
    """
    if not (failing := probed_in_vain(view)):
        return
    for each in complaints(view, *_UNANSWERED):
        workload = view.workloads.get(each.caller)
        if workload is None or each.about or each.hosts or each.hit.hosts or not _all_there(view, workload):
            continue
        meant = sorted(failing.keys() & _asks(view, workload))
        since = failing[meant[0]].time if len(meant) == 1 else None
        if since is not None and each.hit.first is not None and each.hit.first >= since - EARLIER:
            yield meant[0], failing[meant[0]], each


@once_a_view
def probed_in_vain(view: View) -> dict[str, Evidence]:
    """Return host outside -> since when no probe reaches it, which one did before.

    Where all that are probed fail, it is the way out of who probes them. What is our own fails by what stands behind.
    """
    own = {route.host for route in view.routes}
    found: dict[str, Evidence] = {}
    well = set[str]()
    for series in view.figures.series(SIGNAL):
        host = _host(series.labels.get("dependency", ""))
        if not foreign(host) or host in own or view.graph.resolve(host):
            continue
        turn = rise(view, series, SIGNAL, 2.0, FAILS)
        if turn is not None and turn.since is not None:
            found.setdefault(host, Evidence("metrics", host, f"{host}: probes of it fail", turn.since))
        elif (view.figures.alone(SIGNAL, series).now(SIGNAL) or 0.0) < FAILS:
            well.add(host)
    return {} if len(found) > 1 and not well else {host: seen for host, seen in found.items() if host not in well}


def _host(target: str) -> str:
    """Return the host of what is probed: an address of HTTP, or host:port."""
    try:
        return urlsplit(target if "://" in target else f"//{target}").hostname or ""
    except ValueError:
        return ""


def _asks(view: View, workload: Workload) -> set[str]:
    """Return the hosts that a workload asks by its settings, but for those to which it only sends what it measures."""
    settings = ((key, value) for key, value in view.graph.settings(workload) if not WATCHES.search(key.lower()))
    return {host for key, value in settings for host in hosts_in(key, value) if not WATCHES.search(host)}


def _all_there(view: View, workload: Workload) -> bool:
    """Tell whether all whom a workload calls in the namespace have pods that are ready."""
    called = (view.workloads.get(ref) for ref in view.graph.calls.get(workload.ref, ()))
    return all(each is None or each.ready for each in called)
