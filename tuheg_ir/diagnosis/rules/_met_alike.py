"""Who was not released and meets the very same with the same other side as a release: then both meet it, not bring it.

It is asked of any trouble with somebody else, whatever the release changed. Only that somebody is slow or has no room
a release may make itself, by asking for too much, and others feel it: then who was first tells.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._credentials import Refusal, refusals
from tuheg_ir.diagnosis.rules._fed_by import OF_A_STORE, share_a_store
from tuheg_ir.diagnosis.rules._helping import sharing
from tuheg_ir.diagnosis.rules._in_between import PROVEN
from tuheg_ir.diagnosis.rules._misread_alike import misreads_alike
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.complaints import complaints, fresh
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named, is_address
from tuheg_ir.diagnosis.view.logs import MISREAD, Hit
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import created, oldest
from tuheg_ir.diagnosis.view.releases import of_code_alone, since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=2)
"""Who was released, or made, so shortly before he met it may have brought it."""
_KINDS = (
    *("dns", "certificate", "statement_lost", "database_range", "store_limit", "store_quota", "read_only_database"),
    *("database_writes_refused", "database_authentication", "outside_authentication", "account_locked", "schema"),
)
"""Troubles that somebody's being asked for more than before does not make."""
_LOCK = "lock_wait"
_WAITING = ("connection_timeout", "pool_exhausted", _LOCK)
"""Troubles of who waits for a store in vain."""
_BUSY = late(
    r"time[ds]?.?out|deadline|time limit|too many|\bslow|\b429\b|\b50[34]\b|exhaust|overload|\bbusy\b", re.IGNORECASE
)
"""Words of who waits for somebody, or is one too many for him."""


class _Met(NamedTuple):
    """What somebody meets with whom, how often, since when."""

    what: str
    whom: str
    times: int
    since: datetime | None
    line: str


def met_alike(view: View, workload: Workload) -> Evidence | None:
    """Return that somebody who was not released meets what a release meets, or that whom it names meets another.

    Then the template before meets it as well. None: nobody does.
    """
    return _alike(view, workload) or _behind(view, workload) or misreads_alike(view, workload)


def _alike(view: View, workload: Workload) -> Evidence | None:
    """Return that somebody meets the same with the same other side, since no earlier than the release came.

    Not who asks it himself: what he is told is passed on to him.
    """
    above = view.graph.callers(workload.ref)
    mine = {(each.what, each.whom) for each in _met(view, workload) if each.times >= OFTEN}
    if any("dns" in change.field.lower() for change in workload.changes):
        mine = {each for each in mine if each[0] != "dns"}  # who asks for more names asks the resolver too much
    for other in view.workloads.values() if mine else ():
        if other is workload or other.ref in above or role(other) in (*DATA, "pooler"):
            continue
        for each in _met(view, other):
            if (
                (each.what, each.whom) not in mine
                or each.whom == workload.ref
                or not (_came_since(workload, other, each) or _served_both_well(view, workload, other, each))
            ):
                continue
            if each.whom or each.what == "dns" or _at_one(view, workload, other, each.what):
                return _told(other, "meets the same", each)
    return None


def _served_both_well(view: View, workload: Workload, other: Workload, met: _Met) -> bool:
    """Tell whether two that read one broker stumble at once, each minutes after a release of its own."""
    mine = oldest(each.since for each in _met(view, workload) if each.what == met.what == "misread")
    times = (workload.released_at, other.released_at)
    if met.what != "misread" or met.times < OFTEN or met.since is None or mine is None or None in times:
        return False
    one, another = (at for at in times if at)
    apart = abs(one - another) > MINUTE and min(mine, met.since) - max(one, another) >= PROVEN
    return apart and abs(mine - met.since) <= MINUTE


def _at_one(view: View, one: Workload, other: Workload, what: str) -> bool:
    """Tell whether two may meet the same where nothing names whom: at a store, or in what a broker hands on."""
    return other in sharing(view, one, "broker") if what == "misread" else _share(view, one, other)


def _behind(view: View, workload: Workload) -> Evidence | None:
    """Return that whom the errors of a release name meets a trouble with somebody else since then."""
    named = (view.workloads.get(each.whom) for each in _told_hosts(view, workload) if each.times >= OFTEN)
    for other in filter(None, named):
        for each in _told_kinds(view, other):
            if each.whom != workload.ref and _came_since(workload, other, each):
                return _told(other, "fails at another", each)
    return None


def refused_alike(view: View, workload: Workload) -> Evidence | None:
    """Return that somebody who was not released is refused with the login that other code is refused with.

    What was logged in before a password was changed goes on, and what starts since does not: new pods of a release are
    the first of their like, and those that it replaces tell nothing of it. None: nobody is, or the release may have
    brought the login.
    """
    mine = [each for each in refusals(view) if each.workload is workload] if of_code_alone(workload) else []
    above = view.graph.callers(workload.ref)
    for other in refusals(view) if mine else ():
        if other.workload is workload or other.workload.ref in above:
            continue
        lately = [each.hit for each in other.complaints if fresh(view, each.hit) and not each.hit.previous]
        since, times = oldest(hit.first for hit in lately), sum(hit.count for hit in lately)
        if since is None or times < OFTEN or _new(other.workload, since):
            continue
        if any(_one_login(each, other) for each in mine):
            met = _Met("login", other.server, times, since, lately[0].line)
            return _told(other.workload, "is refused as well", met)
    return None


