"""A proxy or caller cannot take the answers of what it calls since that was released: too big, cut off, or misread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._closing_time import closes_earlier, told_at_start, unheeded
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._in_between import in_between, misread_of
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._same_field import stumble_alike
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.held_back import OF_ROUTES
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.network import Route
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, errors_told, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes

_GATEWAY = late(r"(?<!\d)502(?!\d)|bad ?gateway", re.IGNORECASE)
"""How an alert tells that an edge got no answer."""
_PATH = late(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD) (/[\w./-]{2,})")
_DATE = "date_misread"
"""What a caller tells of dates that users wrote as well."""


def when(view: View) -> Iterator[Match]:
    """A caller that nobody touched tells of it since the release of one healthy neighbour that it asks, and suffers.

    Of headers that are too big, and of connections that the neighbour cuts which it names, its own words are enough
    where what lies behind that one is missed since then. Where nobody sees the edge an alert may tell for it.
    """
    for caller in view.serving:
        said = [*felt(view, caller.ref), *suffering(view, caller.ref)]
        for trouble in ("header_too_big", "connection_reset", *(("answer_misread",) if said else ())):
            asked = (trouble, _DATE) if trouble == "answer_misread" else (trouble,)
            hits = [h for h in view.hits_of(caller.ref, *asked) if not h.previous and _goes_on(view, h)]
            if trouble == "answer_misread":
                yield from _misread(view, caller, hits, said)
                continue
            first = oldest(h.first for h in hits)
            if sum(h.count for h in hits) >= OFTEN and not since_release(caller, first):
                released = [w for w in view.serving if w is not caller and since_release(w, first)]
                yield from _not_taken(view, caller, released, hits, said)
    yield from _missed_at_the_edge(view)
    yield from _stumbled_alike(view)


def _not_taken(
    view: View, caller: Workload, released: list[Workload], hits: list[Hit], said: list[Evidence]
) -> Iterator[Match]:
    """Yield the release of the one service that a caller names whose headers are too big, or that cuts connections."""
    first, big = oldest(hit.first for hit in hits), hits[0].trouble == "header_too_big"
    asked = [w for w in released if _asked(view, w, hits)]
    asked = [w for w in asked if _named(view, w, hits)] or asked  # others that know its path are further behind
    if len(asked) != 1:
        return
    said = said or (_past_it(view, asked[0]) if big or _named(view, asked[0], hits) else [])
    if not said or (big and _way_written(view, caller, asked[0], first)):
        return
    no_heed = None if big else unheeded(view, asked[0])
    if big or no_heed or closes_earlier(view, asked[0]):
        yield _match(view, caller, asked[0], hits, said[0], first, no_heed)


def _missed_at_the_edge(view: View) -> Iterator[Match]:
    """Yield whole releases that close connections earlier, and of whose ways in an alert tells 502 since.

    As a rule the edge is another namespace's, whose logs nobody reads. Who fails by itself has another trouble.
    """
    for called in view.serving:
        if not called.changes or called.returned or called.ready < called.wanted:
            continue
        said = [each for each in _alerted(view, called) if since_release(called, each.time)]
        seen = any(_named(view, called, [hit]) for hit in view.hits if hit.component != called.ref)
        if said and not seen and not view.hits_of(called.ref, "code_crash") and errors_told(view, called.ref) is None:
            no_heed = unheeded(view, called)
            if no_heed or closes_earlier(view, called):
                yield _of_an_alert(view, called, said, no_heed)


def _alerted(view: View, called: Workload) -> Iterator[Evidence]:
    """Yield the alerts of 502 that name a workload, or a way in that leads to it."""
    services = {service.name for service in view.leading_to(called.ref)}
    for alert in view.alerts:
        told = " ".join((alert.name, *map(str, (*alert.labels.values(), *alert.annotations.values()))))
        ways = {route.service for route in view.routes if _names_way(alert, route)}
        if _GATEWAY.search(told) and (view.about_alert(alert) == called.ref or (ways and ways <= services)):
            yield alert.fires(called.ref)


def _names_way(alert: Alert, route: Route) -> bool:
    return not {route.ref.partition("/")[2], route.host or None}.isdisjoint(alert.labels.values())


def _goes_on(view: View, hit: Hit) -> bool:
    """Tell whether a trouble is told still; what ends a log by lines without a time is its newest words."""
    return view.recent(hit.last, STILL) if hit.last is not None else hit.first is not None


def _misread(view: View, caller: Workload, told: list[Hit], said: list[Evidence]) -> Iterator[Match]:
    """Yield the release of a service whose answers a caller cannot read since then, if it is the only one about them.

    Who calls the caller may as well send what it cannot read, and another caller may have been released to fit: then
    nobody can tell, or a rollback would break that one. An alert from before the release tells of something else.
    Where the caller was released too, it served well until then, and names whose answers it cannot read. So it has to
    where it misreads dates: these come of users and their files as well.
    """
    calls = view.graph.calls.get(caller.ref, set())
    for called in [w for w in view.serving if w.ref in calls and not w.returned and w.ready >= w.wanted]:
        hits = [hit for hit in told if hit.trouble != _DATE or _names_alone(view, called, hit)]
        first = oldest(hit.first for hit in hits)
        if sum(hit.count for hit in hits) < OFTEN or not since_release(called, first):
            continue
        released = [w for w in view.serving if w is not caller and since_release(w, first)]
        about = view.graph.needs(caller.ref) | view.graph.callers(caller.ref) | view.graph.callers(called.ref)
        began = oldest(each.time for each in said)
        if first is None or began is None or called.released_at is None or began < called.released_at + BEFORE:
            continue
        if is_store(called) or keeps_data(view, called) or any(w.ref in about for w in released if w is not called):
            continue
        if since_release(caller, first) and not (
            in_between(caller, called.released_at, first) and misread_of(view, caller, called)
        ):
            continue
        settings = (at for _, at in outside_changes(view, called))
        if not way_changed(view, caller, called, first) and not any(soon_after(first, at) for at in settings):
            yield _match(view, caller, called, hits, said[0], first)


def _stumbled_alike(view: View) -> Iterator[Match]:
    """Yield the releases since which callers, of which nobody touched one, stumble over the same field of answers."""
    for called in view.serving:
        found = stumble_alike(view, called)
        if found is None:
            continue
        callers, older = behind(view, called.ref, but=called.ref), found.untouched
        yield Match(
            component=called.ref,
            evidence=(
                *release_evidence(called)[:2],
                *found.told[:3],
                *found.felt[:1],
                Evidence("objects", older.ref, "its own template is older", older.released_at),
            ),
            certainty=0.75,
            root_cause=release_cause(view, called),
            since=found.first,
            explains=callers,
            excludes=(
                *excluding(called.ref, "a restart runs the same release", *RESTARTS),
                *not_for(callers, f"it stumbles over the same field of {called.ref} as others do"),
            ),
        )


def _asked(view: View, other: Workload, hits: list[Hit]) -> bool:
    """Tell whether it is a healthy neighbour that complaints name, by its host or by a path that its own logs have."""
    if other.ready < other.wanted or other.returned:
        return False
    if _named(view, other, hits):
        return True
    paths = {found[1] for hit in hits if (found := _PATH.search(hit.line))}
    lines = (line for log in view.logs_of(other.live) for line in log.lines)
    return bool(paths) and any(path in line for line in lines for path in paths)


def _named(view: View, other: Workload, hits: list[Hit]) -> bool:
    return any(view.graph.resolve(host) == other.ref for hit in hits for host in hit.hosts)


def _names_alone(view: View, other: Workload, hit: Hit) -> bool:
    return {view.graph.resolve(host) for host in hit.hosts} == {other.ref}


def _way_written(view: View, caller: Workload, called: Workload, first: datetime | None) -> bool:
    """Tell whether settings of the caller or of the way were written then: what says how much it takes of an answer."""
    if first is None or way_changed(view, caller, called, first):
        return first is not None
    beside = (obj for each in (caller, called) for obj in around(view, each) if text(obj, "kind") in OF_ROUTES)
    return any(soon_after(first, edited(obj)) for obj in beside)


def _past_it(view: View, called: Workload) -> list[Evidence]:
    """Return the alerts since a release that are about it, about what lies behind it, or about nobody who is known.

    Users who are to come through it to others miss those; a proxy at the edge is seldom what an alert is about.
    """
    near, came = {"", called.ref, *view.graph.needs(called.ref)}, called.released_at
    return [
        alert.fires(view.about_alert(alert))
        for alert in view.alerts
        if came is not None and alert.starts_at is not None and alert.starts_at >= came
        if view.about_alert(alert) in near
    ]


def _of_others(view: View, caller: Workload, called: Workload) -> Iterator[Hit]:
    """Yield what other callers, that nobody touched, misread or stumble over since a release of what they call."""
    others = view.graph.callers(called.ref) - {caller.ref}
    for other in (each for each in view.serving if each.ref in others):
        for hit in view.hits_of(other.ref, "answer_misread", "code_crash"):
            if since_release(called, hit.first) and not since_release(other, hit.first):
                yield hit


def _match(
    view: View,
    caller: Workload,
    called: Workload,
    hits: list[Hit],
    said: Evidence,
    first: datetime | None,
    no_heed: Evidence | None = None,
) -> Match:
    cut = hits[0].trouble == "connection_reset"
    closes = no_heed or (told_at_start(view, called) if cut else None)
    callers = behind(view, called.ref, caller.ref, but=called.ref)
    others = list(_of_others(view, caller, called)) if hits[0].trouble in ("answer_misread", _DATE) else []
    return Match(
        component=called.ref,
        evidence=(
            *release_evidence(called, *(("command", "env") if cut else ()))[:2],
            *((closes,) if closes else ()),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(view.hit_evidence(hit) for hit in others[:1]),
            said,
            Evidence("objects", caller.ref, "its own template is older, and served well", caller.released_at)
            if since_release(caller, first)
            else Evidence("objects", caller.ref, "its own template is older", caller.released_at),
        ),
        certainty=0.75 if others else 0.65,
        root_cause="configuration_error" if cut and not no_heed else release_cause(view, called),
        since=first,
        explains=callers,
        excludes=(
            *excluding(called.ref, "a restart runs the same release", *RESTARTS),
            *not_for(callers, f"it cannot take the answers of {called.ref} since its release"),
        ),
    )


def _of_an_alert(view: View, called: Workload, said: list[Evidence], no_heed: Evidence | None) -> Match:
    closes = no_heed or told_at_start(view, called)
    return Match(
        component=called.ref,
        evidence=(*release_evidence(called, "command", "env")[:2], *((closes,) if closes else ()), *said[:2]),
        certainty=0.45,
        root_cause=release_cause(view, called) if no_heed else "configuration_error",
        since=oldest(each.time for each in said),
        explains=behind(view, called.ref, but=called.ref),
        excludes=excluding(called.ref, "a restart runs the same release", *RESTARTS),
    )


RULE = Rule(
    name="answers_not_taken",
    title="A caller cannot take the answers of a service since its release",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no caller tells of headers too big, closed connections or misread answers since a release of what it asks",
)
