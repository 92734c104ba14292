"""What the containers of a workload use: processor and memory against their limits, per pod, now and before."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.crashes import LATELY
from tuheg_ir.diagnosis.view.figures import Figures
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

BUSY = 0.85
"""Share of its processor limit at which a container waits for time."""
THROTTLED = 0.25
"""Share of periods in which a container was held back: from here on it is felt."""
NEAR = 0.9
"""Share of its memory limit at which a container is about to be killed."""
NOT_HELD_TO = 1.1
"""What holds so many times its memory limit would have been killed: this is not the limit that holds. So it is with
what holds even a little more all the time, and with those beside it that have the same limit and rise no more."""
CLEARLY = 1.03
"""What is measured at so much of its limit holds more than it; figures of two sources may differ by less."""
ABOVE_S = 900.0
"""What holds clearly more than its limit for so long, from its first figure on, runs on: it is killed at another one,
or not at all."""
LONG_S = 2700.0
"""What stands for so long stands; so does what holds any more than its limit."""
OF_THE_MOMENT = ("cpu_share", "throttled_share", "workers_busy_share")
"""Signals that say nothing of now once they have fallen."""
KILLED = timedelta(minutes=60)
STARTS = timedelta(minutes=3)
"""A start takes all the processor time that it gets, and leaves figures of that for so long."""


class Usage(NamedTuple):
    """Label pod -> how a signal stands now, of the pods of one workload."""

    signal: str
    by_pod: dict[str, float]

    def beyond(self, limit: float) -> list[str]:
        """Return the pods beyond a limit."""
        return sorted(pod for pod, value in self.by_pod.items() if value > limit)

    def widely(self, limit: float) -> bool:
        """Tell whether most of the pods that are known are beyond a limit."""
        return bool(self.by_pod) and 2 * len(self.beyond(limit)) > len(self.by_pod)

    @property
    def most(self) -> float:
        """Return the highest value; 0 if none is known."""
        return max(self.by_pod.values(), default=0.0)


def usage(figures: Figures, workload: Workload, signal: str) -> Usage:
    """Return how a signal stands in the live pods of a workload."""
    mine = {pod.name for pod in workload.live}
    values = {p: v for p, v in figures.latest(signal, "pod").items() if p in mine}
    if signal in OF_THE_MOMENT:
        values = {p: min(v, still) for p, v in values.items() if (still := figures.still(signal, pod=p)) is not None}
    if signal == "memory_share":
        free = _not_held(figures, workload)
        values = {p: v for p, v in values.items() if v <= NOT_HELD_TO and p not in free}
    return Usage(signal, values)


def _not_held(figures: Figures, workload: Workload) -> set[str]:
    """Return the pods of a workload that hold more than their memory limit all the time, and those with that limit.

    Not those beside them that still rise: if the limit does hold after all, they are killed next.
    Where one of them was killed for memory the limit holds, whatever the others are measured at.
    """
    limits: dict[str, tuple[str, ...]] = {
        pod.name: tuple(f"{c.name} {mapping(c.spec, 'resources', 'limits').get('memory')}" for c in pod.containers)
        for pod in workload.live
    }
    above = {name for name in limits if _always_above(figures, name)}
    rising = {name for name in limits if figures.steady_growth("memory_share", pod=name)} - above
    killed = {limits[pod.name] for pod in workload.live if any(c.killed_for_memory for c in pod.containers)}
    free = {limits[name] for name in above} - killed
    return {name for name, held in limits.items() if held in free and name not in rising}


def _always_above(figures: Figures, pod: str) -> bool:
    """Tell whether a pod held more than its memory limit at every moment of a while."""
    found = [s.points for s in figures.series("memory_share", pod=pod) if s.points]
    held = max((points[-1][0] - points[0][0] for points in found), default=0.0)
    least = min((value for points in found for _, value in points), default=0.0)
    return (held >= ABOVE_S and least > CLEARLY) or (held >= LONG_S and least > 1.0)


def always_busy(view: View, workload: Workload, limit: float) -> bool:
    """Tell whether the busy pods of a workload have been so for as long as there are figures: it works like that."""
    busy = usage(view.figures, workload, "cpu_share").beyond(limit)
    return bool(busy) and all(view.figures.beyond_from_the_start("cpu_share", limit, pod=pod) for pod in busy)


def starving(view: View, workload: Workload) -> bool:
    """Tell whether pods of a workload have no processor time left: all that they measure of others is slow then."""
    share, throttled = (usage(view.figures, workload, signal) for signal in ("cpu_share", "throttled_share"))
    return share.most > BUSY or (throttled.most > THROTTLED and not starting(view, workload))


def starting(view: View, workload: Workload) -> bool:
    """Tell whether all that runs of a workload was started a moment ago."""
    running = [each.started_at for pod in workload.live for each in pod.containers if each.started_at]
    return bool(running) and all(view.recent(started, STARTS) for started in running)


def work_growth(view: View, workload: Workload) -> float | None:
    """Return how many times the processor time of before all pods of a workload use at least; None: not measured."""
    return min((g for pod in workload.live if (g := view.figures.growth("cpu_share", pod=pod.name))), default=None)


def killed_for_memory(view: View, workload: Workload) -> list[tuple[Pod, Container]]:
    """Return the containers that were killed for memory within the last hour."""
    return [
        (pod, container)
        for pod in workload.pods
        for container in pod.containers
        if container.killed_for_memory
        and container.ended is not None
        and (container.ended.at is None or view.recent(container.ended.at, KILLED))
        and not pod.deleting
    ]


def limit_of(workload: Workload, resource: str) -> float | None:
    """Return the highest limit of a resource among a workload's containers."""
    found = [
        number(mapping(container, "resources", "limits").get(resource))
        for container in mapping(workload.template, "spec").get("containers") or []
        if isinstance(container, dict)
    ]
    return max((each for each in found if each is not None), default=None)


def limit_cut(workload: Workload, resource: str) -> bool:
    """Tell whether the newest template lowers a limit, or sets one where there was none."""
    return bool(limits_cut(workload, resource))


def limits_cut(workload: Workload, resource: str) -> dict[str, Change]:
    """Return container -> how the newest template lowers its limit, or sets one where there was none."""
    found = {}
    for change in workload.changed("limits"):
        before, after = number(change.before), number(change.after)
        if change.field == f"limits.{resource}" and after is not None and (before is None or after < before):
            found[change.container] = change
    return found


def memory_grows(view: View, workload: Workload) -> bool:
    """Tell whether memory rises steadily in pods of a workload."""
    mine = {pod.name for pod in workload.pods}
    return any(
        view.figures.steady_growth(signal, pod=pod)
        for signal in ("memory_share", "memory_bytes")
        for pod in sorted({s.labels.get("pod", "") for s in view.figures.series(signal)} & mine)
    )


def memory_before(view: View, workload: Workload, moment: datetime) -> float | None:
    """Return the share of the memory limit that was used before a moment, whichever pods were there."""
    names = {s.labels.get("pod", "") for s in view.figures.series("memory_share")}
    mine = [name for name in names if view.owner_of(name) == workload.ref or name.startswith(f"{workload.name}-")]
    values = [view.figures.before("memory_share", moment, pod=pod) for pod in mine]
    return max((value for value in values if value is not None), default=None)


__all__ = [
    "BUSY",
    "KILLED",
    "LATELY",
    "NEAR",
    "THROTTLED",
    "Usage",
    "always_busy",
    "killed_for_memory",
    "limit_cut",
    "limit_of",
    "memory_before",
    "memory_grows",
    "usage",
]
