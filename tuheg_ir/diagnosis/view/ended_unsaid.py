"""Tasks that ended in few pods of several at an error, and nothing calls it an end.

A timer that is not asked again after its task threw, or a loop that stands outside of what catches: the log tells of
one error, when the task was due, and then neither that it was done nor that it failed, while each of its like goes on.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import takewhile

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.ended_apart import (
    AMID,
    MOVED,
    OF_A_REQUEST,
    TIMES,
    EndedApart,
    Hole,
    amid,
    bare_of,
    even,
    goes_on,
    holes_of,
    pauses_of,
    told_by_shape,
    words_of,
)
from tuheg_ir.diagnosis.view.logs import speaks_of, times_around
from tuheg_ir.diagnosis.view.marked import complains, is_marked, shape_of
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.threads import ALIVE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_HINTS = ("err", "fail", "exception", "panic", "fatal", "crit", "severe")
"""A log without any of these words tells of no error: cheaper to see."""
_PUT_OFF = late(
    r"\bre-?try(?:ing)?[ _-]?(?:in|at|after)\b|\bback(?:ing|ed)?[ -]?off\b"
    r"|\bnext (?:try|run|attempt|check|\w{0,20}fetch)\b"
    r"|\b(?:disabl|paus|suspend|postpon|defer)|\bcircuit\b|\bleader|\blease\b|\bstand-?by\b"
    r"|\bshut(?:ting)? ?down\b|\bSIGTERM\b|\bcancel"
    r"|\bsleeping\b|\b(?:sleeps?|(?<!out )(?<!timeout )wait(?:s|ing)?) (?:for )?\d"
    r"|\bre-?schedul|\bscheduled (?:for|at|in|again)\b"
    r"|\bskip(?:s|ped|ping)?\b|\buntil\b|\btomorrow\b|\bmidnight\b|\bagain (?:in|at|after|on)\b"
    r"|\b(?:in|for) \d{1,4} ?(?:h|hrs?|hours?|d|days?)\b|quota(?!t)|\brate[ _-]?limit|\btoo ?many ?requests|throttl",
    re.IGNORECASE,
)
"""Who tells so at an error means to wait, or was told to; what is used up comes back by itself."""
_FRAMES = ("at ", 'File "')
"""How a line begins, without its time, that only tells where in the program it was."""
_THROWN = late(
    r"[a-z](?:Exception|Error)\b|\bTraceback \(most recent|\bpanic"
    r"|\bgoroutine \d{1,9} \[|\bException\b|\bstack[_ ]?trace\b"
)
"""How runtimes name what was thrown; whoever only tells that he was refused has dealt with it."""
_DUE = 2
"""An error later than so many paces after the task was last done is no error of it."""


@dataclass
class _Told:
    """What a log tells, each part worked out when it is first asked for: of most logs none is."""

    log: Log

    @cached_property
    def upto(self) -> list[datetime | None]:
        """Return for each line the last time told up to it."""
        return times_around(self.log.lines)[0]

    @cached_property
    def bare(self) -> list[str]:
        """Return the lines without their times."""
        return bare_of(self.log)

    @cached_property
    def errors(self) -> list[str]:
        """Return the lines that the program calls an error."""
        return [line for line in self.log.lines if is_marked(line)]

    @cached_property
    def failed(self) -> list[tuple[datetime, str]]:
        """Return the errors and when they were told, in that order."""
        told = zip(self.upto, self.log.lines, strict=True)
        return sorted((at, line) for at, line in told if at and is_marked(line))

    @cached_property
    def shapes(self) -> Mapping[str, tuple[str, list[datetime]]]:
        """Return shape -> a line of it and when it was told, of what is no complaint."""
        return told_by_shape(zip(self.upto, self.bare, strict=True))


def ended_unsaid(view: View, workload: Workload) -> tuple[EndedApart, ...]:
    """Return the errors in few live pods of one template since which these do no more what each of their like does."""
    if len(workload.live) < 2 or not same_template(workload.live):
        return ()
    logs = [log for log in view.logs_of(workload.live, previous=False) if log.lines]
    if {log.pod for log in logs} != {pod.name for pod in workload.live}:
        return ()
    told = [_Told(log) for log in logs]
    odd = [each for each in told if speaks_of(each.log, _HINTS) and each.errors and any(map(_THROWN.search, each.bare))]
    if not odd:
        return ()
    holes = holes_of(logs)
    in_logs = Counter((each.log.container, shape) for each in told for shape in set(map(_kind, each.errors)))
    found: list[EndedApart] = []
    for own in odd:
        like = [each for each in told if each.log.pod != own.log.pod and each.log.container == own.log.container]
        survived = {shape for shape in map(_kind, own.errors) if in_logs[own.log.container, shape] > 1}
        ended = _ceased(view, own, like, holes, survived)
        found += [ended] if ended else []
        if 2 * len({each.pod for each in found}) > len(workload.live):
            return ()
    return tuple(found)


def _kind(error: str) -> str:
    return shape_of(without_time(error))


def _ceased(
    view: View, own: _Told, like: Sequence[_Told], holes: Sequence[Hole], survived: Collection[str]
) -> EndedApart | None:
    """Return what a log tells of at an even pace up to an error, and no more, if each of its like goes on with it.

    ``survived``: the errors that others told too and went on, so that they end nothing.
    """
    if not like or all(_kind(said) in survived for _, said in own.failed):
        return None
    errors_at = [at for at, _ in own.failed]
    lost: dict[tuple[datetime, str], set[str]] = {}
    for shape, (line, times) in own.shapes.items():
        pauses = pauses_of(times, holes)
        if len(times) < TIMES or not pauses or not even(times, holes):
            continue
        first = next(iter(own.failed[bisect_right(errors_at, times[-1]) :][:1]), None)
        if first is None or first[0] > times[-1] + _DUE * max(pauses):
            continue
        at, said = first
        if view.now - at < (TIMES + 1) * max(pauses) or _kind(said) in survived:
            continue
        if first not in lost:
            lost[first] = _lost_at(view, own, at, said)
        if lost[first].isdisjoint(words_of([line])):
            continue
        theirs = (each.shapes[shape][1] if shape in each.shapes else () for each in like)
        counts = [*takewhile(OFTEN.__le__, (goes_on(view, done, at, times[-1], holes) for done in theirs))]
        if len(counts) == len(like):
            return EndedApart(own.log.pod, without_time(said).strip()[:300], at, line.strip()[:200], min(counts))
    return None


def _lost_at(view: View, own: _Told, at: datetime, said: str) -> set[str]:
    """Return the words of an error that nothing bears since, if the process works on and meant to end nothing.

    Who tries again tells of the next error; and who tells of no work any more may tell of nothing but errors.
    """
    later = [line for time, line in zip(own.upto, own.bare, strict=True) if time and time > at + AMID]
    works = [line for line in later if not complains(line)]
    last = next((time for time in reversed(own.upto) if time), None)
    if len(works) < OFTEN or not view.recent(last, ALIVE) or _kind(said) in set(map(shape_of, later)):
        return set()
    told = amid(own.upto, own.bare, at)
    if not any(map(_THROWN.search, told)) or _is_meant(own, at) or any(map(MOVED.search, later)):
        return set()
    return words_of(told) - words_of(later)


def _is_meant(own: _Told, at: datetime) -> bool:
    """Tell whether what failed at a time served one client, was put off, or was given to others.

    Who serves others in the same seconds tells of them in lines of their own: these say nothing of the error.
    """
    for time, line, bare in zip(own.upto, own.log.lines, own.bare, strict=True):
        if time is None or abs(time - at) > AMID:
            continue
        where = bare.startswith(_FRAMES)
        if MOVED.search(bare) or (not where and _PUT_OFF.search(bare)):
            return True
        if (where or stamp(line) is None or complains(line)) and OF_A_REQUEST.search(bare):
            return True
    return False
