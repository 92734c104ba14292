"""Whom the kernel kills for memory because a node has none left: below its own limit, and no large part of the node.

Such a one does not leak and has no limit that is too low; it is only less protected than who fills the node.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.nodes import Node, capacity, nodes, on_node
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.usage import killed_for_memory
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ROOMY = 0.85
"""Who never held more of its limit than this was not killed for that limit."""
FULL = 0.8
"""Pods that hold so large a part of their node's memory leave none: its own programs and those of others need some."""
SMALL = 0.25
"""Who holds no more than this part of a node's memory, or may not, does not fill it alone."""
CLOCKS, JUST_BEFORE = timedelta(seconds=30), timedelta(minutes=5)
"""So far apart are a kill and what tells of it; so long before it says that it is under pressure a node kills."""

Killed = tuple[Workload, Pod, Container]


@once_a_view
def killed_by_node(view: View) -> tuple[Killed, ...]:
    """Return the containers that were killed for memory lately, for want of it on their node alone."""
    return tuple(
        (workload, pod, container)
        for workload in view.serving
        for pod, container in killed_for_memory(view, workload)
        if _by_its_node(view, pod, container)
    )


def is_by_node(view: View, pod: Pod) -> bool:
    """Tell whether a pod was killed for want of memory on its node alone."""
    return any(each.name == pod.name for _, each, _ in killed_by_node(view))


def kills_told(view: View, node: str) -> tuple[Evidence, ...]:
    """Return, for each pod that was killed for want of memory on a node, how much of its own limit it held."""
    return tuple(
        Evidence("objects", f"Pod/{pod.name}", _fact(view, pod, container), container.ended and container.ended.at)
        for _, pod, container in killed_by_node(view)
        if pod.node == node
    )


def _fact(view: View, pod: Pod, container: Container) -> str:
    limit, held = _limit(container), _peak(view, pod, container)
    used = (f"it held {held / 2**30:.1f} GiB",) if held else ()
    told = ", ".join((*used, f"its limit is {limit / 2**30:.1f} GiB" if limit else "it has no limit"))
    return f"{container.name} was killed as its node had no memory left, {container.restarts} restarts: {told}"


def _by_its_node(view: View, pod: Pod, container: Container) -> bool:
    at, limit, held = container.ended and container.ended.at, _limit(container), _peak(view, pod, container)
    if at is None or not _short_then(view, pod.node, at):
        return False
    small = SMALL * capacity(view, pod.node, "memory")
    if not held:
        return limit is not None and limit <= small and _says_so(view, pod.node)
    if limit is not None and held >= ROOMY * limit:
        return False
    others = (_now(view, each) for _, each in on_node(view, pod.node) if each.name != pod.name and each.live)
    return (held <= small or max(others, default=0.0) > held) and _is_full(view, pod.node)


def _short_then(view: View, node: str, at: datetime) -> bool:
    """Tell whether a node told, just as a container there was killed, that it had no memory left."""
    told = view.events_of(f"Node/{node}", "SystemOOM", "NodeHasInsufficientMemory", "EvictionThresholdMet")
    of_memory = (e for e in told if e.reason != "EvictionThresholdMet" or "memory" in e.message.lower())
    if any(e.first and e.last and e.first - CLOCKS <= at <= e.last + CLOCKS for e in of_memory):
        return True
    return any(each.since and each.since - JUST_BEFORE <= at for each in _pressed(view, node))


def _pressed(view: View, node: str) -> list[Node]:
    return [each for each in nodes(view) if each.name == node and "MemoryPressure" in each.pressures]


def _says_so(view: View, node: str) -> bool:
    """Tell whether a node itself says that it is short of memory, or evicted pods for it.

    That the kernel killed somebody is told of limits of containers as well, by some that watch it.
    """
    if _pressed(view, node) or view.events_of(f"Node/{node}", "NodeHasInsufficientMemory"):
        return True
    return any("low on resource: memory" in text(pod.obj, "status", "message") for _, pod in on_node(view, node))


def _is_full(view: View, node: str) -> bool:
    """Tell whether a node has no memory left, by its own word or by what its pods hold together."""
    size = capacity(view, node, "memory")
    held = sum(_now(view, pod) for _, pod in on_node(view, node) if pod.live)
    return _says_so(view, node) or (size > 0 and held >= FULL * size)


def _limit(container: Container) -> float | None:
    return number(text(container.spec, "resources", "limits", "memory"))


def _peak(view: View, pod: Pod, container: Container) -> float:
    """Return the most memory that a pod held; 0 if nobody measures it."""
    share, limit = view.figures.peak("memory_share", pod=pod.name), _limit(container)
    return view.figures.peak("memory_bytes", pod=pod.name) or (share or 0.0) * (limit or 0.0)


def _now(view: View, pod: Pod) -> float:
    return view.figures.now("memory_bytes", pod=pod.name) or 0.0
