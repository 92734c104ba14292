"""Warnings that are none of a release: they were told before it came, or tell of work that is done as well as ever."""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._behind_a_queue import behind_a_queue
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import Marked, complains, shape_of
from tuheg_ir.diagnosis.view.trouble import serves_well
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOCKS, AGAIN = timedelta(seconds=30), 2
"""What a log tells so long before a release, and more than once, is none of it."""
_LEVEL = late(r"\b(?:debug|info(?:rmation)?|notice|warn(?:ing)?)\b", re.IGNORECASE)


def told_before(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether a log told the same again and again just before a release: clocks are not that far apart."""
    at = released.released_at
    if at is None:
        return False
    same = (line for line in view.lines_of(workload) if shape_of(line) == words.shape and complains(line))
    return sum(time is not None and time < at - _CLOCKS for time in map(stamp, same)) >= AGAIN


def answers_well(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether the released answers all in good time, and warns of its usual work, or another misses a queue's."""
    if not serves_well(view, released.ref):
        return False
    if released is workload:
        same = [line for line in view.lines_of(workload) if _unlevelled(line) == _unlevelled(words.line)]
        return not words.error and sum(not complains(line) for line in same) > len(same) / 2
    return behind_a_queue(view, workload, words.line, words.since) is not None


def _unlevelled(line: str) -> str:
    """Return the shape of a line without its level: what is told as usual now and then is no news at another one."""
    return shape_of(" ".join(_LEVEL.sub("#", line, count=1).split()))
