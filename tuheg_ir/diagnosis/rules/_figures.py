"""How a component stands in figures: its errors, its latency, its demand, before and now."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view.trouble import labels_of, of_pods, troubles
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

SLOWER = 3.0
"""So many times as slow as before is slow."""
SLOW_S = 0.5
"""What answers faster than this is not slow, however fast it was before."""


AWAY = 0.1
"""So small a share of its former requests reaches a service that is cut off."""


class Turn(NamedTuple):
    """A figure that changed for the worse: what it was, what it is, since when."""

    before: float
    now: float
    since: datetime | None


def felt(view: View, ref: str) -> tuple[Evidence, ...]:
    """Return what users of a workload feel: failed requests, slow answers, failed probes."""
    return tuple(evidence for evidence, _ in troubles(view, ref))


def busy_pods(view: View, workload: Workload, least: float) -> Iterator[Evidence]:
    """Yield the pods of a workload that use at least such a share of their processor limit, and since when."""
    for pod in workload.live:
        share = view.figures.now("cpu_share", pod=pod.name)
        if share is not None and share >= least:
            since = view.figures.crossed("cpu_share", least, pod=pod.name)
            yield Evidence("metrics", f"Pod/{pod.name}", f"{share:.0%} of its CPU limit is used", since)


def slowed(view: View, signal: str, least: float = SLOW_S, **labels: str) -> Turn | None:
    """Return by how much a latency rose within the hour; None if it did not, or is not known."""
    worst: Turn | None = None
    for series in view.figures.series(signal, **labels):
        turn = rise(view, series, signal, SLOWER, least)
        if turn is not None and (worst is None or turn.now > worst.now):
            worst = turn
    return worst


def finds_slow(view: View, ref: str) -> bool:
    """Tell whether something that a workload asks became slow, by what it measures itself."""
    labels = labels_of(view, ref, "dependency_latency_p95")
    return any(slowed(view, "dependency_latency_p95", component=label) for label in labels)


def rise(view: View, series: Series, signal: str, factor: float, least: float) -> Turn | None:
    """Return a series' rise to `factor` times what it began with and over `least`."""
    figures = view.figures.alone(signal, series)
    now, before = figures.now(signal), figures.first(signal)
    if now is None or before is None or now < least or now < factor * max(before, 1e-9):
        return None
    limit = max(least, before + (now - before) / 3) * 0.999
    return Turn(before, now, figures.crossed(signal, limit))


def stays_away(view: View, ref: str) -> Iterator[Evidence]:
    """Yield that hardly any of its former requests reach a workload."""
    for label in labels_of(view, ref, "request_rate"):
        was = view.figures.first("request_rate", component=label)
        now = view.figures.now("request_rate", component=label)
        if was and now is not None and now <= AWAY * was:
            since = view.figures.crossed("request_rate", was / 2, below=True, component=label)
            yield Evidence("metrics", ref, f"{was:.3g} requests a second before, {now:.2g} now", since)


def is_well(view: View, refs: Iterable[str]) -> bool:
    """Tell whether figures show that workloads are well: not failing, not slow, complete; no alert is about them."""
    chosen = set(refs)
    known = False
    for ref in chosen:
        workload = view.workloads.get(ref)
        if (workload and workload.ready < workload.wanted) or felt(view, ref):
            return False
        known = known or bool(labels_of(view, ref, "error_ratio")) or bool(of_pods(view, ref, "error_ratio_by_pod"))
    return known and not any(view.about_alert(alert) in chosen for alert in view.alerts)


def said_by_callers(view: View, ref: str) -> Iterator[tuple[str, Evidence]]:
    """Yield (caller, evidence) of what callers measure of a dependency: slow, or failing.

    A caller without processor time is no witness of slowness.
    """
    for signal, text in (("dependency_latency_p95", "{0:.2g} s"), ("dependency_error_ratio", "{0:.0%} failed")):
        for series in view.figures.series(signal):
            label = series.labels.get("dependency", "")
            caller = view.component(series.labels.get("component", "")) or series.labels.get("component", "")
            if (view.component(label) or view.graph.meant(caller, label) or label) != ref:
                continue
            least, factor = (SLOW_S, SLOWER) if "latency" in signal else (ERRORS, 2.0)
            turn = rise(view, series, signal, factor, least)
            starved = "latency" in signal and caller in view.workloads and starving(view, view.workloads[caller])
            if turn is not None and not starved:
                who, was, now = caller.rpartition("/")[2], text.format(turn.before), text.format(turn.now)
                fact = f"calls of {who}: {was} before, {now} now"
                yield caller, Evidence("metrics", ref, fact, turn.since)


def felt_from(view: View, ref: str, callers: Iterable[str]) -> Iterator[Evidence]:
    """Yield what figures show of a workload's callers: what they measure of it, and how they themselves fare."""
    yield from (evidence for _, evidence in said_by_callers(view, ref))
    for caller in callers:
        yield from felt(view, caller)


def slow_evidence(ref: str, what: str, turn: Turn) -> Evidence:
    """Return a latency that rose as evidence."""
    return Evidence("metrics", ref, f"{what}: {turn.before:.2g} s before, {turn.now:.2g} s now", turn.since)
