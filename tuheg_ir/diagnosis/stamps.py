"""Times in lines of logs: read in the forms in which programs write them, made whole where a part is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from tuheg_ir.diagnosis.moments import moment

_CLOCK = r"\d\d:\d\d:\d\d(?:[.,]\d+)?"
_HALF_DAYS = r"\d{1,2}:\d\d:\d\d\s[AP]M\b"
_STAMP = re.compile(
    rf"(?P<iso>\d{{4}}[-/]\d\d[-/]\d\d[T ]{_CLOCK}(?:Z| ?[+-]\d\d:?\d\d\b)?)"
    rf"|(?P<named>\d\d[ /-][A-Z][a-z]{{2}}[ /-]\d{{4}}[ :]{_CLOCK}(?: [+-]\d{{4}}\b)?)"
    rf"|(?P<c>\b[A-Z][a-z]{{2}} [A-Z][a-z]{{2}} [ \d]\d {_CLOCK} \d{{4}}\b)"
    rf"|(?P<us>\b(?:\d{{1,2}}/\d{{1,2}}/|[A-Z][a-z]{{2}} \d{{1,2}}, )\d{{4}},? {_HALF_DAYS})"
)
"""Times as programs write them: RFC 3339 and its like, the forms of web servers, PHP and Redis, C's own, and the
American ones of NestJS, .NET and java.util.logging."""
_EPOCH = re.compile(
    r'(?:"@?(?:time|ts|timestamp|t|epoch|epochSecond|unixtime)": ?"?|\bts=)(1\d{9})(\d{3})?(?:\d{3}|\d{6})?(\.\d+)?\b'
)
"""Seconds since 1970, or thousandths and less of them, in a line of JSON or of key=value."""
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_NAMED = re.compile(r"(\d\d).(\w{3}).(\d{4}).([\d:.,]+) ?([+-]\d{4})?")
_US = re.compile(r"(\d{1,2}|[A-Z][a-z]{2})[/ ](\d{1,2})(?:/|, )(\d{4}),? (\d{1,2})(:\d\d:\d\d)\s([AP])M")
_KUBELET = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+(?:Z|[+-]\d\d:\d\d)) ")
"""What the kubelet puts before a line where it is asked for timestamps."""
_PART = re.compile(
    r"(?:[IWEF](?P<month>\d\d)(?P<day>\d\d) |(?P<name>[A-Z][a-z]{2}) (?P<of>[ \d]\d) |\W?)"
    r"(?P<clock>\d\d:\d\d:\d\d(?:[.,]\d{1,6})?)\d*\]?(?=\s)"
)
"""A time without its year (klog, syslog) or its day (Logback, WildFly, Elixir) at the beginning of a line."""
_BUFFERED = timedelta(minutes=15)
"""So late a line may come to the kubelet that a program kept back; clocks of another zone are off by more."""
_CLOCKS = timedelta(seconds=90)
"""By so much clocks differ, and lines of several threads stand in another order."""
_ASKED_AGAIN = 1 << 14
"""So many lines are kept apart from their times: one rule after the other asks for the same ones."""


@lru_cache(maxsize=_ASKED_AGAIN)
def stamp(line: str) -> datetime | None:
    """Return the time that a line of a log begins with or holds, in UTC."""
    if found := _STAMP.search(line):
        return _read(found)
    if since := _EPOCH.search(line):
        seconds, thousandths, fraction = since.groups()
        return datetime.fromtimestamp(float(f"{seconds}{fraction or ''}") + int(thousandths or 0) / 1000, UTC)
    return None


@lru_cache(maxsize=_ASKED_AGAIN)
def without_time(line: str) -> str:
    """Return a line without its times: the same message comes again and again."""
    return _EPOCH.sub("", _STAMP.sub("", line)).strip()


def apart(line: str) -> tuple[str, str]:
    """Return the kubelet's time before a line ("" none), and the line without it."""
    found = _KUBELET.match(line)
    return (found[1], line[found.end() :]) if found else ("", line)


def told_once(told: str, line: str) -> str:
    """Return a line with the kubelet's time before it, unless the program tells the same time itself.

    It stays where a line has no time, and where the program's clock is of a zone that it does not name.
    """
    at, own = moment(told), stamp(line)
    same = at is not None and own is not None and -_CLOCKS <= at - own <= _BUFFERED
    return line if same or not told else f"{told} {line}"


def whole(lines: Sequence[str], until: datetime) -> tuple[str, ...]:
    """Return a log with the time in full before each line that begins with a part of one.

    What is missing is taken from the lines below, and of the last line from when the log was read: that is the
    latest it can be.
    """
    found: list[str] = []
    latest = until + _CLOCKS
    for line in reversed(lines):
        part = _PART.match(line)
        at = _completed(part, latest) if part else None
        if at is None:
            found.append(line)
            continue
        latest = at + _CLOCKS
        found.append(f"{at.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} {line}")
    return tuple(reversed(found))


def _completed(part: re.Match[str], latest: datetime) -> datetime | None:
    """Return the last moment up to the latest possible one that a part of a time may mean."""
    try:
        clock = time.fromisoformat(part["clock"].replace(",", "."))
        if part["month"] or part["name"]:
            month = int(part["month"] or _MONTHS.index(part["name"]) + 1)
            day = date(latest.year, month, int(part["day"] or part["of"]))
            earlier = day.replace(year=day.year - 1)
        else:
            day, earlier = latest.date(), latest.date() - timedelta(days=1)
    except ValueError:
        return None
    at = datetime.combine(day, clock, UTC)
    return at if at <= latest else datetime.combine(earlier, clock, UTC)


def _read(found: re.Match[str]) -> datetime | None:
    if iso := found["iso"]:
        return moment(iso.replace("/", "-").replace(",", ".").replace(" +", "+").replace(" -", "-"))
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
