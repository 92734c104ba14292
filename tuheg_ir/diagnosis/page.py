"""What a page about a diagnosis shows: plots of what decided, what a release changed, what happened when. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Diagnosis, Finding, Series, Snapshot
from tuheg_ir.diagnosis.view.reading import ref, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.written import edited, hand
from tuheg_ir.named import NamedTuple

PLOTS = 8
"""So many plots a page holds: what decided, not everything."""
LINES = 8
"""So many lines a plot holds; of more, those that moved most."""
MOMENTS = 40
# Signals in the order in which they tell of a cause; every other signal of the component comes after them.
_TELLING: dict[str, tuple[str, ...]] = {
    "database_connection": ("db_connections", "db_max_connections", "db_connections_by_state", "db_transaction_age"),
    "resource_exhaustion": ("memory_share", "memory_bytes", "restarts", "throttled_share", "cpu_share"),
    "capacity": ("cpu_share", "throttled_share", "request_rate", "latency_p95", "replicas_available"),
    "dependency_failure": ("dependency_latency_p95", "cache_latency_p95", "dependency_error_ratio", "latency_p95"),
    "code_defect": ("error_ratio", "latency_p95", "restarts", "memory_share"),
    "configuration_error": ("error_ratio", "latency_p95", "replicas_available", "restarts"),
}
_ALWAYS = ("error_ratio", "latency_p95", "request_rate", "error_ratio_by_pod", "memory_share", "cpu_share", "restarts")


class Plot(NamedTuple):
    """One signal over time: its lines (name, points of Unix seconds and value), and moments to mark in it."""

    signal: str
    component: str
    lines: tuple[tuple[str, tuple[tuple[float, float], ...]], ...]
    marks: tuple[tuple[datetime, str], ...]


class Difference(NamedTuple):
    """What the newest template of a workload changed: rows of field, before, after."""

    component: str
    released_at: datetime | None
    rows: tuple[tuple[str, str, str], ...]


class Moment(NamedTuple):
    """Something that happened: when, to what, in which words; ``kind``: release, change, event, alert or cause."""

    time: datetime
    about: str
    what: str
    kind: str


class Page(NamedTuple):
    """Everything a page shows beside the findings themselves."""

    plots: tuple[Plot, ...]
    differences: tuple[Difference, ...]
    timeline: tuple[Moment, ...]


def page_of(snapshot: Snapshot, diagnosis: Diagnosis) -> Page:
    """Return what a page about a diagnosis shows."""
    view = View.of(snapshot)
    plots = [plot for finding in diagnosis.findings for plot in _plots(view, finding)]
    shown = dict.fromkeys(f.component for f in diagnosis.findings)
    differences = [d for component in shown if (d := _difference(view, component)) is not None]
    return Page(tuple(plots[:PLOTS]), tuple(differences), tuple(_timeline(view, diagnosis)))


def _plots(view: View, finding: Finding) -> Iterator[Plot]:
    places = {finding.component, finding.target, *view.graph.callers(finding.component)}
    first = dict.fromkeys((*_TELLING.get(finding.root_cause, ()), *_ALWAYS, *view.snapshot.metrics))
    marks = _marks(view, finding)
    for signal in first:
        lines = [line for series in view.snapshot.metrics.get(signal, ()) if (line := _line(view, series, places))]
        if lines:
            lines.sort(key=lambda line: _moved(line[1]), reverse=True)
            yield Plot(signal, finding.component, tuple(lines[:LINES]), marks)


def _line(view: View, series: Series, places: set[str]) -> tuple[str, tuple[tuple[float, float], ...]] | None:
    labels = series.labels
    component = labels.get("component") or labels.get("pod") or labels.get("node") or ""
    about = view.component(component) or (f"Node/{component}" if "node" in labels else "")
    if not series.points or about not in places:
        return None
    words = [value for key, value in labels.items() if key in ("component", "pod", "state", "dependency", "node")]
    return " ".join(words), series.points


def _moved(points: tuple[tuple[float, float], ...]) -> float:
    values = [value for _, value in points]
    return (max(values) - min(values)) / (abs(max(values)) or 1.0)


def _marks(view: View, finding: Finding) -> tuple[tuple[datetime, str], ...]:
    marks = []
    workload = view.workloads.get(finding.component)
    if workload is not None and workload.released_at is not None and workload.changes:
        marks.append((workload.released_at, "release"))
    if finding.since is not None:
        marks.append((finding.since, "since"))
    return tuple(marks)


def _difference(view: View, component: str) -> Difference | None:
    workload = view.workloads.get(component)
    if workload is None or not workload.changes:
        return None
    rows = tuple((f"{c.container}: {c.field}" if c.container else c.field, c.before, c.after) for c in workload.changes)
    return Difference(component, workload.released_at, rows)


def _timeline(view: View, diagnosis: Diagnosis) -> list[Moment]:
    """Return what happened in the order of time: the newest moments where there are too many."""
    moments = [m for part in (_releases(view), _written(view), _told(view), _causes(diagnosis)) for m in part]
    recent = [m for m in moments if view.recent(m.time)]
    return sorted(recent, key=lambda m: m.time)[-MOMENTS:]


def _releases(view: View) -> Iterator[Moment]:
    for workload in view.workloads.values():
        if workload.released_at is not None and workload.changes:
            what = "; ".join(c.told() for c in workload.changes[:3])
            yield Moment(workload.released_at, workload.ref, what, "release")


def _written(view: View) -> Iterator[Moment]:
    for obj in view.snapshot.of("ConfigMap", "Secret", "NetworkPolicy", "ResourceQuota", "Service", "Ingress"):
        if (time := written(obj)) is not None:
            yield Moment(time, ref(obj), f"changed ({hand(obj)})" if edited(obj) else "made", "change")


def _told(view: View) -> Iterator[Moment]:
    for event in view.events:
        if event.type == "Warning" and event.first is not None:
            times = f" ({event.count} times)" if event.count > 1 else ""
            yield Moment(event.first, event.about, f"{event.reason}: {event.message[:160]}{times}", "event")
    for alert in view.alerts:
        if alert.starts_at is not None:
            yield Moment(alert.starts_at, view.about_alert(alert) or alert.name, f"alert {alert.name} fires", "alert")


def _causes(diagnosis: Diagnosis) -> Iterator[Moment]:
    for finding in diagnosis.findings:
        if finding.since is not None:
            yield Moment(finding.since, finding.component, finding.root_cause.replace("_", " "), "cause")
