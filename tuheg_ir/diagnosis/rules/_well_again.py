"""What did not answer and does again: the log of who asks it says so, or somebody is served at the same path since.

The newest word of it decides, whoever says it. Who asks it no more, as it lost what it asked for, is silent whether it
answers or not: silence tells of neither.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._got_through import failed, served
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import speaks_of, tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_STATES = (
    r"(?:ok(?:ay)?|up|well|fine|healthy|reachable|available|alive|online|normal|working|works|respond(?:s|ing)"
    r"|answer(?:s|ing)|succeed(?:s|ed|ing)|pass(?:es|ed|ing))"
)
_AGAIN = late(
    rf"\b{_STATES} again\b|\bagain {_STATES}\b|\b(?:is|are|came|come) back(?: (?:up|online)\b|\W*$)|\brecovered\b"
    r"|\bback (?:online|up|to normal|in service)\b|\b(?:has|have|was|were|been|is) restored\b"
    r"|\bbreaker\b.{0,120}(?:->|=>|\bto|\bnow|\bis|\bstate\W{1,3})\s?\W?closed\b",
    re.IGNORECASE,
)
"""How one tells that what did not answer does; a breaker is closed as a try went well."""
_NOT_YET = late(
    r"\b(?:not|never|until|till|unless|once|when|if|before|should|will|would|may|wait\w*|try\w*|retr(?:y|ies|ying)|soon)\b"
    r"|n't\b|\?",
    re.IGNORECASE,
)
"""It is hoped for, or asked."""
_ELSE = late(
    r"\bcach(?:e[ds]?|ing)\b|(?<!-)\bsnapshots?\b|\bconfig(?:s|uration)?\b|\bfall(?:ing|s|en)?[ -]?back\b"
    r"|\bup.to.date\b|\b(?:roll(?:ed|ing|s)?|revert(?:ed|ing|s)?|fell)[ -]?(?:back|to)\b|\brollback\b|\bversion \d"
    r"|\bfrom (?:an? |the )?(?:backup|journal|disk|file|memory|panic|dump)\b|\bdegraded\b|\binstead\b"
    r"|\b(?:mock|stub|dummy|sandbox|stand-?by|secondary|alternat\w{1,6}|dry.?run)(?:ed|s)?\b",
    re.IGNORECASE,
)
"""Something of one's own is well, or what stands in for whom one asks."""
_STORED = late(r"\bcache[ds]?\b(?![\w\"':= -]{0,10}miss)|\bstale\b", re.IGNORECASE)
_PROBE = late(
    r"(?<![a-z])(?:health\w{0,10}|alive|ready(?:z|ness)?|live(?:z|ness)|pings?|prob(?:e[ds]?|ing)|heartbeats?|kube-probe)"
    r"(?![a-z])|/(?:live|status|up|version|info|metrics)(?=[\s?\"',]|$)|\b(?:HEAD|OPTIONS)\b",
    re.IGNORECASE,
)
"""An answer out of a store, and one to who asks whether somebody is there, tell nothing of the work that hung."""
_PATH = late(
    r"\b(?:GET|POST|PUT|PATCH|DELETE|HEAD)\W{1,3}(/[^\s\"'?#,;]*)|\b(?:ur[il]|path)\W{1,4}(/[^\s\"'?#,;]*)",
    re.IGNORECASE,
)
"""A path that does not stand behind its host."""
_BEHIND = r"(?::\d{1,5})?(/[^\s\"'?#,;\\]*)"
_NUMBER = late(r"(?<=/)(?:\d+|(?=[a-f-]*\d)[\da-f-]{8,})(?=/|$)", re.IGNORECASE)
"""A part of a path that is another one in each call."""
_WORD = late(r"[a-z]{3,}", re.IGNORECASE)
_ANYBODYS = frozenset(
    (
        *("the", "and", "for", "with", "from", "this", "that", "time", "level", "info", "warn", "error", "msg"),
        *("logger", "status", "code", "again", "back", "was", "has", "are", "now", "closed", "open", "half"),
        *("breaker", "circuit", "health", "healthy", "check", "probe", "call", "request", "attempt", "failed"),
        *("client", "server", "service", "upstream", "remote", "connection", "connected", "api", "recovered"),
        *("available", "reachable", "post", "get", "timeout", "timed", "out", "after", "state", "context"),
        *("deadline", "exceeded", "http", "https", "com", "net", "org", "example"),
    )
)
"""Words that may stand in any such line, and tell of nobody."""
_LONG = 5
"""A word of so many letters that is a part of a host's name means that host."""


