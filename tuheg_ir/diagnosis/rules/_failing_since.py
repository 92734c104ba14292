"""Which pods fail since a moment, by whatever words: what their logs repeat, or what is measured of them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit, tells, times_around
from tuheg_ir.diagnosis.view.marked import OFTEN, complained, complains, shape_of
from tuheg_ir.diagnosis.view.odd import CLEARLY, PROVEN, odd_pods, same_template, works
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

BEFORE = timedelta(minutes=10)
"""What is made anew may be away for so long before."""
SOON = timedelta(hours=1)
"""Within this time who keeps what was before has met that it is good no more."""
LONG = timedelta(days=3)
"""So long may pods be well with what was before: an old key or address is often left in force for days."""
NOW = timedelta(minutes=10)
"""What was told longer ago than this may be over."""
_SPEAKS = 3
"""Who tells less often than this of anything may do nothing."""


class _Told(NamedTuple):
    """What pods repeat: since when, how often each, one of the lines, and which trouble it is ("": nobody knows)."""

    since: datetime
    pods: Mapping[str, int]
    line: str
    trouble: str


class Failing(NamedTuple):
    """The pods that fail, since when, how often they say so, in which lines, and which troubles those tell of.

    ``odd``: the pods that figures single out, whatever they tell.
    """

    pods: tuple[Pod, ...]
    first: datetime
    often: int
    lines: tuple[str, ...]
    troubles: frozenset[str]
    odd: Mapping[str, str]

    @property
    def seen(self) -> str:
        """Return what they say most often, and how often they say anything of it."""
        return f"{self.often} lines since: {self.lines[0]}"

    def older(self, at: datetime) -> bool:
        """Tell whether all that fail were started before a moment: who came later is no better off otherwise."""
        return all(pod.started is not None and pod.started < at for pod in self.pods)

    def tells(self, *beginnings: str) -> bool:
        """Tell whether they tell of a trouble whose name begins with one of some words."""
        return any(each.startswith(beginnings) for each in self.troubles)


def failing_since(view: View, workload: Workload, at: datetime, within: timedelta = SOON) -> Failing | None:
    """Return the pods of a workload that fail still, and began to within a time after a moment; None: there are none.

    One that tells far less often of it than the others meets what they send to it.
    """
    told = [each for each in _told(view, workload) if -BEFORE <= each.since - at <= within]
    counts: dict[str, int] = {}
    for each in told:
        for pod, count in each.pods.items():
            counts[pod] = max(count, counts.get(pod, 0))
    ill = {pod for pod, count in counts.items() if CLEARLY * count >= max(counts.values())}
    live = tuple(pod for pod in workload.live if pod.name in ill)
    if not live or sum(counts.values()) < OFTEN:
        return None
    told.sort(key=lambda each: -sum(each.pods.values()))
    return Failing(
        pods=live,
        first=min(each.since for each in told),
        often=sum(counts.values()),
        lines=tuple(each.line for each in told),
        troubles=frozenset(each.trouble for each in told if each.trouble),
        odd=odd_pods(view, workload, few=False),
    )


def younger_well(view: View, workload: Workload, failing: Failing, at: datetime) -> list[Pod]:
    """Return the pods of the failing ones' template that were started after a moment and work, if all others are older.

    What came at that moment is good then: it is among what those were started with.
    """
    ill = {pod.name for pod in failing.pods} | {*failing.odd}
    since = (pod for pod in workload.live if pod.ready and pod.started and pod.started > at and pod.name not in ill)
    well = [pod for pod in since if not view.recent(pod.started, PROVEN) and speaks(view, pod)]
    if not well or not failing.older(at) or not same_template((*failing.pods, *well)):
        return []
    theirs = [said(view, failing, pod) for pod in failing.pods]
    return [pod for pod in well if _tells_less(pod, said(view, failing, pod), theirs)]


def goes_on(view: View, failing: Failing, after: datetime) -> bool:
    """Tell whether pods say again and again after a moment that they fail, and say so now."""
    told = [at for pod in failing.pods for at in said(view, failing, pod) if at > after]
    return len(told) >= _SPEAKS and view.recent(max(told), NOW)


def said(view: View, failing: Failing, pod: Pod) -> list[datetime]:
    """Return when a pod said what failing ones say."""
    shapes = {shape_of(line) for line in failing.lines}
    return [
        at
        for log in view.logs_of([pod], previous=False)
        for at, line in zip(times_around(log.lines)[0], log.lines, strict=True)
        if at is not None and _says(failing, shapes, line)
    ]


def _says(failing: Failing, shapes: Collection[str], line: str) -> bool:
    """Tell whether a line is one of theirs: of lines of fields alone, all that their program tells is of one shape."""
    return (complains(line) and shape_of(line) in shapes) or any(tells(trouble, line) for trouble in failing.troubles)


def _tells_less(pod: Pod, mine: Sequence[datetime], theirs: Sequence[Sequence[datetime]]) -> bool:
    """Tell whether a pod says clearly less often what the failing ones say than those did since its start."""
    since = pod.started
    often = sum(since is not None and at > since for times in theirs for at in times)
    return often >= max(OFTEN, CLEARLY * len(theirs) * len(mine))


def speaks(view: View, pod: Pod) -> bool:
    """Tell whether a pod's log goes on: who does nothing fails at nothing."""
    return works(view, pod, _SPEAKS)


def _told(view: View, workload: Workload) -> Iterator[_Told]:
    """Yield what the pods repeat still: by a program's own mark, whatever it says, or as a trouble that is known."""
    for each in complained(view, workload):
        if each.since is not None:
            still = {pod: count for pod, count in each.pods.items() if each.lately.get(pod)}
            yield _Told(each.since, still or each.pods, each.line, "")
    by_trouble: dict[str, list[Hit]] = {}
    for hit in view.hits_of(workload.ref):
        if not hit.previous and hit.first is not None and fresh(view, hit):
            by_trouble.setdefault(hit.trouble, []).append(hit)
    for trouble, hits in by_trouble.items():
        first = min(hit.first for hit in hits if hit.first)
        yield _Told(first, {hit.pod: hit.count for hit in hits}, hits[0].line, trouble)
