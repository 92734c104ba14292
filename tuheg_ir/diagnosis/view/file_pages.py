"""Memory that a container fills with pages of files, as figures of what its processes hold by themselves show.

The kernel gives such pages back when somebody asks for room: who counts them takes a cache that fills for a leak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.usage import KILLED, LONG_S, NEAR
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ROOMY = 0.7
"""What holds no more than this share of its limit by itself is far from being killed."""
_ALL = 0.8
"""So much of what is held has to be known, of the processes and of files: the rest is the kernel's."""
_LESS = 0.9
"""What is so much less than all that is held leaves out pages of files that were not used of late."""
_DAY_S = 86400.0

Points = Sequence[tuple[float, float]]


def file_pages(view: View, workload: Workload) -> str:
    """Return what shows that each full container of a workload is full of pages of files only; "" if it is not so.

    Not of a database, which shares memory that counts as such pages, nor where files are kept in memory.
    """
    if role(workload) in ("database", "cache") or in_memory(workload):
        return ""
    if view.hits_of(workload.ref, "out_of_memory", "killed_process"):
        return ""
    full = [(pod, c, held) for pod in workload.live for c in pod.containers if (held := _full(view, pod, c))]
    told = [_by_files(view, pod, container, held) for pod, container, held in full]
    return told[0] if told and all(told) else ""


def own_share(view: View, pod: Pod, container: Container) -> tuple[tuple[float, float], ...]:
    """Return the share of its limit that a container's processes held by themselves, over time; () if nobody counts it.

    Where only the working set is counted that is more than they hold: it is theirs if all that is held is counted too.
    """
    limit = limited(container)
    found = points_of(view, "memory_own", pod, container)
    if not found and (held := _now(view, "memory_with_files", pod, container)):
        counted = points_of(view, "memory_bytes", pod, container)
        found = counted if counted and counted[-1][1] < _LESS * held else ()
    return tuple((at, value / limit) for at, value in found) if limit else ()


def climbs(points: Points) -> bool:
    """Tell whether a share rises, however slowly: what leaks a little may take days.

    It does if all of the last quarter is above all of the first, or if it would be full within a day at its pace.
    """
    part = max(1, len(points) // 4)
    first, last = ([value for _, value in some] for some in (points[:part], points[-part:]))
    span = points[-1][0] - points[0][0] if points else 0.0
    if not span or min(last) > max(first):
        return True
    # from the middle of the first quarter to that of the last is three quarters of it
    pace = max(0.0, median(last) - median(first)) / (0.75 * span)
    return median(last) + pace * _DAY_S >= 1.0


def stands(points: Points) -> bool:
    """Tell whether a share has been measured for long, is roomy and does not rise."""
    long = bool(points) and points[-1][0] - points[0][0] >= LONG_S
    return long and max(value for _, value in points) <= ROOMY and not climbs(points)


def well_kept(view: View, pod: Pod) -> bool:
    """Tell whether all of a pod runs, and none of it was killed for memory or ended within the hour."""
    serving = [each for each in pod.containers if not each.init]
    ends = [each.ended for each in serving if each.ended]
    killed = any(each.killed_for_memory for each in serving) or any(view.recent(each.at, KILLED) for each in ends)
    return all(each.state == "running" for each in serving) and not killed


def _full(view: View, pod: Pod, container: Container) -> float:
    """Return how many bytes a container holds with all pages of files, if that is near its limit; else 0."""
    limit = limited(container)
    counts = (_now(view, signal, pod, container) for signal in ("memory_bytes", "memory_with_files"))
    held = max(counts)
    return held if limit and held > NEAR * limit else 0.0


def _by_files(view: View, pod: Pod, container: Container, held: float) -> str:
    """Return that a full container holds little by itself and the rest are pages of files; "" if it is not so."""
    own, limit = own_share(view, pod, container), limited(container)
    if not stands(own) or not well_kept(view, pod):
        return ""
    files = _now(view, "memory_files", pod, container)
    rest = _now(view, "memory_own", pod, container) + files if points_of(view, "memory_own", pod, container) else held
    if rest < _ALL * held:
        return ""
    told = f"{pod.name} holds {held / limit:.0%} of its limit; {own[-1][1]:.0%} are of its processes"
    return f"{told} and do not grow: it caches files"


def in_memory(workload: Workload) -> bool:
    """Tell whether pods have scratch volumes in memory: their files are pages that nobody can take back."""
    volumes = items(workload.template, "spec", "volumes")
    return any(text(each, "emptyDir", "medium").startswith(("Memory", "HugePages")) for each in volumes)


def limited(container: Container) -> float:
    """Return how much memory a container that serves may hold; 0 if it has no limit."""
    return 0.0 if container.init else number(mapping(container.spec, "resources", "limits").get("memory")) or 0.0


def points_of(view: View, signal: str, pod: Pod, container: Container) -> Points:
    """Return a signal of a container over time; () if nobody counts it."""
    return next(_series(view, signal, pod, container), ())


def _now(view: View, signal: str, pod: Pod, container: Container) -> float:
    """Return how a signal of a container stands at its newest point; 0 if nobody counts it."""
    points = points_of(view, signal, pod, container)
    return points[-1][1] if points else 0.0


def _series(view: View, signal: str, pod: Pod, container: Container) -> Iterator[Points]:
    """Yield the series of a container; one that names none is of the only one of its pod."""
    alone = sum(not each.init for each in pod.containers) == 1
    for each in view.figures.series(signal, pod=pod.name):
        named = each.labels.get("container", "")
        if each.points and (named == container.name or (not named and alone)):
            yield each.points
