"""Traces of Python, whose first line tells nothing: whether all of a workload end in that it waited in vain."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.view import View

_HEAD = late(r"Traceback \(most recent call last\):\s*$")
_EXCEPTION = late(r"\s*(?:[\w.]+\.)?[A-Za-z_]\w*(?:Error|Exception|Exceeded|Timeout|Failure|Interrupt|Exit|Warning)\b")
"""The last line of a trace; what stands between has a place or a piece of a program."""
_WAITED = late(r"time[ds]?.?out|TimeLimitExceeded|deadline.?exceeded|time limit", re.IGNORECASE)
"""An exception of who waited for somebody, and for how long he may."""
_LONGEST = 200


def waited_in_traces(view: View, hit: Hit) -> bool:
    """Tell whether a crash of code is told by nothing but traces, each of which ends in a wait in vain."""
    if not _HEAD.search(hit.line):
        return False
    ends = [end for log in view.logs_with(hit) for end in _ends(log.lines)]
    return len(ends) == hit.count and all(_WAITED.search(end) for end in ends)


def _ends(lines: Sequence[str]) -> Iterator[str]:
    """Yield the last line of each trace; one that another follows is of what that came of."""
    for at, line in enumerate(lines):
        if _HEAD.search(line):
            rest = lines[at + 1 : at + _LONGEST]
            yield next((each for each in rest if not each.startswith(" ") and _EXCEPTION.match(each)), "")
