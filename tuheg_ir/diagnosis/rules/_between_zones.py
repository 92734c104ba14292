"""Connections that pods of one zone cannot open to pods of another, as the proxies beside them tell by addresses.

Each line of such a proxy names the pod that it asked. What fails from everywhere is of who is asked, what fails from
one workload or node is of that one, and what is refused was reached: only what times out between two zones, and on no
other way, is of what lies between them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._by_zone import SEVERAL, zones
from tuheg_ir.diagnosis.rules._proxied import Answer, answers, shown
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import written
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod
from tuheg_ir.named import NamedTuple

STILL = timedelta(minutes=5)
"""What no proxy has met for so long is over."""
LEAST = 3
"""So many connections were opened on a way that is open."""
_UNOPENED = "UF"
"""How Envoy marks a call for which it could open no connection."""
_ASKED = late(r"\"([\d.]{7,15}):\d{1,5}\" (?:out|in)bound\||\"upstream_host\": ?\"([\d.]{7,15}):\d{1,5}\"")
"""The address of a pod that a proxy chose: before its cluster in Istio's own form, or a field of JSON."""
_TIMED_OUT = late(r"connect_error:_?(?:101|110|113)\b|\bconnect(?:ion)?_timeout\b")
"""Why it could open none: nothing came back, or there is no way; who refuses (111) was reached."""
_POLICIES = ("NetworkPolicy", "AuthorizationPolicy", "CiliumNetworkPolicy", "GlobalNetworkPolicy")


class Call(NamedTuple):
    """One call of a pod to another: when, the owner, the pod and the zone of both, and what its proxy tells of it."""

    at: datetime
    caller: str
    by: Pod
    zone: str
    asked: str
    other: Pod
    there: str
    told: Answer

    @property
    def opened(self) -> bool:
        """Return whether a connection to the other one was there."""
        return _UNOPENED not in self.told.flags

    @property
    def late(self) -> bool:
        """Return whether none could be opened, as nothing came back."""
        return not self.opened and _TIMED_OUT.search(self.told.line) is not None


class CutOff(NamedTuple):
    """Two zones, from the first of which the second cannot be reached; both ways if ``both``."""

    zone: str
    there: str
    both: bool
    missed: tuple[Call, ...]
    began: datetime

    @property
    def callers(self) -> tuple[str, ...]:
        """Return who misses others, by how often, the first one most."""
        refs = [each.caller for each in self.missed]
        return tuple(sorted(set(refs), key=lambda ref: (-refs.count(ref), ref)))

    @property
    def asked(self) -> tuple[str, ...]:
        """Return who is missed."""
        return tuple(sorted({each.asked for each in self.missed}))

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """Return what proxies tell of it."""
        return shown((each.told for each in self.missed), 4)


@once_a_view
def cut_off(view: View) -> CutOff | None:
    """Return the two zones between which no connections can be opened; None: there are none, or it may be otherwise."""
    calls = tuple(_calls(view)) if len(set(zones(view).values())) >= SEVERAL else ()
    missed = tuple(sorted((each for each in calls if each.late), key=lambda each: each.at))
    ways = {(each.zone, each.there) for each in missed}
    if not missed or not view.recent(missed[-1].at, STILL) or len({frozenset(way) for way in ways}) > 1:
        return None
    zone, there = max(sorted(ways), key=lambda way: sum((each.zone, each.there) == way for each in missed))
    found = CutOff(zone, there, len(ways) > 1, missed, missed[0].at)
    if zone == there or not _several(found) or _policy_came(view, found.began):
        return None
    return found if _open_elsewhere(found, [each for each in calls if each.opened and each.at >= found.began]) else None


def cut_off_there(view: View, odd: Collection[str]) -> bool:
    """Tell whether all odd pods are among those that miss others for where they run."""
    found = cut_off(view)
    return found is not None and set(odd) <= {each.by.name for each in found.missed}


def _calls(view: View) -> Iterator[Call]:
    """Yield the calls between pods of known zones, as the proxies of their callers tell."""
    where = zones(view)
    pods = {pod.name: (workload.ref, pod) for workload, pod in view.pods() if pod.node in where}
    by_address = {pod.address: (ref, pod) for ref, pod in pods.values() if pod.address}
    for each in answers(view):
        found = _ASKED.search(each.line) if each.at and each.pod in pods and "inbound|" not in each.cluster else None
        asked = by_address.get(found[1] or found[2]) if found else None
        if asked and each.at:
            (caller, by), (owner, other) = pods[each.pod], asked
            yield Call(each.at, caller, by, where[by.node], owner, other, where[other.node], each)


def _several(found: CutOff) -> bool:
    """Tell whether pods of several workloads on several nodes miss those of several on several."""
    missed = [each for each in found.missed if each.zone == found.zone]
    seen: tuple[set[str], ...] = (
        {each.caller for each in missed},
        {each.by.node for each in missed},
        {each.asked for each in missed},
        {each.other.node for each in missed},
    )
    return all(len(each) >= SEVERAL for each in seen)


def _open_elsewhere(found: CutOff, opened: Iterable[Call]) -> bool:
    """Tell whether since then connections are opened within each zone, and to those who are missed from elsewhere."""
    within, reached = {found.zone: 0, found.there: 0}, set[str]()
    for each in opened:
        if each.zone == each.there and each.zone in within:
            within[each.zone] += 1
        if each.zone != found.zone and each.there == found.there:
            reached.add(each.asked)
    return all(count >= LEAST for count in within.values()) and len(reached & set(found.asked)) >= SEVERAL


def _policy_came(view: View, began: datetime) -> bool:
    """Tell whether a policy was written just before: it may choose the addresses of a zone."""
    return any(soon_after(began, written(obj)) for kind in _POLICIES for obj in view.snapshot.of(kind))
