"""Nodes without a process number left, and who holds them: nobody there can start a thread or a child any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._memory import LOADED
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import OFTEN, traffic_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=48)
"""What leaves a few dead children a minute takes that long to use up a node."""
FULL = 0.97
"""Share of its numbers from which on a node has none for whoever asks now: they are dealt out round and round."""
MOST = 0.5
"""Share of a node's numbers, and of what came to them, that nobody else can have as well."""
FEW = 0.1
"""Share of a node's numbers that nobody has used up who holds less."""
_STARTS_NONE = late(
    r"thread constructor|pthread_create|too many processes|temporarily unavailable|\bEAGAIN\b|errno=11\b"
    r"|(?:create|start|spawn)\w* (?:a )?(?:new )?(?:native |OS )?thread",
    re.IGNORECASE,
)
"""Words of who lacks a thread or a child, not a file or a port."""


class Short(NamedTuple):
    """A node that lacks process numbers: what shows it, and the workloads there that cannot start what they need."""

    evidence: tuple[Evidence, ...]
    workloads: tuple[str, ...]


@once_a_view
def short_of_numbers(view: View) -> dict[str, Short]:
    """Return the nodes without a process number left, as figures and one of their pods tell, or pods of several.

    Without figures it takes two workloads that can start nothing there, and none of them elsewhere: one alone may be
    held to a limit of its own.
    """
    told: dict[str, list[Evidence]] = {}
    sufferers: dict[str, set[str]] = {}
    for node, ref, seen in _cannot_start(view):
        told.setdefault(node, []).append(seen)
        sufferers.setdefault(node, set()).add(ref)
    found = {}
    for node, refs in sufferers.items():
        counted = tuple(_counted(view, node))
        if counted or (len(refs) > 1 and len(told) == 1 and _well_elsewhere(view, node, refs)):
            found[node] = Short((*counted, *told[node][:3]), tuple(sorted(refs)))
    return found


def may_hold_all(view: View, node: str) -> frozenset[str]:
    """Return who there may hold the numbers that a node lacks: who leaks them is often the first to find none.

    It was released before they ran out, and no figures show that it holds few of them.
    """
    short = short_of_numbers(view).get(node)
    began = oldest(each.time for each in short.evidence) if short else None
    on_it = {workload.ref: workload for workload, _ in on_node(view, node)} if short else {}
    return frozenset(
        ref
        for ref, workload in on_it.items()
        if releases(view, workload, SUSPECT)
        and (began is None or workload.released_at is None or workload.released_at < began)
        and not _holds_few(view, workload, node)
    )


def unmeasured_leaker(view: View, node: str) -> str:
    """Return the one who may hold a node's numbers and lacks them itself, where no figures tell; "" for none.

    Its release is to change the program or what it is told, and none of its pods does well on another node with it.
    """
    suspects, short = may_hold_all(view, node), short_of_numbers(view).get(node)
    ref = next(iter(suspects)) if len(suspects) == 1 else ""
    if short is None or ref not in short.workloads:
        return ""
    workload = view.workloads[ref]
    known = any(view.figures.now("pod_threads", pod=each.name) is not None for each in workload.live)
    alone = all(each.node == node for each in workload.live)
    return ref if alone and not known and workload.changed("image", "env", "command") else ""


def _holds_few(view: View, workload: Workload, node: str) -> bool:
    """Tell whether figures of all pods of a workload on a node show that it holds few of the node's numbers."""
    held = [view.figures.now("pod_threads", pod=pod.name) for pod in workload.live if pod.node == node]
    limit = view.figures.now("node_threads_limit", node=node)
    return bool(limit) and None not in held and sum(each or 0.0 for each in held) < FEW * (limit or 0.0)


