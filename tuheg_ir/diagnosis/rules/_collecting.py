"""Whether runtimes spend their time on collecting garbage of which there is hardly any: the heap is too small.

Read from the lines that Go (gctrace), the JVM (its gc log) and V8 (trace-gc) write of each collection.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.crashes import LATELY
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.9
"""A heap that is as full as this after a collection of all of it has no room."""
FREED = 0.05
OFTEN = 5
_SIZE = r"(\d+(?:\.\d+)?)[KMG]?"
_COLLECTED = late(
    r"\bgc \d+ @.{0,160}?\b(?P<go>\d+)->\d+->(?P<go_left>\d+) MB, (?P<go_most>\d+) MB goal"
    rf"|\bFull\b.{{0,60}}?\b{_SIZE}->{_SIZE}\({_SIZE}\)"
    r"|\bMark-(?:sweep|Compact)\b.{0,40}? ([\d.]+) \([\d.]+\) -> ([\d.]+) \(([\d.]+)\) MB",
    re.IGNORECASE,
)


def in_vain(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that most pods of a workload whose logs were read collect again and again and free hardly anything."""
    told = _collecting(view, workload)
    heard = {log.pod for log in view.logs_of(workload.live, previous=False)}
    return (_shown(told, min(told)),) if told and 2 * len(told) > len(heard) else ()


def heap_is_full(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return that of the pods of a workload just the odd ones collect in vain, and each of them does.

    What else they tell then comes of it: who stands still for seconds meets every timeout there is.
    """
    told = _collecting(view, workload)
    return (_shown(told, min(told)),) if told and set(told) == set(odd) else ()


def _collecting(view: View, workload: Workload) -> dict[str, list[str]]:
    """Return pod -> its lines of collections that freed hardly anything, if they are many."""
    logs = view.logs_of(workload.live, previous=False)
    return {log.pod: lines for log in logs if len(lines := [x for x in log.lines if _vain(view, x)]) >= OFTEN}


def _shown(told: Mapping[str, Sequence[str]], pod: str) -> Evidence:
    lines = told[pod]
    fact = f"{len(lines)} collections free hardly anything, so in {len(told)} pods: {lines[-1].strip()}"
    return Evidence("logs", f"Pod/{pod}", fact, stamp(lines[0]))


def _vain(view: View, line: str) -> bool:
    """Tell whether a line is of a collection of late that left the heap as full as it was."""
    found = _COLLECTED.search(line[:600])
    if found is None:
        return False
    at = stamp(line)
    before, after, most = (float(each) for each in found.groups() if each is not None)
    return (at is None or view.recent(at, LATELY)) and after >= FULL * most and before - after <= FREED * before
