"""What users and responders see of a snapshot, in the words of the catalogue: pure.

The words are those that `faults.yml` and `severities.yml` call ``signs``.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.model import Diagnosis, Snapshot
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

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
    view = View(snapshot)
    entries = _entries(view)
    found = {*_of_causes(diagnosis), *_of_users(view, entries), *_of_time(view, entries), *_of_service(view)}
    return tuple(sign for sign in SIGNS if sign in found)


def _entries(view: View) -> list[Workload]:
    """Return the workloads that users reach: behind a route, else those that nobody calls."""
    behind = {ref for route in view.routes if (s := view.services.get(route.service)) for ref in (*s.backends, *s.meant)}
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


def _of_users(view: View, entries: Iterable[Workload]) -> Iterator[str]:
    entries = list(entries)
    down = [w for w in entries if w.wanted and not w.ready]
    ratio = _highest(view, "error_ratio", entries)
    core = [p for p in view.snapshot.probes if p.get("purpose") == "core_function"]
    if (entries and len(down) == len(entries)) or ratio >= ALL_FAIL:
        yield "unavailable"
    if down or ratio >= HALF_FAIL:
        yield "core_broken"
    if ratio > ERRORS or any(w.ready < w.wanted for w in entries) or any(p.get("verdict") == "unhealthy" for p in core):
        yield "core_partly"
    databases = [w for d in view.databases if (w := view.workloads.get(d.ref)) is not None]
    databases += [w for n, s in view.snapshot.services.items() if s.get("database") and (w := view.workloads.get(_ref(n, s)))]
    if any(w.wanted and not w.ready for w in databases):
        yield "database_away"
    if view.alerts:
        yield "alerting"


def _of_time(view: View, entries: Iterable[Workload]) -> Iterator[str]:
    for workload in entries:
        for label in view.figures.latest("latency_p95", "component"):
            if view.component(label) != workload.ref:
                continue
            now, usual = view.figures.now("latency_p95", component=label), view.figures.median("latency_p95", component=label)
            if now is None or not usual:
                continue
            if now > BADLY * usual:
                yield from ("slow_badly", "latency")
            elif now > SLIGHTLY * usual:
                yield "slow_little"
    slow = [p for p in view.snapshot.probes if p.get("name") == "latency" and p.get("verdict") == "unhealthy"]
    if slow:
        # How it was before is not known: the worse is assumed.
        yield from ("slow_badly", "latency")


def _of_service(view: View) -> Iterator[str]:
    for database in view.databases:
        if database.usable and database.used >= NEAR_LIMIT * database.usable:
            yield "connections"
    if any(h.trouble in ("database_full", "pool_exhausted") for h in view.hits):
        yield "connections"
    if any(ratio > ERRORS for ratio in view.figures.latest("error_ratio", "component").values()):
        yield "errors"
    if any(p.get("name") == "errors" and p.get("verdict") == "unhealthy" for p in view.snapshot.probes):
        yield "errors"
    for _, pod in view.pods():
        for container in pod.containers:
            ended = container.ended
            if ended is None or not view.recent(ended.at):
                continue
            if ended.reason == "OOMKilled":
                yield "memory"
            elif ended.exit_code not in (0, 143):
                yield "crashes"
    if any(share >= NEAR_LIMIT for share in view.figures.latest("memory_share", "pod").values()):
        yield "memory"


def _highest(view: View, signal: str, workloads: Iterable[Workload]) -> float:
    refs = {w.ref for w in workloads}
    values = view.figures.latest(signal, "component")
    return max((value for label, value in values.items() if view.component(label) in refs), default=0.0)


def _ref(name: str, spec: object) -> str:
    kind = spec.get("kind", "Deployment") if isinstance(spec, dict) else "Deployment"
    return f"{kind}/{name}"
