"""What log lines say, by a table of patterns: which trouble, about which host, how often, since when."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any

import yaml

from tuheg_ir.diagnosis.model import Log, Snapshot
from tuheg_ir.diagnosis.view.alike import shape_of
from tuheg_ir.diagnosis.view.literals import Pattern
from tuheg_ir.diagnosis.view.reading import parse_moment
from tuheg_ir.diagnosis.view.spoken_of import Names
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_STAMP = re.compile(
    rf"(?P<iso>\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}(?:Z| ?[+-]\d\d:?\d\d\b)?)"
    rf"|(?P<named>\d\d[ /-][A-Z][a-z]{{2}}[ /-]\d{{4}}[ :]{_CLOCK}(?: [+-]\d{{4}}\b)?)"
    rf"|(?P<c>\b[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \d{{4}}\b)"
)
"""Times as programs write them: RFC 3339 and its like, the forms of web servers, PHP and Redis, and C's own."""
ADDRESS = re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
"""An IPv4 address in a line."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_NAMED = re.compile(r"(\d\d).(\w{3}).(\d{4}).([\d:.,]+) ?([+-]\d{4})?")
_NAME = r"([A-Za-z0-9][A-Za-z0-9._-]*)"
_HOST = re.compile(
    "|".join(
        (
            r"(?<!\+)(?:https?|postgres(?:ql)?|mysql|rediss?|amqps?|jdbc:\w+|tcp|mongodb(?:\+srv)?|nats|grpc|dns)://"
            rf"(?:[^@/\s]*@)?/?{_NAME}",
            rf"\bhost=['\"]?{_NAME}",
            rf"\b(?:upstream|target|dest(?:ination)?|dependency|downstream|backend|addr(?:ess)?)['\"]?\s*[=:]\s*['\"]?"
            rf"{_NAME}(?!://)\b",
            rf"\b(?:server|endpoint|peer)=['\"]?{_NAME}(?!://)\b",
            rf"connect(?:ing|ion)? to \w+ (?:server )?(?:at|on) ['\"]?{_NAME}",
            rf"\bcall(?:ing)? to ['\"]?{_NAME}",
            # `api.pay.example answered 503`: a domain, as any word may answer something.
            r"(?<![\w./@-])([a-z0-9][a-z0-9-]*(?:\.[a-z0-9-]+)+)(?::\d+)? (?:answered|responded|replied|returned)\b",
            rf"\b4[25]1 4\.\d\.\d {_NAME}",
            rf"\b{_NAME}/(?:\d{{1,3}}\.){{3}}\d{{1,3}}:\d{{2,5}}\b",
            r"(?:(?:dial tcp:? )?lookup|dial tcp|host name|hostname|host|resolve host:?|resolve|server at|server on"
            r"|getaddrinfo \w+|connect(?:ing|ion)? to(?: node -?\d+)?|ENOTFOUND|EAI_AGAIN|UnknownHostException:|broker)"
            rf" [\"'(]?{_NAME}",
            rf"\b{_NAME}: connect E[A-Z]+",
            rf"\b(?:\d{{1,3}}\.){{3}}\d{{1,3}}:\d{{2,5}} \({_NAME}\)",
            r"\b([a-z][a-z0-9.-]*[a-z0-9]):(?:80|443|587|465|1433|1521|2181|3000|3306|4222|50051|5000|5432|5671|5672|6379|6380|"
            r"6432|8000|8080|8081|8443|8888|9000|9092|9093|9200|11211|27017|27018)\b",
            # Whom a server serves is a client of it, and nobody that it calls.
            r"(?<!serving )(?<!client: )(?<!client=)(?!(?<=handshake error from )[\d.:]+: remote error)"
            r"\b((?:\d{1,3}\.){3}\d{1,3})(?::\d+)?\b",
        )
    )
)
"""Where servers and client libraries name the host that they speak of."""
_WORDS = frozenset(
    {"to", "the", "a", "and", "host", "server", "database", "lookup", "node", "address", "name", "is", "not", "in"}
    | {"on"}
)
"""What stands in the place of a host in plain sentences."""
_EPOCH = re.compile(
    r'(?:"@?(?:time|ts|timestamp|t|epoch|epochSecond|unixtime)": ?"?|\bts=)(1\d{9})(\d{3})?(?:\d{3}|\d{6})?(\.\d+)?\b'
)
"""Seconds since 1970, or thousandths and less of them, in a line of JSON or of key=value."""
_LINE_CHARS = 2000
"""No pattern is asked about more of a line than this: a line of megabytes is no message."""
_ASKED_AGAIN = 1 << 14
"""So many lines are kept apart from their times: one rule after the other asks for the same ones."""
_LINES = 2000
"""No more of a log's newest lines are read."""

