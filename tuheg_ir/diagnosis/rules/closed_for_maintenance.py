"""A service refuses requests because its people closed it, or a part of it, for a while that is not over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from http import HTTPStatus

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._announced import Closed, announces, scheduled_by_map, switched_by_map, told_by_log
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.state import belongs_to, signs_of_trouble
from tuheg_ir.diagnosis.view.batch import failed_runs
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import is_marked, marked
from tuheg_ir.diagnosis.view.trouble import errors
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_ANSWERS = late(r"error|4xx|5xx|\b4\d\d\b|\b5\d\d\b|fail|success|availability|non.?2xx", re.IGNORECASE)
"""Words of an alert about requests that are not answered as they should be."""
_STATUS = late(r"(?:answer|return|respond|repl|reject|status)[\w :=]{0,24}\b([45]\d\d)\b", re.IGNORECASE)
"""How a program says with what it turns requests away."""


def when(view: View) -> Iterator[Match]:
    """A healthy workload refuses requests since a maintenance or brownout began whose announced end is to come."""
    if failed_runs(view):
        return  # what it was closed for went wrong
    for workload in view.serving:
        felt = errors(view, workload.ref)
        if felt is None:
            yield from _in_part(view, workload)
        elif felt[1] is not None and _healthy(view, workload):
            began = felt[1]
            told = (*switched_by_map(view, workload, began), *told_by_log(view, workload, began))
            suffers = behind(view, workload.ref)
            if all(sign.object in suffers for sign in signs_of_trouble(view)):
                yield from _closed(view, workload, told, felt[0], began)


def _in_part(view: View, workload: Workload) -> Iterator[Match]:
    """Yield that only what is announced to go away is refused, as an alert tells and nobody measures as failures.

    The settings have to announce it and the program has to say that it is so; a caller may complain of nothing but the
    status that the program says it answers with.
    """
    alerts = [each for each in view.alerts if view.about_alert(each) == workload.ref and _OF_ANSWERS.search(each.said)]
    for alert in alerts[:1]:
        began = alert.starts_at
        if began is None:
            continue
        planned, said = tuple(scheduled_by_map(view, workload, began)), tuple(told_by_log(view, workload, began))
        status = next((found[1] for each in said if (found := _STATUS.search(each.line))), "")
        if planned and said and _healthy(view, workload) and _refused_only(view, workload, status):
            yield from _closed(view, workload, (*said, *planned), alert.fires(workload.ref), began)


def _refused_only(view: View, workload: Workload, status: str) -> bool:
    """Tell whether all that is wrong is alerts of a workload, and callers who log nothing but a status of its own."""
    suffers = behind(view, workload.ref)
    said = _said_as(status) if status else None
    for sign in signs_of_trouble(view):
        if sign.source == "alerts" and sign.object == workload.ref:
            continue
        heard = sign.source == "logs" and said is not None and said.search(sign.fact)
        if not heard or belongs_to(view, sign) not in suffers:
            return False
    callers = [each for ref in suffers if ref != workload.ref and (each := view.workloads.get(ref))]
    return all(_hears_only(view, each, workload.ref, said) for each in callers)


def _said_as(status: str) -> re.Pattern[str]:
    """Return how a status stands in a line as one: 410 may be milliseconds as well."""
    phrase = next((each.phrase for each in HTTPStatus if str(each.value) == status), "")
    named = rf"\b{status}(?: (?:Client|Server) Error)?\W{{1,3}}{phrase}\b|" if phrase else ""
    before = r"(?:(?:\b|status[ _-]?)code|status|\bHTTP(?:/\d(?:\.\d)?)?|returned error)\W{1,4}"
    asked = rf"\b{status} (?:GET|HEAD|POST|PUT|PATCH|DELETE) /"
    return re.compile(rf"{named}{before}{status}\b(?! ?(?:ms|s)\b)|{asked}", re.IGNORECASE)


def _hears_only(view: View, caller: Workload, ref: str, said: re.Pattern[str] | None) -> bool:
    """Tell whether each complaint of a caller who has some is of a status, and of no host but that of a workload."""
    kinds = {hit.trouble for hit in view.hits_of(caller.ref)}
    if not kinds and not marked(view, caller):
        return True
    lines = [line for log in view.logs_of(caller.pods) for line in log.lines]
    told = [line for line in lines if is_marked(line) or any(tells(kind, line) for kind in kinds)]
    return all(said is not None and said.search(line) and _names_only(view, line, ref) for line in told)


def _names_only(view: View, line: str, ref: str) -> bool:
    """Tell whether a line names no host but that of a workload."""
    return all(view.graph.resolve(host) == ref for host in hosts_in("", line))


def _closed(view: View, workload: Workload, told: Sequence[Closed], felt: Evidence, began: datetime) -> Iterator[Match]:
    """Yield that a workload is closed, if all that tell so say that the end is to come.

    A program alone has to say what it answers: a service that plans maintenances logs of them as well.
    """
    if all(each.line and not _STATUS.search(each.line) for each in told) or any(x.until <= view.now for x in told):
        return
    where = told[0].evidence.object
    where = where if where.startswith("ConfigMap/") else workload.ref
    until = min(each.until for each in told)
    yield Match(
        component=where,
        evidence=(*(each.evidence for each in told), felt),
        certainty=0.7 if len(told) > 1 else 0.55,
        since=began,
        explains=tuple(each for each in behind(view, workload.ref) if each != where),
        excludes=not_for([workload.ref], f"it is closed on purpose until {until:%Y-%m-%d %H:%M} UTC", ON_CALLERS),
    )


def _healthy(view: View, workload: Workload) -> bool:
    """Tell whether a workload runs as it should and complains of nothing: that it is closed is no error of its own."""
    whole = workload.ready >= workload.wanted and all(pod.ready for pod in workload.live)
    if not whole or crashes(view, workload) or marked(view, workload):
        return False
    kinds = {hit.trouble for hit in view.hits_of(workload.ref)}
    lines = [line for log in view.logs_of(workload.pods) for line in log.lines] if kinds else []
    return all(announces(line) for line in lines if any(tells(kind, line) for kind in kinds))


RULE = Rule(
    name="closed_for_maintenance",
    title="A service is closed for an announced while",
    root_cause="no_fault",
    remedy="no_action",
    tier=Tier.STATED,
    when=when,
    why_not="no failing service was closed for a maintenance or brownout whose end is to come",
)
