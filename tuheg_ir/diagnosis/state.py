"""How a namespace stands when no rule holds: well, or not to be told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Finding
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ERRORS = 0.05
"""Share of failed requests that is trouble wherever no limit is declared."""
_FRESH = timedelta(minutes=2)


def nothing_found(view: View) -> Finding:
    """Return the finding of a snapshot in which no rule holds."""
    ill = tuple(_ill(view))
    where = _component(view, ill)
    if not ill and _seen_well(view):
        well = tuple(_well(view))
        sources = len({e.source for e in well})
        return Finding(
            where, "no_fault", "no_action", where, min(0.9, 0.6 + 0.12 * sources), well, rule="nothing_wrong"
        )
    missing = tuple(
        Evidence(s.source, "", f"{s.source} could not be read: {s.note}") for s in view.snapshot.sources if not s.ok
    )
    return Finding(where, "unknown", "page_human", where, 0.2, (*ill, *missing), rule="nothing_known")


def verdict_of(view: View, findings: Sequence[Finding]) -> str:
    """Return healthy, unhealthy or unknown."""
    if any(f.root_cause not in ("no_fault", "unknown") for f in findings):
        return "unhealthy"
    if any(f.root_cause == "no_fault" for f in findings):
        return "healthy"
    return "unhealthy" if any(p.get("verdict") == "unhealthy" for p in view.snapshot.probes) else "unknown"


def _ill(view: View) -> list[Evidence]:
    """Return the signs that something is wrong, whatever it is."""
    found = [
        Evidence("objects", w.ref, f"{w.ready} of {w.wanted} pods are ready")
        for w in view.serving
        if w.ready < w.wanted and not _starting(view, w)
    ]
    found += [Evidence("alerts", view.about_alert(a), f"alert {a.name} fires", a.starts_at) for a in view.alerts]
    found += [
        Evidence("probes", f"{p.get('service')}", f"probe {p.get('name')} is {p.get('verdict')}: {p.get('reason')}")
        for p in view.snapshot.probes
        if p.get("verdict") != "healthy"
    ]
    for component, ratio in view.figures.latest("error_ratio", "component").items():
        if ratio > ERRORS:
            found.append(Evidence("metrics", view.component(component) or component, f"{ratio:.1%} of requests fail"))
    return found


def _starting(view: View, workload: Workload) -> bool:
    """Tell whether the pods that are not ready came a moment ago and nothing has failed in them."""
    waiting = [p for p in workload.live if not p.ready]
    return bool(waiting) and all(
        view.recent(p.created, _FRESH) and not p.restarts and not any(c.state == "waiting" for c in p.containers)
        for p in waiting
    )


def _seen_well(view: View) -> bool:
    """Tell whether enough was read to say that nothing is wrong: no data is never good news."""
    return any(w.pods or w.wanted for w in view.serving) and view.snapshot.known("Pod")


def _well(view: View) -> list[Evidence]:
    serving = view.serving
    pods = sum(w.ready for w in serving)
    found = [Evidence("objects", "", f"all {len(serving)} workloads are complete, {pods} pods ready")]
    ratios = view.figures.latest("error_ratio", "component")
    if ratios:
        found.append(Evidence("metrics", "", f"at most {max(ratios.values()):.1%} of requests fail"))
    if view.snapshot.probes:
        found.append(Evidence("probes", "", f"all {len(view.snapshot.probes)} probes are healthy"))
    if view.snapshot.alerts and not view.alerts:
        found.append(Evidence("alerts", "", "no alert fires that means trouble"))
    return found


def _component(view: View, ill: Sequence[Evidence]) -> str:
    """Return what the finding is about: what is ill, else what an alert is about, else the busiest workload."""
    for each in ill:
        if "/" in each.object:
            return each.object
    for alert in view.snapshot.alerts:
        if ref := view.about_alert(alert):
            return ref
    routed = [r.service for r in view.routes]
    for name in routed:
        service = view.services.get(name)
        if service and service.backends:
            return service.backends[0]
    callers = [w.ref for w in view.serving if not view.graph.callers(w.ref)]
    return next(iter([*callers, *(w.ref for w in view.serving)]), f"Namespace/{view.snapshot.namespace}")
