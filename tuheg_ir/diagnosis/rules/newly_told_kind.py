"""New words tell what kind of trouble it is and where it arises, though no rule knows how it came."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules import release_at_the_onset
from tuheg_ir.diagnosis.rules._figures import felt, is_well
from tuheg_ir.diagnosis.rules._first_signs import YOUNG
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._served_well import served_well
from tuheg_ir.diagnosis.rules._word import new_kinds, one_kind
from tuheg_ir.diagnosis.rules.refusal_names_another import PROBED
from tuheg_ir.diagnosis.view.complaints import store_spoken_of
from tuheg_ir.diagnosis.view.kinds import CODE, kind_of
from tuheg_ir.diagnosis.view.marked import STILL, Marked
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.silent import ended_before
from tuheg_ir.diagnosis.view.trouble import suffering, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple


class Told(NamedTuple):
    """Words of one kind: who tells them, where the trouble arises by them, in how many lines, whether as an error."""

    teller: str
    at: str
    kind: str
    lines: int
    error: bool
    shown: Evidence
    words: Marked | None = None
    """What a log tells; None for the cluster's events."""

    @property
    def since(self) -> datetime | None:
        """Return when the first of the words came."""
        return self.shown.time


def when(view: View) -> Iterator[Match]:
    """Somebody suffers, and the new words of the deepest who speaks are of one kind."""
    if any(release_at_the_onset.when(view)):
        return  # what was released then is nearer than what its users say
    told = [each for workload in view.serving for each in (*_logged(view, workload), *_refused(view, workload))]
    places = {each.at for each in told}
    for at in sorted(places):
        if view.graph.needs(at) & places - view.graph.callers(at) - {at}:
            continue  # something behind it tells as well
        mine = _of_one_kind([each for each in told if each.at == at])
        callers = behind(view, at, *(each.teller for each in mine), but=at)
        suffer = tuple(dict.fromkeys((*callers, *(ref for ref in _may_call(view) if ref != at))))
        seen = _felt(view, at, *suffer)
        mine = [each for each in mine if not _is_of_before(view, each, at, *suffer)]
        if not mine or not (seen or (any(each.error for each in mine) and _called(view, at, *suffer))):
            continue  # nobody suffers, or an alert fires and there are but warnings
        since = oldest(each.since for each in mine)
        released = [ref for ref in suffer if _may_have_brought(view, view.workloads.get(ref), since)]
        yield Match(
            component=at,
            evidence=(*(each.shown for each in mine[:3]), *seen[:3]),
            certainty=0.35,
            root_cause=mine[0].kind,
            since=since,
            explains=tuple(ref for ref in suffer if ref not in released),
            excludes=not_for(
                (ref for ref in callers if ref not in released),
                f"the trouble arises at {at}: nothing done to who needs it mends that",
            ),
        )


def _logged(view: View, workload: Workload) -> Iterator[Told]:
    """Yield the kinds of trouble of which a workload's logs tell anew.

    A store repeats the faults of its clients' code; of all else it speaks for itself, and so do those who quote it. Who
    was released right before may ask for what it did not before, whomever it quotes.
    """
    store = role(workload) in DATA
    for words, kind in new_kinds(view, workload):
        own = store or kind == CODE or _may_have_brought(view, workload, words.since)
        at = "" if own else store_spoken_of(view, workload.ref, words.line)
        shown = Evidence("logs", workload.ref, f"{words.count} lines: {words.line}", words.since)
        yield Told(workload.ref, at or workload.ref, kind, words.count, words.error, shown, words)


def _refused(view: View, workload: Workload) -> Iterator[Told]:
    """Yield the kinds of trouble for which pods of a workload do not come up, by the warnings of the cluster."""
    late = any(not pod.ready and not view.recent(pod.created, YOUNG) for pod in workload.live)
    if not late and len(workload.live) >= workload.wanted:
        return
    for event in view.events_of(workload.ref, within=STILL):
        kind = kind_of(event.message) if event.type == "Warning" and event.reason != PROBED else ""
        if kind and kind != CODE:
            yield Told(workload.ref, workload.ref, kind, event.count, True, view.event_evidence(event))


def _is_of_before(view: View, told: Told, *sufferers: str) -> bool:
    """Tell whether words ended before users began to suffer."""
    return told.words is not None and ended_before(view, view.workloads[told.teller], told.words, *sufferers)


def _may_have_brought(view: View, workload: Workload | None, since: datetime | None) -> bool:
    """Tell whether words began with a workload's release, which had not served well until then."""
    return workload is not None and since_release(workload, since) and not served_well(view, workload, since)


def _of_one_kind(told: Sequence[Told]) -> list[Told]:
    """Return the words of the one kind that nearly all of a place are of; [] where two are told alike."""
    kind = one_kind((each.kind, each.lines) for each in told)
    return [each for each in told if each.kind == kind]


def _may_call(view: View) -> Iterator[str]:
    """Yield who suffers and calls nobody that is known: it may be of anybody's trouble."""
    alerted = {view.about_alert(alert) for alert in view.alerts}
    for workload in view.serving:
        suffers = workload.ref in alerted or felt(view, workload.ref)
        if suffers and not view.graph.calls.get(workload.ref) and role(workload) not in DATA:
            yield workload.ref


def _felt(view: View, *refs: str) -> tuple[Evidence, ...]:
    """Return what figures and probes tell of users of some workloads."""
    return tuple(seen for ref in refs for seen in felt(view, ref))


def _called(view: View, *refs: str) -> tuple[Evidence, ...]:
    """Return the alerts for which people were called, unless figures show all to be well."""
    if is_well(view, refs):
        return ()
    return (*(seen for ref in refs for seen in suffering(view, ref)), *unplaced(view))


RULE = Rule(
    name="newly_told_kind",
    title="New words tell what kind of trouble it is and where it arises, and nobody knows how it came",
    root_cause="unknown",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no new words of one kind stand behind what users feel",
    follows=True,
)
