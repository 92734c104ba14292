"""Who eats the memory of a node without any release: one pod that holds most of it, and far more than its like.

One that has no like is told by how it came to that: it still grows as fast as it has since its start, far beyond what
it asks for. A cache that is warm, or a program that needs as much, has come to rest.
The kubelet evicts by priority and the kernel kills whom it likes: those that go are seldom the ones that took it.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_room import asked
from tuheg_ir.diagnosis.rules._still_grows import grows_as_ever, held, started, took
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
            like = [held(view, pod) for pod in workload.newest_pods() if pod.node not in nodes and pod.ready]
            least = min(held(view, pod) for pod in eaters)
            told = ""
            if any(like) and least >= TIMES * max(like):
                told = f"its pods there hold {least / 2**30:.1f} GiB or more, its like at most {max(like) / 2**30:.1f}"
            elif not like and all(_leaks(view, pod) for pod in eaters):
                told = (
                    f"its pods there hold {least / 2**30:.1f} GiB or more, far beyond what they ask for, and still grow"
                )
            if told:
                seen = Evidence("metrics", workload.ref, told, oldest(started(pod) for pod in eaters))
                found.append((workload, seen, _remedy(view, workload, eaters)))
    return found[0] if len(found) == 1 else None


def _eater(view: View, workload: Workload, node: str) -> Pod | None:
    """Return the pod that holds most of a node's memory, far more than it asks for, and grew more than all others."""
    mine = [pod for pod in workload.newest_pods() if pod.node == node]
    size = capacity(view, node, "memory")
    if len(mine) != 1 or not size:
        return None
    much = held(view, mine[0])
    if much < MOST * size or much < ENTITLED * asked(mine[0].obj, "memory"):
        return None
    others = [_grew(view, pod) for _, pod in on_node(view, node) if pod.live and pod.name != mine[0].name]
    return mine[0] if _grew(view, mine[0]) > max([0.0, *others]) else None


def _leaks(view: View, pod: Pod) -> bool:
    """Tell whether a pod grows as it has since its start, and a new one would be small for long."""
    size, needs = asked(pod.obj, "memory"), took(view, pod)
    far = size > 0 and held(view, pod) >= TIMES * size
    return far and needs is not None and needs >= SLOWLY and grows_as_ever(view, pod)


def _grew(view: View, pod: Pod) -> float:
    """Return by how much the memory of a pod has grown for as long as it is measured; one that is new, by all of it."""
    first = 0.0 if view.recent(pod.created) else view.figures.first("memory_bytes", pod=pod.name) or 0.0
    return (view.figures.now("memory_bytes", pod=pod.name) or 0.0) - first


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
