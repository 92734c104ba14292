"""A way in rewrites paths otherwise since it was written: what is behind it is asked for what it does not know.

Most often a path lost the group that the rewriting still names, so that every request becomes one for the root. Who
asks the same service by another way has his answer as ever, and no version of the service knows the paths it gets.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, not_for
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, ref, text, written
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.turned import answered, turned
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_GROUPS = late(r"/rewrite-target$")
"""The annotation of which a controller fills in what a path's groups have caught."""
_REWRITES = late(r"/(?:rewrite-target|path-rewrite|rewrite-path|rewrites?)$")
_NAMED, _GROUP = late(r"\$(\d)"), late(r"(?<!\\)\((?!\?(?!P?<\w))")
_HEAD = late(r"[^(\[\\.*+?|$^{]*")
"""What a path begins with before it becomes a pattern."""
_UNKNOWN = (404, 405)
OFTEN = 5
"""So many requests that nobody knows are no typing error."""
MOST, SELDOM = 0.8, 0.1
"""Shares of requests that nobody knows: where all that lead somewhere are lost, and where they were not."""
HELD = ("rollback_workload", "restart_workload", "scale_workload", "restart_connection_pool", "switch_traffic")


class Way(NamedTuple):
    """A path of a way in, whom it leads to, and how many groups its rewriting names that it has not (0: none)."""

    host: str
    head: str
    path: str
    services: tuple[str, ...]
    lacks: int


class _Lost(NamedTuple):
    """What tells that paths are lost: since when, what shows it, who tells it, and whether they were known before."""

    since: datetime
    seen: tuple[Evidence, ...]
    tellers: tuple[str, ...]
    before: bool


def when(view: View) -> Iterator[Match]:
    """A way that rewrites was written, and what it leads on is not known behind it from then on.

    Where a path lacks a group that the rewriting names, nobody but who wrote it can have brought that. Else it has to
    be the one thing that was written or released in those minutes, and what it leads on must have been known before.
    """
    for obj in view.snapshot.of("Ingress", "HTTPRoute"):
        at = written(obj)
        ways = tuple(_ways(obj)) if at is not None and view.recent(at, HOURS) else ()
        lacking = tuple(way for way in ways if way.lacks)
        led = _led(view, lacking or ways)
        if at is None or not ways or not led:
            continue
        lost = _lost(view, lacking or ways, led, at, certain=bool(lacking))
        if lost is not None and _holds(view, obj, led, lost, certain=bool(lacking)):
            yield _match(view, obj, lacking or ways, led, lost)


def _ways(obj: Obj) -> Iterator[Way]:
    """Yield the paths of a way in that it rewrites."""
    notes = {str(key): str(value) for key, value in mapping(obj, "metadata", "annotations").items()}
    told = [value for key, value in notes.items() if _OF_GROUPS.search(key)]
    named = max((int(each) for value in told for each in _NAMED.findall(value)), default=0)
    noted = any(map(_REWRITES.search, notes))
    for rule in items(obj, "spec", "rules"):
        for each in items(rule, "http", "paths") if noted else ():
            path = text(each, "path")
            lacks = max(0, named - len(_GROUP.findall(path)))
            yield _way(text(rule, "host"), path, (text(each, "backend", "service", "name"),), lacks)
        if any(text(each, "type") == "URLRewrite" for each in items(rule, "filters")):
            services = tuple(text(each, "name") for each in items(rule, "backendRefs"))
            for each in items(rule, "matches"):
                yield _way(text(obj, "spec", "hostnames", 0), text(each, "path", "value") or "/", services, 0)


def _way(host: str, path: str, services: tuple[str, ...], lacks: int) -> Way:
    found = _HEAD.match(path)
    return Way(host, (found[0] if found else "").rstrip("/"), path, services, lacks)


def _led(view: View, ways: Sequence[Way]) -> tuple[str, ...]:
    """Return the workloads that some ways lead to."""
    services = (view.services.get(each) for way in ways for each in way.services)
    return tuple(dict.fromkeys(ref for each in services if each for ref in each.backends if ref in view.workloads))


def _lost(view: View, ways: Sequence[Way], led: Sequence[str], at: datetime, *, certain: bool) -> _Lost | None:
    """Return what tells that paths are lost since a way was written: logs of requests, else who was called for it."""
    told = (
        _turned(view, w, at, certain=certain) if w.ref in led else _logged(view, w, ways, at, certain=certain)
        for w in view.serving
    )
    found = [each for each in told if each is not None]
    if not found and certain and not any(_heard(view, w, at) for w in view.serving):
        found = list(_felt(view, led, at))
    if not found:
        return None
    began = min(each.since for each in found)
    tellers = tuple(dict.fromkeys(ref for each in found for ref in each.tellers))
    seen = tuple(shown for each in found for shown in each.seen)
    return _Lost(began, seen[:4], tellers, any(each.before for each in found))


