"""A ConfigMap or Secret was written, no template changed, and what reads it fails since: nothing to roll back.

An edit may sleep for weeks, until somebody makes the pods anew, or some of them, for another reason.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._cut_off import cuts_off
from tuheg_ir.diagnosis.rules._failing_since import LONG, failing_since, younger_well
from tuheg_ir.diagnosis.rules._fellow_readers import fellow_readers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._one_message import ended_at_one, others_fail_at_it
from tuheg_ir.diagnosis.rules._passed_on import passed_on
from tuheg_ir.diagnosis.rules._read_anew import fail_by_it, read_anew
from tuheg_ir.diagnosis.rules._refuses_by_it import refuses_by_it
from tuheg_ir.diagnosis.rules._taken_in_between import of_taken, taken_in_between
from tuheg_ir.diagnosis.view.crashes import Crash, crashes, ended_by_themselves, probe_kills
from tuheg_ir.diagnosis.view.demand import more_asked, traffic_growth
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.odd import PROVEN, newest_differ, well_since
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, healthy_older, since_release, soon_after
from tuheg_ir.diagnosis.view.stillborn import ended_alike, first_end
from tuheg_ir.diagnosis.view.trouble import measured, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import ASLEEP, outside_changes, reached, slept, unread_then

AGAIN = 2
LOADED = 1.5
TELLING = 15
"""A message so long is no other's."""
_AFTER_LEVEL = late(r"\b(?:ERROR|FATAL|PANIC|CRITICAL|SEVERE)\b\W*")
_BEHIND = ("connection_refused", "connection_timeout", "dns", "upstream_failure", "database_full")


def when(view: View) -> Iterator[Match]:
    """Troubles began after a ConfigMap or Secret was written, or in pods started since, with no release in between."""
    for workload in view.serving:
        if awake := next(chain(_awake(view, workload), _cutting(view, workload)), None):
            yield awake
            continue
        if taken := taken_in_between(view, workload):
            yield of_taken(view, workload, taken)
            continue
        for ref, time in outside_changes(view, workload):
            late = not view.recent(time, ASLEEP) or _released_since(view, workload, time)
            if late or not reached(workload, ref, time):
                continue
            failing = failing_since(view, workload, time, LONG)
            if well_since(view, workload, time) or (failing and younger_well(view, workload, failing, time)):
                continue  # what was written is good: only who never read it is ill
            if _others_have_it(view, workload, time):
                continue
            seen = list(_since(view, workload, time))
            if seen and _others_fail_too(view, workload):
                break
            began = oldest(each.time for each in seen)
            if seen and not unread_then(workload, ref, time, began) and not passed_on(view, workload, ref, time, began):
                yield _match(view, workload, ref, time, seen)
                break
        else:
            yield from _told_anew(view, workload)


def _told_anew(view: View, workload: Workload) -> Iterator[Match]:
    """Yield the edit that a program tells to have read while it runs: it may be well, and fail its callers alone."""
    found = read_anew(view, workload)
    if found is None:
        return
    own = [] if found.mounted else list(_since(view, workload, found.written))
    if own and (_others_fail_too(view, workload) or passed_on(view, workload, found.ref, found.written, found.read)):
        return
    failing = [] if own else list(fail_by_it(view, workload, found))
    seen = own or [felt._replace(time=began) for _, felt, began in failing]
    barred: tuple[Excluded, ...] = ()
    if not seen and (words := refuses_by_it(view, workload, found)) is not None:
        seen = [words]
        if more_asked(view, workload.ref, words.time):
            why = "who asks for more is whom it refuses, and each further pod refuses by the same settings"
            barred = excluding(workload.ref, why, "scale_workload")
    if not seen:
        return
    match = _match(view, workload, found.ref, found.written, [found.told, *seen])
    callers = [ref for ref, _, _ in failing]
    yield match._replace(
        since=oldest(each.time for each in seen) or match.since,
        explains=(*match.explains, *behind(view, *callers)),
        excludes=(*match.excludes, *barred, *not_for(callers, f"{workload.ref} answers any template of it so")),
    )


def _released_since(view: View, workload: Workload, time: datetime) -> bool:
    """Tell whether a release after an edit may be what fails.

    It is not where pods of the template before that started after the edit end like its own, and older ones run.
    """
    if not workload.changes or workload.released_at is None or workload.released_at <= time:
        return False
    ended = [first_end(crash) for crash in ended_alike(view, workload)]
    well = newest(pod.started for pod in healthy_older(workload))
    return not ended or any(at is None or at < time for at in ended) or well is None or well > time


def _others_fail_too(view: View, workload: Workload) -> bool:
    """Tell whether it ends at one record that another program, which reads other settings, cannot read either."""
    found = ended_at_one(view, workload, ended_by_themselves(view, workload))
    return others_fail_at_it(view, workload, found) is not None


def _others_have_it(view: View, workload: Workload, time: datetime) -> bool:
    """Tell whether some pods alone fail while others like them, which run since before the edit as well, go on well.

    What is mounted changes under all of them alike.
    """
    older = all(pod.started is not None and pod.started < time for pod in workload.live)
    return older and not view.recent(time, PROVEN) and newest_differ(view, workload)