def _one_login(one: Refusal, other: Refusal) -> bool:
    """Tell whether two are refused by one server as one user; where it names none, with what is in one Secret."""
    if not one.hosts & other.hosts:
        return False
    if one.users and other.users:
        return bool(one.users & other.users)
    mine, theirs = ({each[:3] for each in keys_of(each.workload.template)} for each in (one, other))
    return any(kind == "Secret" for kind, *_ in mine & theirs)


def waits_before(view: View, workload: Workload) -> Evidence | None:
    """Return that somebody else waited in vain for a store before other code did that uses it as well.

    Whoever asks a store for too much is the first who waits for it.
    """
    first = oldest(hit.first for hit in _waits(view, workload))
    if first is None or not of_code_alone(workload):
        return None
    above = view.graph.callers(workload.ref)
    for other in view.serving:
        waits = _waits(view, other) if other is not workload and other.ref not in above else ()
        at = oldest(hit.first for hit in waits)
        if at is None or at > first or not _share(view, workload, other):
            continue
        met = _Met("waits", "", sum(hit.count for hit in waits), at, waits[0].line)
        if _came_since(workload, other, met):
            return _told(other, "waits in vain since before", met)
    return None


def wait_for_a_lock_alike(view: View, workload: Workload, pods: Collection[str]) -> bool:
    """Tell whether all that some pods meet is a lock which somebody else of their store waits for in vain as well.

    Who waits for a lock and gives up does not hold it: none is set free with him.
    """
    hits = [hit for hit in view.hits_of(workload.ref) if hit.pod in pods and not hit.previous]
    times: Counter[str] = Counter()
    for hit in hits:
        times[hit.pod] += hit.count
    if not pods or {hit.trouble for hit in hits} != {_LOCK} or any(times[pod] < OFTEN for pod in pods):
        return False
    above = view.graph.callers(workload.ref)
    return any(
        sum(hit.count for hit in _waits(view, other) if hit.trouble == _LOCK) >= OFTEN and _share(view, workload, other)
        for other in view.serving
        if other is not workload and other.ref not in above and role(other) not in (*DATA, "pooler")
    )


def _waits(view: View, workload: Workload) -> tuple[Hit, ...]:
    return tuple(h for h in view.hits_of(workload.ref, *_WAITING) if not h.previous and fresh(view, h))


def _share(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether two programs use one store, of the namespace or outside."""
    return share_a_store(view, one, other) or bool(_stores(view, one) & _stores(view, other))


def _stores(view: View, workload: Workload) -> set[str]:
    told = ((key, value) for key, value in view.graph.settings(workload) if OF_A_STORE.search(f"{key} {value}"))
    return {host for key, value in told for host in hosts_in(key, value) if foreign(host)}


def _told(other: Workload, what: str, met: _Met) -> Evidence:
    return Evidence("logs", other.ref, f"it was not released, and {what}: {met.line.strip()}", met.since)


def _came_since(workload: Workload, other: Workload, met: _Met) -> bool:
    """Tell whether who was not released himself meets something often, and not since before a release came."""
    came = workload.released_at
    if met.times < OFTEN or met.since is None or came is None or met.since < came - MINUTE:
        return False
    return not _new(other, met.since)


def _new(other: Workload, met: datetime) -> bool:
    """Tell whether somebody was released, or made, shortly before he met it."""
    made = created(other.obj)
    return since_release(other, met, LATELY) or (made is not None and timedelta(0) <= met - made <= LATELY)


@once
def _met(view: View, workload: Workload) -> tuple[_Met, ...]:
    return (*_told_kinds(view, workload), *_told_hosts(view, workload))


def _told_kinds(view: View, workload: Workload) -> Iterator[_Met]:
    """Yield the troubles with somebody that are known, all pods together; names are asked of one resolver."""
    found: dict[tuple[str, str], list[_Met]] = {}
    for each in complaints(view, *_KINDS, *MISREAD):
        if each.caller != workload.ref or each.hit.previous or each.about == workload.ref:
            continue
        what = "misread" if each.hit.trouble in MISREAD else each.hit.trouble
        whoms = ("",) if what == "dns" else (each.about,) if each.about else each.hosts
        for whom in whoms or ("",):
            met = _Met(what, whom, each.hit.count, each.hit.first, each.hit.line)
            found.setdefault((met.what, whom), []).append(met)
    for told in found.values():
        yield told[0]._replace(times=sum(e.times for e in told), since=oldest(e.since for e in told))


def _told_hosts(view: View, workload: Workload) -> Iterator[_Met]:
    """Yield whom of the namespace errors name, unless by words of who waits: what a program says of it is its own."""
    for each in marked(view, workload):
        if not each.error or _BUSY.search(each.line):
            continue
        for host in set(hosts_named([each.line])):
            ref = "" if is_address(host) else view.graph.resolve(host)
            if ref and ref != workload.ref and role(view.workloads.get(ref) or workload) not in DATA:
                yield _Met("named", ref, each.count, each.since, each.line)
