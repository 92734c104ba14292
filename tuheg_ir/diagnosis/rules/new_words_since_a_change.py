"""A log repeats a warning or an error since the minutes of the one thing that was changed in the namespace."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._after_outage import after_outage
from tuheg_ir.diagnosis.rules._all_at_work import outruns
from tuheg_ir.diagnosis.rules._at_fault import at_fault
from tuheg_ir.diagnosis.rules._behind_a_queue import fed_late, of_its_length
from tuheg_ir.diagnosis.rules._called import called_before
from tuheg_ir.diagnosis.rules._came_between import run_between, way_written
from tuheg_ir.diagnosis.rules._came_rarely import SETTINGS, rarely_since
from tuheg_ir.diagnosis.rules._data_keys import may_be_rewritten
from tuheg_ir.diagnosis.rules._fed_by import unfed
from tuheg_ir.diagnosis.rules._hands_work import may_hand
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._kind_of_node import on_one_kind
from tuheg_ir.diagnosis.rules._lacked_before import lacked_before
from tuheg_ir.diagnosis.rules._looks_back import waited
from tuheg_ir.diagnosis.rules._meant_for import meant_for
from tuheg_ir.diagnosis.rules._one_party import of_party_back, party_fails
from tuheg_ir.diagnosis.rules._outage_over import told_meanwhile
from tuheg_ir.diagnosis.rules._own_names import of_a_stranger
from tuheg_ir.diagnosis.rules._own_scan import told_of_scan
from tuheg_ir.diagnosis.rules._own_words import SHORTLY, own_words, slow_before, store_came_between, waits
from tuheg_ir.diagnosis.rules._poolers import leads_away
from tuheg_ir.diagnosis.rules._refused_together import refused_as_others
from tuheg_ir.diagnosis.rules._run_over import beside_run, ceased_with_run
from tuheg_ir.diagnosis.rules._test_over import told_of_test
from tuheg_ir.diagnosis.rules._users_mistakes import of_who_asks, users_mistake
from tuheg_ir.diagnosis.rules._usual_words import answers_well, of_no_concern, told_before
from tuheg_ir.diagnosis.rules._was_so_before import was_so_before
from tuheg_ir.diagnosis.rules.one_host_outside_spoils import spoiled_outside
from tuheg_ir.diagnosis.view.askers import answer_of, names_a_host
from tuheg_ir.diagnosis.view.crashes import crashes, only_of_newest
from tuheg_ir.diagnosis.view.held_back import TOO_MANY, new_troubles
from tuheg_ir.diagnosis.view.logs import MISREAD, Hit, tells
from tuheg_ir.diagnosis.view.marked import Marked
from tuheg_ir.diagnosis.view.odd import PROVEN
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import name, text
from tuheg_ir.diagnosis.view.releases import (
    AMID,
    release_cause,
    release_evidence,
    soon_after,
)
from tuheg_ir.diagnosis.view.silent import ended_before, missed, no_more
from tuheg_ir.diagnosis.view.trouble import finds_nothing, suffering, troubles, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

NOTHING = 404
"""The answer that what is asked for is not there: whoever keeps an old address gets it, whatever was released."""


def when(view: View) -> Iterator[Match]:
    """Exactly one thing was changed shortly before words that a log did not have before and repeats since.

    Not a change that is younger than every alert: what people were called for was there before it. Nor one that is
    still in force while the words have ceased: it is not what they came of, and an alert may only look back.
    """
    for workload in view.serving:
        if any(troubles(view, workload.ref)) or after_outage(view, workload):
            continue  # what users feel says more than words do, and a host that is back needs nothing
        if (errors := own_words(view, workload)) and (said := _said(view, workload)):
            shown = rarely_since(view, workload, errors)
            yield _of_release(view, workload, errors, workload, *said[:2], *((shown,) if shown else ()))
            continue
        for words in new_troubles(view, workload)[:1]:
            if words.since is None or _no_matter(view, workload, words):
                continue
            edits = list(_edits(view, words.since))
            released = [w for w in view.workloads.values() if w.changes and soon_after(words.since, w.released_at)]
            if any(called_before(view, at) for at in (*(at for _, at in edits), *(w.released_at for w in released))):
                continue
            if any(on_one_kind(view, each) for each in released):
                continue  # its release only placed its pods anew
            if len(edits) == 1 and not released:
                yield _of_edit(workload, words, *edits[0])
            elif len(released) == 1 and not edits and not released[0].returned and view.alerts:
                yield from _of_other_release(view, workload, words, released[0])


def _no_matter(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether words are of strangers, of users who do something wrong by themselves, or of what is over."""
    by_hand = of_a_stranger(words.line) or users_mistake(view, workload, words)
    return by_hand or _over(view, workload, words)


