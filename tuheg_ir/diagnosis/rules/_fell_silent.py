"""Ready pods that told of their work steadily and do so no more, whatever beats on in them.

A client that asks for its metadata every ten minutes, or a line of the garbage collector, comes by the clock from who
hangs just as from who works.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.marked import complains, shape_of
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of
from tuheg_ir.diagnosis.view.workloads import Workload

LONG, NEXT = timedelta(minutes=10), timedelta(minutes=4)
"""A shorter silence may be one between two pieces of work; where one pod is silent the next one is known sooner."""
TIMES = 3
"""The silence has to be so many times as long as the longest before."""
REGULAR = 20
"""Lines of work that show how often it is done."""
_HEAD = 40
"""So much of a line tells whether it is one of those that come again and again: not the dump of its threads."""
LEFT = 0.5
"""Share of the former processor time from which on a pod does little; one that is at work without a word uses more."""
_BEAT, _EVEN = timedelta(seconds=30), timedelta(seconds=2)
"""What comes no more often than this, and always after the same time but for so little, comes by the clock."""


def fell_silent(view: View, workload: Workload, least: timedelta, idle: float = 0.0) -> dict[str, datetime]:
    """Return the ready pods that worked steadily and do so no more, and since when.

    ``idle``: who uses less of its processor limit than this does nothing, though it used no more all the hour.
    """
    found = {}
    for pod in workload.live:
        times = worked(view, pod) if pod.ready else []
        if not ended(view, times, least):
            continue
        work = work_of(view, pod.name)
        if work is None or work.left <= LEFT or work.now < idle:
            found[pod.name] = times[-1]
    return found


def ended(view: View, times: Sequence[datetime], least: timedelta) -> bool:
    """Tell whether what came steadily at some times comes no more."""
    if len(times) < REGULAR:
        return False
    return view.now - times[-1] >= max(least, TIMES * max(b - a for a, b in pairwise(times)))


def works(view: View, pod: Pod) -> bool:
    """Tell whether a pod has told of work within these minutes."""
    times = worked(view, pod)
    return bool(times) and view.recent(times[-1], NEXT)


def node_is_silent(view: View, workload: Workload, name: str) -> bool:
    """Tell whether nobody works on a pod's node any more, and one of them who does not live by its work did."""
    node = next((pod.node for pod in workload.live if pod.name == name), "")
    there = [(each, pod) for each in view.serving for pod in each.live if node and pod.node == node]
    if any(works(view, pod) for _, pod in there):
        return False
    near_it = {workload.ref, *view.graph.callers(workload.ref), *view.graph.needs(workload.ref)}
    return any(pod.name in fell_silent(view, each, NEXT) for each, pod in there if each.ref not in near_it)


def worked(view: View, pod: Pod) -> list[datetime]:
    """Return when a pod told of work of which it tells again and again, in order.

    What comes by the clock is none, unless it tells of nothing else so steadily.
    """
    often = [times for times in told_at(view, [pod]) if len(times) >= OFTEN]
    work = [times for times in often if not _beats(times)]
    steady = sum(map(len, work)) >= REGULAR
    return sorted(time for times in (work if steady else often) for time in times)


def told_at(view: View, pods: Iterable[Pod]) -> list[list[datetime]]:
    """Return when some pods told of each kind of what is no complaint, in order."""
    told = defaultdict(list)
    for log in view.logs_of(pods, previous=False):
        for line in log.lines:
            if not complains(line) and not of_probe(line) and (time := stamp(line)) is not None:
                told[shape_of(line)[:_HEAD]].append(time)
    return [sorted(times) for times in told.values()]


def _beats(times: Sequence[datetime]) -> bool:
    gaps = [b - a for a, b in pairwise(times)]
    return min(gaps) >= _BEAT and max(gaps) - min(gaps) <= _EVEN
