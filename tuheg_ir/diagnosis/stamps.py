"""Times in lines of logs: read in the forms in which programs write them, made whole where a part is missing."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from tuheg_ir.diagnosis.moments import moment

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_HALF_DAYS = r"\d{1,2}:\d\d:\d\d\s[AP]M\b"
_STAMP = re.compile(
    rf"(?P<iso>\d{{4}}[-/.]\d\d[-/.]\d\d(?:[T ]| - ){_CLOCK}(?:Z| ?[+-]\d\d:?\d\d\b)?)"
    rf"|(?P<named>\d\d[ /-][A-Z][a-z]{{2}}[ /-]\d{{4}}[ :]{_CLOCK}(?: [+-]\d{{4}}\b)?)"
    rf"|(?P<c>\b[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \d{{4}}\b)"
    rf"|(?P<us>\b(?:\d{{1,2}}/\d{{1,2}}/|[A-Z][a-z]{{2}} \d{{1,2}}, )\d{{4}},? {_HALF_DAYS})"
)
"""Times as programs write them: RFC 3339 and its like, the forms of web servers, Gin, ClickHouse, PHP and Redis, C's
own, and the American ones of NestJS, .NET and java.util.logging."""
_EPOCH = re.compile(
    r'(?:"@?(?:time|ts|timestamp|t|epoch|epochSecond|unixtime)": ?"?|\bts=)(1\d{9})(\d{3})?(?:\d{3}|\d{6})?(\.\d+)?\b'
)
"""Seconds since 1970, or thousandths and less of them, in a line of JSON or of key=value."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_NAMED = re.compile(r"(\d\d).(\w{3}).(\d{4}).([\d:.,]+) ?([+-]\d{4})?")
_US = re.compile(r"(\d{1,2}|[A-Z][a-z]{2})[/ ](\d{1,2})(?:/|, )(\d{4}),? (\d{1,2})(:\d\d:\d\d)\s([AP])M")
_KUBELET = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}(?:Z|[+-]\d\d:\d\d)) ")
"""What the kubelet puts before a line where it is asked for timestamps: always with nine digits of a second."""
_KEYS = "(?:time|timestamp|ts|t|date|datetime|asctime)"
_KEY = re.compile(rf'"@?{_KEYS}" ?:', re.IGNORECASE)
"""Where a line of JSON tells its own time."""
_KEYED = re.compile(rf'(?:"@?{_KEYS}" ?:|\b{_KEYS}=) ?"?\Z', re.IGNORECASE)
"""What stands directly before a line's own time, in JSON or as key=value."""
_HEAD = 80
"""A line's own time stands within so many characters; what stands later is spoken of."""
_AT_FIRST = 10
"""No more than a letter, a process and a bracket stand before the time with which a line begins."""
_GOES_ON = ("at ", "Caused by", "# ", "... ", "}", "]", ")")
"""How a further line of a message begins, other than with blanks."""
_PART = re.compile(
    r"(?:[IWEF](?:\d\d)?(?P<month>\d\d)(?P<day>\d\d) |(?P<name>[A-Z][a-z]{2}) (?P<of>[ \d]\d) |\W?)"
    r"(?P<clock>\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)\d*[\]:]?(?=\s)"
)
"""A time without its year (klog, syslog) or its day (Logback, WildFly, Elixir, Falco) at the beginning of a line.

CockroachDB tells the last two figures of the year.
"""
_BUFFERED = timedelta(minutes=15)
"""So late a line may come to the kubelet that a program kept back; clocks of another zone are off by more."""
_CLOCKS = timedelta(seconds=90)
"""By so much clocks differ."""
_LATELY = timedelta(minutes=15)
"""A log that begins its lines with a part of a time, and ended longer ago, may be of another zone or day."""
_HALF_A_YEAR = timedelta(days=180)
"""A day without a year that is nearer than this can be of one year only."""
ASKED_AGAIN = 1 << 14
"""What so many lines tell is kept: one rule after the other asks for the same ones."""
_CLOCKED = re.compile(r":\d\d:\d\d")
"""All times have this: to find it takes a tenth of what their pattern takes."""
_BEFORE_CLOCK = 20
"""No time has so many signs before it."""
_SECONDS = re.compile(r"1\d{9}")
"""As much of seconds since 1970."""


@lru_cache(maxsize=ASKED_AGAIN)
def stamp(line: str) -> datetime | None:
    """Return the time that a line of a log begins with or holds, in UTC; what it speaks of after its own is none.

    Seconds before a time that is called the line's own are a field: keys may be sorted.
    """
    found = _told_in(line)
    until = found.start() if found else len(line)
    since = _EPOCH.search(line, 0, until) if _SECONDS.search(line, 0, until) else None
    if since and not (found and _KEYED.search(line, 0, found.start())):
        seconds, thousandths, fraction = since.groups()
        return datetime.fromtimestamp(float(f"{seconds}{fraction or ''}") + int(thousandths or 0) / 1000, UTC)
    return _read(found) if found else None


@lru_cache(maxsize=ASKED_AGAIN)
def without_time(line: str) -> str:
    """Return a line without its times: the same message comes again and again."""
    parts, at = list[str](), 0
    while found := _told_in(line, at):
        parts.append(line[at : found.start()])
        at = found.end()
    bare = "".join((*parts, line[at:])) if at else line
    return (_EPOCH.sub("", bare) if _SECONDS.search(bare) else bare).strip()


def after_time(line: str) -> str:
    """Return a line without the time that it begins with; what it speaks of later stays."""
    found = _told_in(line)
    if found is None or found.start() > _AT_FIRST:
        return line.strip()
    return f"{line[: found.start()].rstrip(' [(')} {line[found.end() :].lstrip(' ])|').removeprefix('UTC ')}".strip()


