"""A service answers 503 because its people closed it for a while, and the time that they said is not over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.batch import failed_runs
from tuheg_ir.diagnosis.view.changes import keys_of
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.reading import items, mapping, name, parse_moment, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import errors
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

_WORD = late(r"maintenance", re.IGNORECASE)
_ON = late(
    r"maintenance(?:[ _-](?:mode|window|period|page))?\W{1,3}(?:is |was |has been )?(?:now )?"
    r"(?:on|active|enabled|activated|started|begins|began|entered|in progress|switched on|turned on)\b|"
    r"\b(?:in|into|entering|entered|enabling|enabled|down for|closed for) (?:\w+ )?maintenance\b",
    re.IGNORECASE,
)
_TIME = r"\W{1,5}(\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?) ?(Z|UTC|GMT|[+-]\d\d:?\d\d)"
"""A time with its zone: the hour of an unknown place says nothing."""
_ENDS = late(rf"\b(?:until|till|ends?|ends?[ _-]?(?:at|time)|to|not_?after){_TIME}", re.IGNORECASE)
_BEGINS = late(rf"\b(?:from|since|starts?|starts?[ _-]?(?:at|time)|begins?|not_?before){_TIME}", re.IGNORECASE)
_SET = late(r"\b(?:enabled|active|on|mode|maintenance\w*)\W{1,4}(?:true|on|yes|1|enabled|active)\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Closed:
    """Who says that a service is closed, and until when."""

    until: datetime
    evidence: Evidence


def when(view: View) -> Iterator[Match]:
    """A healthy workload fails its requests since a maintenance was switched on whose stated end is to come."""
    if failed_runs(view):
        return  # what it was closed for went wrong
    for workload in view.serving:
        felt = errors(view, workload.ref)
        if felt is None or felt[1] is None or not _healthy(view, workload):
            continue
        began = felt[1]
        told = [closed for each in (_by_map(view, workload, began), _by_log(view, workload, began)) for closed in each]
        if not told or any(each.until <= view.now for each in told):
            continue
        where = told[0].evidence.object
        where = where if where.startswith("ConfigMap/") else workload.ref
        suffers = behind(view, workload.ref)
        if not _nothing_else(view, suffers):
            continue
        until = min(each.until for each in told)
        yield Match(
            component=where,
            evidence=(*(each.evidence for each in told), felt[0]),
            certainty=0.7 if len(told) > 1 else 0.55,
            since=began,
            explains=tuple(each for each in suffers if each != where),
            excludes=not_for([workload.ref], f"it is closed on purpose until {until:%Y-%m-%d %H:%M} UTC", ON_CALLERS),
        )


def _healthy(view: View, workload: Workload) -> bool:
    """Tell whether a workload runs as it should and complains of nothing but its maintenance."""
    whole = workload.ready >= workload.wanted and all(pod.ready for pod in workload.live)
    other = [each for each in marked(view, workload) if not _WORD.search(each.line)]
    return whole and not other and not crashes(view, workload) and not view.hits_of(workload.ref)


def _nothing_else(view: View, suffers: tuple[str, ...]) -> bool:
    """Tell whether all that is wrong is of the closed workload and of those who call it."""
    return all(sign.object in suffers for sign in signs_of_trouble(view))


def _by_log(view: View, workload: Workload, began: datetime) -> Iterator[Closed]:
    """Yield that the program itself tells, as its requests began to fail, of a maintenance and its end."""
    for log in view.logs_of(workload.pods, previous=False):
        for line in log.lines:
            end, at = _time(_ENDS, line) if _ON.search(line) else None, stamp(line)
            if end is not None and soon_after(began, at):
                yield Closed(end, Evidence("logs", f"Pod/{log.pod}", line[:240], at))
                return


def _by_map(view: View, workload: Workload, began: datetime) -> Iterator[Closed]:
    """Yield the ConfigMap that a workload reads and that somebody wrote for a maintenance, with its end."""
    for label, obj in view.maps_read(workload.template):
        said = "\n".join(f"{key}: {value}" for key, value in mapping(obj, "data").items())
        at, end, start = edited(obj), _time(_ENDS, said), _time(_BEGINS, said)
        if at is None or end is None or not _SET.search(said) or not _of_it(workload, obj, said):
            continue
        if soon_after(began, at) or (start is not None and at <= start and soon_after(began, start)):
            fact = f"written for a maintenance until {end:%Y-%m-%d %H:%M} UTC; {workload.ref} reads it"
            yield Closed(end, Evidence("objects", f"ConfigMap/{label}", fact, at))


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
    return _WORD.search(" ".join((label, said, *paths, *keys))) is not None


def _time(pattern: re.Pattern[str], said: str) -> datetime | None:
    found = pattern.search(said)
    if found is None:
        return None
    zone = "+00:00" if found[2].upper() in ("Z", "UTC", "GMT") else found[2]
    return parse_moment(f"{found[1]}{zone}")


RULE = Rule(
    name="closed_for_maintenance",
    title="A service is closed for an announced while",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.STATED,
    when=when,
    why_not="no failing service was closed for a maintenance whose end is to come",
)
