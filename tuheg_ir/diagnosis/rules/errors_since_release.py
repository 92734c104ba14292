"""Requests fail or are slow since another template came in force, and nothing nearer explains it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._blames_another import blames_another, blames_itself
from tuheg_ir.diagnosis.rules._came_between import way_written
from tuheg_ir.diagnosis.rules._comes_in_waves import told_since
from tuheg_ir.diagnosis.rules._data_keys import may_be_rewritten, of_unseen_key
from tuheg_ir.diagnosis.rules._failed_before import failed_before
from tuheg_ir.diagnosis.rules._first_of_kind import first_of_kind
from tuheg_ir.diagnosis.rules._first_used_late import first_used
from tuheg_ir.diagnosis.rules._handed_on import handed_on
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._in_between import PROVEN, in_between, misread_of, node_lost
from tuheg_ir.diagnosis.rules._innocent_image import others_fail, passes_on, run_began, slow_to_all, waits_for_the_dead
from tuheg_ir.diagnosis.rules._intrusion import taken_over
from tuheg_ir.diagnosis.rules._looks_back import looks_back
from tuheg_ir.diagnosis.rules._met_alike import met_alike, refused_alike, waits_before
from tuheg_ir.diagnosis.rules._one_party import party_fails
from tuheg_ir.diagnosis.rules._own_words import own_words
from tuheg_ir.diagnosis.rules._refused_together import refused_as_others, refused_with_others
from tuheg_ir.diagnosis.rules._said_before import said_before
from tuheg_ir.diagnosis.rules._scanned_before import scanned_before
from tuheg_ir.diagnosis.rules._served_well import ends_by_itself, lately_of_others, served_well
from tuheg_ir.diagnosis.rules._small_part import small_part
from tuheg_ir.diagnosis.rules._was_so_before import failed_alike
from tuheg_ir.diagnosis.rules.scaled_down import lost
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.held_open import may_hold_open
from tuheg_ir.diagnosis.view.logs import heard_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import (
    BEFORE,
    comes_back,
    of_code_alone,
    release_cause,
    release_evidence,
    releases,
    since_release,
)
from tuheg_ir.diagnosis.view.split import by_revision
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, errors, labels_of, suffering, told_errors, troubles
from tuheg_ir.diagnosis.view.usage import BUSY, limit_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

FRESH = timedelta(hours=2)
"""Where nobody knows when the trouble began, a release so young is suspected."""
LATE = timedelta(minutes=45)
"""No alert about failing requests waits so long to fire."""
OF_MEANS = late(r"disk|volume|memory|\bcpu|throttl|certificate|expir|hpa|autoscal|quota|backup", re.IGNORECASE)
"""Words of an alert about what a workload has, not about whether it serves well."""
ALONE, USUAL, GUESS, UNLIKELY, FAINT = 0.85, 0.7, 0.5, 0.25, 0.2
"""What is unlikely, or less, a person decides."""
MORE = 1.6
"""Traffic that grew so much in the same hour may be the reason as well."""


def when(view: View) -> Iterator[Match]:
    """What began with a release, for a person where nobody may see whether a key that it needs was replaced."""
    for match in _begun(view):
        replaced = may_be_rewritten(view, view.workloads[match.component])
        yield of_unseen_key(match)._replace(certainty=min(match.certainty, GUESS)) if replaced else match


def _begun(view: View) -> Iterator[Match]:
    """Yield what users feel and began with a release, or only the pods of the release show.

    Where the release brought an image alone, a person looks first if its errors blame somebody else, or if it had
    served well for minutes and blames itself for nothing: then it is seldom the reason.
    """
    for workload in view.serving:
        if not workload.changes or (comes_back(view, workload) and not blames_itself(view, workload)):
            continue
        felt = list(troubles(view, workload.ref))
        split = by_revision(view, workload)
        if not split and {seen.source for seen, _ in felt} <= {"logs"} and _alarmed_before(view, workload):
            continue  # new pods have new logs: the alert knows better when it began
        began = oldest(since for _, since in felt)
        if not split and (refused_with_others(view, workload, began) or _nearer_release(view, workload, began)):
            continue
        misreads = _misreads(view, workload)
        if misreads and {seen.source for seen, _ in felt} == {"logs"} and _begins_with_it(view, workload, began):
            began = None
        guess = bool(felt) and began is None and not workload.returned and releases(view, workload, FRESH)
        guess = guess and not _alarmed_late(view, workload)
        if split != "older" and (split == "newer" or since_release(workload, began) or guess):
            certainty = ALONE if split == "newer" else GUESS if guess or _loaded(view, workload) else USUAL
            if guess and split != "newer" and {seen.source for seen, _ in felt} == {"logs"}:
                # Its access log tells of failures, not whose they are; what it says of its own code does.
                own = misreads or told_errors(view, workload) or own_words(view, workload)
                certainty = FAINT if view.graph.needs(workload.ref) and not own else GUESS
            if split != "newer" and began and _nearer_edit(view, workload, began):
                certainty = FAINT
            match = _match(view, workload, [seen for seen, _ in felt], began, certainty)
            weighed = (_weighed_apart if split == "newer" else _weighed)(view, workload, match, began)
            person = weighed.certainty <= UNLIKELY or taken_over(view, workload)
            yield weighed._replace(remedy="page_human") if person else weighed
        elif not split:
            yield from _told(view, workload, felt=bool(felt))


def _misreads(view: View, workload: Workload) -> bool:
    """Tell whether all newest pods stumble over a field that they do not know, which no neighbour brought of late.

    It is for the reader to pass over what it does not know; what it reads was not released within hours.
    """
    newest_ones = {pod.name for pod in workload.newest_pods()}
    told = [hit for hit in view.hits_of(workload.ref, "field_unknown") if not hit.previous and hit.count >= OFTEN]
    if not newest_ones or {hit.pod for hit in told} != newest_ones:
        return False
    beside = view.graph.calls.get(workload.ref, set()) | view.graph.callers(workload.ref)
    return not any(releases(view, w, FRESH) for ref in beside if (w := view.workloads.get(ref)))


def _begins_with_it(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether logs that were cut off after the release tell of a trouble from their first minute on."""
    first = heard_since(view.logs_of(workload.newest_pods(), previous=False))
    at = workload.released_at
    return (
        began is not None and first is not None and at is not None and first - at > PROVEN and began - first <= MINUTE
    )


