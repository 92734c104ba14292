"""An Ingress was written, and since then paths of its host reach a service that does not know them.

So it is where its paths are patterns: an ingress-nginx then takes all paths of that host for patterns that match a
beginning, also those of other Ingresses and those that are to be exact.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.reading import items, mapping, ref, text, written
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 5
"""So many requests that nobody knows are no typing error."""
EACH = 2
"""So many of one path before and since tell where it is led."""
_LINE = late(r"\"[A-Z]+ (/[^\s\"?]*)[^\"]*\" (\d{3}) .*\[(\S+-\S+)\] \[\S*\] \S")
"""A line of an ingress-nginx: path, status, and the upstream `namespace-service-port` that it chose."""
_VARIES = late(r"\d+|\b[0-9a-f-]{16,}\b")
_UNKNOWN = (404, 405)
_PATTERNS = late(r"/(?:use-regex|rewrite-target)$")
"""Annotations with which all paths of a host are taken for patterns."""


class _Request(NamedTuple):
    """A request as an edge logged it: when, its status, and the service to which it was led."""

    at: datetime
    status: int
    service: str


class _Moved(NamedTuple):
    """A path that one service answered until, and that another one does not know since."""

    path: str
    before: str
    after: str
    first: datetime
    times: int


def when(view: View) -> Iterator[Match]:
    """Paths that one service answered are led to another one, which does not know them, since an Ingress was written.

    The Ingress has a host in common with those that lead to the two. It is named where one alone was written then, or
    one alone leads such paths there itself: that is what a person has to put right, while the edge does as it is told.
    """
    for workload in view.serving if view.snapshot.of("Ingress") else ():
        moved = [found for path, said in _requests(view, workload).items() if (found := _moved(path, said))]
        if sum(each.times for each in moved) < OFTEN:
            continue
        began = min(each.first for each in moved)
        wrote = [
            obj for obj in view.snapshot.of("Ingress") if soon_after(began, written(obj)) and _meets(view, obj, moved)
        ]
        if wrote:
            yield _match(view, workload, moved, began, wrote)


def _requests(view: View, workload: Workload) -> Mapping[str, list[_Request]]:
    """Return path -> the requests for it that a workload logged, in the order of their times."""
    space = view.snapshot.namespace.lower()
    names = {f"{space}-{name.lower()}-": name for name in sorted(view.services, key=len)}
    found: dict[str, list[_Request]] = {}
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, (f"[{space}-",)) else ():
            told, at = _LINE.search(line), stamp(line)
            if told is None or at is None:
                continue
            chosen = [name for head, name in names.items() if told[3].lower().startswith(head)]
            if chosen:
                path = _VARIES.sub("#", told[1])
                found.setdefault(path, []).append(_Request(at, int(told[2]), chosen[-1]))
    return {path: sorted(each) for path, each in found.items()}


def _moved(path: str, said: Sequence[_Request]) -> _Moved | None:
    """Return that a path is led to another service since, which does not know it; None where it is not so."""
    before, after = said[0].service, said[-1].service
    turn = next((n for n, each in enumerate(said) if each.service != before), len(said))
    old, new = said[:turn], said[turn:]
    if before == after or min(len(old), len(new)) < EACH or any(each.service != after for each in new):
        return None
    if any(each.status in _UNKNOWN for each in old) or not all(each.status in _UNKNOWN for each in new):
        return None
    return _Moved(path, before, after, new[0].at, len(new))


def _meets(view: View, obj: Obj, moved: Sequence[_Moved]) -> bool:
    """Tell whether an Ingress is of a host of which the services of moved paths are."""
    services = {name for each in moved for name in (each.before, each.after)}
    hosts = {route.host for route in view.routes if route.service in services}
    return any(text(rule, "host") in hosts for rule in items(obj, "spec", "rules"))


def _to_blame(moved: Sequence[_Moved], wrote: Sequence[Obj]) -> str:
    """Return the one Ingress that leads paths to who does not know them, or was written alone; "" for none."""
    themselves = [obj for obj in wrote if any(_leads(obj, each) for each in moved)]
    found = themselves or wrote
    return ref(found[0]) if len(found) == 1 else ""


def _leads(obj: Obj, moved: _Moved) -> bool:
    """Tell whether an Ingress has a path that a moved one begins with, and that leads to where that is led since."""
    ways = (way for rule in items(obj, "spec", "rules") for way in items(rule, "http", "paths"))
    led = (way for way in ways if text(way, "backend", "service", "name") == moved.after)
    return any(f"{moved.path}/".startswith(f"{text(way, 'path').rstrip('/')}/") for way in led)


def _match(view: View, workload: Workload, moved: Sequence[_Moved], began: datetime, wrote: Sequence[Obj]) -> Match:
    one = max(moved, key=lambda each: each.times)
    fact = (
        f"{one.path} was led to {one.before}, and to {one.after} since, which does not know it"
        f" ({sum(each.times for each in moved)} requests of {len(moved)} paths)"
    )
    names = {name for each in moved for name in (each.before, each.after)}
    led = {b for name in names for b in view.services[name].backends}
    component = _to_blame(moved, wrote) or workload.ref
    suffer = tuple(each for each in behind(view, *led) if each != workload.ref)
    why = f"since an Ingress was written {workload.ref} leads requests to a service that does not know them"
    return Match(
        component=component,
        evidence=(Evidence("logs", workload.ref, fact, began), *map(_shown, wrote[:2])),
        certainty=0.8,
        since=began,
        explains=(*suffer, *((workload.ref,) if component != workload.ref else ())),
        excludes=(
            *not_for(suffer, why),
            *excluding(workload.ref, why, *RESTARTS, "rollback_workload", "scale_workload"),
        ),
    )


def _shown(obj: Obj) -> Evidence:
    notes = [str(key) for key in mapping(obj, "metadata", "annotations") if _PATTERNS.search(str(key))]
    more = f", with {notes[0]}: all paths of its host are patterns" if notes else ""
    return Evidence("objects", ref(obj), f"it was written then{more}", written(obj))


RULE = Rule(
    name="paths_led_to_another",
    title="Since an Ingress was written, paths reach a service that does not know them",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no path is led to another service, which does not know it, since an Ingress was written",
)
