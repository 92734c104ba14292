"""Nodes without a process number left, and who holds them: nobody there can start a thread or a child any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._taken_most import NUMBERS, SUSPECT, used_up
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

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
        counted = tuple(used_up(view, NUMBERS, node))
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


def _well_elsewhere(view: View, node: str, refs: Collection[str]) -> bool:
    """Tell whether one of some workloads has a pod that is well on another node."""
    return any(pod.ready and pod.node not in ("", node) for ref in refs for pod in view.workloads[ref].live)
