"""A store is a replica of its own name: it takes no writes, and waits for itself to send it what it has.

Mostly its settings were mixed up with those of a replica days before, and it read them at its next start only. Whoever
asks it may still read; no start anew and no release of anybody makes it lead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, told
from tuheg_ir.diagnosis.view.logs import lines_told, speaks_of
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

_FOLLOWS = late(
    r"\bConnecting to (?:MASTER|PRIMARY) ([\w.-]+):(\d+)"
    r"|\b(?:REPLICAOF|SLAVEOF) ([\w.-]+):(\d+) enabled"
    r"|\bconnected to (?:source|master) '[^'@]{0,80}@([\w.-]+):(\d+)'"
    r"|\bto the primary server: .{0,40}server at \"([\w.-]+)\".{0,60}port (\d+)",
    re.IGNORECASE,
)
"""How a server of Redis, Valkey, MySQL, MariaDB or PostgreSQL tells which other one it follows, or tries to."""
_WORDS = ("connecting to", "enabled (user", "connected to", "primary server", "master mode", "sync: finished")
_ENDED = late(
    r"(?:MASTER|PRIMARY) MODE enabled|<-> (?:REPLICA|SLAVE) sync: Finished with success"
    r"|Replica(?:tion)? (?:stopped|reset)|RESET (?:REPLICA|SLAVE)|selected new timeline",
    re.IGNORECASE,
)
"""How it tells that it follows nobody any more, or has got what it waited for: nobody gets that from himself."""
_SETTING = late(
    r"(?:^|[\s\"'-])(?:replicaof|slaveof)\"?[\s,=\"']+([\w.-]+)[\s:\"']+(\d+)"
    r"|(?:^|\s)primary_conninfo\s*=.{0,200}\bhost=([\w.-]+)(?:.{0,200}\bport=(\d+))?"
    r"|(?:^|\s)(?:source|master)_host\s*=\s*'?([\w.-]+)(?:.{0,200}(?:source|master)_port\s*=\s*(\d+))?",
    re.IGNORECASE | re.MULTILINE,
)
"""How settings say whom a server follows."""
_OF_REPLICAS = late(r"replica(?!tion)|slave|secondary|standby|reader", re.IGNORECASE)
"""Names of files, of several in one ConfigMap, that are for those servers alone which follow another."""
_HERE = ("localhost", "127.0.0.1", "::1")
_BY_HAND = "somebody made it follow itself: who knows which server leads has to open one"
LATELY = timedelta(hours=12)
OFTEN = 3
"""So many times it has asked itself: a Sentinel that puts it right does so at once."""
CLOCKS = timedelta(minutes=2)


class _Follows(NamedTuple):
    """The name of its own that a server follows, and what shows it."""

    host: str
    seen: Evidence


def when(view: View) -> Iterator[Match]:
    """A server follows its own name, by its log or by what it read at its start, and takes no writes by that."""
    refused = complaints(view, "read_only_database")
    for store in of_role(view.workloads, "cache", "database"):
        for pod in store.live:
            told_to = _told_to(view, store, pod)
            follows = _by_log(view, store, pod) or (_by_settings(told_to, pod) if _silent(view, pod) else None)
            mine = [each for each in refused if _asks(view, store, pod, each)] if follows else []
            if follows and (mine or follows.seen.source == "logs"):
                yield _match(view, store, pod, follows, mine)
                break


def _match(view: View, store: Workload, pod: Pod, follows: _Follows, found: list[Complaint]) -> Match:
    began = oldest((*(each.hit.first for each in found), follows.seen.time))
    written = next((seen for host, seen in _told_to(view, store, pod) if host == follows.host), None)
    by = _of_release(store, follows.host, began)
    wrote = written.object if written is not None and written.object != store.ref and not by else store.ref
    tellers = {each.caller for each in found}
    others = (ref for ref in behind(view, store.ref, *tellers, but=store.ref) if ref not in tellers)
    callers = tuple(sorted({*tellers, *not_their_own(view, others, began)} - {store.ref}))
    barred = (*RESTARTS, "scale_workload", "scale_database", *(() if by else ("rollback_workload",)))
    why = f"each start makes it follow {follows.host}, which is itself" if written else _BY_HAND
    changed = (Evidence("objects", store.ref, f"released: {by.told()}", store.released_at),) if by else ()
    return Match(
        component=wrote,
        evidence=(follows.seen, *(e for e in (written,) if e and e != follows.seen), *changed, *told(view, found)),
        certainty=0.85 if follows.seen.source == "logs" else 0.7,
        remedy="rollback_workload" if by else "",
        target=store.ref if by else "",
        since=began,
        explains=tuple(dict.fromkeys((store.ref, *callers))) if wrote != store.ref else callers,
        excludes=(
            *not_for((store.ref,), why, barred),
            *not_for(callers, f"{pod.name} follows itself: whoever asks it is refused, new pods too"),
        ),
    )


def _by_log(view: View, store: Workload, pod: Pod) -> _Follows | None:
    """Return the name of its own that a server follows now, as it tells again and again."""
    for log in view.logs_of([pod], previous=False):
        found: list[tuple[str, str]] = []
        for line in log.lines if speaks_of(log, _WORDS) else ():
            if _ENDED.search(line):
                found = []
            elif to := _target(_FOLLOWS.search(line)):
                own = _is_own(view, store, pod, *to, ports=_ports(store, log))
                found = [*found, (to[0], line)] if own else []
        if len(found) >= OFTEN:
            since = stamp(found[0][1])
            return _Follows(found[-1][0], lines_told(pod.name, len(found), found[-1][1].strip()[:240], since))
    return None


def _by_settings(told_to: list[tuple[str, Evidence]], pod: Pod) -> _Follows | None:
    """Return the name of its own that a server follows by its settings, where it was written before its start."""
    for host, seen in told_to:
        if seen.time is None or (pod.started is not None and seen.time <= pod.started):
            return _Follows(host, seen._replace(time=pod.started))
    return None


def _told_to(view: View, store: Workload, pod: Pod) -> list[tuple[str, Evidence]]:
    """Return the names of its own that the settings of a server tell it to follow, and where they stand."""
    said = [
        (f"ConfigMap/{label}", str(value), edited(obj))
        for label, obj in view.maps_read(store.template)
        for key, value in mapping(obj, "data").items()
        if not _OF_REPLICAS.search(str(key))
    ]
    words = " ".join(word for _, word in view.graph.commands(store))
    found = []
    for ref, value, at in ((store.ref, words, None), *said):
        to = _target(_SETTING.search(value[:20_000]))
        if to and _is_own(view, store, pod, *to, ports=_ports(store)):
            fact = f"{store.ref} reads there that it is a replica of {to[0]}, which is itself"
            found.append((to[0], Evidence("objects", ref, fact, at)))
    return found


def _target(found: re.Match[str] | None) -> tuple[str, str] | None:
    """Return the host and port ("" if not said) of the one alternative of a pattern that was found."""
    groups = [each or "" for each in found.groups()] if found else []
    return next(((host.strip("."), port) for host, port in zip(groups[::2], groups[1::2], strict=True) if host), None)


def _is_own(view: View, store: Workload, pod: Pod, host: str, port: str, *, ports: frozenset[str]) -> bool:
    """Tell whether a host and port are those of a server itself: at another port of its pod a proxy may lead on."""
    if port and ports and port not in ports and host in (*_HERE, pod.address):
        return False
    if host in (*_HERE, pod.address):
        return True
    service = view.services.get(host.partition(".")[0])
    if view.graph.resolve(host) != store.ref or (service is not None and store.ref not in service.backends):
        return False
    return host.partition(".")[0] == pod.name or (store.wanted <= 1 and len(store.live) == 1)


def _ports(store: Workload, log: Log | None = None) -> frozenset[str]:
    """Return the ports of a store's containers, or of the one that wrote a log."""
    containers = items(store.template, "spec", "containers")
    mine = [each for each in containers if log is None or text(each, "name") == log.container] or containers
    return frozenset(str(port.get("containerPort")) for each in mine for port in items(each, "ports"))


def _silent(view: View, pod: Pod) -> bool:
    """Tell whether nobody has read what a server tells of whom it follows, and it was started of late."""
    return view.recent(pod.started, LATELY) and not any(
        _FOLLOWS.search(line) or _ENDED.search(line)
        for log in view.logs_of([pod], previous=False)
        for line in log.lines
    )


def _asks(view: View, store: Workload, pod: Pod, refused: Complaint) -> bool:
    """Tell whether a caller is refused by this very server, since its start."""
    first = refused.hit.first
    named = any(view.graph.resolve(host) == store.ref for host in (*refused.hosts, *refused.hit.hosts))
    since = first is None or pod.started is None or first >= pod.started - CLOCKS
    return since and refused.caller != store.ref and (refused.about == store.ref or named)


def _of_release(store: Workload, host: str, began: datetime | None) -> Change | None:
    """Return the change of a store's own release by which it follows itself."""
    changed = store.changed("command", "env", "mounts") if since_release(store, began) else ()
    return next((each for each in changed if host in each.after and host not in each.before), None)


RULE = Rule(
    name="follows_itself",
    title="A store is a replica of itself, and takes no writes",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no store follows a name of its own",
)
