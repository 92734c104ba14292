"""What few pods of several refuse, time and again and at whatever level, and none of their like does."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.ended_apart import AMID, EndedApart
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL, kind_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_REFUSES = late(
    r"\bnot (?:among|found|known|valid|trusted|accepted|allowed|recogni[sz]ed)\b|\bun(?:known|trusted|authori[sz]ed)\b"
    r"|\b(?:unrecogni[sz]ed|reject|refus(?:e[ds]|ing)|den(?:y|ies|ied)\b|invalid|mismatch|stale|outdated|expired|forbidden)"
    r"|\b(?:no (?:such|matching|match)|does(?: not|n't) match|could not verify)\b",
    re.IGNORECASE,
)
"""How programs say that what somebody shows them is not what they know of."""


class Refused(NamedTuple):
    """A line of what few pods refuse alone, and when the first came."""

    line: str
    since: datetime


def refused_by_them(view: View, workload: Workload, lost: Sequence[EndedApart]) -> Refused | None:
    """Return what pods refuse still since a task of theirs ended, and none of their like ever does.

    Each of them has to: what one user shows them may come to any pod, and so often to one alone by no chance.
    """
    ended = {each.pod: each.at for each in lost}
    told = defaultdict[str, list[tuple[datetime, str, str]]](list)
    usual = set[str]()
    for log in view.logs_of(workload.live, previous=False):
        for at, line in zip(times_around(log.lines)[0], log.lines, strict=True):
            if at is None or not _REFUSES.search(line):
                continue
            if log.pod not in ended or at <= ended[log.pod] + AMID:
                usual.add(kind_of(line))
            else:
                told[kind_of(line)].append((at, log.pod, line.strip()))
    for kind in sorted(told.keys() - usual, key=lambda each: (-len(told[each]), each)):
        lines = told[kind]
        lately = [at for at, _, _ in lines if view.recent(at, STILL)]
        if len(lines) >= OFTEN and lately and {pod for _, pod, _ in lines} == ended.keys():
            return Refused(lines[-1][2], min(lines)[0])
    return None
