"""The gateway of ours by which calls leave the cluster: without processor time, all that it passes on is late."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._figures import SLOW_S, SLOWER, rise
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PROXIES = late(r"(?:^|[/-])(?:proxyv2|envoy|nginx|openresty|haproxy|squid|traefik|kong|tinyproxy|apisix|caddy)\b")
"""Images of programs that pass on what others send."""


def is_proxy(workload: Workload) -> bool:
    """Tell whether a workload runs a program that passes on what others send."""
    images = (text(container, "image") for container in items(workload.template, "spec", "containers"))
    return any(_PROXIES.search(image.split("@", maxsplit=1)[0].lower()) for image in images)


def narrow_way(view: View, caller: str, host: str) -> bool:
    """Tell whether a caller's calls to a host pass a gateway of ours that has no processor time and is late."""
    return any(
        _narrow(view, way) and _passes(view, way, host) and _late_for_all(view, way, caller)
        for way in view.called(caller)
    )


def _narrow(view: View, way: Workload) -> bool:
    share, throttled = (usage(view.figures, way, signal) for signal in ("cpu_share", "throttled_share"))
    return share.widely(BUSY) or throttled.widely(THROTTLED)


def _passes(view: View, way: Workload, host: str) -> bool:
    """Tell whether a workload passes on calls to a host: it is a proxy, or its own log names the host."""
    return is_proxy(way) or any(host in line.lower() for log in view.logs_of(way.live) for line in log.lines)


def _late_for_all(view: View, way: Workload, caller: str) -> bool:
    """Tell whether each caller that measures a way finds it slower, this one among them: then it is not their hosts."""
    late: dict[str, bool] = {}
    for series in view.figures.series("dependency_latency_p95"):
        if view.component(series.labels.get("dependency", "")) != way.ref:
            continue
        who = view.component(series.labels.get("component", ""))
        turn = rise(view, series, "dependency_latency_p95", SLOWER, SLOW_S)
        late[who] = late.get(who, True) and turn is not None
    return late.get(caller, False) and all(late.values())
