"""Pods stand on other nodes than those at which anybody arrives from outside: the way in has nobody behind it there.

A Service that leads on to pods of the same node alone keeps its address, its pods are ready, and whoever asks from
inside is answered. But the nodes that may tell the network of that address have no pod of it: none tells of it now.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._announcers import announcers, former_nodes, told_by
from tuheg_ir.diagnosis.rules._helping import HOURS, behind, names, not_for
from tuheg_ir.diagnosis.rules._stays_out import stays_out, still_comes
from tuheg_ir.diagnosis.rules.edge_released import leads_from_outside
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import items, mapping, newest, oldest, outer_addresses, ref, text
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

ALERTED = timedelta(minutes=30)
"""An alert that begins later after a change is seldom about it."""
_OUTER = ("LoadBalancer", "NodePort")
_PLACES = ("nodeSelector", "affinity", "tolerations", "nodeName")
"""Where pods may run, as a template says it."""
_CHOOSING = ("nodeSelector", "affinity")
_AWAY = r"\bserviceWithdrawn\b|\b(?i:withdr(?:aw(?:ing|n)?|ew))\b.{0,60}\b(?:announce|advert|service|route|prefix|vip)"
_HERE = r"\bserviceAnnounced\b|\b(?i:announcing|advertising)\b"
_GONE, _TOLD = late(_AWAY), late(f"{_AWAY}|{_HERE}")
"""How an announcer tells that it takes an address back, and that it tells the network of it."""
_HINTS = ("withdraw", "withdrew", "announc", "advertis")
_UNREACHED = late(
    r"unreach|time[ds]?[ -]?out|(?:cannot|can not|can.t) be reached|not reach|reachab|failed to connect|no route"
    r"|connection (?:refused|failed)|down\b|offline|probe|black-?box",
    re.IGNORECASE,
)
"""How an alert tells that somebody outside gets no answer at all."""
_NAMED = 4
"""So many nodes are named of many."""


class _Change(NamedTuple):
    """What may have parted pods from those who arrive: the object, when, and the workload if its release did it."""

    ref: str
    at: datetime
    release: bool


class _Why(NamedTuple):
    """How it is known that nobody arrives where pods stand; stated: who announces shows it."""

    seen: tuple[Evidence, ...]
    stated: bool


def when(view: View) -> Iterator[Match]:
    """Whole pods of a way in stand where none arrives since a change of either's places, and they are missed since."""
    for workload, service in _ways_in(view):
        if not 0 < workload.wanted <= workload.ready:
            continue
        for change in _changes(view, workload, service):
            why = _why(view, workload, service, change)
            if why and (match := _felt(view, workload, service, change, why)):
                yield match
                break


def _ways_in(view: View) -> Iterator[tuple[Workload, Service | None]]:
    """Yield who is reached from outside at the nodes of its pods alone, with the Service that is reached so, if any."""
    outer = [each for each in view.services.values() if text(each.obj, "spec", "type") in _OUTER]
    for service in outer:
        if text(service.obj, "spec", "externalTrafficPolicy") == "Local" and len(service.backends) == 1:
            yield view.workloads[service.backends[0]], service
    served = {of for each in outer for of in each.backends}
    for workload in view.serving:
        if workload.ref not in served and _at_its_nodes(workload) and leads_from_outside(view, workload):
            yield workload, None


def _at_its_nodes(workload: Workload) -> bool:
    spec = mapping(workload.template, "spec")
    ports = (port for each in items(spec, "containers") for port in items(each, "ports"))
    return text(spec, "hostNetwork") == "True" or any(text(port, "hostPort") for port in ports)


def _changes(view: View, workload: Workload, service: Service | None) -> list[_Change]:
    """Return what changed of late of where pods stand or where users arrive, the last first."""
    found = []
    if _moves(workload) and not workload.returned and workload.released_at:
        found.append(_Change(workload.ref, workload.released_at, release=True))
    if service is not None and (allowed := announcers(view, service)):
        edits = ((ref(obj), edited(obj)) for obj in (*allowed.said_by, service.obj))
        found += [_Change(of, at, release=False) for of, at in edits if at is not None]
    return sorted((each for each in found if view.recent(each.at, HOURS)), key=lambda each: each.at, reverse=True)


def _moves(workload: Workload) -> list[Change]:
    return [change for change in workload.changes if change.field in _PLACES]


def _why(view: View, workload: Workload, service: Service | None, change: _Change) -> _Why | None:
    """Return how it is known that nobody arrives where the pods stand, and did before what changed."""
    stand = {pod.node for pod in workload.live if pod.ready}
    former, there = former_nodes(view, workload), view.objects("Node")
    allowed = announcers(view, service) if service else None
    told = _taken_back(view, service, change.at) if service else ()
    if service and allowed:
        if stand & allowed.nodes or (change.release and not former & allowed.nodes):
            return None  # some arrive, or none would where the pods were either
        fact = f"by {told_by(allowed)} users arrive at {_some(allowed.nodes)}: its pods are on {_some(stand)} alone"
        return _Why((Evidence("objects", service.ref, fact), *told), stated=True)
    if not change.release:
        return None
    if told:
        return _Why(told, stated=True)
    if 0 < len(former) < len(there) and not stand & former:
        fact = f"its pods were on {_some(former)} alone, and are on {_some(stand)} now"
        return _Why((Evidence("objects", workload.ref, fact, change.at),), stated=False)
    chosen = any(each.before and each.field in _CHOOSING for each in _moves(workload))
    return _Why((), stated=False) if chosen and not there else None


