"""States that a log tells of once as they begin and once as they end: in between they stand, however long ago that was.

A broker whose disk is full says so in one minute, and nothing more of it for hours; so does each of its clients.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL, is_marked
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

_CLEARED = late(
    r"alarm (?:is |was |has been )?cleared|watermark clear\b|disk space is (?:now )?sufficient"
    r"|unblocking (?:message production|producers)|will unblock producers|(?<![a-z])unblocked(?![a-z])",
    re.IGNORECASE,
)
_OF_WHAT = late(r"(?<![a-z])(memory|disk)(?![a-z])", re.IGNORECASE)


class _State(NamedTuple):
    """Programs of which role come into a state, and how logs tell that it is over."""

    of: str
    over: re.Pattern[str]


STATES: Mapping[str, _State] = {"broker_alarm": _State("broker", _CLEARED)}
"""Troubles that are told as they begin, by whom they are of and by its clients."""


def stands(view: View, hit: Hit) -> bool:
    """Tell whether a state goes on of whose beginning a log told, long ago perhaps.

    Who is in it would tell of its end. A client may not hear of that: it has to fail ever since, and nobody else may
    tell that it is over.
    """
    state = STATES.get(hit.trouble)
    if state is None or hit.previous:
        return False
    if not any(_open(log, hit.trouble, state) for log in view.logs_with(hit)):
        return False
    workload = view.workloads.get(hit.component)
    if workload is not None and role(workload) == state.of:
        return True
    return _fails_since(view, hit) and not any(_ended(log, hit.trouble, state) for log in view.snapshot.logs)


def _told(log: Log, trouble: str, state: _State) -> Iterator[tuple[str, bool]]:
    """Yield what a log tells of a state, in its order: of what (memory, disk; "" of neither), and whether it began."""
    for line in log.lines:
        of = _OF_WHAT.search(line)
        if state.over.search(line):
            yield of[1].lower() if of else "", False
        elif tells(trouble, line):
            yield of[1].lower() if of else "", True


def _open(log: Log, trouble: str, state: _State) -> bool:
    """Tell whether a state began by a log and did not end by it; the end of one of two leaves the other."""
    began: set[str] = set()
    for of, begins in _told(log, trouble, state):
        if begins:
            began.add(of)
        else:
            began -= {of, ""} if of else began.copy()
    return bool(began)


def _ended(log: Log, trouble: str, state: _State) -> bool:
    """Tell whether the last word of a log of a state is that it is over."""
    return not log.previous and [begins for _, begins in _told(log, trouble, state)][-1:] == [False]


def _fails_since(view: View, hit: Hit) -> bool:
    """Tell whether who was told of a state tells of errors since, up to now, and told of hardly any before."""
    times = [at for log in view.logs_with(hit) for line in log.lines if is_marked(line) and (at := stamp(line))]
    since = [at for at in times if hit.first is not None and at >= hit.first]
    return len(since) >= OFTEN and len(since) > len(times) / 2 and view.recent(max(since), STILL)
