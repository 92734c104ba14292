"""A store has nobody who leads it, though members are well: each says that its settings do not let it take over.

A member that is kept for backups, or in another place, is told never to lead. Where all members read the same file, or
those that were not told so are gone, none is left for the place of the one that failed. What made that one fail is a
trouble of its own: the store would have got over it in seconds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._leaderless import leaderless
from tuheg_ir.diagnosis.rules._new_primary import LEADING
from tuheg_ir.diagnosis.rules._repeated import Repeated, repeated
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import mapping, newest, selects, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

OFTEN = 3
"""An election takes seconds: who may not lead tells of it once or twice until another one does."""
_MAY_NOT = late(
    r"\bbecause I am not allowed to (?:promote|become primary)"
    r"|\bwill not be considered as (?:an? )?(?:automatic )?(?:promotion|failover) candidate"
    r"|\bunable to failover: Failover has been disabled"
    r"|\bnot (?:allowed|permitted|eligible|configured) to "
    r"(?:be promoted\b|promote itself|(?:become|be|act as) (?:an? |the )?(?:new )?(?:primary|master|leader)\b)",
    re.IGNORECASE,
)
"""How Patroni, repmgr, Redis and Valkey, and others alike, tell of a member that may not lead."""
_NOBODY = late(r"-failover-abort-no-good-slave\b")
"""How a Sentinel tells that it finds none who may, for this reason or another: only the settings tell which."""
_LEADS = late(
    r"\bpromoted self to leader|\bthe (?:cool )?leader with the lock|\band following a leader \("
    r"|\bFailover election won|[+]switch-master|\bSTANDBY PROMOTE successful|\bMASTER MODE enabled"
    r"|\bpromoted to (?:primary|master|leader)\b",
    re.IGNORECASE,
)
"""How members tell that one leads, or that they follow it."""
_WORDS = ("promot", "failover", "primary", "leader", "master")
_BARS = late(
    r"(?:\bno_?failover|(?:replica|slave)[-_]no[-_]failover)[\"']?\s*[:= ]\s*[\"']?(?:true|yes|on|1)\b"
    r"|\b(?:\w+[-_])?(?:failover|replica|slave|node)[-_]priority[\"']?\s*[:= ]\s*[\"']?0\b"
    r"|^\s*priority\s*=\s*'?0\b|^\s*failover\s*=\s*'?manual\b",
    re.IGNORECASE,
)
"""Settings by which a member never leads: of Patroni, of Redis and its kin, of repmgr."""
_MISSED = (
    *("connection_refused", "connection_timeout", "connection_reset", "read_only_database", "failover"),
    *("upstream_failure", "dns"),
)


class _Said(NamedTuple):
    """The lines that say that no member may lead, the settings that say so, and all who hold the store's data."""

    lines: Repeated
    shown: tuple[Evidence, ...]
    members: tuple[Workload, ...]

    @property
    def place(self) -> str:
        """Return where it is said: the one ConfigMap, else the workload."""
        maps = {each.object for each in self.shown if each.object.startswith("ConfigMap/")}
        return maps.pop() if len(maps) == 1 else self.members[-1].ref


def when(view: View) -> Iterator[Match]:
    """All members of a store that are well tell to the last that they may not lead, and who uses it misses a leader."""
    for store in of_role(view.workloads, *DATA):
        said = _said(view, store)
        if said is None:
            continue
        empty = [each for each in view.services.values() if any(_of_the_leader(m, each) for m in said.members)]
        if missed := (*_empty(empty), *_told_by_callers(view, said)):
            yield _match(view, said, empty, missed)


def _said(view: View, store: Workload) -> _Said | None:
    """Return what tells that no member may lead; None if one may, or leads by now."""
    members: tuple[Workload, ...] = (store,)
    lines = repeated(view, store, _MAY_NOT, _WORDS, OFTEN)
    if lines is not None:
        well = {log.pod for log in view.logs_of([pod for pod in store.live if pod.ready], previous=False) if log.lines}
        if not (well and well <= lines.pods):
            return None  # one of those that are well says nothing of it
        shown = _settings(view, members)
    else:
        lines = repeated(view, store, _NOBODY, _WORDS, OFTEN)
        members = (store, *_watched(view, store)) if lines else ()
        shown = _settings(view, members)
        if not (shown and members[-1].ready):
            return None  # there may be nobody who could lead
    if lines is None or _led_since(view, store, lines.until):
        return None
    return _Said(lines, shown, members)