def _logged(view: View, workload: Workload, ways: Sequence[Way], at: datetime, *, certain: bool) -> _Lost | None:
    """Return what the log of who is no end of the ways tells: of requests for paths that begin as these do."""
    heads = tuple({way.head for way in ways})
    told = sorted(a for a in answered(view.lines_of(workload)) if any(_under(a.way, head) for head in heads))
    before, since = [a for a in told if a.at < at], [a for a in told if a.at >= at]
    lost, was = [a for a in since if a.status in _UNKNOWN], [a for a in before if a.status in _UNKNOWN]
    already = sum(a.status in _UNKNOWN for a in before[-OFTEN:]) > OFTEN / 2
    if len(lost) < max(OFTEN, MOST * len(since)) or len(was) > SELDOM * len(before) or already:
        return None
    if not _fits(at, lost[0].at, certain=certain):
        return None
    fact = f"{len(lost)} of {len(since)} requests of {' '.join(heads) or '/'} were not known,"
    shown = Evidence("logs", workload.ref, f"{fact} {len(was)} of {len(before)} before", lost[0].at)
    return _Lost(lost[0].at, (shown,), (workload.ref,), len(before) >= OFTEN)


def _turned(view: View, workload: Workload, at: datetime, *, certain: bool) -> _Lost | None:
    """Return what the log of who gets the requests tells: it knows but what they were rewritten to."""
    change = turned(view, workload)
    if change is None or change.status not in _UNKNOWN or not _fits(at, change.since, certain=certain):
        return None
    return _Lost(change.since, (change.evidence(workload.ref),), (workload.ref,), True)


def _heard(view: View, workload: Workload, at: datetime) -> bool:
    """Tell whether an edge's log tells how requests are answered since a time: what is lost would stand there."""
    return leads_from_outside(view, workload) and any(a.at >= at for a in answered(view.lines_of(workload)))


def _under(way: str, head: str) -> bool:
    return bool(way) and f"{way}/".startswith(f"{head}/")


def _fits(at: datetime, began: datetime, *, certain: bool) -> bool:
    return soon_after(began, at) if certain else near(at, began)


def _felt(view: View, led: Sequence[str], at: datetime) -> Iterator[_Lost]:
    """Yield what else tells that users of some workloads are ill since a way to them was written."""
    for alert in view.alerts:
        about, since = view.about_alert(alert), alert.starts_at
        if about in led and since is not None and soon_after(since, at):
            yield _Lost(since, (alert.fires(about),), (about,), False)
    for each in led:
        for seen, since in troubles(view, each):
            if since is not None and soon_after(since, at):
                yield _Lost(since, (seen,), (each,), False)


def _holds(view: View, obj: Obj, led: Sequence[str], lost: _Lost, *, certain: bool) -> bool:
    """Tell whether nothing nearer came that may have lost the paths: a release of who gets them, or another way.

    A path that lacks a group and was known until the minutes in which the way was written is lost by that, whatever
    else came then.
    """
    if certain and lost.before and near(written(obj), lost.since):
        return True
    if any(each.changes and near(each.released_at, lost.since) for each in map(view.workloads.__getitem__, led)):
        return False
    if certain:
        return True
    others = (each for each in view.snapshot.of("Ingress", "HTTPRoute") if ref(each) != ref(obj))
    return lost.before and not any(near(written(each), lost.since) for each in others)


def _match(view: View, obj: Obj, ways: Sequence[Way], led: Sequence[str], lost: _Lost) -> Match:
    named, way = ref(obj), ways[0]
    lacks = f"its rewriting names a group that its path {way.path} has not" if way.lacks else "it rewrites paths"
    told = f"it was written; {lacks}"
    suffer = tuple(dict.fromkeys((*behind(view, *led), *lost.tellers, *_through(view, ways, lost.since))))
    return Match(
        component=named,
        evidence=(Evidence("objects", named, told, written(obj)), *lost.seen),
        certainty=(0.85 if lost.before else 0.7) if way.lacks else 0.6,
        since=lost.since,
        explains=suffer,
        excludes=not_for(suffer, f"{named} asks it for other paths than users do, whichever template it is of", HELD),
    )


def _through(view: View, ways: Sequence[Way], since: datetime) -> Iterator[str]:
    """Yield who tells since then of errors with what it asks by these ways: it suffers with their users."""
    asked = [f"{way.host}{way.head}" for way in ways if way.host]
    for workload in view.serving:
        lines = [(each.line, each.since) for each in marked(view, workload)]
        lines += [(hit.line, hit.first) for hit in view.hits_of(workload.ref) if fresh(view, hit)]
        began = [first for line, first in lines if any(each in line for each in asked)]
        if began and (oldest(began) or since) >= since + BEFORE:
            yield workload.ref


RULE = Rule(
    name="path_lost_in_rewrite",
    title="A way in rewrites paths to what nobody behind it knows since it was written",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no way in that rewrites paths was written as what it leads on became unknown behind it",
)
