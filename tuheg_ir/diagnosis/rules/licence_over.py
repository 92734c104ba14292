"""A program's licence is over, and since then it refuses a part of what it is asked: a person has to renew it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._missed import felt_since
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_BLOCKS = late(
    r"\boperation due to expired license\b|\bcurrent license is non-compliant for \[|\blicense\.expired\.feature\b"
)
"""How Elasticsearch tells that it blocks something for it, and what those are told who ask for that."""
_OVER = late(
    r"(?<!will )\blicen[cs]e\b(?: key| token| file)?:? \[?(?:has |is |was )?(?:already )?(?:expired|lapsed)\b"
    r"|\bexpired licen[cs]e\b|\b(?:trial|evaluation)(?: period| licen[cs]e)? (?:has |is )?(?:expired|ended|over)\b",
    re.IGNORECASE,
)
"""How a program that holds data, or passes it on, tells of its own; one of our own may know the licences of people."""
_OF_PEOPLE = late(
    r"\bdriv(?:er|ing)|\bvehicle|\bcustomer|\bpatient|\bmerchant|\bSTATEMENT: "
    r"|(?-i:\b(?:SELECT|INSERT|UPDATE|DELETE)\b)",
    re.IGNORECASE,
)
"""What it is asked, or may keep for others, and tells of as well."""
_WORDS = ("license", "icen", "ICEN", "trial", "Trial", "valuation")
"""A line without the first tells nothing that one of our own may be told, and one without any of them nothing."""
OFTEN = 3
STILL = timedelta(minutes=15)


class Told(NamedTuple):
    """What a workload tells of a licence that is over: in how many lines, one of them, when first and last."""

    workload: Workload
    lines: int
    line: str
    pod: str
    first: datetime
    last: datetime


def when(view: View) -> Iterator[Match]:
    """A server tells often that its licence is over, or who asks it is told so, and somebody suffers since."""
    told = {workload.ref: found for workload in view.serving if (found := _told(view, workload)) is not None}
    own = {ref for ref, each in told.items() if role(each.workload)}
    for ref, each in told.items():
        if ref not in own and own & view.graph.needs(ref):
            continue  # it is told so by one that tells it itself
        began = min(other.first for other in told.values())
        felt = tuple(felt_since(view, each.workload, began))
        if not any(sign.source != "logs" for sign in felt):
            continue
        concerned = behind(view, ref, *told)
        told_by = [each, *(other for at, other in told.items() if at != ref)]
        yield Match(
            component=ref,
            evidence=(*(_evidence(other) for other in told_by[:2]), *felt[:2]),
            certainty=0.7,
            since=began,
            explains=tuple(other for other in concerned if other != ref),
            excludes=not_for(concerned, "no process that is started anew has another licence"),
        )


def _evidence(told: Told) -> Evidence:
    return Evidence("logs", f"Pod/{told.pod}", f"{told.lines} lines tell it: {told.line}", told.first)


def _told(view: View, workload: Workload) -> Told | None:
    """Return that the pods of a workload tell so still, and often."""
    found: list[tuple[datetime, str, str]] = []
    server = bool(role(workload))
    words = _WORDS if server else _WORDS[:1]
    for log in view.logs_of(workload.live, previous=False):
        if not any(word in line for line in log.lines for word in words):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and (_BLOCKS.search(line) or (server and _of_its_own(line))):
                found.append((at, line.strip(), log.pod))
    if len(found) < OFTEN:
        return None
    first, last = min(found), max(found)
    if not view.recent(last[0], STILL):
        return None
    return Told(workload, len(found), last[1], last[2], first[0], last[0])


def _of_its_own(line: str) -> bool:
    """Tell whether a server complains in a line of a licence of its own."""
    return complains(line) and _OVER.search(line) is not None and not _OF_PEOPLE.search(line)


RULE = Rule(
    name="licence_over",
    title="A program's licence is over, and it refuses what it did before",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no server tells again and again that its licence is over while somebody suffers",
)