def _watched(view: View, store: Workload) -> Iterator[Workload]:
    """Yield the store that others watch over, where these are a workload of their own."""
    needed = view.graph.needs(store.ref)
    yield from (each for each in of_role(view.workloads, *DATA) if each.ref in needed and each is not store)


def _led_since(view: View, store: Workload, until: datetime) -> bool:
    """Tell whether a member leads, or follows one that does, since it was last told that none may."""
    lines = (line for log in view.logs_of(store.live, previous=False) for line in log.lines if _LEADS.search(line))
    last = newest(stamp(line) for line in lines)
    return last is not None and last >= until


def _settings(view: View, members: tuple[Workload, ...]) -> tuple[Evidence, ...]:
    """Return the settings by which members of a store never lead: of files, else of the template, and by status."""
    return tuple(
        shown
        for each in members
        for shown in (list(_files(view, each)) or list(_template(view, each))) + list(_status(each))
    )


def _files(view: View, store: Workload) -> Iterator[Evidence]:
    for label, obj in view.maps_read(store.template):
        if line := next((found for value in mapping(obj, "data").values() if (found := _bars(str(value)))), ""):
            fact = f"all members of {store.name} read it, and it says: {line}"
            yield Evidence("objects", f"ConfigMap/{label}", fact, edited(obj))


def _template(view: View, store: Workload) -> Iterator[Evidence]:
    said = (f"{key}={value}" if key and "\n" not in value else value for key, value in view.graph.settings(store))
    if line := next((found for each in said if (found := _bars(each))), ""):
        yield Evidence("objects", store.ref, f"its template says: {line}")


def _status(store: Workload) -> Iterator[Evidence]:
    """Yield that pods tell it of themselves, in what Patroni writes of each."""
    said = {pod.name: _BARS.search(text(pod.obj, "metadata", "annotations", "status")) for pod in store.live}
    told = {name: found for name, found in said.items() if found}
    if told:
        words = next(iter(told.values()))[0].replace('"', "")
        yield Evidence("objects", store.ref, f"the status of {len(told)} of its pods says: {words}")


def _bars(said: str) -> str:
    """Return the line of a setting by which a member never leads; "" if none does."""
    lines = (line.strip() for line in said.splitlines() if not line.lstrip().startswith(("#", ";")))
    return next((line for line in lines if _BARS.search(line)), "")


def _of_the_leader(store: Workload, service: Service) -> bool:
    """Tell whether a Service has no pod, and chooses that of a store which leads."""
    wanted = {key for key, value in service.selector.items() if str(value).lower() in LEADING}
    if not wanted or service.backends or service.ready:
        return False
    rest = {key: value for key, value in service.selector.items() if key not in wanted}
    return store.ref in service.meant or (bool(rest) and selects(rest, store.labels))


def _empty(services: list[Service]) -> Iterator[Evidence]:
    for each in services:
        chosen = ", ".join(f"{key}={value}" for key, value in each.selector.items())
        yield Evidence("objects", each.ref, f"no pod leads: none has the labels {chosen}")


def _told_by_callers(view: View, said: _Said) -> Iterator[Evidence]:
    """Yield what those who use a store tell of it."""
    refs = {each.ref for each in said.members}
    yield from told(
        view, [each for each in complaints(view, *_MISSED) if each.about in refs and each.caller not in refs], 2
    )
    missed = (leaderless(view, ref) for ref in behind(view, *refs) if ref not in refs)
    yield from (each.told() for each in missed if each is not None)


def _match(view: View, said: _Said, empty: list[Service], missed: tuple[Evidence, ...]) -> Match:
    refs = tuple(each.ref for each in said.members)
    using = (ref for ref in behind(view, *refs) if ref not in refs)
    callers = not_their_own(view, using, said.lines.since)
    return Match(
        component=said.place,
        evidence=(said.lines.told(), *said.shown[:3], *missed[:3]),
        certainty=0.85,
        since=said.lines.since,
        explains=(*(each.ref for each in empty), *(ref for ref in refs if ref != said.place), *callers),
        excludes=(
            *not_for(callers, f"nobody leads {refs[-1]}: nothing done to who uses it makes a member lead", ON_CALLERS),
            *not_for(
                refs,
                "a member that starts anew may not lead either, and those that can be read would be gone",
                (*RESTARTS, "rollback_workload", "scale_workload", "scale_database"),
            ),
        ),
    )


RULE = Rule(
    name="may_not_lead",
    title="A store has no leader, and its settings let none of the members that are well become one",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no members of a store that lacks a leader tell that they may not take over",
)
