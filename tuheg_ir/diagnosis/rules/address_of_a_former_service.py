"""A caller keeps the address of a Service that was deleted and made anew: it looked it up once, when it started."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.hosts import range_of
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.marked import LATELY, OFTEN, is_marked
from tuheg_ir.diagnosis.view.reading import created, name, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Errors name an address of the range of Services that no Service has, since one of them was made."""
    services = [obj for obj in view.snapshot.of("Service") if ADDRESS.fullmatch(text(obj, "spec", "clusterIP"))]
    taken = {text(obj, "spec", "clusterIP") for obj in services}
    ranges = set(map(range_of, taken))
    taken |= {pod.address for workload in view.workloads.values() for pod in workload.pods}
    for caller in view.serving:
        named, first, line = _named(view, caller, ranges, taken)
        made = [obj for obj in services if soon_after(first, created(obj))]
        if named and len(made) == 1:
            yield _match(view, caller, made[0], named, first, line)


def _named(view: View, caller: Workload, ranges: set[str], taken: set[str]) -> tuple[str, datetime | None, str]:
    """Return the one address that is nobody's and that a caller's errors name, since when, and one of the lines."""
    found: dict[str, list[tuple[datetime, str]]] = {}
    for line in view.lines_of(caller):
        if any(each in line for each in ranges) and is_marked(line) and (at := stamp(line)):
            for each in ADDRESS.findall(line):
                if range_of(each) in ranges and each not in taken:
                    found.setdefault(each, []).append((at, line.strip()))
    lines = next(iter(found.values()), [])
    if len(found) != 1 or len(lines) < OFTEN or not view.recent(max(lines)[0], LATELY):
        return "", None, ""
    return next(iter(found)), min(lines)[0], max(lines)[1]


def _match(view: View, caller: Workload, service: Obj, named: str, first: datetime | None, line: str) -> Match:
    ref = f"Service/{name(service)}"
    told = f"it was made anew and has another address than {named}, which no Service has"
    return Match(
        component=caller.ref,
        evidence=(
            Evidence("logs", caller.ref, line, first),
            Evidence("objects", ref, told, created(service)),
        ),
        certainty=0.7,
        since=first,
        explains=behind(view, caller.ref, but=caller.ref),
        excludes=excluding(caller.ref, f"its template did not change: the address of {ref} did", "rollback_workload"),
    )


RULE = Rule(
    name="address_of_a_former_service",
    title="A caller keeps the address of a Service that was made anew",
    root_cause="network_fault",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no errors name an address of Services that no Service has since one was made",
)