def _nearer_edit(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether what it calls got other settings minutes after it was released, just before the trouble began."""
    return any(
        in_between(workload, at, began) for each in view.called(workload.ref) for _, at in outside_changes(view, each)
    )


def _nearer_release(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether what it calls was released minutes after it, just before the trouble began: that is asked first.

    Not where it blames itself, but for an answer of that one which it cannot read; nor where the other one is well and
    it does not tell that this one fails to answer.
    """
    later = _later(view, workload, began)
    if any(misread_of(view, workload, each) for each in later):
        return True
    if not later or blames_itself(view, workload):
        return False
    named = {each.about for each in complaints(view, *UNANSWERED) if each.caller == workload.ref}
    return any(each.ref in named or any(troubles(view, each.ref)) for each in later)


def _fewer(view: View, workload: Workload) -> bool:
    """Tell whether its pods have no processor time left since there are fewer of them: a roll-back brings none back."""
    busy = usage(view.figures, workload, "cpu_share").widely(BUSY) and not limit_cut(workload, "cpu")
    return busy and any(lost(view, workload))


def _later(view: View, workload: Workload, began: datetime | None) -> list[Workload]:
    """Return what it calls that was released minutes after it, just before the trouble began."""
    called = (each for each in view.called(workload.ref) if each.changes)
    return [each for each in called if began is not None and in_between(workload, each.released_at, began)]


def _alarmed_before(view: View, workload: Workload) -> bool:
    """Tell whether an alert about a workload, or about who calls it and naming it, fired before its release."""
    at, callers = workload.released_at, view.graph.callers(workload.ref)
    early = (a for a in view.alerts if at is not None and a.starts_at and a.starts_at < at + BEFORE)
    about = ((view.about_alert(each), each.said) for each in early)
    return any(ref == workload.ref or (ref in callers and names(said, workload.name)) for ref, said in about)


def _alarmed_late(view: View, workload: Workload) -> bool:
    """Tell whether the alerts about a workload fired so long after its release that this served well before.

    What looks back over hours fires late.
    """
    mine = [a for a in view.alerts if view.about_alert(a) == workload.ref and not OF_MEANS.search(a.said)]
    began = [a.starts_at - looks_back(a) for a in mine if a.starts_at]
    at = workload.released_at
    return at is not None and bool(began) and all(each - at > LATE for each in began)


def _told(view: View, workload: Workload, *, felt: bool) -> Iterator[Match]:
    """Yield that only logs tell of errors since a release, or that they come in waves or late, and somebody suffers."""
    found = told_since(view, workload, felt=felt) if releases(view, workload, FRESH) else first_used(view, workload)
    found = found or first_of_kind(view, workload) or small_part(view, workload)
    said = list(suffering(view, workload.ref))
    if found and said and not refused_as_others(view, workload, found.began):
        match = _match(view, workload, [*found.shown, *said[: 3 - len(found.shown)]], found.began, GUESS)
        if told := _of_others(view, workload, found.began):
            yield _only_passed_on(match, told)._replace(remedy="page_human")
        elif (of_code_alone(workload) and served_well(view, workload, found.began)) or failed_alike(view, workload):
            yield match._replace(certainty=UNLIKELY, remedy="page_human")
        else:
            yield match


def _loaded(view: View, workload: Workload) -> bool:
    """Tell whether there is another reason: much more traffic, or no processor time left."""
    busy = usage(view.figures, workload, "cpu_share").widely(BUSY) and not limit_cut(workload, "cpu")
    return busy or (traffic_growth(view, workload.ref) or 1.0) >= MORE


def _match(view: View, workload: Workload, felt: list[Evidence], began: datetime | None, certainty: float) -> Match:
    told = Evidence("metrics", workload.ref, "only pods of the newest template show it", workload.released_at)
    return Match(
        component=workload.ref,
        evidence=(
            *felt,
            *((told,) if certainty == ALONE else ()),
            *release_evidence(workload),
            *map(view.hit_evidence, view.hits_of(workload.ref, "code_crash", "schema", "configuration_missing")[:2]),
        ),
        certainty=certainty,
        root_cause=release_cause(view, workload),
        since=began or workload.released_at,
        excludes=excluding(workload.ref, "its pods end by themselves; a restart runs the same release", *RESTARTS)
        if ends_by_itself(view, workload)
        else (),
    )


def _of_others(view: View, workload: Workload, began: datetime | None) -> tuple[Evidence, ...]:
    """Return what shows that a release only passes on what others bring: they fail alike, or did before it came."""
    if blamed := blames_another(view, workload, workload):
        return tuple(view.hit_evidence(hit) for hit in blamed[:2])
    first = began or oldest(hit.first for hit in told_errors(view, workload))
    shown = met_alike(view, workload) or failed_before(view, workload) or node_lost(view, workload, first)
    shown = shown or scanned_before(view, workload) or handed_on(view, workload) or party_fails(view, workload)
    return (shown,) if shown else said_before(view, workload)[:2]


def _only_passed_on(match: Match, told: tuple[Evidence, ...]) -> Match:
    evidence = (*match.evidence, *told)
    return match._replace(evidence=evidence, certainty=FAINT, root_cause="dependency_failure")


def _weighed_apart(view: View, workload: Workload, match: Match, _: datetime | None) -> Match:
    """Return a match that only the newest pods show, less sure where others are refused with their login as well."""
    told = refused_alike(view, workload)
    return _only_passed_on(match, (told,)) if told else match


def _weighed(view: View, workload: Workload, match: Match, began: datetime | None) -> Match:
    """Return a match less sure where the new image had served well, or its errors blame others or came before it."""
    if told := _of_others(view, workload, began):
        return _only_passed_on(match, told)
    if _may_be_meant(view, workload) or way_written(view, workload, workload, began) or _fewer(view, workload):
        return match._replace(certainty=FAINT)
    innocent = passes_on(view, workload, match) or others_fail(view, workload, began)
    innocent = innocent or slow_to_all(view, workload, began)
    if innocent or run_began(view, workload, began) or waits_for_the_dead(view, workload):
        return match._replace(certainty=FAINT, root_cause="dependency_failure")
    if began is not None and workload.released_at is not None and began < workload.released_at - MINUTE:
        return match._replace(certainty=FAINT)  # clocks are seldom so far apart
    if not served_well(view, workload, began):
        waits = waits_before(view, workload)
        return match._replace(certainty=FAINT, root_cause="dependency_failure") if waits else match
    if _later(view, workload, began):  # whose fault it is only a person can tell
        return match._replace(certainty=FAINT)
    if met := lately_of_others(view, workload, began):
        evidence = (*match.evidence, *(view.hit_evidence(hit) for hit in met[:2]))
        return match._replace(evidence=evidence, certainty=FAINT, root_cause="dependency_failure")
    return match._replace(certainty=min(match.certainty, UNLIKELY)) if of_code_alone(workload) else match


def _may_be_meant(view: View, workload: Workload) -> bool:
    """Tell whether nothing fails, and requests last about as long as its settings let clients wait for news."""
    if errors(view, workload.ref) is not None:
        return False
    lasts = (view.figures.now("latency_p95", component=each) for each in labels_of(view, workload.ref, "latency_p95"))
    return any(may_hold_open(view, workload, each) for each in lasts)


RULE = Rule(
    name="errors_since_release",
    title="Requests fail or are slow since a release",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no failing or slow requests began with a release",
    follows=True,
    heard=True,
)
