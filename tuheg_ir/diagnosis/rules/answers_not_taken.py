"""A proxy or caller cannot take the answers of what it calls since that was released: too big, cut off, or misread."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._in_between import in_between, misread_of
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules.changed_beside import around
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.held_back import OF_ROUTES
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_cause, release_evidence, since_release, soon_after
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes

_KEEPS = late(r"keep_?-?alive\w*[^\d-]{0,12}?(\d+)|idle_?-?timeout\w*[^\d-]{0,12}?(\d+)", re.IGNORECASE)
"""How settings name the time after which a server closes a connection that nobody uses."""
_CLOSES = late(
    r"(?P<name>[\w.-]{0,40}keep_?-?alive[\w-]*(?:\W{1,3}time[\w-]*)?)\W{1,4}"
    r"(?P<number>[1-9]\d*)\s?(?P<unit>ms|milli\w*|s|sec\w*)?\b",
    re.IGNORECASE,
)
"""How a server tells of that time when it starts, and how a variable sets it."""
_THOUSANDTHS = late(r"ms$|milli", re.IGNORECASE)
_OF_A_CLIENT = late(r"agent|client|pool|upstream|tcp|db|sql|redis|mongo|grpc", re.IGNORECASE)
"""Words for connections that a program opens itself."""
LEAST_MS = 1000
"""So large a time without a unit is in thousandths: nobody keeps a connection for a quarter of an hour."""
AT_ONCE = timedelta(minutes=2)
"""What a program tells so soon is of its start."""
_PATH = late(r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD) (/[\w./-]{2,})")


def when(view: View) -> Iterator[Match]:
    """A caller that nobody touched tells of it since the release of one healthy neighbour that it asks, and suffers.

    Of headers that are too big its own words are enough, where what lies behind that neighbour is missed since then.
    """
    for caller in view.serving:
        said = [*felt(view, caller.ref), *suffering(view, caller.ref)]
        for trouble in ("header_too_big", "connection_reset", "answer_misread") if said else ("header_too_big",):
            hits = [h for h in view.hits_of(caller.ref, trouble) if not h.previous and _goes_on(view, h)]
            first = oldest(h.first for h in hits)
            new = since_release(caller, first)
            if sum(h.count for h in hits) < OFTEN or (new and trouble != "answer_misread"):
                continue
            released = [w for w in view.serving if w is not caller and since_release(w, first)]
            if trouble == "answer_misread":
                yield from _misread(view, caller, released, hits, said)
            else:
                yield from _not_taken(view, caller, released, hits, said)


def _not_taken(
    view: View, caller: Workload, released: list[Workload], hits: list[Hit], said: list[Evidence]
) -> Iterator[Match]:
    """Yield the release of the one service that a caller names whose headers are too big, or that cuts connections."""
    first, big = oldest(hit.first for hit in hits), hits[0].trouble == "header_too_big"
    asked = [w for w in released if _asked(view, w, hits)]
    asked = [w for w in asked if _named(view, w, hits)] or asked  # others that know its path are further behind
    if len(asked) != 1:
        return
    said = said or _past_it(view, asked[0])
    if not said or (big and _way_written(view, caller, asked[0], first)):
        return
    unheeded = None if big else _unheeded(view, asked[0])
    if big or unheeded or _closes_earlier(asked[0]):
        yield _match(view, caller, asked[0], hits, said[0], first, unheeded)


def _goes_on(view: View, hit: Hit) -> bool:
    """Tell whether a trouble is told still; what ends a log by lines without a time is its newest words."""
    return view.recent(hit.last, STILL) if hit.last is not None else hit.first is not None


def _misread(
    view: View, caller: Workload, released: list[Workload], hits: list[Hit], said: list[Evidence]
) -> Iterator[Match]:
    """Yield the release of a service whose answers a caller cannot read since then, if it is the only one about them.

    Who calls the caller may as well send what it cannot read, and another caller may have been released to fit: then
    nobody can tell, or a rollback would break that one. An alert from before the release tells of something else.
    Where the caller was released too, it served well until then, and names whose answers it cannot read.
    """
    first = oldest(hit.first for hit in hits)
    calls = view.graph.calls.get(caller.ref, set())
    for called in [w for w in released if w.ref in calls and not w.returned and w.ready >= w.wanted]:
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
        Evidence("alerts", view.about_alert(alert), f"alert {alert.name} fires", alert.starts_at)
        for alert in view.alerts
        if came is not None and alert.starts_at is not None and alert.starts_at >= came
        if view.about_alert(alert) in near
    ]


def _closes_earlier(workload: Workload) -> Change | None:
    """Return the change of a release by which a server closes connections earlier that nobody uses; None for none."""
    for change in workload.changed("command", "env"):
        before, after = (_seconds(f"{change.field}={value}") for value in (change.before, change.after))
        if after is not None and before is not None and after < before:
            return change
    return None


def _seconds(setting: str) -> int | None:
    found = _KEEPS.search(setting)
    return int(found[1] or found[2]) if found else None


def _unheeded(view: View, workload: Workload) -> Evidence | None:
    """Return that a release with another image tells at its start of an earlier closing than its template sets."""
    entries = [e for c in items(workload.template, "spec", "containers") for e in items(c, "env")]
    labels = {label: _time(f"{label}={text(e, 'value')}") for e in entries if (label := text(e, "name"))}
    wanted = [(label, time) for label, time in labels.items() if time is not None]
    if len(wanted) != 1 or not workload.changed("image"):
        return None
    [(label, time)] = wanted
    for log in view.logs_of(workload.newest_pods(), previous=False):
        for at, line in _first_words(log):
            told = _time(line)
            if told is not None and told < time:
                fact = f"it does not heed {label} of {time:g} s, and tells: {line.strip()[:200]}"
                return Evidence("logs", f"Pod/{log.pod}", fact, at)
    return None


def _first_words(log: Log) -> Iterator[tuple[datetime, str]]:
    """Yield the lines that a program tells at its start, with their times."""
    timed = [(at, line) for line in log.lines if (at := stamp(line)) is not None]
    yield from ((at, line) for at, line in timed if at - timed[0][0] <= AT_ONCE)


def _time(said: str) -> float | None:
    """Return the seconds after which a server closes what nobody uses, as a setting or a line says."""
    found = _CLOSES.search(said)
    if found is None or "time" not in found["name"].lower() or _OF_A_CLIENT.search(found["name"]):
        return None
    number, unit = int(found["number"]), (found["unit"] or "").lower()
    thousandths = unit.startswith("m") or (not unit and (number >= LEAST_MS or _THOUSANDTHS.search(found["name"])))
    return number / 1000 if thousandths else number


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
    unheeded: Evidence | None = None,
) -> Match:
    cut = hits[0].trouble == "connection_reset"
    callers = behind(view, called.ref, caller.ref, but=called.ref)
    others = list(_of_others(view, caller, called)) if hits[0].trouble == "answer_misread" else []
    return Match(
        component=called.ref,
        evidence=(
            *release_evidence(called, *(("command", "env") if cut else ()))[:2],
            *((unheeded,) if unheeded else ()),
            *(view.hit_evidence(hit) for hit in hits[:2]),
            *(view.hit_evidence(hit) for hit in others[:1]),
            said,
            Evidence("objects", caller.ref, "its own template is older, and served well", caller.released_at)
            if since_release(caller, first)
            else Evidence("objects", caller.ref, "its own template is older", caller.released_at),
        ),
        certainty=0.75 if others else 0.65,
        root_cause="configuration_error" if cut and not unheeded else release_cause(view, called),
        since=first,
        explains=callers,
        excludes=(
            *excluding(called.ref, "a restart runs the same release", *RESTARTS),
            *not_for(callers, f"it cannot take the answers of {called.ref} since its release"),
        ),
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
