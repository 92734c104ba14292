"""Troubles of which a log told for a while and tells no more, though it goes on: they are over."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta

from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import Marked, complains, is_marked, shape_of
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LONG = timedelta(minutes=10)
"""What was silent for a shorter time may only pause."""
GOES_ON = timedelta(minutes=5)
"""A log that told its last line longer ago than this may be silent about everything."""
ENOUGH = 5
"""So many lines without an error show that a program does its work again."""


def over(view: View, hit: Hit) -> bool:
    """Tell whether the pod that told of a trouble has worked on for long without a word of it, and nobody suffers."""
    if hit.previous or view.recent(hit.last, LONG) or any(troubles(view, hit.component)):
        return False
    mine = (log for log in _logs(view, view.workloads.get(hit.component), {hit.pod}) if log.container == hit.container)
    return _all_silent(view, mine, lambda line: tells(hit.trouble, line))


def no_more(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether all pods that repeated an error or a warning have worked on for long without it."""
    return _all_silent(
        view, _logs(view, workload, told.pods), lambda line: shape_of(line) == told.shape and complains(line)
    )


def _logs(view: View, workload: Workload | None, pods: Iterable[str]) -> Iterable[Log]:
    names = frozenset(pods)
    return view.logs_of((pod for pod in workload.live if pod.name in names) if workload else (), previous=False)


def _all_silent(view: View, logs: Iterable[Log], said: Callable[[str], bool]) -> bool:
    told = [log for log in logs if any(map(said, log.lines))]
    return bool(told) and all(_fell_silent(view, log, said) for log in told)


def _fell_silent(view: View, log: Log, said: Callable[[str], bool]) -> bool:
    """Tell whether a log has gone on without certain lines for longer than it told them, and tells of no error since.

    What comes again and again was told for longer than it is silent each time.
    """
    timed = [(time, line) for line in log.lines if (time := stamp(line)) is not None]
    told = [time for time, line in timed if said(line)]
    if not told:
        return False
    first, last, end = min(told), max(told), max(time for time, _ in timed)
    silent = view.now - last
    if silent < LONG or silent <= last - first or not view.recent(end, GOES_ON):
        return False
    since = [line for time, line in timed if time > last]
    return len(since) >= ENOUGH and not any(map(is_marked, since))
