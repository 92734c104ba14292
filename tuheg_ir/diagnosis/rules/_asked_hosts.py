"""Which hosts a workload asks by its settings."""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

WATCHES = late(
    r"monitor|prometheus|metric|observ|telemetry|\botel|grafana|victoria|jaeger|zipkin|\btempo\b|\bloki\b|fluent|sentry"
    r"|statsd|datadog|pushgateway|\bapm\b|\blogging\b|\btracing\b|elastic-agent"
)
"""How services of a cluster are called to which programs send what they measure: no request waits for them."""


def asks(view: View, workload: Workload) -> set[str]:
    """Return the hosts that a workload asks by its settings, but for those to which it only sends what it measures."""
    settings = ((key, value) for key, value in view.graph.settings(workload) if not WATCHES.search(key.lower()))
    return {host for key, value in settings for host in hosts_in(key, value) if not WATCHES.search(host)}
