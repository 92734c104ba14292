"""From a snapshot to findings: pure. Cause before symptom, one fault one finding.

Invariants, held by tests: there is always a finding; no finding's remedy is excluded for its own
target; without evidence the answer is ``unknown``; taking evidence away never makes it surer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.harm import harms, once
from tuheg_ir.diagnosis.model import Considered, Diagnosis, Evidence, Finding, Snapshot
from tuheg_ir.diagnosis.rule import OUTSIDE, Match, Rule, Tier
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.state import nothing_found, verdict_of
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import words
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.split import by_revision
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, measured, rises_with, serves_well, troubles
from tuheg_ir.diagnosis.view.workloads import BATCH

OBSERVER = {"objects": "the cluster", "events": "the cluster", "metrics": "the figures", "alerts": "the figures"}
"""Who saw what a source tells, if that is not the source itself.

The same controllers write the state of objects and events, and an alert is computed from metrics.
"""
DOUBT = 0.5
"""What each further observer leaves of the doubt."""
ALIKE = 0.75
"""What a further source leaves of it whose observer was heard already."""
AS_SURE = 2
"""However many see it, it is at most so many times as sure as one fact makes it: they may all see the same symptom."""
CERTAIN = {1: 0.87, 2: 0.95}
"""The most that so many observers can prove; three and more: 0.98."""
_MORE = 0.98
BLIND = {Tier.SYMPTOM: 0.85, Tier.PATTERN: 0.93, Tier.STATED: 0.97}
"""What a confidence is multiplied by for each kind of source that the snapshot has nothing of."""
SYMPTOM_MOST = 0.45
"""However much speaks for a symptom, it names no cause."""
LEAST = 0.25
"""What is less likely than this is a guess and no finding."""
BESIDE = 0.5
"""A second finding has to be as likely as this: two faults at once are rare."""
EARLIER = timedelta(minutes=5)
"""A symptom that began so long before its supposed cause is no symptom of it."""
_WELL = ("no_fault", "unknown")
MOST_EVIDENCE = 10


@dataclass(frozen=True, slots=True)
class Held:
    """A rule that holds somewhere, and how sure that makes it."""

    rule: Rule
    match: Match
    confidence: float

    @property
    def root_cause(self) -> str:
        """Return the cause that this match stands for."""
        return self.match.root_cause or self.rule.root_cause

    @property
    def remedy(self) -> str:
        """Return the remedy that this match stands for."""
        return self.match.remedy or self.rule.remedy

    @property
    def target(self) -> str:
        """Return what the remedy acts on."""
        return self.match.target or self.match.component


def load_rules() -> None:
    """Load what `decide` needs beside a snapshot, so that it need not when it is called."""
    all_rules()
    words()


def decide(snapshot: Snapshot, rules: Iterable[Rule] | None = None) -> Diagnosis:
    """Apply the rules to a snapshot and weigh what holds."""
    view = View.of(snapshot)
    held = [
        Held(rule, match, _unmissed(view, match, confidence(match, rule.tier, view.blind)))
        for rule in (all_rules() if rules is None else rules)
        for match in rule.when(view)
    ]
    kept, lost = arbitrate(view, held)
    findings = tuple(_finding(view, each) for each in kept)
    if not findings:
        findings = (nothing_found(view),)
    return Diagnosis(verdict_of(view, findings), findings, tuple(lost))


def confidence(match: Match, tier: Tier, blind: int = 0) -> float:
    """Return how sure a match is: its certainty, raised by each further source and more by each further observer.

    What speaks for a cause faintly stays faint: that something is wrong each of them sees, whatever the cause is.

    ``blind``: how many kinds of sources the snapshot has nothing of; what they would say is not known.
    How often answers of which confidence are right is measured by tests/diagnosis/calibration.py.
    """
    sources = {each.source for each in match.evidence}
    observers = max(1, len({OBSERVER.get(source, source) for source in sources}))
    doubt = (1 - match.certainty) * DOUBT ** (observers - 1) * ALIKE ** max(0, len(sources) - observers)
    raised = min(1 - doubt, AS_SURE * match.certainty, SYMPTOM_MOST if tier == Tier.SYMPTOM else 1)
    return round(min(raised, CERTAIN.get(observers, _MORE)) * BLIND[tier] ** blind, 2)


def _unmissed(view: View, match: Match, sure: float) -> float:
    """Return how sure a match is; one about runs that no alert asks for never stands before what serves users."""
    about = [*([match.component] if match.component in view.workloads else []), *match.explains]
    if not about or any(ref.partition("/")[0] not in BATCH for ref in about):
        return sure
    return sure if any(view.about_alert(alert) in about for alert in view.alerts) else min(sure, SYMPTOM_MOST)


def arbitrate(view: View, held: Sequence[Held]) -> tuple[list[Held], list[Considered]]:
    """Return what is believed, best first, and what is not, with the reason."""
    kept, lost = _one_each(view, sorted(held, key=_nearness))
    for each in list(kept):
        cause = next((k for k in kept if k is not each and _explains(view, k, each)), None)
        if cause is not None:
            kept.remove(each)
            lost.append(_lost(each, f"{cause.match.component} is behind it: {cause.rule.name}"))
    if any(each.root_cause not in _WELL for each in kept):
        well = [each for each in kept if each.root_cause == "no_fault"]
        kept = [each for each in kept if each not in well]
        lost += [_lost(each, "something is wrong elsewhere") for each in well]
    kept.sort(key=lambda h: (-h.confidence, -h.rule.tier, h.rule.name, h.match.component))
    if kept and kept[0].root_cause == "no_fault":
        lost += [_lost(each, f"all is well there too, as at {kept[0].match.component}") for each in kept[1:]]
        del kept[1:]
    for each in kept[1:]:
        if each.confidence < _beside(view, each):
            kept.remove(each)
            lost.append(_lost(each, f"less likely than {kept[0].rule.name} at {kept[0].match.component}"))
    return kept, lost


def _beside(view: View, each: Held) -> float:
    """Return how likely a second finding has to be: less where sources are missing, or containers end by themselves."""
    least = SYMPTOM_MOST - 0.05 if each.root_cause == "service_crash" else BESIDE
    return least * BLIND[each.rule.tier] ** view.blind


def _nearness(held: Held) -> tuple[object, ...]:
    """Order matches: nearer to the cause first, what is hardly likely last of all, and so among that."""
    tier = held.rule.tier if held.confidence >= BESIDE else Tier.SYMPTOM
    return (-tier, -held.confidence, -held.rule.tier, held.rule.name, held.match.component, held.target)


def _is_nearer(one: Held, other: Held) -> bool:
    """Tell whether a match is nearer to the cause than another; none is that is hardly likely itself."""
    return one.confidence >= BESIDE and _nearness(one) < _nearness(other)


def _one_each(view: View, order: Sequence[Held]) -> tuple[list[Held], list[Considered]]:
    """Keep the best match of each component; others that mean the same lend it their evidence."""
    kept: list[Held] = []
    lost: list[Considered] = []
    for each in order:
        at = next((n for n, k in enumerate(kept) if k.match.component == each.match.component), None)
        if at is not None:
            better = kept[at]
            if (better.root_cause, better.remedy, better.target) == (each.root_cause, each.remedy, each.target):
                kept[at] = _joined(view, better, each)
                lost.append(_lost(each, f"it means the same as {better.rule.name}"))
            else:
                lost.append(_lost(each, f"{better.rule.name} explains {each.match.component} better"))
        elif each.confidence < LEAST:
            lost.append(_lost(each, f"too little speaks for it ({each.confidence:.0%})"))
        else:
            kept.append(each)
    return kept, lost


def _joined(view: View, better: Held, other: Held) -> Held:
    """Return a match with the evidence of another that means the same; a guess lends no words of what it explains."""
    explains = other.match.explains if other.confidence >= min(BESIDE, better.confidence) else ()
    evidence = tuple(dict.fromkeys((*better.match.evidence, *other.match.evidence)))[:MOST_EVIDENCE]
    match = replace(
        better.match,
        evidence=evidence,
        explains=tuple(dict.fromkeys((*better.match.explains, *explains))),
        excludes=(*better.match.excludes, *other.match.excludes),
        since=oldest((better.match.since, other.match.since)),
    )
    surer = max(better.confidence, confidence(match, better.rule.tier, view.blind))
    return Held(better.rule, match, surer)


def _explains(view: View, cause: Held, symptom: Held) -> bool:
    """Tell whether one match is the reason of another's trouble."""
    named = _suffering(symptom.match) <= {cause.match.component, *cause.match.explains}
    if not symptom.rule.follows and not (named and cause.rule.tier >= symptom.rule.tier):
        return False
    needed = _behind(view, cause, symptom)
    if not named and not needed:
        return _in_the_same_minute(view, cause, symptom)
    if cause.match.component in symptom.match.explains and (not named or _is_nearer(symptom, cause)):
        return False  # the other says expressly that it is the reason; where both do, the nearer one is
    if not named and symptom.rule.tier > Tier.SYMPTOM and all(serves_well(view, each) for each in needed):
        return False  # what still serves everybody as before makes nobody suffer
    if cause.rule.follows and not named and symptom.match.component in view.graph.needs(cause.match.component):
        return cause.confidence > symptom.confidence  # each calls the other: the surer one is the cause
    if symptom.rule.tier > Tier.SYMPTOM and cause.confidence < min(BESIDE, symptom.confidence):
        return False  # what is hardly likely explains nothing that is likelier
    began, came = symptom.match.since, cause.match.since
    return named or began is None or came is None or came - began <= EARLIER


