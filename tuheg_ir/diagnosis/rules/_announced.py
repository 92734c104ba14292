"""Who says that a service is closed for a while, wholly or in part, and until when: its own words, and its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import pairwise
from operator import itemgetter

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.reading import items, mapping, name, parse_moment, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

CLOSED = late(r"maintenance|brown.?out", re.IGNORECASE)
"""Words for a time in which a service answers nobody, or in which it refuses what will go away for good."""
_KINDS = r"(?:maintenance|brown.?outs?)"
_ON = late(
    rf"{_KINDS}(?:[ _-](?:mode|window|period|page))?\W{{1,3}}(?:is |was |has been )?(?:now )?"
    r"(?:on|open(?:ed)?|active|enabled|activated|started|begins|began|entered|in progress|switched on|turned on)\b|"
    rf"\b(?:in|into|entering|entered|enabling|enabled|down for|closed for) (?:\w+ )?{_KINDS}\b",
    re.IGNORECASE,
)
_MOMENT = r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)"
"""A time with its zone: the hour of an unknown place says nothing."""
_TIME = rf"\W{{1,5}}{_MOMENT}"
_ENDS = late(rf"\b(?:until|till|ends?|ends?[ _-]?(?:at|time)|to|not_?after){_TIME}", re.IGNORECASE)
_BEGINS = late(rf"\b(?:from|since|starts?|starts?[ _-]?(?:at|time)|begins?|not_?before){_TIME}", re.IGNORECASE)
_INTERVAL = late(rf"{_MOMENT}[\"']?\s{{0,3}}(?:/|-|\u2013|\.\.|to\b|until\b)\s{{0,3}}[\"']?{_MOMENT}", re.IGNORECASE)
"""From when to when, without names for the two."""
_KEY = late(r"[\s\"'{-]*")
"""What stands before the first key of a line: an indent, a dash of a list, a bracket, a quote."""
_MOST = 100_000
"""Characters of settings that are looked at: who announces a maintenance writes less."""
_SET = late(r"\b(?:enabled|active|on|mode|maintenance\w*)\W{1,4}(?:true|on|yes|1|enabled|active)\b", re.IGNORECASE)


class Closed(NamedTuple):
    """Who says that a service is closed, and until when; ``line``: the words of the program itself."""

    until: datetime
    evidence: Evidence
    line: str = ""


def announces(line: str) -> bool:
    """Tell whether a program says in a line that it is closed, and until when."""
    return _ON.search(line) is not None and _time(_ENDS, line) is not None


def told_by_log(view: View, workload: Workload, began: datetime) -> Iterator[Closed]:
    """Yield that the program itself tells, as its requests began to fail, that it is closed, and until when."""
    for log in view.logs_of(workload.pods, previous=False):
        for line in log.lines:
            end, at = _time(_ENDS, line) if announces(line) else None, stamp(line)
            if end is not None and soon_after(began, at):
                yield Closed(end, Evidence("logs", f"Pod/{log.pod}", line, at), line)
                return


def switched_by_map(view: View, workload: Workload, began: datetime) -> Iterator[Closed]:
    """Yield the ConfigMap that a workload reads and that somebody wrote to close it, with its end."""
    for label, obj in view.maps_read(workload.template):
        said = _said(obj)
        at, end, start = edited(obj), _time(_ENDS, said), _time(_BEGINS, said)
        if at is None or end is None or not _SET.search(said) or not _of_it(workload, obj, said):
            continue
        if soon_after(began, at) or (start is not None and at <= start and soon_after(began, start)):
            fact = f"written for a maintenance until {end:%Y-%m-%d %H:%M} UTC; {workload.ref} reads it"
            yield Closed(end, Evidence("objects", f"ConfigMap/{label}", fact, at))


def scheduled_by_map(view: View, workload: Workload, began: datetime) -> Iterator[Closed]:
    """Yield the window, of those that the settings of a workload announce, in which it is since its trouble began."""
    for label, obj in view.maps_read(workload.template):
        said, at = _said(obj), edited(obj)
        for start, end in _windows(said) if CLOSED.search(said) else ():
            if not start <= view.now < end or not soon_after(began, start):
                continue
            if at is None or at <= start:  # who writes it down afterwards has announced nothing
                fact = f"{workload.ref} reads it: closed from {start:%H:%M} to {end:%Y-%m-%d %H:%M} UTC"
                yield Closed(end, Evidence("objects", f"ConfigMap/{label}", fact, start))


def _windows(said: str) -> Iterator[tuple[datetime, datetime]]:
    """Yield from when to when: two times in one, or a beginning and the end that follows it in the same entry."""
    found = [(each[1], each[2], each[3], each[4]) for each in _INTERVAL.finditer(said)]
    begins = [(each.start(), True, each) for each in _BEGINS.finditer(said)]
    ends = [(each.start(), False, each) for each in _ENDS.finditer(said)]
    for (_, begins_here, begin), (_, begins_anew, end) in pairwise(sorted([*begins, *ends], key=itemgetter(0))):
        if begins_here and not begins_anew and _one_entry(said, begin, end):
            found.append((begin[1], begin[2], end[1], end[2]))
    for day, zone, later, other in found:
        start, until = _moment(day, zone), _moment(later, other)
        if start is not None and until is not None:
            yield start, until


def _one_entry(said: str, begin: re.Match[str], end: re.Match[str]) -> bool:
    """Tell whether two neighbours are of one entry: no bracket closes between them, and no line begins before."""
    between = said[begin.end() : end.start()]
    if "}" in between:
        return False
    _, *inner = between.split("\n")
    if not inner:
        return True
    column = _column(said, begin.start())
    indents = [len(line) - len(line.lstrip()) for line in inner[:-1] if line.strip()]
    return 0 <= column == _column(said, end.start()) and all(indent >= column for indent in indents)


def _column(said: str, at: int) -> int:
    """Return where in its line a key stands that is the first of it; -1 for another."""
    start = said.rfind("\n", 0, at) + 1
    return at - start if _KEY.fullmatch(said, start, at) else -1


def _said(obj: Obj) -> str:
    return "\n".join(f"{key}: {value}" for key, value in mapping(obj, "data").items())[:_MOST]


def _of_it(workload: Workload, obj: Obj, said: str) -> bool:
    """Tell whether a ConfigMap is for maintenance: its name, its content, or where a template puts it says so."""
    label, spec = name(obj), mapping(workload.template, "spec")
    volumes = {text(v, "name") for v in items(spec, "volumes") if text(v, "configMap", "name") == label}
    paths = [
        text(mount, "mountPath")
        for container in items(spec, "containers")
        for mount in items(container, "volumeMounts")
        if text(mount, "name") in volumes
    ]
    keys = [key for kind, of, key, _ in keys_of(workload.template) if (kind, of) == ("ConfigMap", label)]
    return CLOSED.search(" ".join((label, said, *paths, *keys))) is not None


def _time(pattern: re.Pattern[str], said: str) -> datetime | None:
    found = pattern.search(said)
    return None if found is None else _moment(found[1], found[2])


def _moment(day: str, zone: str) -> datetime | None:
    return parse_moment(f"{day}{'+00:00' if zone.upper() in ('Z', 'UTC', 'GMT') else zone}")
