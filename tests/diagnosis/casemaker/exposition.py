"""Raw series under the signals of a case, as exporters give them: OpenMetrics text with times.

For a few cases only: whoever wants to try queries and exporters' names loads metrics/raw.prom into a
Prometheus (``promtool tsdb create-blocks-from openmetrics``) or into a stand-in.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.casemaker.signals import STEP_S
from tests.diagnosis.casemaker.world import World

Row = tuple[int, float]


def expose(w: World, *, limits: Mapping[str, Mapping[str, float]] | None = None) -> None:
    """Add the raw series; ``limits`` are what a container may use: {"cpu": {container: cores}, "memory": ...}."""
    _requests(w)
    for resource, of in (limits or {}).items():
        _container(w, resource, of)
    for row in w.metrics.get("db_connections_by_state", []):
        labels = {"namespace": w.namespace, "service": row["metric"]["component"], "state": row["metric"]["state"]}
        _write(w, "pg_stat_activity_count", labels | {"datname": "app"}, _rows(row))
    for row in w.metrics.get("db_max_connections", []):
        labels = {"namespace": w.namespace, "service": row["metric"]["component"]}
        _write(w, "pg_settings_max_connections", labels, _rows(row))
    w.raw.sort(key=lambda line: line.split("{", 1)[0])  # one family in one piece
    w.raw.append("# EOF")


def _requests(w: World) -> None:
    failing = {row["metric"]["component"]: dict(_rows(row)) for row in w.metrics.get("error_ratio", [])}
    for row in w.metrics.get("request_rate", []):
        component = row["metric"]["component"]
        for status, bad in (("200", False), ("503", True)):
            labels = {
                "namespace": "ingress-nginx",
                "exported_namespace": w.namespace,
                "exported_service": component,
                "status": status,
            }
            total, rows = 1000.0, []
            for moment, rate in _rows(row):
                share = failing.get(component, {}).get(moment, 0.0)
                total += rate * STEP_S * (share if bad else 1 - share)
                rows.append((moment, float(round(total))))
            _write(w, "nginx_ingress_controller_requests", labels, rows)


def _container(w: World, resource: str, limits: Mapping[str, float]) -> None:
    """Write usage and limit of the containers whose share of the limit is known."""
    for row in w.metrics.get(f"{resource}_share", []):
        labels = {"namespace": w.namespace} | row["metric"]
        limit = limits[row["metric"]["container"]]
        used = [(moment, share * limit) for moment, share in _rows(row)]
        unit = "core" if resource == "cpu" else "byte"
        most = [(moment, limit) for moment, _ in used]
        _write(w, "kube_pod_container_resource_limits", labels | {"resource": resource, "unit": unit}, most)
        if resource == "memory":
            _write(w, "container_memory_working_set_bytes", labels, [(at, float(round(level))) for at, level in used])
            continue
        total, rows = 5000.0, []
        for moment, cores in used:
            total += cores * STEP_S
            rows.append((moment, total))
        _write(w, "container_cpu_usage_seconds_total", labels, rows)


def _rows(row: Mapping[str, Any]) -> list[Row]:
    return [(int(moment), float(value)) for moment, value in row["values"]]


def _write(w: World, name: str, labels: Mapping[str, str], rows: list[Row]) -> None:
    inner = ",".join(f'{key}="{value}"' for key, value in labels.items())
    w.raw += [f"{name}{{{inner}}} {value:.10g} {moment}" for moment, value in rows]
