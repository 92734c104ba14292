"""Another server of a database was made the primary: who tells of it, who leads since, and who cannot follow it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

_MOVE = late(
    r"fail(?:ed|ing)?[ -]?over|switch(?:ed|ing)?[ -]?over|promot"
    r"|primary ?switch|switch(?:ed|ing)? (?:the )?(?:primary|master|leader)\b",
    re.IGNORECASE,
)
"""How operators tell that they make another server the primary."""
WRITES = late(r"read_only\b.{0,8}(?:=|\bto\b) ?(?:(OFF|0)|ON|1)\b", re.IGNORECASE)
"""How MySQL tells that it takes writes (found) or takes them no more."""
_FOLLOWED = late(r"\bStart (?:semi-sync )?binlog_dump to \w", re.IGNORECASE)
"""How a server of MySQL or MariaDB tells that another one follows it."""
_FOLLOWS = late(
    r"\bCHANGE (?:REPLICATION SOURCE|MASTER) TO\b.{0,60}executed.*?New state \w+_host\s?=\s?'([\w.-]+)'", re.IGNORECASE
)
"""How a server of MySQL or MariaDB tells which other one it was made to follow."""
_FORGOT = late(r"\bRESET (?:REPLICA|SLAVE) (?:'\w+' )?ALL\b", re.IGNORECASE)
"""How a server of MySQL or MariaDB tells that it was made to forget whom it followed."""
_MADE = (
    r"(?:\b(?:(?<!connect )(?<!connection )to|promot(?:e|ed|ing|ion of)|new (?:primary|master|leader)(?: is)?)|->)"
    r"[ :=]+"
    r"(?:(?:the|new|pod|replica|standby|server|instance|node|primary|master|leader)[ :=]+){{0,3}}"
    r"[\"'`]?(?:{0})(?![\w-])"
    r"|(?<![\w.-])(?:{0}) (?:leads|(?:is |was |has been )?promoted|is (?:now )?the new (?:primary|master|leader))\b"
)
"""How somebody tells that a server of these names is made the primary."""
_SWITCHED = late(r"[+]switch-master \S+ \S+ \d+ (\S+)|[+]promoted-slave slave \S+ (\S+)", re.IGNORECASE)
"""How a Sentinel of Redis tells which server takes the writes from now on: it may watch over several caches."""
_WATCHED = late(r"sentinel|:26379\b", re.IGNORECASE)
"""How settings name who watches over the servers of a Redis and knows which of them leads."""
LEADING = ("primary", "master", "leader")
"""Values of labels by which a Service chooses the server that leads."""
_NEAR = timedelta(minutes=10)
"""A switch takes no longer: what a server does as part of it is told so near to it."""
_ANEW = timedelta(minutes=10)
"""Whom a server refuses so soon after its start it refuses by what it read then."""
_LONGEST = 20_000
"""No setting is looked through further than this."""


def moves(view: View) -> Iterator[Event]:
    """Yield the events of late that tell of another primary."""
    for event in view.events:
        if _MOVE.search(f"{event.reason} {event.message}") and view.recent(event.last):
            yield event


def leads_since(view: View, stopped: Hit) -> bool:
    """Tell whether a server stopped following because it was made the primary: it takes writes since, or is told to.

    That another one was made the primary then, and that it is followed, is no sign: so is each replica of replicas.
    But who is followed and was made to forget whom it followed leads.
    """
    at, workload = stopped.last, view.workloads.get(stopped.component)
    if at is None or workload is None or stopped.previous:
        return False
    pods = [pod for pod in workload.pods if pod.name == stopped.pod]
    lines = (line for log in view.logs_of(pods, previous=False) for line in log.lines)
    after = [(since, line) for line in lines if (since := stamp(line)) is not None and since >= at]
    writes = [(bool(said[1]), since - at <= _NEAR) for since, line in after if (said := WRITES.search(line))]
    if writes:
        return writes[-1][0] and (True, True) in writes
    if not any(_FOLLOWED.search(line) for _, line in after) and not _led_to(view, workload, stopped, at):
        return False
    near = [line for since, line in after if since - at <= _NEAR]
    return _no_replica_any_more(near) or _made_primary(view, workload, stopped, at)


def switched_to(view: View, said: str, caches: Collection[Workload]) -> bool:
    """Tell whether a Sentinel says that a server of one of these caches takes the writes from now on."""
    told = _SWITCHED.search(said)
    return told is not None and view.graph.resolve(told[1] or told[2]) in {each.ref for each in caches}


def named_alone(view: View, client: Workload, about: Collection[str]) -> str:
    """Return the one pod, of several of a store, that a client's settings name; "" if they name more, or the store.

    ``about``: the stores that are known to refuse it. Whoever has but one server's name finds no other one, however
    often it is started.
    """
    pods = [pod.name for ref in about if ref in view.workloads for pod in view.workloads[ref].live]
    settings = ((key, value[:_LONGEST]) for key, value in view.graph.settings(client))
    hosts = {host for key, value in settings for host in hosts_in(key, value) if view.graph.resolve(host) in about}
    named = {_of_pod(view, host, about) for host in hosts}
    return named.pop() if len(pods) > 1 and len(named) == 1 else ""


def settled_on(view: View, client: Workload, one: str, about: Collection[str]) -> tuple[Change, ...]:
    """Return by which changes a client names one server of a store alone, and found the one that leads before.

    Before them it named several servers, who watches over them (a Sentinel), or the Service of the one that leads.
    """
    changed = [c for c in client.changed("env", "command") if c.before != c.after]
    sides = [(_servers(view, c, c.before, about), _servers(view, c, c.after, about), c) for c in changed]
    now = {host for _, after, _ in sides for host in after}
    if not now or one not in {_of_pod(view, host, about) for host in now}:
        return ()
    watched = [c for c in changed if _WATCHED.search(f"{c.field} {c.before}") and c.before]
    if any(c.after and _WATCHED.search(f"{c.field} {c.after}") for c in changed):
        return ()
    before = {host for was, _, _ in sides for host in was}
    several = len({_of_pod(view, host, about) for host in before} - {""}) > 1
    if not (watched or several or any(_leads_to_one(view, host) for host in before)):
        return ()
    return tuple(c for was, after, c in sides if was or after or c in watched)


def _servers(view: View, change: Change, value: str, about: Collection[str]) -> set[str]:
    """Return the hosts of some stores that a changed setting names on one side."""
    return {host for host in hosts_in(change.name, value) if view.graph.resolve(host) in about}


def _of_pod(view: View, host: str, about: Collection[str]) -> str:
    """Return the pod of some stores that a host is, by its name or address; "" if it is none."""
    pods = {pod.name: pod for ref in about if ref in view.workloads for pod in view.workloads[ref].live}
    by_address = {pod.address: pod.name for pod in pods.values()}
    name = by_address.get(host) or host.partition(".")[0]
    return name if name in pods else ""


def _leads_to_one(view: View, host: str) -> bool:
    """Tell whether a host is a Service that chooses the server that leads."""
    service = view.services.get(host.partition(".")[0])
    return service is not None and any(str(value).lower() in LEADING for value in service.selector.values())


def only_server(view: View, about: Collection[str], since: datetime | None) -> str:
    """Return the one pod that refuses writes since then, if nobody else took them over; "" if there may be others.

    It was started anew just before: no session with its former process is left. Or it is a cache, and no other of its
    kind is here: new sessions come to the same server, which was made one that only reads. Of a database one often sees
    no more than the name of servers that are elsewhere.
    """
    known = [view.workloads[ref] for ref in about if ref in view.workloads]
    if len(known) != 1 or known[0].wanted > 1 or len(known[0].live) != 1:
        return ""
    started = known[0].live[0].started
    if since is not None and started is not None and timedelta(0) <= since - started <= _ANEW:
        return known[0].ref
    if role(known[0]) != "cache":
        return ""
    like = [each for each in of_role(view.workloads, "cache") if each.kind not in BATCH]
    return known[0].ref if like == known else ""


def _no_replica_any_more(lines: Iterable[str]) -> bool:
    """Tell whether a server was made to forget whom it followed, and not only to follow another one instead."""
    told = [bool(_FORGOT.search(line)) for line in lines if _FORGOT.search(line) or _FOLLOWS.search(line)]
    return bool(told) and told[-1]


def _led_to(view: View, workload: Workload, stopped: Hit, at: datetime) -> bool:
    """Tell whether another server of the same workload was made to follow this one in those minutes."""
    others = [pod for pod in workload.pods if pod.name != stopped.pod]
    for line in (line for log in view.logs_of(others, previous=False) for line in log.lines):
        told = _FOLLOWS.search(line)
        if told and told[1].partition(".")[0] == stopped.pod and (since := stamp(line)) and abs(since - at) <= _NEAR:
            return True
    return False


def _made_primary(view: View, workload: Workload, stopped: Hit, at: datetime) -> bool:
    """Tell whether an event of those minutes, or a log of anybody, says that this very one was made the primary."""
    alone = len(workload.pods) == 1
    names = "|".join(re.escape(each) for each in (stopped.pod, *((workload.name,) if alone else ())))
    indexed = rf"{names}|index '?{re.escape(stopped.pod.rpartition('-')[2])}"
    told = [
        (event.last, f"{event.reason} {event.message}", indexed if _is_of(event, workload) else names)
        for event in moves(view)
    ]
    told += [(hit.last, hit.line, names) for hit in view.hits_of(stopped.component, "failover")]
    told += [(stamp(line), line, names) for line in _of_tools(view, workload, stopped.pod)]
    near = (each for each in told if each[0] is not None and abs(each[0] - at) <= _NEAR)
    return any(re.search(_MADE.format(named), said, re.IGNORECASE) for _, said, named in near)


def _of_tools(view: View, workload: Workload, server: str) -> Iterator[str]:
    """Yield what others log of a server that they make the primary: whoever moves it says so, and not the server.

    A client's driver says the same where it only asks another server from now on.
    """
    no_tools = {workload.ref, *view.graph.callers(workload.ref)}
    for log in view.snapshot.logs:
        if view.owner_of(log.pod) not in no_tools:
            yield from (line for line in log.lines if server in line and _MOVE.search(line))


def _is_of(event: Event, workload: Workload) -> bool:
    """Tell whether an event is about a database, as its operator calls it: an index is then one of its servers."""
    return event.about.partition("/")[2] == workload.name