def _awake(view: View, workload: Workload) -> Iterator[Match]:
    """Yield the edit that a restart made true: all pods started with it, and end soon after each start since."""
    edits, started = slept(view, workload)
    if not edits or started is None or not view.recent(started, ASLEEP):
        return
    ended = [crash for crash in crashes(view, workload) if _at_each_start(crash)]
    pods = [crash.pod for crash in ended]
    loaded = (traffic_growth(view, workload.ref) or 1.0) >= LOADED
    if 2 * len({p.name for p in pods}) <= len(workload.live) or loaded or probe_kills(view, workload, pods):
        return
    if view.hits_of(workload.ref, *_BEHIND):
        return  # what ends for another one that is away ends with any settings
    ref, time = edits[0]
    told = Evidence("objects", workload.ref, "all its pods started anew since, and end soon after each start", started)
    match = _match(view, workload, ref, time, [told, *(c.evidence() for c in ended[:2])])
    match = match._replace(since=started)
    yield match if len(edits) == 1 else match._replace(component=workload.ref, explains=())


def _cutting(view: View, workload: Workload) -> Iterator[Match]:
    """Yield the edit with which a server was started that cuts its clients' sessions since: it is well by itself."""
    cut = cuts_off(view, workload)
    if cut is None:
        return
    started = Evidence("objects", workload.ref, "all its pods started anew since", cut.started)
    ref, time = cut.edits[0]
    match = _match(view, workload, ref, time, [started, *cut.seen])
    suffer = behind(view, *cut.clients)
    yield match._replace(
        component=ref if len(cut.edits) == 1 else workload.ref,
        since=cut.started,
        explains=(*match.explains, *suffer),
        excludes=(*match.excludes, *not_for(suffer, f"{workload.ref} cuts the sessions of new pods too")),
    )


def _at_each_start(crash: Crash) -> bool:
    lived = crash.ended.lived_s
    return crash.container.restarts >= AGAIN and lived is not None and lived <= SOON.total_seconds()


def _since(view: View, workload: Workload, time: datetime) -> Iterator[Evidence]:
    """Yield what went wrong after a time: crashes of containers started since, errors that began soon."""
    for crash in crashes(view, workload):
        started = crash.ended.started_at or crash.ended.at
        if started is None or started < time or crash.container.killed_for_memory:
            continue
        if not probe_kills(view, workload, [crash.pod]):
            yield crash.evidence()
    found = False
    for felt, began in troubles(view, workload.ref):
        if began is not None and soon_after(began, time):
            found = True
            yield felt
    if found or measured(view, workload):
        return
    for error in marked(view, workload):
        if soon_after(error.since, time):
            yield Evidence("logs", workload.ref, f"{error.count} lines: {error.line}", error.since)


def _who_gets_it(view: View, workload: Workload, time: datetime) -> tuple[str, ...]:
    """Return the callers that repeat since an edit what their server tells, if one of them was not released.

    A release of one of them is innocent then, unless anybody was released between the edit and the onset.
    """
    said = [(e.since, text) for e in marked(view, workload) if e.since and (text := _AFTER_LEVEL.split(e.line)[-1])]
    said = [(since, text) for since, text in said if soon_after(since, time) and len(text) >= TELLING]
    began = oldest(since for since, _ in said)
    if began is None:
        return ()
    between = (w for w in view.serving if w.changes and w.released_at and time <= w.released_at <= began - BEFORE)
    callers = [view.workloads[ref] for ref in sorted(view.graph.callers(workload.ref)) if ref in view.workloads]
    alike = [
        caller
        for caller in callers
        for error in marked(view, caller)
        if error.since and error.since >= time + BEFORE and any(text in error.line for _, text in said)
    ]
    bystander = any(not since_release(caller, began, ASLEEP) for caller in alike)
    return tuple(dict.fromkeys(caller.ref for caller in alike)) if bystander and not any(between) else ()


def _match(view: View, workload: Workload, ref: str, time: datetime, seen: list[Evidence]) -> Match:
    told = view.hits_of(workload.ref, "configuration_missing")
    hits = told or view.hits_of(workload.ref)
    blind = ref.startswith("Secret/") and not view.snapshot.logs  # a rotated password looks the same
    quick = oldest(each.time for each in seen)
    close = quick is not None and quick - time <= SOON
    fellows = tuple(fellow_readers(view, workload, ref, quick or time))
    innocent = tuple(each.object for each in fellows)
    return Match(
        component=ref,
        evidence=(
            Evidence("objects", ref, f"written after it was made; {workload.ref} reads it", time),
            *seen[:3],
            *fellows[:2],
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(view.event_evidence(e) for e in view.events_of(workload.ref, "BackOff")[:1]),
        ),
        certainty=(0.4 if blind else 0.55) + (0.1 if close else 0.0) + (0.15 if told else 0.0),
        since=quick or time,
        explains=(workload.ref, *innocent, *_who_gets_it(view, workload, time)),
        excludes=excluding(
            workload.ref, f"{ref} lies outside the template: an older one reads it too", "rollback_workload"
        )
        + excluding(workload.ref, f"each start reads {ref} as it is now", *RESTARTS)
        + not_for(innocent, f"each start reads {ref} as it is now, whichever template it is of"),
    )


RULE = Rule(
    name="configuration_changed_outside",
    title="A ConfigMap or Secret was changed, and what reads it fails since",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="nothing failed after a ConfigMap or Secret was written",
    follows=True,
)
