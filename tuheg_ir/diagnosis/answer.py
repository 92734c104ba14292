"""A diagnosis in plain JSON types: for programs and people, and for the ladder of one service. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

from tuheg_ir.diagnosis.effects import signs_seen
from tuheg_ir.diagnosis.model import Diagnosis, Finding, Snapshot
from tuheg_ir.diagnosis.moments import written
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.view import View

CALLER_REMEDIES = ("restart_workload", "restart_connection_pool", "scale_workload", "rollback_workload")
SURE = 0.5
"""A cause has to be as likely as this to rule out what would be done elsewhere."""
LOG_LINES = 5
_MEANT = frozenset({("forbidden", "secrets"), ("forbidden", "nodes")})
"""What the account of rbac/ is meant not to see."""


def answer(snapshot: Snapshot, diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the public answer (docs/result.md): verdict, findings, considered, sources, taken_at and figures."""
    return {
        "schema": 1,
        "namespace": snapshot.namespace,
        "taken_at": written(snapshot.taken_at),
        "verdict": diagnosis.verdict,
        "findings": [_finding(finding) for finding in diagnosis.findings],
        "considered": [asdict(guess) for guess in diagnosis.considered],
        "sources": [{**asdict(source), "at": written(source.at)} for source in snapshot.sources],
        "facts": figures(snapshot, diagnosis),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    evidence = [{**asdict(fact), "time": written(fact.time)} for fact in finding.evidence]
    return {**asdict(finding), "since": written(finding.since), "evidence": evidence}


def figures(snapshot: Snapshot, diagnosis: Diagnosis) -> dict[str, Any]:
    """Return the figures of a result: what is seen, and how the workloads stand."""
    view = View(snapshot)
    found: dict[str, Any] = {
        "signs": list(signs_seen(snapshot, diagnosis)),
        "workloads": {
            w.ref: {"wanted": w.wanted, "ready": w.ready, "restarts": sum(p.restarts for p in w.live)}
            for w in view.serving
        },
        "probes": [dict(probe) for probe in snapshot.probes],
        "databases": {
            d.ref: {"used": d.used, "usable": d.usable, "max_connections": d.max_connections} for d in snapshot.databases
        },
    }
    return {name: value for name, value in found.items() if value}


def silent(diagnosis: Diagnosis) -> list[dict[str, str]]:
    """Return the rules that did not fire anywhere, and why not."""
    fired = {each.rule for each in (*diagnosis.findings, *diagnosis.considered)}
    return [{"rule": rule.name, "why_not": rule.why_not} for rule in all_rules() if rule.name not in fired]


def tails(snapshot: Snapshot, ref: str) -> list[dict[str, Any]]:
    """Return the last lines of the logs of one workload, or of all for ""."""
    view = View(snapshot)
    return [
        {"pod": log.pod, "container": log.container, "previous": log.previous, "lines": list(log.lines[-LOG_LINES:])}
        for log in snapshot.logs
        if not ref or view.owner_of(log.pod) == ref
    ]


def for_ladder(snapshot: Snapshot, diagnosis: Diagnosis, ref: str) -> dict[str, Any]:
    """Return what the ladder of one workload (Kind/name) goes by: {verdict, findings, excluded, facts, sources}.

    Findings that concern it come first, their evidence as sentences. ``excluded`` are remedies that
    would be useless or do harm now: {remedy, target, reason}.
    """
    view = View(snapshot)
    near = {ref, *view.graph.needs(ref)}
    ordered = sorted(diagnosis.findings, key=lambda f: not _concerns(f, near))
    told = answer(snapshot, diagnosis)
    return {
        **told,
        "verdict": _verdict(snapshot, diagnosis, near),
        "sources": [source for source in told["sources"] if _matters(source)],
        "findings": [_for_result(finding) for finding in ordered],
        "excluded": [*_excluded(ordered, ref, near)],
    }


def _verdict(snapshot: Snapshot, diagnosis: Diagnosis, near: Iterable[str]) -> str:
    """Return how one workload stands; what is wrong elsewhere in the namespace makes it neither ill nor well."""
    names = {ref.partition("/")[2] for ref in near}
    faults = [f for f in diagnosis.findings if f.root_cause not in ("no_fault", "unknown")]
    bad = [p for p in snapshot.probes if p.get("verdict") == "unhealthy" and p.get("service") in names]
    if bad or any(_concerns(finding, near) for finding in faults):
        return "unhealthy"
    return "unknown" if faults else diagnosis.verdict


def _matters(source: Mapping[str, Any]) -> bool:
    """Tell whether a source that gave nothing is news: what a cluster has not, or an account may not see, is none."""
    return source["ok"] or not (source["kind"] == "missing" or (source["kind"], source["source"]) in _MEANT)


def _concerns(finding: Finding, near: Iterable[str]) -> bool:
    return finding.component in near or finding.target in near


def _for_result(finding: Finding) -> dict[str, Any]:
    """Return a finding as ir_result holds it."""
    kept = ("component", "root_cause", "remedy", "target", "confidence")
    return {**{name: getattr(finding, name) for name in kept}, "evidence": [_sentence(e) for e in _finding(finding)["evidence"]]}


def _sentence(fact: Mapping[str, Any]) -> str:
    return f"{fact['object']}: {fact['fact']}" if fact["object"] else str(fact["fact"])


def _excluded(findings: Iterable[Finding], ref: str, near: Iterable[str]) -> Iterator[dict[str, str]]:
    findings = list(findings)
    proposed = {(f.remedy, f.target) for f in findings}
    seen: set[tuple[str, str]] = set()
    for remedy, target, reason in _reasons(findings, ref, near):
        if (remedy, target) not in proposed | seen:
            seen.add((remedy, target))
            yield {"remedy": remedy, "target": target, "reason": reason}


def _reasons(findings: Iterable[Finding], ref: str, near: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    for finding in findings:
        for each in finding.excluded:
            yield each.remedy, each.target, each.reason
        behind = finding.component != ref and finding.target != ref and _concerns(finding, near)
        if behind and finding.root_cause not in ("no_fault", "unknown") and finding.confidence >= SURE:
            for remedy in CALLER_REMEDIES:
                yield remedy, ref, f"{finding.component} is the cause; nothing done to its callers mends it"
