"""Whose connections are kept by its calls of others: each is held for as long as an answer is on its way.

A program that asks somebody else amid a transaction has no connection for other work until that answer is there. While
the other one is slow a new pool is taken as soon as the former one, and so is a larger one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log, Series
from tuheg_ir.diagnosis.rules._asked_hosts import asks
from tuheg_ir.diagnosis.rules._database_users import addresses
from tuheg_ir.diagnosis.rules._fed_by import OF_A_STORE
from tuheg_ir.diagnosis.rules._figures import SLOW_S, SLOWER, rise
from tuheg_ir.diagnosis.rules._sessions import released_before, role_of
from tuheg_ir.diagnosis.view.complaints import OFTEN, STILL, complaints, kind_spoken_of
from tuheg_ir.diagnosis.view.graph import foreign, hosts_in
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import begun, tells, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, PORTS
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LASTS_S = 5.0
"""Hardly a pool is waited for in vain, or takes a connection for lost, after less."""
HOLDS_S = 2.0
"""From here on it holds connections that others wait for, if it comes to that."""
_PACE = timedelta(minutes=2)
"""Answers that fail to come more seldom keep no pool: each of them keeps one connection, for less than that."""
_SIGNAL = "dependency_latency_p95"
_STORES = (*DATA, "pooler")
"""Roles of who keeps data, or leads to who does."""
_AT_PORT = late(r"(?<![\w.-])([a-z0-9][\w.-]*):(\d{4,5})\b", re.IGNORECASE)
_URL = late(r"(?<![\w+.:-])[a-z][\w+.:-]{0,40}://[^\s'\";]+", re.IGNORECASE)
"""An address, without what a driver of SQL Server is told behind it."""


def kept_by_calls(view: View, workload: Workload, missed: datetime | None) -> bool:
    """Tell whether answers of others take seconds now, and did before connections were missed.

    Not those of stores: many a client counts the time that it waits for a connection as theirs. Nor what had gone on
    for a while when a release came, and connections are missed since that alone; nor what is slow for it alone since a
    release, while others are answered by the same host as quick as ever.
    """
    if missed is None:
        return False
    came = workload.released_at if released_before(view, workload, missed) else None
    began = (*_measured(view, workload, came), *_told(view, workload, missed, came))
    return any(at <= missed and (came is None or came + BEFORE <= at) for at in began)


def _measured(view: View, workload: Workload, came: datetime | None) -> Iterator[datetime]:
    """Yield since when somebody's answers take seconds, as a workload measures them."""
    for label in labels_of(view, workload.ref, _SIGNAL):
        for series in view.figures.series(_SIGNAL, component=label):
            turn, name = rise(view, series, _SIGNAL, SLOWER, LASTS_S), series.labels.get("dependency", "")
            if turn is None or not _no_store(view, workload, name):
                continue
            # How slow they have become by now says nothing of when they first kept a connection for long.
            slow = max(HOLDS_S, SLOWER * turn.before)
            since = view.figures.alone(_SIGNAL, series).crossed(_SIGNAL, slow) or turn.since
            alone = came is not None and slow_for_it_alone(view, workload, _hosts(view, workload.ref, name), since)
            if since is not None and not alone:
                yield since


def _no_store(view: View, workload: Workload, name: str) -> bool:
    """Tell whether a figure's name is that of somebody who keeps no data: a workload, a host, whom a variable names.

    Any other name may be that of a pool or of a source of data, as `default` or `primary`.
    """
    meant = view.component(name) or view.graph.meant(workload.ref, name)
    led_to = view.graph.hosts_meant(workload.ref, name)
    hosts = hosts_in("host", name) | led_to
    if role_of(view, meant) in _STORES or any(_keeps_data(view, workload, each) for each in (name, *hosts)):
        return False
    return bool(meant or led_to or any(map(foreign, hosts)))


def _keeps_data(view: View, workload: Workload, host: str) -> bool:
    """Tell whether a host outside is a store's, by its words or by the setting that names it."""
    return _speaks_of_a_store(host) or bool(_at_ports(host)) or host.lower() in _stores(view, workload)


@once
def _stores(view: View, workload: Workload) -> frozenset[str]:
    """Return the hosts that a workload's settings name as those of stores: by their scheme, port or variable.

    Where a variable alone says so, it is none who is asked over HTTP: PG_URL may lead to a payment gateway.
    """
    named = {host for hosts in addresses(view, workload) for host in hosts}
    known = set()
    for _, value in view.graph.settings(workload):
        known |= _at_ports(value)
        for url in _URL.findall(value):
            scheme = url.partition("://")[0]
            if _speaks_of_a_store(scheme):
                known |= hosts_in("", url)
            elif scheme.lower().startswith("http"):
                named -= hosts_in("", url)
    return frozenset(named | known)


