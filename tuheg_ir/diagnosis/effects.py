"""What users and responders see of a snapshot, in the words of the catalogue: pure.

The words are those that `faults.yml` and `severities.yml` call ``signs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from tuheg_ir.diagnosis.model import Diagnosis, Snapshot
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Ended, Workload

SIGNS = (
    "unavailable",
    "database_away",
    "security",
    "data",
    "core_broken",
    "core_partly",
    "slow_badly",
    "dependency",
    "noncore",
    "slow_little",
    "alerting",
    "connections",
    "latency",
    "errors",
    "memory",
    "crashes",
)
"""Every word there is. The first group is about users (severity), the last five about the service (fault)."""
ALL_FAIL = 0.95
HALF_FAIL = 0.5
BADLY = 1.5
"""Answers that take half as long again: the handbook's degradation of more than 50 %."""
SLIGHTLY = 1.1
NEAR_LIMIT = 0.9


def signs_seen(snapshot: Snapshot, diagnosis: Diagnosis) -> tuple[str, ...]:
    """Return the signs that show, in the order of SIGNS. What is not known shows nothing."""
    view = View.of(snapshot)
    entries = _entries(view)
    found = {*_of_causes(diagnosis), *_of_users(view, entries), *_of_time(view, entries), *_of_service(view)}
    return tuple(sign for sign in SIGNS if sign in found)


def _entries(view: View) -> list[Workload]:
    """Return the workloads that users reach: behind a route, else those that nobody calls."""
    behind = {
        ref for route in view.routes if (s := view.services.get(route.service)) for ref in (*s.backends, *s.meant)
    }
    routed = [w for w in view.serving if w.ref in behind]
    return routed or [w for w in view.serving if not view.graph.callers(w.ref)]


def _of_causes(diagnosis: Diagnosis) -> Iterator[str]:
    for finding in diagnosis.findings:
        if finding.root_cause == "security_incident":
            yield "security"
        elif finding.root_cause == "dependency_failure":
            yield "dependency"
        elif finding.root_cause not in ("no_fault", "unknown"):
            yield "noncore"
        full = finding.rule.startswith(("volume", "disk")) or "no space left" in str(finding.evidence)
        if full and finding.component.startswith(("StatefulSet/", "PersistentVolumeClaim/")):
            yield "data"


def _of_users(view: View, entries: Sequence[Workload]) -> Iterator[str]:
    down = [w for w in entries if w.wanted and not w.ready]
    short = [w for w in entries if w.ready < w.wanted]
    ratio = _highest(view, "error_ratio", entries)
    if (entries and len(down) == len(entries)) or ratio >= ALL_FAIL:
        yield "unavailable"
    if down or ratio >= HALF_FAIL:
        yield "core_broken"
    if short or ratio > ERRORS or _failing(view, "purpose", "core_function"):
        yield "core_partly"
    if any(w.wanted and not w.ready for w in _databases(view)):
        yield "database_away"
    if view.alerts:
        yield "alerting"


def _databases(view: View) -> Iterator[Workload]:
    refs = {database.ref for database in view.databases}
    for name, declared in view.snapshot.services.items():
        if declared.get("database"):
            refs.add(f"{declared.get('kind', 'StatefulSet')}/{name}")
    yield from (view.workloads[ref] for ref in refs if ref in view.workloads)


def _failing(view: View, key: str, value: str) -> bool:
    """Tell whether a probe of this purpose or name is unhealthy."""
    return any(p.get(key) == value and p.get("verdict") == "unhealthy" for p in view.snapshot.probes)


def _of_time(view: View, entries: Sequence[Workload]) -> Iterator[str]:
    refs = {workload.ref for workload in entries}
    figures = view.figures
    for label, now in figures.latest("latency_p95", "component").items():
        usual = figures.median("latency_p95", component=label)
        if view.component(label) not in refs or not usual:
            continue
        if now > BADLY * usual:
            yield from ("slow_badly", "latency")
        elif now > SLIGHTLY * usual:
            yield "slow_little"
    if _failing(view, "name", "latency"):
        # How it was before is not known: the worse is assumed.
        yield from ("slow_badly", "latency")


def _of_service(view: View) -> Iterator[str]:
    full = any(d.usable and d.used >= NEAR_LIMIT * d.usable for d in view.databases)
    if full or any(hit.trouble in ("database_full", "pool_exhausted") for hit in view.hits):
        yield "connections"
    ratios = view.figures.latest("error_ratio", "component").values()
    if any(ratio > ERRORS for ratio in ratios) or _failing(view, "name", "errors"):
        yield "errors"
    if any(share >= NEAR_LIMIT for share in view.figures.latest("memory_share", "pod").values()):
        yield "memory"
    yield from (sign for _, pod in view.pods() for c in pod.containers if (sign := _of_end(view, c.ended)))


def _of_end(view: View, ended: Ended | None) -> str:
    """Return what the last end of a container shows, if it was a moment ago."""
    if ended is None or not view.recent(ended.at):
        return ""
    if ended.reason == "OOMKilled":
        return "memory"
    return "crashes" if ended.exit_code not in (0, 143) else ""


def _highest(view: View, signal: str, workloads: Iterable[Workload]) -> float:
    refs = {w.ref for w in workloads}
    values = view.figures.latest(signal, "component")
    return max((value for label, value in values.items() if view.component(label) in refs), default=0.0)
