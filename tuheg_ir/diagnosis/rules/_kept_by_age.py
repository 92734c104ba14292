"""Pools that have lost the more connections the older their pods are: since a release its program gives some not back.

Who is kept waiting by others loses them all at once, whatever his age; who is well after a restart fills as well.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._pools import READINGS, Climb, kept_waiting
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.view.complaints import STILL, fresh
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import SOON, releases, served_long
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(days=1)
LONG = timedelta(minutes=30)
"""What a pod has kept in less time than this tells little of how fast it loses, unless it is much."""
MUCH = 10
"""So many connections that are kept at any moment are not those few that chance has it keep sooner or later."""
_ALIKE = 2.0
"""So many times as fast as the slowest may the fastest pod lose what it has, by chance of what they are asked."""
_APART = 2.0
"""So many times as old as the youngest is the oldest pod: of one age, all may have met something at one time."""
FULL_FOR = timedelta(minutes=10)
"""A pool that has none left, and gives none back for so long, has lost them all."""
_SIGNALS = ("outward_pool_in_use", "pool_in_use")


class _Life(NamedTuple):
    """A pod, how many connections it had taken in the course of time, and when it had lost all, or was counted last."""

    pod: Pod
    points: Points
    end: float

    @property
    def started(self) -> datetime | None:
        """Return when it began to lose."""
        return self.pod.started

    def age(self, then: float) -> float:
        """Return how many seconds it had lived then."""
        return then - self.started.timestamp() if self.started else 0.0

    def paces(self) -> list[float]:
        """Return how many it lost in a second of its life: up to the first counts, amid them, and up to the end.

        Who is busy with as many from the start seems to lose fast at first, and ever more slowly.
        """
        known = [each for each in self.points if each[0] <= self.end]
        amid = max(0, (len(known) - READINGS) // 2)
        some = (known[:READINGS], known[amid : amid + READINGS], known[-READINGS:])
        parts = [(min(value for _, value in each), self.age(each[-1][0])) for each in some if each]
        told = (part for part in parts if part[1] >= LONG.total_seconds() or (part[0] >= MUCH and part[1] > 0))
        return [lost / age for lost, age in told] or [0.0]


@once
def kept_by_age(view: View, workload: Workload) -> Climb | None:
    """Return that the pools of a release have lost as many connections as their pods are old, and the oldest all.

    The template before served many times as long; nothing that is asked is slow or was changed since, and no more is
    asked of it. Each pod has to be measured: what was kept is the least that was taken at any of some moments.
    """
    at = workload.released_at
    if at is None or workload.returned or workload.older_pods() or not releases(view, workload, LATELY):
        return None
    if not workload.changed("image", "env", "command") or kept_waiting(view, workload):
        return None
    if any(each.changes and each.released_at and each.released_at > at - SOON for each in view.called(workload.ref)):
        return None  # who is left without an end of an answer keeps its connections as well
    waits = [hit for hit in view.hits_of(workload.ref, "pool_exhausted") if fresh(view, hit) and not hit.previous]
    out = {hit.pod for hit in waits} & {pod.name for pod in workload.live}
    counts = _counts(view, workload)
    ends = {name: _full_since(view, each) if name in out else each[-1][0] for name, each in counts.items()}
    emptied = [end for name, end in ends.items() if end and name in out]
    if not emptied or not all(ends.values()) or out >= set(counts):
        return None
    if not served_long(workload, min(emptied) - at.timestamp()):
        return None
    lives = [_Life(pod, counts[pod.name], end) for pod in workload.live if (end := ends[pod.name])]
    if any(each.pod.name in out and (each.started is None or each.started - at > SOON) for each in lives):
        return None  # what has none left was made later than the release: it lost them otherwise
    ages = [each.age(each.end) for each in lives]
    if not lost_by_age(ages, [pace for each in lives for pace in each.paces()]):
        return None
    taken = int(max(value for points in counts.values() for _, value in points))
    fact = f"{len(out)} pools have all {taken} connections taken and give none back; younger ones fill as fast by age"
    return Climb(Evidence("metrics", workload.ref, fact, at), at, taken)


def _counts(view: View, workload: Workload) -> Mapping[str, Points]:
    """Return how many connections each pod had taken of a pool of one kind, lately too; {} where not all are counted.

    Of pools inside a pod that are measured, one: what is told of another kind is told of another pool.
    """
    pods = {pod.name for pod in workload.live}
    for signal in _SIGNALS:
        mine = {each.labels.get("pod", ""): each.points for each in view.figures.series(signal)}
        known = {pod: points for pod, points in mine.items() if pod in pods and len(points) >= 2 * READINGS}
        if len(known) == len(pods) and all(_lately(view, points) for points in known.values()):
            return known
    return {}


def _lately(view: View, points: Points) -> bool:
    return view.now.timestamp() - points[-1][0] <= STILL.total_seconds()


def _full_since(view: View, points: Points) -> float | None:
    """Return since when as many are taken as never before, without a break; None: not for long, or not at all.

    None too where as many were taken from the first count on: how long it took to lose them nobody saw.
    """
    most = max(value for _, value in points)
    lower = [now for (_, was), (now, _) in pairwise(points) if was < most]
    full = lower and points[-1][1] == most and view.now.timestamp() - lower[-1] >= FULL_FOR.total_seconds()
    return lower[-1] if full else None


def lost_by_age(ages: Collection[float], paces: Collection[float]) -> bool:
    """Tell whether pods of different ages lose what they have at one pace."""
    apart = min(ages) > 0 and max(ages) >= _APART * min(ages)
    return apart and min(paces) > 0 and max(paces) <= _ALIKE * min(paces)
