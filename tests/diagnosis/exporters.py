"""The same measurements as other exporters name them. Acts on raw series only: metrics/raw.prom.

Saved signals (metrics/<signal>.json) carry no exporter's names any more.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from tests.diagnosis.files import Files, Skipped

RAW = "metrics/raw.prom"
_LINE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)\{(?P<labels>.*)\} (?P<rest>.+)$")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

OTHER: Mapping[str, tuple[str, Mapping[str, str], Mapping[str, str]]] = {
    # name: (other name, label -> other label, labels that come with it)
    "nginx_ingress_controller_requests": (
        "istio_requests_total",
        {
            "exported_namespace": "destination_workload_namespace",
            "exported_service": "destination_workload",
            "status": "response_code",
        },
        {"reporter": "destination"},
    ),
    "container_memory_working_set_bytes": (
        "container_memory_rss",
        {"pod": "pod_name", "container": "container_name"},
        {},
    ),
    "container_cpu_usage_seconds_total": (
        "container_cpu_usage_seconds_total",
        {"pod": "pod_name", "container": "container_name", "namespace": "kubernetes_namespace"},
        {"cpu": "total"},
    ),
    "pg_stat_activity_count": ("pg_stat_activity_count", {"service": "app", "namespace": "kubernetes_namespace"}, {}),
    "pg_settings_max_connections": (
        "pg_settings_max_connections",
        {"service": "app", "namespace": "kubernetes_namespace"},
        {},
    ),
}
_BY_RESOURCE = {"cpu": "_cpu_cores", "memory": "_memory_bytes"}


def other(files: Files) -> Files | Skipped:
    """Name every raw series as another exporter, or an older version, would."""
    if RAW not in files:
        return Skipped(f"the case has no {RAW}; saved signals carry no exporter's names")
    return dict(files) | {RAW: "\n".join(_line(line) for line in files[RAW].split("\n"))}


def _line(line: str) -> str:
    found = _LINE.match(line)
    if not found:
        return line
    name, labels = found["name"], dict(_LABEL.findall(found["labels"]))
    if name == "kube_pod_container_resource_limits":
        name += _BY_RESOURCE[labels.pop("resource")]
        labels.pop("unit", None)
    elif name in OTHER:
        name, renamed, more = OTHER[name]
        labels = {renamed.get(key, key): value for key, value in labels.items()} | dict(more)
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    return f"{name}{{{inner}}} {found['rest']}"
