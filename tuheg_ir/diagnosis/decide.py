"""From a snapshot to findings: pure. Cause before symptom, one fault one finding.

Invariants, held by tests: there is always a finding; no finding's remedy is excluded for its own
target; without evidence the answer is ``unknown``; taking evidence away never makes it surer.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from pathlib import Path

from tuheg_ir.diagnosis.harm import harms, once
from tuheg_ir.diagnosis.model import Considered, Diagnosis, Evidence, Finding, Snapshot, Source
from tuheg_ir.diagnosis.of_old import of_old
from tuheg_ir.diagnosis.reasons import BESIDE, is_reason, nearness, nearness_at_one
from tuheg_ir.diagnosis.rule import Held, Match, Rule, Tier
from tuheg_ir.diagnosis.rules import all_rules
from tuheg_ir.diagnosis.rules._edited_before import edited_before
from tuheg_ir.diagnosis.rules._former_colour import led_back
from tuheg_ir.diagnosis.spoken import spoken
from tuheg_ir.diagnosis.state import nothing_found, verdict_of
from tuheg_ir.diagnosis.view.log_table import words
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH
from tuheg_ir.diagnosis.view.written import by_whom

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
PAGED = 0.05
"""Of two that are as likely, what a critical alert is about comes first."""
_WELL = ("no_fault", "unknown")
_HARMLESS = ("page_human", "no_action")
PLAIN = 0.8
"""What is so certain by one fact alone needs no log."""
UNHEARD = 0.8
"""What is left of what logs may speak against where none was read: of such answers three of five are right."""
EDITED = 0.3
"""How sure it is that the one thing that was edited by hand before an alert is behind it: the first place to look."""
MOST_EVIDENCE = 10


def load_rules() -> None:
    """Load what `decide` needs beside a snapshot, so that it need not when it is called."""
    all_rules()
    words()


def decide(snapshot: Snapshot, rules: Iterable[Rule] | None = None) -> Diagnosis:
    """Apply the rules to a snapshot and weigh what holds."""
    view = View.of(snapshot)
    held, failed = list[Held](), list[Source]()
    for rule in all_rules() if rules is None else rules:
        try:
            matches = [_for_a_person(rule, each) if view.unheard else each for each in rule.when(view)]
        except Exception as error:  # noqa: BLE001 - the others know enough to help, and a person is told
            failed.append(broken(rule, error))
            continue
        held += [Held(rule, m, _unmissed(view, m, confidence(m, rule.tier, view.blind))) for m in matches]
    old, new = list[Held](), list[Held]()
    for each in held:
        (old if of_old(view, each) else new).append(each)
    kept, lost = arbitrate(view, new)
    lost += [_lost(each, "it was told long before, as often, where nobody suffers") for each in old]
    if failed:  # what they would have found nobody knows
        lost += [_lost(each, "a rule broke: nobody knows that all is well") for each in kept if _is_well(each)]
        kept = [_less_sure(each) for each in kept if not _is_well(each)]
    findings = [_finding(view, each) for each in kept] or [_first_place(view, nothing_found(view, failed=failed))]
    told = tuple(each._replace(evidence=tuple(map(spoken, each.evidence))) for each in findings)
    return Diagnosis(verdict_of(view, told), told, tuple(lost), tuple(failed))


def _first_place(view: View, found: Finding) -> Finding:
    """Return the one thing that was edited before an alert, in place of a finding that knows nothing."""
    edit = edited_before(view) if found.root_cause == "unknown" else None
    if edit is None:
        return found
    told = (*edit.evidence(), *found.evidence)[:MOST_EVIDENCE]
    sure = round(EDITED * BLIND[Tier.SYMPTOM] ** view.blind, 2)
    return Finding(edit.ref, "configuration_error", found.remedy, edit.ref, sure, told, rule="edited_before")


def _for_a_person(rule: Rule, match: Match) -> Match:
    """Return a match as it is worth where no log was read: what only logs speak against is no reason to act.

    What is nearly certain by itself is: only the pods of one release fail, and all others of the program are well.
    """
    if not _lacks_logs(rule, match) or (match.remedy or rule.remedy) in _HARMLESS:
        return match
    return match._replace(remedy="page_human", certainty=UNHEARD * match.certainty)


def _lacks_logs(rule: Rule, match: Match) -> bool:
    """Tell whether logs that were not read might speak against a match."""
    return rule.heard and match.certainty < PLAIN


def _is_well(held: Held) -> bool:
    return held.root_cause == "no_fault"


def _less_sure(held: Held) -> Held:
    """Return a match as sure as where one kind of source more is missing: a rule that broke may have told better."""
    return held._replace(confidence=round(held.confidence * BLIND[held.rule.tier], 2))


def broken(rule: Rule, error: Exception) -> Source:
    """Return what is told of a rule that a bug of ours broke; in tests it fails (tests/diagnosis/conftest.py)."""
    import traceback  # takes as long to load as twenty rules

    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{type(error).__name__} in {Path(last.filename).name}, line {last.lineno}"
    return Source(f"rule {rule.name}", ok=False, note=f"{where}: our bug, please report it", kind="bug")


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
    kept, lost = _one_each(view, sorted(held, key=nearness_at_one))
    kept.sort(key=nearness)
    lost += _hand_on(view, kept)
    for each in list(kept):
        cause = next((k for k in kept if k is not each and is_reason(view, k, each)), None)
        if cause is not None:
            kept.remove(each)
            lost.append(_lost(each, f"{cause.match.component} is behind it: {cause.rule.name}"))
    if any(each.root_cause not in _WELL for each in kept):
        well = [each for each in kept if each.root_cause == "no_fault"]
        kept = [each for each in kept if each not in well]
        lost += [_lost(each, "something is wrong elsewhere") for each in well]
    paged = {view.about_alert(alert) for alert in view.alerts if alert.critical} - {""}
    kept.sort(key=lambda h: (-_urgency(h, paged), -h.rule.tier, h.rule.name, h.match.component))
    if kept and kept[0].root_cause == "no_fault":
        lost += [_lost(each, f"all is well there too, as at {kept[0].match.component}") for each in kept[1:]]
        del kept[1:]
    for each in kept[1:]:
        if each.confidence <= _beside(view, each):
            kept.remove(each)
            lost.append(_lost(each, f"less likely than {kept[0].rule.name} at {kept[0].match.component}"))
    return kept, lost


def _hand_on(view: View, kept: list[Held]) -> list[Considered]:
    """Lead what states that somebody is away, whom all need, to what ails him by itself; return what was led so.

    It is as sure as before where a person is called. Whatever else is done is as sure as what ails him is.
    """
    lost = list[Considered]()
    for each in [k for k in kept if k.match.served_by]:
        cause = next((k for k in kept if k is not each and _ails(view, k, each)), None)
        if cause is None:
            continue
        kept[kept.index(each)] = _led_to(view, each, cause)
        kept.remove(cause)
        lost.append(_lost(each, f"{cause.match.component} is behind it: {cause.rule.name}"))
    return lost


def _ails(view: View, cause: Held, stated: Held) -> bool:
    """Tell whether a match tells what ails the workload that is away: at it, or at what it needs to run.

    A release that is taken back has to be likely, and to have come before anybody missed who is away.
    """
    away = stated.match.served_by
    there = cause.match.component == away or (cause.match.component not in view.workloads)
    if not there or away not in (cause.match.component, *cause.match.explains) or cause.root_cause in _WELL:
        return False
    remedy = _meant(view, cause)
    if remedy == "page_human":
        return True
    released = view.workloads[away].released_at
    late = released is not None and stated.match.since is not None and released > stated.match.since
    return cause.confidence >= BESIDE and not (remedy == "rollback_workload" and late)


def _meant(view: View, held: Held) -> str:
    """Return the remedy of a match, or what it would be if logs had been read: a guess stays one without them."""
    return held.rule.remedy if view.unheard and _lacks_logs(held.rule, held.match) else held.remedy


def _led_to(view: View, stated: Held, cause: Held) -> Held:
    """Return what states that somebody is away, with what ails him as its cause."""
    match = cause.match._replace(
        root_cause=cause.root_cause,
        remedy=cause.remedy,
        evidence=(*stated.match.evidence[:3], *cause.match.evidence, *stated.match.evidence[3:])[:MOST_EVIDENCE],
        explains=tuple(dict.fromkeys((*stated.match.explains, *cause.match.explains))),
        excludes=(*stated.match.excludes, *cause.match.excludes),
        since=oldest((stated.match.since, cause.match.since)),
    )
    sure = stated.confidence
    if _meant(view, cause) != "page_human":
        sure = confidence(match, cause.rule.tier, view.blind)
    return Held(stated.rule, match, min(stated.confidence, sure))


def _urgency(held: Held, paged: AbstractSet[str]) -> float:
    """Return how sure a match is, and a little more if it is no guess and people were paged for what it explains.

    Not where somebody suffers from others: whoever is behind that may be what the other match tells.
    """
    guess = held.confidence < BESIDE or held.root_cause == "dependency_failure"
    urgent = not guess and not paged.isdisjoint((held.match.component, *held.match.explains))
    return held.confidence + (PAGED if urgent else 0)


def _beside(view: View, each: Held) -> float:
    """Return what a second finding has to be likelier than: less where sources are missing or containers end."""
    least = SYMPTOM_MOST - 0.05 if each.root_cause == "service_crash" else BESIDE
    return least * BLIND[each.rule.tier] ** view.blind


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
    """Return a match with the evidence of another that means the same.

    A guess lends no words of what it explains. One of a rule that never knows how a trouble came makes nothing surer:
    what it sees any cause brings.
    """
    likely = other.confidence >= min(BESIDE, better.confidence)
    knows = likely or other.rule.root_cause not in _WELL
    explains = other.match.explains if likely else ()
    evidence = tuple(dict.fromkeys((*better.match.evidence, *other.match.evidence)))[:MOST_EVIDENCE]
    match = better.match._replace(
        evidence=evidence,
        explains=tuple(dict.fromkeys((*better.match.explains, *explains))),
        excludes=(*better.match.excludes, *other.match.excludes),
        since=oldest((better.match.since, other.match.since)),
    )
    surer = confidence(match, better.rule.tier, view.blind) if knows else 0.0
    return Held(better.rule, match, max(better.confidence, surer))


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
        evidence=tuple(by_whom(view, held.match.evidence)),
        excluded=excluded,
        rule=held.rule.name,
        since=held.match.since,
    )
    if barred is None:
        return finding
    if held.remedy == "rollback_workload" and (back := led_back(view, held.target)):
        # Of two colours that are released by turns the other one has what was before.
        service, stands_by = back
        if not any((e.remedy, e.target) == ("switch_traffic", service) for e in excluded):
            evidence = (*finding.evidence, stands_by)
            return finding._replace(remedy="switch_traffic", target=service, evidence=evidence)
    why = Evidence("objects", held.target, f"not {held.remedy}: {barred.reason}")
    return finding._replace(remedy="page_human", evidence=(*finding.evidence, why))
