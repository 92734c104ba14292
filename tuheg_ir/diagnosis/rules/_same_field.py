"""Callers of one service that stumble over the same field since its release: it answers in another form.

Each by itself may have broken, above all one that was released as well; programs of other people, in other languages,
do not come to lack the same field by chance in the same minutes. Few of them tell whose answer it was.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_hosts import WATCHES
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._fields_missed import Missed, fields_missed, lacked_by_chance
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._in_between import in_between
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.rules._rare_at_first import fails_since, tells_late
from tuheg_ir.diagnosis.rules._shared_then import shared_came_anew
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import lines_told
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release, soon_after
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.trouble import OFTEN, suffering
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

_OF_SHAPE = ("image", "env", "command", "mounts")
"""What a release has to change for its answers to be others."""


class Alike(NamedTuple):
    """Callers that stumble over the same field, the lines that tell it, since when, and who suffers by it."""

    callers: tuple[Workload, ...]
    told: tuple[Evidence, ...]
    first: datetime
    felt: tuple[Evidence, ...]
    untouched: Workload


def stumble_alike(view: View, called: Workload) -> Alike | None:
    """Return the callers that stumble over one field since a service's release, if at least one was not released.

    Not where one stumbled over it before, where anything else was released or set otherwise then that all of them ask,
    are asked by or share a store with, where what they share was started or fed anew, or where one may get the field
    from the other. One that was released as well had served well. Nor where a line names another: whoever is called
    often was released before something else broke.
    """
    if not called.changed(*_OF_SHAPE) or called.released_at is None or called.returned:
        return None
    if called.ready < called.wanted or is_store(called) or keeps_data(view, called):
        return None
    callers = [w for w in view.serving if w is not called and called.ref in view.graph.calls.get(w.ref, ())]
    told = [(w, fields_missed(view, w)) for w in callers]
    for field in sorted({field for _, missed in told for field in missed}):
        lacking = [(w, missed[field]) for w, missed in told if field in missed]
        found = _alike(view, called, called.released_at + BEFORE, lacking)
        if found is not None and _of_its_answers(view, called, field, found.callers, dict(lacking)):
            return found
    return None


def _alike(view: View, called: Workload, came: datetime, told: Sequence[tuple[Workload, Missed]]) -> Alike | None:
    early = oldest(fails_since(view, called, w) for w, _ in told)
    new = [(w, m) for w, m in told if _goes_on(view, m) and _may_witness(view, called, w, m, early)]
    if len(new) < 2 or any(m.first < came for _, m in told):
        return None
    met = min(m.first for _, m in new)
    first = met if since_release(called, met) else (oldest((early, met)) or met)
    untouched = next((w for w, m in new if not since_release(w, m.first)), None)
    callers = tuple(w for w, _ in new)
    said = [each for w in callers for each in (*felt(view, w.ref), *suffering(view, w.ref))]
    began = oldest(each.time for each in said)
    if untouched is None or began is None or began < came:
        return None
    for moment in {first, met}:
        changed = (w for w in view.serving if w is not called and _changed_then(view, w, moment))
        if any(_may_be_why(view, w, callers) for w in changed) or way_changed(view, untouched, called, moment):
            return None
        if any(soon_after(moment, at) for _, at in outside_changes(view, called)):
            return None
        if shared_came_anew(view, called, callers, moment):
            return None
    lines = (lines_told(m.pod, m.often, m.line, m.first) for _, m in new)
    return Alike(callers, tuple(lines), first, tuple(said), untouched)


def _goes_on(view: View, missed: Missed) -> bool:
    return missed.often >= OFTEN and view.recent(missed.last, STILL)


def _may_witness(view: View, called: Workload, caller: Workload, missed: Missed, early: datetime | None) -> bool:
    """Tell whether a service's release may have brought a caller what it misses, and its own did not.

    ``early``: since when one of the callers fails since that release, though words of it came later.
    """
    if since_release(called, missed.first):
        return not since_release(caller, missed.first) or in_between(caller, called.released_at, missed.first)
    return early is not None and tells_late(view, called, caller, missed.first)


def _changed_then(view: View, other: Workload, first: datetime) -> bool:
    """Tell whether a workload was released then, or what it reads was written."""
    return since_release(other, first) or any(soon_after(first, at) for _, at in outside_changes(view, other))


def _of_its_answers(
    view: View, called: Workload, field: str, callers: Sequence[Workload], told: Mapping[Workload, Missed]
) -> bool:
    """Tell whether it may be only the answers of a service in which callers miss a field, by what their lines name.

    Where not all of them name it, the field must be one that others do not have by chance, and nothing else that all
    of them read and of which nobody sees how it changed may be meant: a host outside, or the rows of a store.
    """
    named = [[*_named(view, each, told[each].hosts)] for each in callers]
    if any(ref != called.ref for refs in named for ref in refs):
        return False
    if all(named):
        return True
    if lacked_by_chance(field) or frozenset.intersection(*(_outside(view, each) for each in callers)):
        return False
    return not (_one_store(view, callers) and any(told[each].of_store for each in callers))


def _named(view: View, caller: Workload, hosts: Iterable[str]) -> Iterator[str]:
    """Yield whom the hosts in a caller's lines mean but itself: workloads, or hosts that are none.

    An address that is nobody's here may be that of whom it serves.
    """
    for host in sorted(hosts):
        ref = view.graph.resolve(host)
        if ref != caller.ref and host != "localhost" and (ref or not is_address(host)):
            yield ref or host


def _outside(view: View, caller: Workload) -> frozenset[str]:
    """Return the hosts outside that a caller asks, but for those that only get what it measures."""
    said = (host for key, value in view.graph.settings(caller) for host in hosts_in(key, value))
    hosts = {*said, *view.graph.outside.get(caller.ref, ())}
    away = (host for host in hosts if foreign(host) and not view.graph.resolve(host))
    return frozenset(host for host in away if not WATCHES.search(host))


def _one_store(view: View, callers: Sequence[Workload]) -> bool:
    """Tell whether all callers ask one store."""
    shared = set.intersection(*(view.graph.calls.get(each.ref, set()) for each in callers))
    return any(role(view.workloads[ref]) in DATA for ref in shared if ref in view.workloads)


def _may_be_why(view: View, other: Workload, callers: Sequence[Workload]) -> bool:
    """Tell whether another release may have brought all callers what they stumble over, or one of them the others."""
    near = [view.graph.needs(w.ref) | view.graph.callers(w.ref) for w in callers if w is not other]
    if other in callers:
        return any(other.ref in each for each in near)
    return all(other.ref in each or share_a_store(view, w, other) for each, w in zip(near, callers, strict=True))