def _suffering(match: Match) -> set[str]:
    """Return where the trouble of a match shows: at its component, or at all that a host outside makes suffer."""
    outside = match.component.startswith(OUTSIDE) and match.explains
    return set(match.explains) if outside else {match.component}


def _behind(view: View, cause: Held, symptom: Held) -> set[str]:
    """Return what a symptom's component needs of a cause: where it is, or the workloads that the object there rules.

    A workload suffers by its autoscaler, its Service or its settings, and who calls it by it, not by them.
    """
    at = cause.match.component
    ruled = () if at in view.workloads or _suspect(view, symptom, cause.match.since) else cause.match.explains
    return view.graph.needs(symptom.match.component) & {at, *ruled}


def _suspect(view: View, symptom: Held, came: datetime | None) -> bool:
    """Tell whether a release to be taken back may be a reason by itself: it came first, or no older pod is ill."""
    workload = view.workloads.get(symptom.target)
    if symptom.remedy != "rollback_workload" or workload is None:
        return False
    at = workload.released_at
    return at is None or came is None or at <= came or by_revision(view, workload) == "newer"


def _in_the_same_minute(view: View, cause: Held, symptom: Held) -> bool:
    """Tell whether a trouble that only time connects with a release began with a better cause elsewhere.

    That is a stated one that users feel as well, or a surer one that began first. The release had served well before;
    whom the component calls nobody tells, so that it may be what is ill; and what is ill does not need it itself. What
    a stated cause brings slowly is first felt later, and by its callers last: then both have to rise alike.
    """
    ref, other, began, came = symptom.match.component, cause.match.component, symptom.match.since, cause.match.since
    workload = view.workloads.get(ref)
    if workload is None or workload.released_at is None or began is None or came is None:
        return False
    if symptom.remedy != "rollback_workload" or symptom.rule.tier != Tier.PATTERN or other not in view.workloads:
        return False
    if view.graph.calls.get(ref) or ref in view.graph.needs(other) or by_revision(view, workload) == "newer":
        return False
    if began - workload.released_at <= EARLIER or cause.confidence < BESIDE:
        return False
    stated = cause.rule.tier == Tier.STATED and _felt(view, cause.match)
    if abs(began - came) > MINUTE:
        return stated and came <= began and rises_with(view, ref, other)
    return stated or (came <= began and cause.rule.tier >= Tier.PATTERN and cause.confidence > symptom.confidence)