def _over(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether words have ceased, or had when users of who tells them, or of his callers, began to suffer.

    Those that came with an outage outside or a load test, and ceased with it, may have come for longer than that ago.
    """
    if of_party_back(view, workload, words.line, words.since):
        return True
    if told_meanwhile(view, workload, words.line, words.since) or told_of_test(view, workload, words.line):
        return True
    if told_of_scan(view, workload, words.line):
        return True
    if beside_run(view, workload, words.line, words.since) or ceased_with_run(view, workload, words):
        return True
    return no_more(view, workload, words) or ended_before(view, workload, words, *behind(view, workload.ref))


def _of_other_release(view: View, workload: Workload, words: Marked, released: Workload) -> Iterator[Match]:
    """Yield the release that a log may speak of, or whose own code breaks where that one is a stranger to it."""
    if breaks := at_fault(view, workload, released, words.since):
        yield _of_a_fault(view, workload, words, *breaks)
    elif _may_have_said(view, workload, words, released):
        yield _of_release(view, workload, words, released)


def _may_have_said(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether a release may be what a log speaks of: a data service, and who refuses too much, speak of users.

    Not one's own where one waits for what was slow before it, nor another's where one's data come late out of a queue.
    And neither of both may be strangers to all who suffer. What its own users send one is not of whom it asks.
    """
    users = view.graph.callers(workload.ref)
    if told_before(view, workload, words, released) or answers_well(view, workload, words, released):
        return False
    if of_no_concern(view, workload, words, released):
        return False
    if released is workload and waits(words) and slow_before(view, workload):
        return False
    if released is workload and refused_as_others(view, workload, words.since):
        return False
    if released is not workload and (
        _younger_say_nothing(view, workload, words)
        or of_who_asks(view, workload, words, released)
        or (outruns(view, workload) and not may_hand(view, released, workload))  # it fails at as few jobs as ever
        or of_its_length(view, workload, words.line, released)
        or fed_late(view, workload, words.line, words.since, released)
    ):
        return False
    if store_came_between(view, released, words.since):
        return False
    if answer_of(words.line) != TOO_MANY and (role(workload) not in DATA or not users):
        return True
    return released is workload or released.ref in users


def _younger_say_nothing(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether a pod that was made since the words came and served for minutes says nothing like them.

    It lies in the age of the others then. What a pod says whose log nobody read is not known.
    """
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    silent = [pod for pod in workload.live if pod.ready and pod.name in heard and pod.name not in words.pods]
    made = (pod.created for pod in silent if not view.recent(pod.created, PROVEN))
    return words.since is not None and any(at is not None and at > words.since for at in made)


def _said(view: View, workload: Workload) -> list[Evidence]:
    """Return who says that somebody suffers."""
    return [*suffering(view, workload.ref), *unplaced(view)] or [*unfed(view, workload)]


def _edits(view: View, since: datetime) -> Iterator[tuple[Obj, datetime]]:
    for kind in SETTINGS:
        for obj in view.snapshot.of(kind):
            if (at := edited(obj)) is not None and soon_after(since, at):
                yield obj, at


def _told(workload: Workload, words: Marked) -> Evidence:
    return Evidence("logs", workload.ref, f"{words.count} lines since: {words.line}", words.since)


def _of_edit(workload: Workload, words: Marked, obj: Obj, at: datetime) -> Match:
    ref = f"{text(obj, 'kind')}/{name(obj)}"
    return Match(
        component=ref,
        evidence=(_told(workload, words), Evidence("objects", ref, "it was written; nothing else was", at)),
        certainty=0.4,
        since=words.since,
        explains=(workload.ref,),
    )


def _of_a_fault(view: View, workload: Workload, words: Marked, breaks: Workload, hit: Hit) -> Match:
    """Return that somebody's own code breaks since then, whoever was released beside it; a person looks why."""
    return Match(
        component=breaks.ref,
        evidence=(_told(workload, words), view.hit_evidence(hit)),
        certainty=0.35,
        root_cause="code_defect",
        since=words.since,
        explains=() if workload is breaks else (workload.ref,),
    )


def _of_release(view: View, workload: Workload, words: Marked, released: Workload, *said: Evidence) -> Match:
    suffer = dict.fromkeys((workload.ref, *(each.object for each in said)))
    party = party_fails(view, workload) if released is workload else None
    brought = party is None and _brought(view, workload, words, released, said)
    return Match(
        component=released.ref,
        evidence=(_told(workload, words), *((party,) if party else ()), *release_evidence(released), *said),
        certainty=0.35,
        root_cause="dependency_failure" if party else release_cause(view, released),
        remedy="rollback_workload" if brought else "page_human",
        since=words.since,
        explains=tuple(ref for ref in suffer if ref in view.workloads and ref != released.ref),
    )


def _brought(view: View, workload: Workload, words: Marked, released: Workload, said: Sequence[Evidence]) -> bool:
    """Tell whether a release may have brought the words: they are meant for it, and nobody suffered before it came.

    A data service is not taken back for a guess: its log speaks of who asks it, and its data may not go back with it.
    An alert that names nobody, or fires for days, may be about something else. Where pods of the template before end as
    well, to go back to it mends nothing, nor where others lacked before it came what the words name. And a server that
    finds what most ask for only says of a few that they ask for what is not there. Who waits for his own pool may keep
    its connections for as long as a host outside is slow: where nobody counts that, it may be without a release. Nor is
    it a release's what its callers or figures tell of since before it.
    """
    if _otherwise(view, workload, words, released):
        return False
    if tells("pool_exhausted", words.line) and not view.figures.any_known and leads_away(view, released):
        return False
    if role(released) in DATA or (_asked_in_vain(words.line) and not finds_nothing(view, workload)):
        return False
    asked = released.ref in {workload.ref, *view.graph.needs(workload.ref)}
    if may_be_rewritten(view, released) or (not asked and tells("disk_full", words.line)):
        return False  # who goes back takes the key of what is stored as it is now as well, and frees no room elsewhere
    if not only_of_newest(released, crashes(view, released)) or lacked_before(view, workload, words, released):
        return False
    came = released.released_at
    misread = any(tells(trouble, words.line) for trouble in MISREAD)
    if misread and came is not None and words.since is not None and words.since - came >= PROVEN:
        return False  # it could read for minutes what another sends
    if came is not None and (_suffered_before(said, came) or _waited_before(view, came)):
        return False
    return meant_for(view, workload, words, released) and not was_so_before(view, workload, words, released)


def _suffered_before(said: Sequence[Evidence], came: datetime) -> bool:
    """Tell whether somebody suffered shortly before a release came, or nobody does who did not before it."""
    if said and all(each.time is not None and each.time < came - SHORTLY for each in said):
        return True
    return any(each.object and each.time and came - AMID <= each.time < came - SHORTLY for each in said)


def _waited_before(view: View, came: datetime) -> bool:
    """Tell whether what an alert tells of had waited before a release; half of that time may be usual."""
    fired = (alert.starts_at - waited(alert) / 2 for alert in view.alerts if alert.starts_at and waited(alert))
    return any(came - AMID <= at < came for at in fired)


def _otherwise(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether what ceased while the release is in force, or comes over all other hosts, or another hand is why."""
    if missed(view, workload, words) or any(each.component == workload.ref for each in spoiled_outside(view)):
        return True
    return any(came(view, workload, released, words.since) for came in (way_written, run_between))


def _asked_in_vain(line: str) -> bool:
    """Tell whether a line is of a server that answered 404; one that names a host may be of who asked there in vain."""
    return answer_of(line) == NOTHING and not names_a_host(line)


RULE = Rule(
    name="new_words_since_a_change",
    title="A log repeats new warnings since the one thing that was changed",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no log repeats new warnings since the only change in the namespace",
    follows=True,
)