def well_again(
    view: View, workload: Workload, ill: Sequence[str], since: datetime, away: Collection[str]
) -> Evidence | None:
    """Return what tells since a time that whom a workload complained of answers again; None: nothing, or not lastly.

    ``ill``: its complaints; ``away``: troubles by which anybody tells that it answers not.
    """
    hosts = set(hosts_named(ill))
    paths = {path for line in ill for path in _paths(line, hosts)}
    own = tuple(view.logs_of(workload.live, previous=False))
    others = tuple(log for log in view.snapshot.logs if hosts and not log.previous and speaks_of(log, hosts))
    told = [*_own(own, ill, hosts, since), *_of_others(others, hosts, paths, since)]
    if not told:
        return None
    last, pod, line = max(told)
    of_it = (each for log in own for _, each in _since(log, last) if _is_of(each, ill, hosts))
    of_host = [each for log in others for _, each in _since(log, last) if _may_be_at(each, hosts, paths)]
    if any(map(failed, of_host)) or any(_is_ill(each, away) for each in (*of_host, *of_it)):
        return None
    return Evidence("logs", f"Pod/{pod}", f"what it asked answers again: {line.strip()}", last)


def _own(
    logs: Sequence[Log], ill: Sequence[str], hosts: set[str], since: datetime
) -> Iterator[tuple[datetime, str, str]]:
    for log in logs:
        for at, line in _since(log, since):
            if not _AGAIN.search(line) or _NOT_YET.search(line) or _ELSE.search(line) or complains(line):
                continue
            if _is_of(line, ill, hosts):
                yield at, log.pod, line


def _of_others(
    logs: Sequence[Log], hosts: set[str], paths: set[str], since: datetime
) -> Iterator[tuple[datetime, str, str]]:
    """Yield who tells that such a host served it at, or below, such a path; at any where no complaint names one."""
    for log in logs:
        for at, line in _since(log, since):
            if not _names(line, hosts) or not served(line):
                continue
            if _STORED.search(line) or _is_probe(line, hosts):
                continue
            if not paths or any(_within(path, whole) for path in _paths(line, hosts) for whole in paths):
                yield at, log.pod, line


def _may_be_at(line: str, hosts: set[str], paths: set[str]) -> bool:
    """Tell whether a line is of such a host, and of no other path."""
    if not _names(line, hosts):
        return False
    named = _paths(line, hosts)
    return not named or not paths or any(_within(a, b) or _within(b, a) for a in named for b in paths)


def _is_ill(line: str, away: Collection[str]) -> bool:
    return complains(line) or any(tells(each, line) for each in away)


def _is_probe(line: str, hosts: set[str]) -> bool:
    """Tell whether a line is of who only asks whether somebody is there, whatever a host is called."""
    return _PROBE.search(re.sub(_any_of(hosts), " ", line, flags=re.IGNORECASE)) is not None


def _any_of(hosts: set[str]) -> str:
    return "|".join(map(re.escape, sorted(hosts, key=len, reverse=True)))


def _names(line: str, hosts: set[str]) -> bool:
    """Tell whether a line names one of some hosts; most do not hold its name at all, which is cheaper to see."""
    said = line.lower()
    return any(host in said for host in hosts) and bool(hosts & set(hosts_named([line])))


def _paths(line: str, hosts: set[str]) -> set[str]:
    """Return the paths that a line names at some hosts, without numbers of single things."""
    at = rf"(?:(?<=//)|(?<=@)|(?<![\w./-]))(?:{_any_of(hosts)}){_BEHIND}"
    found = set(re.findall(at, line, re.IGNORECASE)) if hosts else set()
    found = found or {one or other for one, other in _PATH.findall(line)}
    return {_NUMBER.sub("#", path).rstrip("/.:)\"'") for path in found} - {""}


def _within(path: str, whole: str) -> bool:
    return path == whole or path.startswith(f"{whole}/")


def _since(log: Log, since: datetime) -> Iterator[tuple[datetime, str]]:
    return ((at, line) for line in log.lines if (at := stamp(line)) and at > since)


def _is_of(line: str, ill: Sequence[str], hosts: set[str]) -> bool:
    """Tell whether a line is of whom some complaints are of: by its host, or by a word that not anybody has."""
    named = set(hosts_named([line]))
    if named:
        return bool(named & hosts)
    said = _words(line)
    return bool(said & {word for each in ill for word in _words(each)}) or any(
        word in host for word in said if len(word) >= _LONG for host in hosts
    )


def _words(line: str) -> set[str]:
    return {word.lower() for word in _WORD.findall(without_time(line))} - _ANYBODYS
