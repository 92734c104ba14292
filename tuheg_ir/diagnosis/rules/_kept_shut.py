"""Work that a program holds back until an hour that its settings name: it waits on purpose, and will go of itself."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.reading import created, items, mapping, parse_moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

_OF_WAITING = late(
    r"queue|backlog|pending|\bwait|\bheld\b|stuck|drain|(?:not|none is) (?:being )?(?:sent|deliver|process)",
    re.IGNORECASE,
)
_HOURS = (
    r"quiet[ _-]?(?:hours?|time|period)|(?:send(?:ing)?|delivery|dispatch|call(?:ing)?|batch)[ _-]?(?:window|hours)"
    r"|(?:business|office|off|opening|night|peak)[ _-]hours|black.?out|do[ _-]not[ _-]disturb|embargo|night[ _-]rest"
)
_HOLDS = late(rf"\b(?:held|holding|closed|paused|suspended|deferred|on hold)\b.{{0,200}}(?:{_HOURS})", re.IGNORECASE)
"""How a program says that it holds something back for its hours, in the beginning of a line."""
_HEAD = 1000
_UNTIL = late(
    r"\b(?:until|till|opens?|opens?_at|re-?opens?(?:_at)?|resum(?:es?|ing)(?:_at)?|next_(?:window|run|open)(?:_at)?)"
    r"(?: at)?[\"']?\s?[:=]?\s?[\"']?"
    r"(?P<at>\d{4}-\d\d-\d\d[T ](?P<clock>\d\d:\d\d)(?::\d\d(?:\.\d{1,9})?)? ?(?:Z|[+-]\d\d:?\d\d))",
    re.IGNORECASE,
)
_OF_HOURS = late(_HOURS, re.IGNORECASE)
_CLOCK = late(r"(?<![\d:])(\d\d:\d\d)(?![\d:])")
_ZONE = late(
    r"\b(?:Africa|America|Antarctica|Asia|Atlantic|Australia|Europe|Indian|Pacific|Etc)/[A-Za-z_]+(?:/[A-Za-z_]+)?"
)
_WORD = late(r"[A-Za-z][A-Za-z0-9]{2,}")
_ANY = frozenset(
    {
        *("lane", "queue", "queues", "topic", "channel", "message", "messages", "sending", "sends", "sent"),
        *("msg", "info", "level", "the", "and", "for", "all"),
    }
)
"""Words that say nothing of what is held back."""
_OF_ONE = ("queue", "lane", "topic", "channel", "stream", "routing_key")
"""Labels of an alert that name what waits."""
NEAR = 200
"""Hours stand so near to the name of what they are, in settings."""
MOST = timedelta(hours=24)
LATELY = timedelta(minutes=15)
DAY = timedelta(days=1)


def kept_shut(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that what an alert finds waiting is held back until an hour to come, as the holder says; None: not so.

    Its settings, which are of old, name the same hour, and it does its other work without a complaint.
    """
    workload = view.workloads.get(ref)
    if workload is None or not _OF_WAITING.search(alert.said) or workload.ready < workload.wanted:
        return None
    told = max(_told(view, workload), key=lambda each: each[0], default=None)
    if told is None:
        return None
    at, line, until, clock = told
    if until <= view.now or until - min(at, view.now) > MOST or not _is_meant(view, workload, alert, line, at):
        return None
    if not _works(view, workload) or not _as_set(view, workload, until, clock):
        return None
    fact = f"{alert.name} fires; it holds this back until {until:%Y-%m-%d %H:%M} UTC, as it is set to: {line}"
    return Evidence("logs", ref, fact, at)


def _told(view: View, workload: Workload) -> Iterator[tuple[datetime, str, datetime, str]]:
    """Yield when a program said that it holds something back, and until when, by two ways to write it."""
    for line in view.lines_of(workload):
        until: re.Match[str] | None = _UNTIL.search(line)
        if until is None or not _holds(line):
            continue
        at, end = stamp(line), parse_moment(until["at"])
        if at is not None and end is not None:
            yield at, line, end, until["clock"]


def _holds(line: str) -> bool:
    return _HOLDS.search(line, 0, _HEAD) is not None


def _is_meant(view: View, workload: Workload, alert: Alert, line: str, at: datetime) -> bool:
    """Tell whether an alert speaks of what a line says is held back, and of nothing that goes on since then."""
    held, own = _words(line), _words(workload.ref)
    since = (each for each in view.lines_of(workload) if (when := stamp(each)) and when > at and not _holds(each))
    goes_on = _words(*since)
    said = _words(alert.said, *map(str, alert.labels.values())) - own
    of_one = _words(*(str(alert.labels.get(each, "")) for each in _OF_ONE)) - own
    return bool(said & held - goes_on) and not said & goes_on - held and of_one <= held


def _words(*said: str) -> set[str]:
    return {word.lower() for each in said for word in _WORD.findall(each)} - _ANY


def _works(view: View, workload: Workload) -> bool:
    """Tell whether each pod of a program has told of work lately, and of nothing that is wrong."""
    logs = list(view.logs_of(workload.live, previous=False))
    for log in logs:
        lately = [line for line in log.lines if (at := stamp(line)) is not None and view.recent(at, LATELY)]
        if not lately or any(map(complains, lately)) or all(map(_holds, lately)):
            return False
    return bool(logs)


def _as_set(view: View, workload: Workload, until: datetime, clock: str) -> bool:
    """Tell whether settings of old name the hour at which it ends: in their zone, or as the program writes it."""
    for said in _settings(view, workload):
        for found in _OF_HOURS.finditer(said):
            near = said[found.start() : found.end() + NEAR]
            clocks = _CLOCK.findall(near)
            zone: re.Match[str] | None = _ZONE.search(near)
            if (_local(until, zone[0]) if zone else clock) in clocks:
                return True
    return False


def _local(moment: datetime, zone: str) -> str:
    """Return the hour of a moment in a zone; "" for none that is known."""
    with suppress(KeyError, ValueError, OSError):
        return f"{moment.astimezone(ZoneInfo(zone)):%H:%M}"
    return ""


def _settings(view: View, workload: Workload) -> Iterator[str]:
    """Yield what a program is told by its template, if that is of old, and by ConfigMaps of old."""
    if not (workload.changes and view.recent(workload.released_at, DAY)):
        for container in items(workload.template, "spec", "containers"):
            yield "\n".join(f"{text(each, 'name')}: {text(each, 'value')}" for each in items(container, "env"))
    for _, obj in view.maps_read(workload.template):
        if (written := edited(obj) or created(obj)) is not None and not view.recent(written, DAY):
            yield "\n".join(f"{key}: {value}" for key, value in mapping(obj, "data").items())
