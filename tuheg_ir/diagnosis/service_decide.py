"""From facts to findings: pure, without input or output.

Invariants, held by tests: there is always a finding; a remedy that a finding proposes is never
excluded; no figure that is not known becomes a finding.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from tuheg_ir.diagnosis.facts import Facts, Verdict
from tuheg_ir.diagnosis.service_rules import RULES, Rule
from tuheg_ir.diagnosis.signs import Match


@dataclass(frozen=True, slots=True)
class Finding:
    """A probable cause and what would help."""

    component: str
    root_cause: str
    remedy: str
    target: str
    confidence: float
    evidence: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A remedy that would be useless or harmful now."""

    remedy: str
    target: str
    reason: str


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What was decided. Findings come most probable first."""

    verdict: Verdict
    findings: tuple[Finding, ...]
    excluded: tuple[Excluded, ...]

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return {
            "verdict": self.verdict,
            "findings": [{**asdict(f), "evidence": list(f.evidence)} for f in self.findings],
            "excluded": [asdict(e) for e in self.excluded],
        }


def decide(facts: Facts) -> Diagnosis:
    """Apply the table of rules to the facts."""
    held = [(rule, match) for rule in RULES for match in rule.matches(facts)]
    findings = sorted((_finding(rule, match) for rule, match in held), key=_by_confidence)
    verdict = _verdict(facts, bool(findings))
    if not findings:
        findings = [_nothing_found(facts, verdict)]
    return Diagnosis(verdict, tuple(findings), _excluded(facts, held, findings))


def _by_confidence(finding: Finding) -> float:
    return -finding.confidence


def _finding(rule: Rule, match: Match) -> Finding:
    target = match.target or match.component
    confidence = rule.confidence if match.confidence is None else match.confidence
    return Finding(match.component, rule.root_cause, rule.remedy, target, confidence, match.evidence)


def _verdict(facts: Facts, found: bool) -> Verdict:
    looks = [facts.workload.verdict, *(p.verdict for p in facts.own_probes())]
    others = [p.verdict for key in facts.dependencies for p in facts.dependency_probes(key)]
    if found or "unhealthy" in looks or "unhealthy" in others:
        return "unhealthy"
    # Probes that did not answer in time leave no verdict behind at all.
    blind = any(s.source == "probes" and not s.ok for s in facts.sources)
    return "healthy" if not blind and all(look == "healthy" for look in looks) else "unknown"


def _nothing_found(facts: Facts, verdict: Verdict) -> Finding:
    ref = facts.workload.ref
    if verdict == "healthy":
        evidence = [f"roll-out: {facts.workload.reason or 'complete'}"]
        evidence += [f"probe {p.name}: {p.reason or 'healthy'}" for p in facts.own_probes()]
        blind = [
            f"{p.service}: probe {p.name} gave no answer: {p.reason}" for p in facts.probes if p.verdict == "unknown"
        ]
        confidence = 0.7 if blind else 0.9
        return Finding(ref, "no_fault", "no_action", ref, confidence, (*evidence, *blind))
    seen = [f"{p.service}: probe {p.name} is {p.verdict}: {p.reason}" for p in facts.probes if p.verdict != "healthy"]
    if facts.workload.verdict != "healthy":
        seen.insert(0, f"roll-out is {facts.workload.verdict}: {facts.workload.reason}")
    seen += [f"{s.source} could not be read: {s.note}" for s in facts.sources if not s.ok]
    return Finding(ref, "unknown", "page_human", ref, 0.2, tuple(seen))


def _excluded(facts: Facts, held: list[tuple[Rule, Match]], findings: list[Finding]) -> tuple[Excluded, ...]:
    proposed = {(f.remedy, f.target) for f in findings}
    found: dict[tuple[str, str], Excluded] = {}
    for rule, match in held:
        for exclusion in rule.excludes if match.firm else ():
            reason = exclusion.reason.format(component=match.component)
            for remedy in exclusion.remedies:
                found.setdefault((remedy, facts.workload.ref), Excluded(remedy, facts.workload.ref, reason))
    rollback = facts.workload.rollback
    if rollback is not None and not rollback.possible:
        key = ("rollback_workload", facts.workload.ref)
        found.setdefault(key, Excluded(*key, rollback.reason))
    return tuple(e for key, e in found.items() if key not in proposed)