def _some(nodes: Collection[str]) -> str:
    return ", ".join(sorted(nodes)[:_NAMED]) + (", ..." if len(nodes) > _NAMED else "")


def _taken_back(view: View, service: Service, at: datetime) -> tuple[Evidence, ...]:
    """Return that announcers took the address of a Service back since then, and none tells the network of it now.

    Where the log of one of them is not known, that one may tell of it.
    """
    marks = (*outer_addresses(service.obj), f"{text(service.obj, 'metadata', 'namespace')}/{service.name}")
    told = []
    for log in view.snapshot.logs:
        if log.previous or not speaks_of(log, _HINTS):
            continue
        last = next((line for line in reversed(log.lines) if _TOLD.search(line) and _of(line, marks)), "")
        if last and not _GONE.search(last):
            return ()
        if (then := stamp(last)) is not None and then - at >= BEFORE:
            told.append(Evidence("logs", f"Pod/{log.pod}", last.strip()[:240], then))
    known = {log.pod for log in view.snapshot.logs}
    owners = {view.owner_of(seen.object.partition("/")[2]) for seen in told}
    pods = [pod.name for owner in owners if owner in view.workloads for pod in view.workloads[owner].live]
    return tuple(sorted(told, key=lambda seen: str(seen.time)))[-2:] if known.issuperset(pods) else ()


def _of(line: str, marks: Collection[str]) -> bool:
    return any(names(line, mark) for mark in marks)


def _felt(view: View, workload: Workload, service: Service | None, change: _Change, why: _Why) -> Match | None:
    """Return that it is so, if users stay away or people were called since."""
    moved = newest(pod.created for pod in workload.newest_pods()) if change.release else change.at
    led = _led_to(view, workload, service)
    at, near = moved or change.at, (workload.ref, *led)
    away = [seen for seen in stays_out(view, near, at) if _follows(workload, change, seen.time, SOON)]
    if not away and (still_comes(view, near, at) or any(any(troubles(view, each)) for each in near)):
        return None  # whoever is answered badly is reached
    called = [each for each in _alerts(view, near) if _follows(workload, change, each.starts_at, ALERTED)]
    if not away and not why.stated:
        called = [each for each in called if why.seen and _UNREACHED.search(_said(each))]
    fires = [e.fires(view.about_alert(e)) for e in called]
    return _match(workload, service, change, why, led, away, fires) if away or fires else None


def _led_to(view: View, workload: Workload, service: Service | None) -> tuple[str, ...]:
    """Return the workloads to which a way in leads those who arrive: by the address of an Ingress, where it has one."""
    at, found = outer_addresses(service.obj) if service else frozenset[str](), list[str]()
    edge = leads_from_outside(view, workload)
    for route in view.routes:
        kind, _, label = route.ref.partition("/")
        told = outer_addresses(view.objects(kind).get(label))
        behind_it = view.services.get(route.service)
        if behind_it is not None and (told & at if told and at else edge):
            found += behind_it.backends
    return tuple(sorted({*found} - {workload.ref}))


def _alerts(view: View, near: tuple[str, ...]) -> Iterator[Alert]:
    """Yield the alerts about a way in, about those behind it and their callers, and about nobody that is known."""
    meant = {"", *behind(view, *near)}
    yield from (alert for alert in view.alerts if view.about_alert(alert) in meant)


def _said(alert: Alert) -> str:
    return " ".join((alert.name, *map(str, alert.annotations.values())))


def _follows(workload: Workload, change: _Change, seen: datetime | None, within: timedelta) -> bool:
    if change.release:
        return since_release(workload, seen, within)
    return seen is not None and BEFORE <= seen - change.at <= within


_SURE: Mapping[tuple[bool, bool], float] = {
    (True, True): 0.85,
    (True, False): 0.75,
    (False, True): 0.65,
    (False, False): 0.5,
}
"""By whether it is stated that nobody arrives there, and whether it is seen that nobody comes."""


def _match(
    workload: Workload,
    service: Service | None,
    change: _Change,
    why: _Why,
    led: tuple[str, ...],
    away: list[Evidence],
    fires: list[Evidence],
) -> Match:
    way = Evidence("objects", workload.ref, "it is reached at the ports of its own nodes")
    if service is not None:
        way = Evidence("objects", service.ref, "it leads those who arrive at a node to pods of that node alone")
    what = release_evidence(workload, "placement")[:2] if change.release else ()
    told = [seen for seen in why.seen if seen.source == "logs"]
    nobody = "its pods are well where they are, and nobody from outside arrives there"
    return Match(
        component=change.ref,
        evidence=(
            *(what or (Evidence("objects", change.ref, "it was written", change.at),)),
            way,
            *why.seen,
            *away[:2],
            *fires[:2],
        ),
        certainty=_SURE[why.stated, bool(away)],
        remedy="" if change.release else "page_human",
        since=oldest(seen.time for seen in (away or told or fires)),
        explains=tuple(each for each in (workload.ref, way.object, *led) if each != change.ref),
        excludes=(
            *excluding(workload.ref, nobody, *RESTARTS, "scale_workload"),
            *(() if change.release else excluding(workload.ref, nobody, "rollback_workload")),
            *not_for(led, f"it hears nobody: who is asked for it arrives where {workload.ref} has no pod"),
        ),
    )


RULE = Rule(
    name="way_in_moved_away",
    title="The pods of a way in stand on other nodes than those at which users arrive",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no way in leads to pods of the same node alone that moved off the nodes at which users arrive",
)
