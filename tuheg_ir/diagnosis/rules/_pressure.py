"""Who fills the memory of nodes: seldom the pods that are evicted, for those of low priority go first."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._asked_room import asked
from tuheg_ir.diagnosis.rules._killed_by_node import killed_by_node
from tuheg_ir.diagnosis.rules._memory import asks_for_more
from tuheg_ir.diagnosis.rules._still_grows import grew_from_start, held
from tuheg_ir.diagnosis.view.nodes import capacity, on_node
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=24)
_USING = late(r"was using (\d+\w*)")
_REQUEST = late(r"request is ([1-9]\w*)")
AGAIN = 2
"""So many pods of one release evicted from a node, one after the other, are no chance."""
PART, FAR = 0.25, 5.0
"""Share of a node's memory, and times what it asks for, that a pod holds at least which took what others lack."""
TIMES = 2.0
"""So many times as large as at its beginning is a process that grows, and a limit that is no limit any more."""


def filled_by(
    view: View, nodes: Collection[str], began: datetime | None
) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one workload whose release fills the memory of nodes, and how one sees it.

    It runs on each of them or was evicted there, was released before they ran short, and is the largest there and
    grows, far in the last hour or evenly ever since; where nobody measures that, its release took its memory limit
    away. Who is killed there below its own limit is not who fills it.
    """
    found = []
    killed = {workload.ref for workload, _, _ in killed_by_node(view)}
    for workload in view.serving:
        at = workload.released_at
        there = {pod.node for pod in (*workload.newest_pods(), *_evicted(workload))}
        if not nodes or workload.ref in killed or not set(nodes) <= there or not releases(view, workload, SUSPECT):
            continue
        if began is not None and at is not None and at < began and (seen := tuple(_seen(view, workload, nodes))):
            found.append((workload, seen))
    return found[0] if len(found) == 1 else None


def _seen(view: View, workload: Workload, nodes: Collection[str]) -> Iterator[Evidence]:
    """Yield what speaks for a workload: how it grows, if that is measured, and that its limit is gone."""
    measured = view.figures.latest("memory_bytes", "pod")
    mine = [pod for pod in workload.newest_pods() if pod.node in nodes and pod.name in measured]
    if words := tuple(_outgrown(view, workload, nodes)):
        yield from words
    elif not set(nodes) <= {pod.node for pod in workload.newest_pods()}:
        return  # it runs there no more, and nothing tells how large it was
    elif mine:
        grown = min(view.figures.growth("memory_bytes", pod=pod.name) or 1.0 for pod in mine)
        ever = grown < TIMES and _grew_ever_since(view, workload, mine)
        if (grown < TIMES and not ever) or not all(_largest(view, pod, measured) for pod in mine):
            return
        how = "and grow as they have since their start" if ever else f"{grown:.0f} times what they began with"
        told = f"its pods there use up to {max(measured[pod.name] for pod in mine) / 2**30:.1f} GiB, {how}"
        yield Evidence("metrics", workload.ref, told, workload.released_at)
    for change in workload.changed("limits"):
        before, after = number(change.before), number(change.after)
        if change.field == "limits.memory" and before and (after is None or after >= TIMES * before):
            yield Evidence("objects", workload.ref, f"released: {change.told()}", workload.released_at)


def _grew_ever_since(view: View, workload: Workload, there: Collection[Pod]) -> bool:
    """Tell whether what a release runs has grown at one pace ever since, and holds a good part of these nodes.

    Its pods elsewhere do so too, and the template before ran for longer than it took them, and filled no node. Nor may
    pods of this one that are gone have run for long: they filled none either. What they ask for was kept free for
    them, and what a server of data holds may be meant.
    """
    released = workload.released_at
    before = workload.revisions[1].created if len(workload.revisions) > 1 else None
    if workload.returned or released is None or before is None or released - before < view.now - released:
        return False
    if is_store(workload) or keeps_data(view, workload) or not asks_for_more(view, workload):
        return False
    for pod in there:
        much, size = held(view, pod), capacity(view, pod.node, "memory")
        if not size or much < PART * size or much < FAR * asked(pod.obj, "memory"):
            return False
        if not grew_from_start(view, pod, released):
            return False
    others = (pod for pod in workload.newest_pods() if pod not in there and not view.recent(pod.created))
    return all(grew_from_start(view, pod) for pod in others)


def _evicted(workload: Workload) -> list[Pod]:
    """Return the pods of the newest template that were evicted because a node ran short of memory."""
    current = workload.current.name if workload.current else ""
    return [p for p in workload.pods if p.reason == "Evicted" and p.revision in ("", current) and _used(p)]


def used_in_the_end(pod: Pod, resource: str) -> float:
    """Return how much of a resource a pod used when it was evicted for it, as its node says; 0 if it does not."""
    said = text(pod.obj, "status", "message")
    amounts = (number(each) for each in _USING.findall(said)) if f"resource: {resource}" in said else ()
    return sum(each for each in amounts if each)


def _used(pod: Pod) -> float:
    return used_in_the_end(pod, "memory")


def _outgrown(view: View, workload: Workload, nodes: Collection[str]) -> Iterator[Evidence]:
    """Yield that evicted pods used many times what they may, and more than all others evicted there.

    What they may: their limit of before the release; if nothing was said of a limit and it happens again and again,
    what they ask for.
    """
    limits = [number(c.before) for c in workload.changed("limits") if c.field == "limits.memory"]
    gone = [pod for pod in _evicted(workload) if pod.node in nodes]
    what = "former limit" if limits else "request"
    if not limits and len(gone) >= AGAIN:
        limits = [number(each) for each in _REQUEST.findall(text(gone[0].obj, "status", "message"))]
    most = max((_used(pod) for pod in gone), default=0.0)
    others = [_used(p) for node in nodes for w, p in on_node(view, node) if w is not workload and p.reason == "Evicted"]
    former = sum(each for each in limits if each)
    if former and most >= TIMES * former and most > max(others, default=0.0):
        told = f"its pods were evicted there too, using up to {most / 2**30:.1f} GiB"
        yield Evidence("objects", workload.ref, f"{told}, {most / former:.0f} times their {what}")


def _largest(view: View, pod: Pod, measured: Mapping[str, float]) -> bool:
    """Tell whether no pod on the node of this one is known to be larger."""
    return all(measured.get(other.name, 0.0) <= measured[pod.name] for _, other in on_node(view, pod.node))