def _speaks_of_a_store(word: str) -> bool:
    return bool(kind_spoken_of(word) or OF_A_STORE.search(word))


def _at_ports(value: str) -> set[str]:
    return {host.lower() for host, port in _AT_PORT.findall(value) if int(port) in PORTS}


def _told(view: View, workload: Workload, missed: datetime, came: datetime | None) -> Iterator[datetime]:
    """Yield since when a pod tells again and again of answers that do not come, if that began not long before."""
    hits = {
        each.hit
        for each in complaints(view, "connection_timeout")
        if each.caller == workload.ref
        and (each.about or each.hosts)
        and role_of(view, each.about) not in _STORES
        and not any(_keeps_data(view, workload, host) for host in each.hosts)
        and not (came and slow_for_it_alone(view, workload, each.hosts, each.hit.first))
    }
    for log in (log for hit in hits for log in view.logs_with(hit)):
        times = _unanswered(view, workload, log)
        began = _steadily(view, times)
        if began is not None and times[-1] >= missed and soon_after(missed, began):
            yield began


def _steadily(view: View, times: list[datetime]) -> datetime | None:
    """Return since when something is told again and again, often enough to keep connections; None if it is not."""
    began = begun(times)
    lately = [at for at in times if began is not None and at >= began]
    return began if began and len(lately) >= OFTEN and view.now - began <= len(lately) * _PACE else None


def _unanswered(view: View, workload: Workload, log: Log, of: Collection[str] = ()) -> list[datetime]:
    """Return when a log tells that others than stores did not answer; several lines of a trace tell it once.

    ``of``: not where a line names none of these hosts, but another.
    """
    return sorted(
        {
            at
            for at, line in zip(times_near(log.lines), log.lines, strict=True)
            if at is not None
            and tells("connection_timeout", line)
            and not tells("pool_exhausted", line)
            and not kind_spoken_of(line)
            and not any(_keeps_data(view, workload, host) for host in hosts_named([line]))
            and (not of or not (named := {*hosts_named([line])}) or named & {*of})
        }
    )


@once
def unanswered_to_others(view: View, workload: Workload) -> list[datetime]:
    """Return since when others get no answer, or a slow one, of hosts outside that a workload asks as well.

    It may wait without a limit, and tell nothing of it. Not of stores: what it has left open in one keeps others.
    """
    away = (host for host in asks(view, workload) if view.graph.is_away(host))
    asked = {host for host in away if not _keeps_data(view, workload, host)}
    if not asked:
        return []
    turns = (rise(view, series, _SIGNAL, SLOWER, SLOW_S) for series in _of_others(view, workload, asked))
    found = [turn.since for turn in turns if turn and turn.since]
    theirs = [c for c in complaints(view, "connection_timeout") if c.caller != workload.ref and asked & {*c.hosts}]
    for each in theirs:
        other = view.workloads.get(each.caller)
        logs = view.logs_with(each.hit) if other and view.recent(each.hit.last, STILL) else ()
        found += [began for log in logs if other and (began := _steadily(view, _unanswered(view, other, log, asked)))]
    return found


def slow_for_it_alone(view: View, workload: Workload, hosts: Iterable[str], since: datetime | None) -> bool:
    """Tell whether others measure hosts that a workload finds slow, and all of them find them as quick as ever."""
    theirs = [*_of_others(view, workload, {*hosts})]
    quick = bool(theirs) and since is not None and all(_quick(view, each, since) for each in theirs)
    return quick and not unanswered_to_others(view, workload)


def is_asked_alone(view: View, workload: Workload, host: str) -> bool:
    """Tell whether nobody else measures a host or tells of it: whether it is slow for all nobody knows."""
    return not any(_of_others(view, workload, _hosts(view, workload.ref, host))) and not unanswered_to_others(
        view, workload
    )


def _of_others(view: View, workload: Workload, hosts: set[str]) -> Iterator[Series]:
    """Yield how long some hosts take to answer, as other workloads measure it."""
    for series in view.figures.series(_SIGNAL):
        caller = view.component(series.labels.get("component", ""))
        if caller not in ("", workload.ref) and hosts & _hosts(view, caller, series.labels.get("dependency", "")):
            yield series


def _hosts(view: View, caller: str, name: str) -> set[str]:
    """Return the hosts that a caller may mean by the name of whom it measures."""
    return {name.lower(), *view.graph.hosts_meant(caller, name)} - {""}


def _quick(view: View, series: Series, since: datetime) -> bool:
    figures = view.figures.alone(_SIGNAL, series)
    first, now = figures.first(_SIGNAL), figures.now(_SIGNAL)
    most = max((value for at, value in series.points if at >= since.timestamp()), default=HOLDS_S)
    return first is not None and now is not None and most < min(HOLDS_S, max(SLOW_S, SLOWER * first))