def _told_in(line: str, at: int = 0) -> re.Match[str] | None:
    """Return the first time that is told in a line, from a place on."""
    clock = _CLOCKED.search(line, at)
    return _STAMP.search(line, max(at, clock.start() - _BEFORE_CLOCK)) if clock else None


def apart(line: str) -> tuple[str, str]:
    """Return the kubelet's time before a line ("" none), and the line without it."""
    found = _KUBELET.match(line)
    return (found[1], line[found.end() :]) if found else ("", line)


def has_near(times: Sequence[datetime], at: datetime, within: timedelta) -> bool:
    """Tell whether one of some times, in their order, is as near to another as that."""
    number = bisect_left(times, at - within)
    return number < len(times) and times[number] - at <= within


def told_once(told: Sequence[str], lines: Sequence[str]) -> tuple[str, ...]:
    """Return the lines of a log with the kubelet's times (``told``) before those that need them.

    They need none where the program tells the same time itself, and those that go on with a message have none: a
    program that dates its lines dates the first one of each message. Where its clock is of a zone that it does not
    name, the kubelet's stays before it.
    """
    if not any(told):
        return tuple(lines)
    own = [_own(line) for line in lines]
    dated = any(own)
    needed = (
        _differ(at, time) if time else not dated and _begins(line)
        for at, line, time in zip(told, lines, own, strict=True)
    )
    return tuple(f"{at} {line}" if at and need else line for at, line, need in zip(told, lines, needed, strict=True))


def _own(line: str) -> datetime | None:
    """Return the time that a line itself is of; one that it only speaks of is none."""
    if not line.startswith("{"):
        return stamp(line[:_HEAD])
    key = _KEY.search(line)
    return stamp(line[key.start() : key.start() + _HEAD]) if key else None


def _differ(told: str, own: datetime) -> bool:
    at = moment(told)
    return at is not None and not -_CLOCKS <= at - own <= _BUFFERED


def _begins(line: str) -> bool:
    return bool(line) and not goes_on(line)


def goes_on(line: str) -> bool:
    """Tell whether a line goes on with the message of the one before it, as the lines of a trace do."""
    return line[:1].isspace() or line.startswith(_GOES_ON)


def whole(lines: Sequence[str], until: datetime) -> tuple[str, ...]:
    """Return a log with the time in full before each line that begins with a part of one.

    What is missing is taken from the line below, to which it is the nearest, and for the last one from when the log
    was read. If that is longer than minutes ago nobody knows of which zone or day it is: nothing is added but for klog.
    """
    found: list[str] = []
    below: datetime | None = None
    for line in reversed(lines):
        part = _PART.match(line)
        if part is None:
            below = _own(line) or below
            found.append(line)
            continue
        at = _completed(part, below) if below else _latest(part, until)
        if at is None:
            return tuple(lines)
        below = at
        found.append(f"{at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {line}")
    return tuple(reversed(found))


def _latest(part: re.Match[str], until: datetime) -> datetime | None:
    """Return what a part of a time means in the last line of a log; None if that is not lately, and may be of a zone.

    Who tells the month in figures (klog) is of the cluster itself, and keeps UTC: his last line may be of any day.
    """
    at = _completed(part, until)
    since = until - (_HALF_A_YEAR if part["month"] else _LATELY)
    return at if at is not None and since <= at <= until + _CLOCKS else None


def _completed(part: re.Match[str], near: datetime) -> datetime | None:
    """Return the moment next to another one that a part of a time may mean; None if it means none."""
    try:
        clock = time.fromisoformat(part["clock"].replace(",", "."))
        days = [day for day in _days(part, near.date()) if day]
    except ValueError:
        return None
    able = [datetime.combine(day, clock, UTC) for day in days]
    return min(able, key=lambda at: abs(at - near), default=None)


def _days(part: re.Match[str], near: date) -> Iterator[date | None]:
    """Yield the days that a part of a time may be of: a day's neighbours, or a date's years."""
    if not part["month"] and not part["name"]:
        yield from (near + timedelta(days=n) for n in (-1, 0, 1))
        return
    month = int(part["month"] or _MONTHS.index(part["name"]) + 1)
    for year in (near.year - 1, near.year, near.year + 1):
        yield _date(year, month, int(part["day"] or part["of"]))


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:  # a leap day, or none at all
        return None


def _read(found: re.Match[str]) -> datetime | None:
    if iso := found["iso"]:
        day, clock = iso[:10].replace("/", "-").replace(".", "-"), iso[10:].removeprefix(" -")
        return moment(day + clock.replace(",", ".").replace(" +", "+").replace(" -", "-"))
    if us := found["us"]:
        return _american(us)
    named = found["named"]
    if named is None:
        _, month, day, clock, year = found["c"].split()
        named = f"{day:0>2} {month} {year} {clock}"
    parts = _NAMED.fullmatch(named)
    if parts is None or parts[2] not in _MONTHS:
        return None
    day, month, year, clock, zone = parts.groups()
    iso = f"{year}-{_MONTHS.index(month) + 1:02d}-{day}T{clock.replace(',', '.')}{zone or ''}"
    return moment(iso)


def _american(told: str) -> datetime | None:
    parts = _US.fullmatch(told)
    if parts is None:
        return None
    month, day, year, hour, rest, half = parts.groups()
    if month in _MONTHS:
        month = str(_MONTHS.index(month) + 1)
    hours = int(hour) % 12 + (12 if half == "P" else 0)
    return moment(f"{year}-{month:0>2}-{day:0>2}T{hours:02d}{rest}")
