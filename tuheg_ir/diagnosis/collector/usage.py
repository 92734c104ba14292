"""What `kubectl top pods` shows, as the signals of one moment: for clusters without Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from tuheg_ir.diagnosis.collector.context import Context, SourceFailed
from tuheg_ir.diagnosis.model import Obj, Series
from tuheg_ir.diagnosis.moments import moment
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.project import module_utils

_SIGNALS = {"cpu": ("cpu_usage", "cpu_share"), "memory": ("memory_bytes", "memory_share")}

Signals = dict[str, tuple[Series, ...]]


def read(context: Context) -> list[Any]:
    """Ask the metrics API for the pods' usage. Raises KubeError and SourceFailed."""
    try:
        answer = context.get(context.path("/apis/metrics.k8s.io/v1beta1", "pods"))
    except module_utils("kube").kube.KubeError as error:
        if error.kind != "not_found":
            raise
        raise SourceFailed("missing", "the cluster has no metrics API") from error
    items = answer.get("items")
    return items if isinstance(items, list) else []


def signals(usage: Iterable[Any], pods: Iterable[Obj], taken_at: float) -> Signals:
    """Return usage and its share of the limits, one point a container."""
    limits = limits_of(pods)
    found: dict[str, list[Series]] = {}
    for pod, container, used, when in _containers(usage):
        for what, (absolute, share) in _SIGNALS.items():
            value = number(used.get(what))
            if value is None:
                continue
            labels = {"pod": pod, "container": container}
            at = when or taken_at
            found.setdefault(absolute, []).append(Series(labels, ((at, value),)))
            limit = limits.get((pod, container), {}).get(what)
            if limit:
                found.setdefault(share, []).append(Series(labels, ((at, value / limit),)))
    return {signal: tuple(series) for signal, series in found.items()}


def _containers(usage: Iterable[Any]) -> Iterable[tuple[str, str, Mapping[str, Any], float | None]]:
    for item in usage:
        meta = item.get("metadata") if isinstance(item, dict) else None
        containers = item.get("containers") if isinstance(item, dict) else None
        if not isinstance(meta, dict) or not isinstance(containers, list):
            continue
        when = moment(item.get("timestamp"))
        for container in containers:
            used = container.get("usage") if isinstance(container, dict) else None
            if isinstance(used, dict):
                yield str(meta.get("name")), str(container.get("name")), used, when.timestamp() if when else None


def limits_of(pods: Iterable[Obj]) -> dict[tuple[str, str], dict[str, float]]:
    """Return the limits of (pod, container): cpu in cores, memory in bytes."""
    found: dict[tuple[str, str], dict[str, float]] = {}
    for pod in pods:
        for container in (pod.get("spec") or {}).get("containers") or ():
            limits = (container.get("resources") or {}).get("limits") or {}
            numbers = {what: number(limits.get(what)) for what in ("cpu", "memory")}
            key = (str(pod["metadata"]["name"]), str(container.get("name")))
            found[key] = {what: value for what, value in numbers.items() if value}
    return found
