"""Who says that a service is closed for a while, wholly or in part, and until when: its own words, and its settings."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.reading import items, mapping, name, parse_moment, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

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
_WINDOW = late(rf"{_MOMENT}[^\d\n]{{0,30}}(?:\n[^\d\n]{{1,40}})?{_MOMENT}", re.IGNORECASE)
"""From when to when, in one entry of a list or in two lines that follow each other."""
_SET = late(r"\b(?:enabled|active|on|mode|maintenance\w*)\W{1,4}(?:true|on|yes|1|enabled|active)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Closed:
    """Who says that a service is closed, and until when; ``line``: the words of the program itself."""

    until: datetime
    evidence: Evidence
    line: str = ""


def told_by_log(view: View, workload: Workload, began: datetime) -> Iterator[Closed]:
    """Yield that the program itself tells, as its requests began to fail, that it is closed, and until when."""
    for log in view.logs_of(workload.pods, previous=False):
        for line in log.lines:
            end, at = _time(_ENDS, line) if _ON.search(line) else None, stamp(line)
            if end is not None and soon_after(began, at):
                yield Closed(end, Evidence("logs", f"Pod/{log.pod}", line[:240], at), line)
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
        for found in _WINDOW.finditer(said) if CLOSED.search(said) else ():
            start, end = _moment(found[1], found[2]), _moment(found[3], found[4])
            if start is None or end is None or not start <= view.now < end or not soon_after(began, start):
                continue
            if at is None or at <= start:  # who writes it down afterwards has announced nothing
                fact = f"{workload.ref} reads it: closed from {start:%H:%M} to {end:%Y-%m-%d %H:%M} UTC"
                yield Closed(end, Evidence("objects", f"ConfigMap/{label}", fact, start))


def _said(obj: Obj) -> str:
    return "\n".join(f"{key}: {value}" for key, value in mapping(obj, "data").items())


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