def _cannot_start(view: View) -> Iterator[tuple[str, str, Evidence]]:
    """Yield (node, workload, what shows it) of the pods that start no thread and no child, nor do their probes."""
    where = {pod.name: (pod.node, workload.ref) for workload, pod in view.pods() if pod.node}
    for hit in view.hits:
        lacks = hit.trouble == "process_exhausted" and _STARTS_NONE.search(hit.line)
        if lacks and hit.pod in where and hit.count >= OFTEN and not hit.previous and fresh(view, hit):
            yield *where[hit.pod], view.hit_evidence(hit)
    for pod, (node, ref) in where.items():
        for event in view.events_of(ref, "Unhealthy"):
            stopped = " errored: " in event.message and "temporarily unavailable" in event.message
            if stopped and event.about == f"Pod/{pod}" and event.count >= OFTEN and view.recent(event.last, STILL):
                yield node, ref, view.event_evidence(event)


def _counted(view: View, node: str) -> Iterator[Evidence]:
    taken, limit = (view.figures.now(signal, node=node) for signal in ("node_threads", "node_threads_limit"))
    if taken is not None and limit and taken >= FULL * limit:
        since = view.figures.crossed("node_threads", FULL * limit, node=node)
        yield Evidence("metrics", f"Node/{node}", f"{taken:.0f} of its {limit:.0f} process numbers are taken", since)


def _well_elsewhere(view: View, node: str, refs: Collection[str]) -> bool:
    """Tell whether one of some workloads has a pod that is well on another node."""
    return any(pod.ready and pod.node not in ("", node) for ref in refs for pod in view.workloads[ref].live)


def numbers_taken_by(
    view: View, nodes: Collection[str], began: datetime | None
) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one workload released before nodes ran out that holds most of their numbers, and what shows it.

    What came to the node's threads in the time that is measured came to its pods: it goes on with it. Who has far more
    to do than before needs more of them, whatever was released.
    """
    found = []
    for workload in view.serving:
        at = workload.released_at
        if at is None or began is None or at >= began or not releases(view, workload, SUSPECT):
            continue
        if (traffic_growth(view, workload.ref) or 1.0) >= LOADED:
            continue
        seen = [_holds_most(view, workload, node) for node in nodes]
        if seen and all(seen):
            found.append((workload, (*(each for each in seen if each), *release_evidence(workload)[:2])))
    return found[0] if len(found) == 1 else None


def _holds_most(view: View, workload: Workload, node: str) -> Evidence | None:
    """Return that the pods of a workload's newest template hold most of a node's numbers, and took those of late.

    What pods of its that are gone held before was not taken anew.
    """
    mine = [pod for pod in workload.newest_pods() if pod.node == node]
    held = sum(view.figures.now("pod_threads", pod=pod.name) or 0.0 for pod in mine)
    limit = view.figures.now("node_threads_limit", node=node)
    if not mine or not limit or held < MOST * limit:
        return None
    first, most = view.figures.first("node_threads", node=node), view.figures.peak("node_threads", node=node)
    came = (most or 0.0) - (first or 0.0)
    if came <= 0.0 or sum(_grew(view, pod) for pod in mine) - _held_before(view, workload) < MOST * came:
        return None
    told = f"{held:.0f} of the {limit:.0f} process numbers of {node} are those of its pods, and what came of late too"
    return Evidence("metrics", workload.ref, told, oldest(pod.created for pod in mine))


def _grew(view: View, pod: Pod) -> float:
    """Return how many threads came to a pod for as long as it is measured."""
    return (view.figures.now("pod_threads", pod=pod.name) or 0.0) - (
        view.figures.first("pod_threads", pod=pod.name) or 0.0
    )


def _held_before(view: View, workload: Workload) -> float:
    """Return how many threads the pods of a workload that are gone, or go, held at most while they were measured."""
    newest = {pod.name for pod in workload.newest_pods()}
    names = {each.labels.get("pod", "") for each in view.figures.series("pod_threads")} - newest
    # Of a pod that is gone nobody knows whose it was, but for its name.
    gone = [each for each in names if view.owner_of(each) in (workload.ref, f"Pod/{each}")]
    mine = [each for each in gone if each.startswith(f"{workload.name}-")]
    return sum(view.figures.peak("pod_threads", pod=each) or 0.0 for each in mine)