_SILENT = timedelta(minutes=2)
_LONG = 10
_AGAIN = 4
"""A trouble of so many lines began anew after a silence of minutes that is so many times as long as theirs."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A trouble that a container's log tells of: how many lines, one of them, the hosts named in them."""

    trouble: str
    component: str
    pod: str
    container: str
    count: int
    line: str
    hosts: tuple[str, ...]
    first: datetime | None
    last: datetime | None
    previous: bool


# `[53300] LOG:  ...`, `[53300]: [4-1] ...`: the prefix of a line, where a server writes which process it is.
_NO_PROCESS = r"(?!:|\s+(?:[\w.-]*@[\w.-]*\s+)?(?:LOG|HINT|DETAIL|CONTEXT|STATEMENT|NOTICE|WARNING|ERROR|FATAL|PANIC):)"


@cache
def _table() -> Mapping[str, Mapping[str, Any]]:
    source = (files("tuheg_ir.diagnosis.view") / "log_patterns.yml").read_text(encoding="utf-8")
    read: Mapping[str, Mapping[str, Any]] = yaml.load(source, Loader=yaml.CSafeLoader)
    return read


@cache
def words() -> Mapping[str, tuple[Pattern, ...]]:
    """Return trouble -> how it is told, from log_patterns.yml: patterns that ignore case but for their `(?-i:...)`."""
    return {trouble: tuple(map(_pattern, _any_of(entry))) for trouble, entry in _table().items()}


def _pattern(source: str) -> Pattern:
    cased = "(?-i:" in source
    return Pattern(source if cased else _lowered(source), cased=cased)


def tells(trouble: str, text: str) -> bool:
    """Tell whether a text tells of a trouble; what else is in it does not matter."""
    return _within(words()[trouble], text, text.lower())


def _within(patterns: Iterable[Pattern], text: str, lowered: str) -> bool:
    return any(pattern.within(text, lowered) for pattern in patterns)


def speaks_of(log: Log, names: Iterable[str]) -> bool:
    """Tell whether a log holds any of some texts, given in lower case, in any case.

    It takes a hundredth of what a pattern takes that each line is asked for.
    """
    whole = "\n".join(log.lines).lower()
    return any(name in whole for name in names)


def _lowered(pattern: str) -> str:
    return re.sub(r"\\.|[A-Z]", lambda found: found[0] if found[0][0] == "\\" else found[0].lower(), pattern)


def _any_of(entry: Mapping[str, Any]) -> Iterator[str]:
    """Yield the patterns of a trouble.

    A number is its code where it stands as one, and not in a path or an amount, or as the process of PostgreSQL's line.
    """
    yield from entry["any"]
    for code in entry.get("codes", ()):
        yield rf"(?:sqlstate|code|state|error)\W{{0,4}}{code}\b|[\[(]{code}[\])]{_NO_PROCESS}|\b{code}: "


@cache
def _unless() -> Mapping[str, re.Pattern[str]]:
    """Return trouble -> what a line must not hold."""
    return {t: re.compile(entry["unless"]) for t, entry in _table().items() if "unless" in entry}


def hits(snapshot: Snapshot, found: Mapping[str, Workload]) -> tuple[Hit, ...]:
    """Return every trouble that a log tells of."""
    above = {pod.name: ref for ref, workload in found.items() for pod in workload.pods}
    told: dict[str, frozenset[str]] = {}
    names = Names(snapshot, found)
    every = (hit for log in snapshot.logs for hit in _of(log, above.get(log.pod, f"Pod/{log.pod}"), told, names))
    return tuple(sorted(every, key=lambda h: (h.component, h.pod, h.container, h.previous, h.trouble)))


def _of(log: Log, component: str, told: dict[str, frozenset[str]], names: Names) -> Iterator[Hit]:
    lines = [line[:_LINE_CHARS] for line in log.lines[-_LINES:] if line and not line.isspace()]
    for trouble, bares in _sorted_out(lines, told).items():
        seen = [lines[at] for at, _ in bares]
        times = [time for line in seen if (time := stamp(line)) is not None]
        first, last = (_begun(times), max(times)) if times else _between(lines, [at for at, _ in bares])
        said = {bare for _, bare in bares}
        yield Hit(
            trouble=trouble,
            component=component,
            pod=log.pod,
            container=log.container,
            count=len(seen),
            line=seen[-1].strip()[:300],
            hosts=tuple(sorted({*_hosts(said), *names.spoken_of(trouble, said)})),
            first=first,
            last=last,
            previous=log.previous,
        )


