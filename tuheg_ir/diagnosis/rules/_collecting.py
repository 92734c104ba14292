"""Whether runtimes spend their time on collecting garbage of which there is hardly any: the heap is too small.

Read from the lines that Go (gctrace), the JVM (its gc log) and V8 (trace-gc) write of each collection, or from what a
program tells now and then of the room that its heap has.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.crashes import LATELY
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.9
"""A heap that is as full as this after a collection of all of it has no room."""
FREED = 0.05
OFTEN = 5
_AN_HOUR = timedelta(hours=1)
"""Programs tell of their heap every few minutes at most."""
_SIZE = r"(\d+(?:\.\d+)?)[KMG]?"
_COLLECTED = late(
    r"\bgc \d+ @.{0,160}?\b(?P<go>\d+)->\d+->(?P<go_left>\d+) MB, (?P<go_most>\d+) MB goal"
    rf"|\bFull\b.{{0,60}}?\b{_SIZE}->{_SIZE}\({_SIZE}\)"
    r"|\bMark-(?:sweep|Compact)\b.{0,40}? ([\d.]+) \([\d.]+\) -> ([\d.]+) \(([\d.]+)\) MB",
    re.IGNORECASE,
)
_LEFT = 0.95
"""A heap that is never emptier than this, whenever it is told, keeps what fills it: garbage would have been freed."""
ROOMY = 0.8
"""A heap that is never fuller than this has room."""
_UNIT = r"[._ ]?([kmg]i?b|bytes|)[\"']?\s?[=:]\s?[\"']?(\d{1,15}(?:\.\d{1,6})?) ?([kmg]?)"
_USED = late(r"(?<![a-z])(?:heap[._ ]?used|used[._ ]?heap(?:[._ ]?size)?)" + _UNIT, re.IGNORECASE)
_MOST = late(
    r"(?<![a-z])(?:heap[._ ]?(?:size[._ ]?)?limit|heap[._ ]?max|max[._ ]?heap(?:[._ ]?size)?)" + _UNIT, re.IGNORECASE
)
"""Fields by which programs tell how much of their heap is in use, and how large it may become."""
_PAUSED = late(r"\bPause (Full|Young)\b.{0,60}? \d+([KMG])->(\d+)\2\((\d+)\2\)(?:[ ,](\d+)\.\d+ms)?")
"""A collection as the JVM logs it: of what, what it left of how much, and how many milliseconds all stood still."""
_OF_ROOM = ("heap", "pause ")
"""Without these words, in lower case, nothing in a log tells of room: cheaper to see."""
_OF_ALL = 3
"""So many collections of all of a heap prove what two samples more do of one that a program tells of now and then."""
_LONG_MS = 1000


def in_vain(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that most pods of a workload whose logs were read collect again and again and free hardly anything."""
    told = _collecting(view, workload)
    heard = {log.pod for log in view.logs_of(workload.live, previous=False)}
    return (_shown(told, min(told)),) if told and 2 * len(told) > len(heard) else ()


def heap_is_full(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...]:
    """Return that of the pods of a workload just the odd ones collect in vain or have no room, and each of them does.

    What else they tell then comes of it: who stands still for seconds meets every timeout there is.
    """
    told = _collecting(view, workload)
    if told and set(told) == set(odd):
        return (_shown(told, min(told)),)
    full = full_heaps(view, workload)
    if not full or set(full) != set(odd):
        return ()
    return (Evidence("logs", f"Pod/{min(full)}", told_full(full[min(full)]), stamp(full[min(full)][0])),)


def full_heaps(view: View, workload: Workload) -> dict[str, list[str]]:
    """Return pod -> its lines of how full its heap is, of those that have no room all the while.

    {} unless all others tell that they have room: a heap swings, and what all of them fill is its usual state.
    """
    found: dict[str, list[tuple[float, str]]] = {}
    for log in view.logs_of(workload.live, previous=False):
        lines = log.lines if speaks_of(log, _OF_ROOM) else ()
        told = [(share, line) for line in lines if (share := _filled(line)) and _is_of_late(view, line, _AN_HOUR)]
        found[log.pod] = found.get(log.pod, []) + told
    full = {pod: [line for _, line in each] for pod, each in found.items() if _has_none(view, each)}
    others = [found.get(pod.name, []) for pod in workload.live if pod.name not in full]
    roomy = all(each and max(share for share, _ in each) <= ROOMY for each in others)
    return full if others and roomy else {}


def told_full(lines: Sequence[str]) -> str:
    """Return in words what lines tell of a heap that is full."""
    least = min(_filled(line) or 0.0 for line in lines)
    return f"{least:.0%} of its heap or more are in use each time it tells ({len(lines)} lines): {lines[-1].strip()}"


def _has_none(view: View, told: Sequence[tuple[float, str]]) -> bool:
    """Tell whether a heap was full each time that it was told, many times and until now."""
    still = bool(told) and _is_of_late(view, told[-1][1], STILL)
    enough = len(told) >= OFTEN or sum(_PAUSED.search(line[:600]) is not None for _, line in told) >= _OF_ALL
    return still and enough and all(share >= _LEFT for share, _ in told)


def stood_still(line: str) -> bool:
    """Tell whether a line is of a collection of all of a heap for which all stood still for a second or more."""
    found = _PAUSED.search(line[:600])
    return found is not None and found[1] == "Full" and int(found[5] or 0) >= _LONG_MS


def _filled(line: str) -> float | None:
    """Return the share of its heap that a line tells to be in use; None if it does not tell, or in two units.

    A collection of what is young leaves what may be garbage: it tells of room alone.
    """
    if paused := _PAUSED.search(line[:600]):
        share = float(paused[3]) / (float(paused[4]) or 1.0)
        return share if paused[1] == "Full" or share <= ROOMY else None
    if "heap" not in line[:600].lower():
        return None
    used, most = _USED.search(line[:600]), _MOST.search(line[:600])
    if used is None or most is None or not float(most[2]):
        return None
    units = {(each[1].lower(), each[3].lower()) for each in (used, most)}
    return float(used[2]) / float(most[2]) if len(units) == 1 else None


def _is_of_late(view: View, line: str, within: timedelta) -> bool:
    return view.recent(stamp(line), within)


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
