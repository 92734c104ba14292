"""Alerts that fire: of Prometheus, of Alertmanager, or of a Prometheus' memory at a time."""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.collector.context import Context, NotConfigured
from tuheg_ir.diagnosis.collector.prometheus import HttpApi, Prometheus
from tuheg_ir.diagnosis.folder.alerts import alert_of
from tuheg_ir.diagnosis.model import Alert
from tuheg_ir.diagnosis.moments import moment

MOST = 500


def firing(context: Context) -> tuple[Alert, ...]:
    """Ask the target's Prometheus. Raises SourceFailed, NotConfigured."""
    if not context.target.prometheus_url:
        raise NotConfigured("ir_prometheus_url is not set")
    return of_prometheus(context.target.prometheus_url, context.end)


def managed(context: Context) -> tuple[Alert, ...]:
    """Ask the target's Alertmanager. Raises SourceFailed, NotConfigured."""
    if not context.target.alertmanager_url:
        raise NotConfigured("ir_alertmanager_url is not set")
    return of_alertmanager(context.target.alertmanager_url, context.end)


def of_prometheus(url: str, end: float) -> tuple[Alert, ...]:
    """Return what fires or is about to. Raises SourceFailed."""
    prometheus = Prometheus(url, end)
    try:
        data = prometheus.data("/api/v1/alerts", {})
    finally:
        prometheus.close()
    entries = data.get("alerts") if isinstance(data, dict) else None
    return _alerts(entries)


def of_alertmanager(url: str, end: float) -> tuple[Alert, ...]:
    """Return what Alertmanager knows and does not silence. Raises SourceFailed."""
    manager = HttpApi(url, end, name="Alertmanager")
    try:
        return _alerts(manager.json("/api/v2/alerts", {"active": "true", "silenced": "false", "inhibited": "true"}))
    finally:
        manager.close()


def prometheus_alerts(url: str, at: datetime, *, timeout_s: float = 10.0) -> tuple[Alert, ...]:
    """Return the alerts that fired at a time, without their annotations. Raises SourceFailed."""
    prometheus = Prometheus(url, time.monotonic() + timeout_s)
    try:
        firing = prometheus.instant("ALERTS", at.timestamp())
        since = prometheus.instant("ALERTS_FOR_STATE", at.timestamp())
    finally:
        prometheus.close()
    starts = {_key(row["metric"]): row.get("value", [0, 0])[1] for row in since if isinstance(row.get("metric"), dict)}
    found = []
    for row in firing:
        labels = row.get("metric")
        if isinstance(labels, dict):
            kept = {name: value for name, value in labels.items() if name not in ("__name__", "alertstate")}
            started = moment(_number(starts.get(_key(labels))))
            found.append(
                Alert(
                    name=str(kept.get("alertname", "")),
                    labels=kept,
                    annotations={},
                    state=str(labels.get("alertstate") or "firing"),
                    starts_at=started,
                )
            )
    return tuple(found[:MOST])


def _key(labels: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((k, str(v)) for k, v in labels.items() if k not in ("__name__", "alertstate")))


def _number(text: Any) -> float | None:
    try:
        return float(text)
    except (TypeError, ValueError):
        return None


def _alerts(entries: Any) -> tuple[Alert, ...]:
    if not isinstance(entries, list):
        return ()
    found = (alert_of(entry) for entry in entries[:MOST])
    return tuple(alert for alert in found if alert is not None)


def merged(*sources: Iterable[Alert]) -> tuple[Alert, ...]:
    """Return alerts once each: by their labels, the first source's."""
    found: dict[tuple[tuple[str, str], ...], Alert] = {}
    for alerts in sources:
        for alert in alerts:
            found.setdefault(_key(dict(alert.labels)), alert)
    return tuple(found.values())
