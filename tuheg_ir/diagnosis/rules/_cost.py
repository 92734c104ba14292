"""How much processor time a request costs: at first and now, and before and after a release."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.rules._did_before import of_workload
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LEAST = 0.5
"""So few requests a second, of probes and of chance, tell nothing of what each costs."""
_WARM = timedelta(minutes=5)
"""So long after a start the rates of requests are too low, and programs take more than later."""
_AFTER = timedelta(minutes=20)
_MOMENT_S = 30
_FEW = 5
"""Fewer moments tell nothing."""
Asked = Callable[..., float | None]


class Cost(NamedTuple):
    """The processor time, in seconds, that a request cost at first, or before something, and costs now."""

    first: float
    now: float


def cost_of(view: View, workload: Workload) -> Cost | None:
    """Return what a request costs a workload; None where nobody measures it at both ends."""
    first, now = _cost(view, workload, view.figures.first), _cost(view, workload, view.figures.now)
    return None if first is None or now is None else Cost(first, now)


def _cost(view: View, workload: Workload, asked: Asked) -> float | None:
    """Return the processor time of all pods for each request that all of them get."""
    used = [asked("cpu_usage", pod=pod.name) for pod in workload.live]
    rates = [asked("request_rate_by_pod", pod=pod.name) for pod in workload.live]
    if None in rates:
        rates = [asked("request_rate", component=label) for label in labels_of(view, workload.ref, "request_rate")[:1]]
    got = sum(rate for rate in rates if rate is not None)
    return None if None in used or got < LEAST else sum(each for each in used if each is not None) / got


def cost_before(view: View, workload: Workload, came: datetime) -> Cost | None:
    """Return what a request cost before a time, and what it costs since, soon after and now, whichever is less.

    None where figures do not reach back, or requests are not counted for the workload as a whole: its pods of then are
    gone.
    """
    told = sorted(_at_all_times(view, workload))
    before = [cost for at, cost in told if at < came.timestamp()]
    start, end = (came + _WARM).timestamp(), (came + _AFTER).timestamp()
    after = [cost for at, cost in told if start <= at < end]
    now = _cost(view, workload, view.figures.now)
    if now is None or min(len(before), len(after)) < _FEW:
        return None
    return Cost(median(before), min(median(after), now))


def _at_all_times(view: View, workload: Workload) -> Iterator[tuple[float, float]]:
    """Yield each moment that is known with what a request cost then."""
    used, got = Counter[int](), dict[int, float]()
    for each in view.figures.series("cpu_usage"):
        if of_workload(view, workload, each.labels.get("pod", "")):
            used.update({int(at // _MOMENT_S): value for at, value in each.points})
    for label in labels_of(view, workload.ref, "request_rate")[:1]:
        for each in view.figures.series("request_rate", component=label):
            got |= {int(at // _MOMENT_S): value for at, value in each.points}
    for moment, rate in got.items():
        if rate >= LEAST and used[moment]:
            yield float(moment * _MOMENT_S), used[moment] / rate
