"""What others may rely on: a diagnosis as plain JSON, and what the ladder of one service takes from it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from tuheg_ir.diagnosis.harm import harms, once
from tuheg_ir.diagnosis.model import Considered, Diagnosis, Evidence, Excluded, Finding, Snapshot, Source
from tuheg_ir.diagnosis.state import nothing_found, verdict_of
from tuheg_ir.diagnosis.view.view import View

FIRM = 0.5
"""What is less likely than this rules nothing out."""
ON_CALLERS = ("restart_workload", "restart_connection_pool", "scale_workload", "rollback_workload")
"""What a ladder does to a service, and what does nothing for a fault behind it."""
_ACTS_ON_NOTHING = ("page_human", "no_action")


def public(diagnosis: Diagnosis, snapshot: Snapshot) -> dict[str, Any]:
    """Return a diagnosis of a whole namespace as JSON types: findings best first and never empty."""
    return {
        "schema": 1,
        "namespace": snapshot.namespace,
        "taken_at": _time(snapshot.taken_at),
        "verdict": diagnosis.verdict,
        "findings": [_finding(each, _space(snapshot, each.component)) for each in diagnosis.findings],
        "considered": [_considered(each) for each in diagnosis.considered],
        "sources": [_source(each) for each in (*snapshot.sources, *diagnosis.broken)],
    }


def for_service(diagnosis: Diagnosis, snapshot: Snapshot, service: str) -> dict[str, Any]:
    """Return what the ladder of one service needs, as the action plugin gives it.

    ``service`` is Kind/name. verdict: healthy, unhealthy, unknown. findings[]: those that are about
    the service, about something it needs, or the reason of its trouble; evidence as sentences.
    excluded[] {remedy, target, reason, final}: what would be useless or do harm now. A remedy that a finding
    proposes for its target is excluded for it only by what is final.
    """
    view = View.of(snapshot)
    found = [each for each in diagnosis.findings if concerns(view, each, service)]
    if snapshot.known(service.partition("/")[0]) and service not in view.workloads:
        found = [absent(service)]
    if not found:
        found = [nothing_found(view, (service, *sorted(view.graph.needs(service))), diagnosis.broken)]
    return {
        "verdict": verdict_of(view, found),
        "findings": [_flat(each) for each in found],
        "excluded": [_excluded(each) for each in _unique(found, exclusions(view, found, service))],
    }


def absent(service: str) -> Finding:
    """Return the finding of a service that the inventory names and the namespace has not."""
    evidence = (Evidence("objects", service, "there is no such workload"),)
    return Finding(service, "configuration_error", "page_human", service, 0.85, evidence, rule="no_such_workload")


def concerns(view: View, finding: Finding, service: str) -> bool:
    """Tell whether a finding says something of a service: it, what it needs, or what keeps it from its work."""
    near = {service, *view.graph.needs(service)}
    if finding.component in near or finding.target in near:
        return True
    return any(each.target == service for each in finding.excluded)


def exclusions(view: View, findings: Sequence[Finding], service: str) -> Iterator[Excluded]:
    """Yield the remedies that findings rule out, those of a caller whose fault lies behind it, and those that harm."""
    for each in findings:
        if each.confidence >= FIRM:
            yield from each.excluded
    for each in findings[:1]:
        acts = each.remedy not in _ACTS_ON_NOTHING and each.target == service
        if each.confidence >= FIRM and each.component in view.graph.needs(service) and not acts:
            reason = f"{each.component} is what is wrong: nothing done to its caller mends it"
            yield from (Excluded(remedy, service, reason) for remedy in ON_CALLERS)
    yield from harms(view, service)


def _unique(findings: Sequence[Finding], excluded: Iterable[Excluded]) -> list[Excluded]:
    proposed = {(each.remedy, each.target) for each in findings}
    return [each for each in once(excluded) if each.final or (each.remedy, each.target) not in proposed]


def _space(snapshot: Snapshot, ref: str) -> str:
    """Return the namespace of a component, Kind/name; that of the snapshot where nothing else is known."""
    kind, _, name = ref.partition("/")
    held = (obj["metadata"] for obj in snapshot.objects.get(kind, ()) if obj["metadata"].get("name") == name)
    spaces = {str(meta.get("namespace") or snapshot.namespace) for meta in held}
    return snapshot.namespace if snapshot.namespace in spaces else next(iter(sorted(spaces)), snapshot.namespace)


def _finding(finding: Finding, namespace: str) -> dict[str, Any]:
    return {
        **_flat(finding),
        "namespace": namespace,
        "since": _time(finding.since),
        "rule": finding.rule,
        "evidence": [_evidence(each) for each in finding.evidence],
        "excluded": [_excluded(each) for each in finding.excluded],
    }


def _flat(finding: Finding) -> dict[str, Any]:
    return {
        "component": finding.component,
        "root_cause": finding.root_cause,
        "remedy": finding.remedy,
        "target": finding.target,
        "confidence": finding.confidence,
        "evidence": [sentence(each) for each in finding.evidence],
    }


def sentence(evidence: Evidence) -> str:
    """Return a piece of evidence as one sentence."""
    about = f"{evidence.object}: " if evidence.object else ""
    return f"{about}{evidence.fact}"


def _evidence(evidence: Evidence) -> dict[str, Any]:
    return {
        "source": evidence.source,
        "object": evidence.object,
        "fact": evidence.fact,
        "time": _time(evidence.time),
    }


def _excluded(excluded: Excluded) -> dict[str, Any]:
    return {
        "remedy": excluded.remedy,
        "target": excluded.target,
        "reason": excluded.reason,
        "final": excluded.final,
    }


def _considered(considered: Considered) -> dict[str, Any]:
    return {
        "rule": considered.rule,
        "component": considered.component,
        "root_cause": considered.root_cause,
        "remedy": considered.remedy,
        "confidence": considered.confidence,
        "reason": considered.reason,
    }


def _source(source: Source) -> dict[str, Any]:
    return {
        "source": source.source,
        "ok": source.ok,
        "ms": source.ms,
        "note": source.note,
        "kind": source.kind,
        "at": _time(source.at),
    }


def _time(moment: datetime | None) -> str | None:
    """Return a time as RFC 3339 in UTC; None for one that is not known."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if moment else None
