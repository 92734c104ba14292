"""Who fills the disks of nodes, as is measured or as the node says: its message may leave scratch volumes out."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from math import isinf

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._pressure import used_in_the_end
from tuheg_ir.diagnosis.rules._scratch import larger_scratch
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SUSPECT = timedelta(hours=24)
TIMES = 5.0
"""So many times as much as any other pod there writes the one that fills a disk."""
PART = 0.3
"""Share of a disk below which others have filled more of it: images, or pods that nobody measures."""
GROWS = 1.2
"""So many times as much as at its beginning holds what still grows."""


def disk_filled_by(
    view: View, nodes: Collection[str], began: datetime | None
) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one workload whose release fills the disks of nodes, and how one sees it.

    It was released before they ran short, and on each of them a pod of its newest template grew to hold a large part
    of the disk and many times as much as any other. Where nobody measures that it grew, the release has to be what let
    it write there.
    """
    found = []
    for workload in view.serving:
        at = workload.released_at
        if not nodes or at is None or began is None or at >= began or not releases(view, workload, SUSPECT):
            continue
        scratch = max(larger_scratch(workload).values(), default=0.0)
        largest = [_largest(view, workload, node, scratch) for node in nodes]
        if all(largest):
            found.append((workload, (_told(view, workload, max(largest)), *_let(workload, max(largest)))))
    return found[0] if len(found) == 1 else None


def _largest(view: View, workload: Workload, node: str, scratch: float) -> float:
    """Return how much the pods of a workload's newest template filled of a node's disk; 0 if that explains nothing.

    ``scratch``: what the release lets each of them write to the disk.
    """
    mine = [pod for pod in workload.pods if pod.node == node and _newest(workload, pod)]
    mine = [pod for pod in mine if _grows(view, pod) or held(view, pod) <= scratch]
    others = (pod for other, pod in on_node(view, node) if other is not workload)
    most = max((held(view, pod) for pod in mine), default=0.0)
    size = size_of(view, node)
    if size is None or most < PART * size or most < TIMES * max((held(view, pod) for pod in others), default=0.0):
        return 0.0
    return most


def _newest(workload: Workload, pod: Pod) -> bool:
    return workload.current is None or pod.revision in ("", workload.current.name)


def held(view: View, pod: Pod) -> float:
    """Return the most that a pod has held on disk: one that was evicted holds nothing any more."""
    return max(_measured(view, pod), used_in_the_end(pod, "ephemeral-storage"))


def _measured(view: View, pod: Pod) -> float:
    return view.figures.peak("pod_disk_bytes", pod=pod.name) or 0.0


def _grows(view: View, pod: Pod) -> bool:
    first = view.figures.first("pod_disk_bytes", pod=pod.name)
    return first is not None and _measured(view, pod) >= GROWS * first


def size_of(view: View, node: str) -> float | None:
    """Return how much room a node has for pods, images and logs, as it says."""
    obj = view.objects("Node").get(node)
    sizes = (number(text(obj, "status", side, "ephemeral-storage")) for side in ("capacity", "allocatable"))
    return next((size for size in sizes if size), None)


def _told(view: View, workload: Workload, most: float) -> Evidence:
    fact = f"its pods there filled up to {most / 2**30:.0f} GiB of the disk, many times as much as any other"
    seen = any(_measured(view, pod) >= most for pod in workload.pods)
    return Evidence("metrics" if seen else "objects", workload.ref, fact, workload.released_at)


def _let(workload: Workload, most: float) -> Iterator[Evidence]:
    """Yield the scratch volumes of a release that may hold as much as was written."""
    for name, size in larger_scratch(workload).items():
        if size >= most:
            bound = "without any bound" if isinf(size) else f"of up to {size / 2**30:.0f} GiB"
            fact = f"released: its volume {name} is scratch on the node's disk, {bound}"
            yield Evidence("objects", workload.ref, fact, workload.released_at)