def _between(lines: Sequence[str], seen: Sequence[int]) -> tuple[datetime | None, datetime | None]:
    """Return when lines without a time, as those of a trace, were told at the earliest and at the latest.

    It is after what stands before them and before what follows; at the beginning or the end of a log nobody knows.
    """
    upto, until = times_around(lines)
    first, last = upto[seen[0]], until[seen[-1]]
    known = [time for at in seen if (time := upto[at]) is not None]
    return (_begun(known) if first else None), last


def times_around(lines: Sequence[str]) -> tuple[list[datetime | None], list[datetime | None]]:
    """Return for each line the last time told up to it, and the first one from it on; None where there is none."""
    own = [stamp(line) for line in lines]
    upto, until = list(own), list(own)
    for at in range(1, len(own)):
        upto[at] = own[at] or upto[at - 1]
    for at in range(len(own) - 2, -1, -1):
        until[at] = own[at] or until[at + 1]
    return upto, until


def _begun(times: list[datetime]) -> datetime | None:
    """Return when what is told now began: what was silent for long, next to how often it is told since, came anew."""
    ordered = sorted(times)
    for at in range(len(ordered) - _AGAIN, 0, -1):
        silent = ordered[at] - ordered[at - 1]
        pace = (ordered[-1] - ordered[at]) / (len(ordered) - at - 1)
        if silent > max(_SILENT, _LONG * pace):
            return ordered[at]
    return ordered[0] if ordered else None


def _sorted_out(lines: list[str], told: dict[str, frozenset[str]]) -> dict[str, list[tuple[int, str]]]:
    """Return trouble -> the places of its lines, each with what the line says without its time.

    Lines that differ in numbers only are asked once, new ones all at once first.
    """
    shaped: list[tuple[int, str, str]] = []
    new: dict[str, str] = {}
    for at, line in enumerate(lines):
        bare = without_time(line)
        shape = shape_of(bare)
        shaped.append((at, bare, shape))
        if shape not in told:
            new.setdefault(shape, bare)
    whole = "\n".join(new.values())
    lowered = whole.lower()
    able = {trouble: each for trouble, each in words().items() if new and _within(each, whole, lowered)}
    for shape, bare in new.items():
        lowered = bare.lower()
        troubles = (trouble for trouble, each in able.items() if _within(each, bare, lowered))
        told[shape] = frozenset(trouble for trouble in troubles if not _excepted(trouble, bare))
    found: dict[str, list[tuple[int, str]]] = {}
    for at, bare, shape in shaped:
        for trouble in told[shape]:
            found.setdefault(trouble, []).append((at, bare))
    return {trouble: found[trouble] for trouble in words() if trouble in found}


def _excepted(trouble: str, text: str) -> bool:
    unless = _unless().get(trouble)
    return unless is not None and unless.search(text) is not None


@lru_cache(maxsize=_ASKED_AGAIN)
def without_time(line: str) -> str:
    """Return a line without its time: the same message comes again and again."""
    return _EPOCH.sub("", _STAMP.sub("", line)).strip()


@lru_cache(maxsize=_ASKED_AGAIN)
def stamp(line: str) -> datetime | None:
    """Return the time that a line of a log begins with or holds."""
    if found := _STAMP.search(line):
        return _read(found)
    if since := _EPOCH.search(line):
        seconds, thousandths, fraction = since.groups()
        return datetime.fromtimestamp(float(f"{seconds}{fraction or ''}") + int(thousandths or 0) / 1000, UTC)
    return None


def _read(found: re.Match[str]) -> datetime | None:
    if iso := found["iso"]:
        return parse_moment(iso.replace("/", "-").replace(",", ".").replace(" +", "+").replace(" -", "-"))
    named = found["named"]
    if named is None:
        _, month, day, clock, year = found["c"].split()
        named = f"{day:0>2} {month} {year} {clock}"
    parts = _NAMED.fullmatch(named)
    if parts is None or parts[2] not in _MONTHS:
        return None
    day, month, year, clock, zone = parts.groups()
    iso = f"{year}-{_MONTHS.index(month) + 1:02d}-{day}T{clock.replace(',', '.')}{zone or ''}"
    return parse_moment(iso)


def _hosts(lines: Iterable[str]) -> Iterator[str]:
    for line in lines:
        for found in _HOST.finditer(line):
            host = next((group for group in found.groups() if group), "")
            if host and host.lower() not in _WORDS:
                yield host.strip(".").lower()
