"""Who eats the memory of a node without any release: one pod that holds most of it, and far more than its like.

One that has no like is told by how it came to that: it still grows as fast as it has since its start, far beyond what
it asks for. A cache that is warm, or a program that needs as much, has come to rest.
The kubelet evicts by priority and the kernel kills whom it likes: those that go are seldom the ones that took it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.nodes import capacity, on_node
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SUSPECT = timedelta(hours=24)
MOST = 0.5
"""Share of a node's memory that no other pod there can hold as well."""
TIMES = 5.0
"""So many times what its like hold elsewhere is no matter of how busy a node is."""
ENTITLED = 2.0
"""What uses less than so many times what it asks for was given that room by the scheduler."""
PACE = 0.5
"""What still grows at such a share of its pace since its start has not come to rest."""
STEADY = 0.2
"""Share of a rise that each half of the time has to bring."""
FEW = 3
"""Fewer points than three times so many are no course."""
SLOWLY = timedelta(hours=6)
"""What has run longer than this before a node ran short fills slowly: a new process is small for as long again."""


def eaten_by(view: View, nodes: Collection[str]) -> tuple[Workload, Evidence, str] | None:
    """Return the one workload whose pods hold most of these nodes' memory, how one sees it, and what helps.

    Elsewhere its pods of the same template are small, or it has none and still grows as ever: it is no release, and no
    need of the program.
    """
    found = []
    for workload in view.serving:
        eaters = [pod for node in nodes if (pod := _eater(view, workload, node)) is not None]
        if eaters and len(eaters) == len(nodes) and not releases(view, workload, SUSPECT):
            like = [_held(view, pod) for pod in workload.newest_pods() if pod.node not in nodes and pod.ready]
            least = min(_held(view, pod) for pod in eaters)
            told = ""
            if any(like) and least >= TIMES * max(like):
                told = f"its pods there hold {least / 2**30:.1f} GiB or more, its like at most {max(like) / 2**30:.1f}"
            elif not like and all(_leaks(view, pod) for pod in eaters):
                told = (
                    f"its pods there hold {least / 2**30:.1f} GiB or more, far beyond what they ask for, and still grow"
                )
            if told:
                seen = Evidence("metrics", workload.ref, told, oldest(_started(pod) for pod in eaters))
                found.append((workload, seen, _remedy(view, workload, eaters)))
    return found[0] if len(found) == 1 else None


def _eater(view: View, workload: Workload, node: str) -> Pod | None:
    """Return the pod that holds most of a node's memory, far more than it asks for, and grew more than all others."""
    mine = [pod for pod in workload.newest_pods() if pod.node == node]
    size = capacity(view, node, "memory")
    if len(mine) != 1 or not size:
        return None
    held = _held(view, mine[0])
    if held < MOST * size or held < ENTITLED * _asked(mine[0]):
        return None
    others = [_grew(view, pod) for _, pod in on_node(view, node) if pod.live and pod.name != mine[0].name]
    return mine[0] if _grew(view, mine[0]) > max([0.0, *others]) else None


def _leaks(view: View, pod: Pod) -> bool:
    """Tell whether a pod grows as it has since its start, and a new one would be small for long."""
    asked, held, started = _asked(pod), _held(view, pod), _started(pod)
    pace = max((_pace(series) for series in view.figures.series("memory_bytes", pod=pod.name)), default=0.0)
    if not asked or held < TIMES * asked or started is None or not pace:
        return False
    lived = (view.now - started).total_seconds()
    return pace * lived >= PACE * held and held / pace >= SLOWLY.total_seconds()


def _pace(series: Series) -> float:
    """Return by how much a second a series rises throughout; 0 if it does not, or not beyond its own noise."""
    third = len(series.points) // 3
    if third < FEW:
        return 0.0
    parts = series.points[:third], series.points[third:-third], series.points[-third:]
    low, middle, high = (median(v for _, v in part) for part in parts)
    took = median(t for t, _ in parts[2]) - median(t for t, _ in parts[0])
    steady = min(middle - low, high - middle) > STEADY * (high - low)
    return (high - low) / took if took > 0 and steady and high > max(v for _, v in parts[0]) else 0.0


def _held(view: View, pod: Pod) -> float:
    """Return how much memory the containers of a pod hold together; 0 if nobody measures it."""
    return sum(view.figures.latest("memory_bytes", "container", pod=pod.name).values()) or view.figures.latest(
        "memory_bytes", "pod"
    ).get(pod.name, 0.0)


def _grew(view: View, pod: Pod) -> float:
    """Return by how much the memory of a pod has grown for as long as it is measured; one that is new, by all of it."""
    first = 0.0 if view.recent(pod.created) else view.figures.first("memory_bytes", pod=pod.name) or 0.0
    return (view.figures.now("memory_bytes", pod=pod.name) or 0.0) - first


def _asked(pod: Pod) -> float:
    """Return how much memory a pod asks for; a limit stands for a request that is left out."""
    asked = 0.0
    for container in items(pod.obj, "spec", "containers"):
        sides = (number(text(container, "resources", side, "memory")) for side in ("requests", "limits"))
        asked += next((size for size in sides if size), 0.0)
    return asked


def _started(pod: Pod) -> datetime | None:
    return oldest(each.started_at for each in pod.containers if not each.init)


def _remedy(view: View, workload: Workload, eaters: list[Pod]) -> str:
    """Return what helps: a new process is small again, unless it fills soon, or others lose what it holds for them."""
    kept = keeps_data(view, workload) or is_store(workload) or _mounts_for_others(workload)
    if kept or workload.kind not in ("DaemonSet", "Deployment"):
        return "page_human"
    young = [c for pod in eaters for c in pod.containers if not c.init and view.recent(c.started_at, SLOWLY)]
    ran = all(any(c.started_at for c in pod.containers) for pod in eaters)
    return "page_human" if young or not ran else "restart_workload"


def _mounts_for_others(workload: Workload) -> bool:
    """Tell whether file systems that a program serves reach into other pods: they break there when it ends."""
    mounts = (m for c in items(workload.template, "spec", "containers") for m in items(c, "volumeMounts"))
    return any(text(mount, "mountPropagation") == "Bidirectional" for mount in mounts)