def _felt(view: View, cause: Match) -> bool:
    """Tell whether users feel a cause at its component; where nobody measures them, whether a service repeats it.

    What a container told before it ended, or nobody knows when, may have been over since.
    """
    workload = view.workloads[cause.component]
    if any(troubles(view, workload.ref)):
        return True
    if measured(view, workload) or not any(workload.ref in service.backends for service in view.services.values()):
        return False
    told = [hit for hit in view.hits_of(workload.ref) if view.hit_evidence(hit) in cause.evidence]
    now = (hit for hit in told if not hit.previous and hit.last is not None and fresh(view, hit))
    return any(hit.count >= OFTEN for hit in now)


def _lost(each: Held, reason: str) -> Considered:
    return Considered(each.rule.name, each.match.component, each.root_cause, each.remedy, each.confidence, reason)


def _finding(view: View, held: Held) -> Finding:
    excluded = once((*held.match.excludes, *harms(view, held.match.component), *harms(view, held.target)))
    barred = next((e for e in excluded if (e.remedy, e.target) == (held.remedy, held.target)), None)
    finding = Finding(
        component=held.match.component,
        root_cause=held.root_cause,
        remedy=held.remedy,
        target=held.target,
        confidence=held.confidence,
        evidence=held.match.evidence,
        excluded=excluded,
        rule=held.rule.name,
        since=held.match.since,
    )
    if barred is None:
        return finding
    why = Evidence("objects", held.target, f"not {held.remedy}: {barred.reason}")
    return replace(finding, remedy="page_human", evidence=(*finding.evidence, why))
