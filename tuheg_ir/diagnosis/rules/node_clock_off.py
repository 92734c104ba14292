"""The clock of one node is off: only pods there refuse what is new, as if it came from the future."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit, stamp
from tuheg_ir.diagnosis.view.nodes import Node, nodes
from tuheg_ir.diagnosis.view.odd import odd_pods
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

_OF_TIME = re.compile(r"ntp|chrony|clock|timesync|time service", re.IGNORECASE)
"""Words by which a condition of a node is about its clock."""


def when(view: View) -> Iterator[Match]:
    """Only pods of one node call tokens or certificates too young, and it says so of its clock, or two programs do."""
    told = _told(view)
    places = {node for found in told.values() for node, _ in found}
    if len(places) != 1 or "" in places:
        return
    (place,) = places
    said = {ref: [hit for _, hit in found] for ref, found in told.items()}
    if not all(_alone(view, view.workloads[ref], place, hits) for ref, hits in said.items()):
        return
    node = next((each for each in nodes(view) if each.name == place), None)
    stated = (*(_stated(node) if node is not None else ()), *_measured(view, place))
    if stated or len(said) > 1:
        yield _match(view, place, said, stated)


def _told(view: View) -> Mapping[str, list[tuple[str, Hit]]]:
    """Return workload -> (node, what a pod there tells of things that are too young for it), of all that tell of it."""
    found: dict[str, list[tuple[str, Hit]]] = defaultdict(list)
    for workload in view.serving:
        pods = {pod.name: pod for pod in workload.live}
        for hit in view.hits_of(workload.ref, "too_early"):
            if hit.pod in pods and not hit.previous and _still(view, pods[hit.pod], hit):
                found[workload.ref].append((pods[hit.pod].node, hit))
    return found


def _still(view: View, pod: Pod, hit: Hit) -> bool:
    """Tell whether a pod tells of it to the last, by its own clock: by a late one, what is told now is old already."""
    logs = view.logs_of([pod], previous=False)
    until = newest(next(filter(None, map(stamp, reversed(log.lines))), None) for log in logs)
    return hit.last is None or until is None or (view.recent(hit.last) and until - hit.last <= STILL)


def _alone(view: View, workload: Workload, node: str, hits: list[Hit]) -> bool:
    """Tell whether all pods of a workload on a node repeat it, and pods of their templates elsewhere do without."""
    counts = {hit.pod: hit.count for hit in hits}
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if log.lines}
    there = [pod for pod in workload.live if pod.node == node and pod.name in heard]
    well = {pod.revision for pod in workload.live if pod.node not in ("", node) and pod.ready and pod.name in heard}
    return all(counts.get(pod.name, 0) >= OFTEN and pod.revision in well for pod in there)


def _stated(node: Node) -> Iterator[Evidence]:
    """Yield that a node tells itself of a trouble with its clock."""
    for kind, why, since in node.problems:
        if _OF_TIME.search(f"{kind} {why}"):
            yield Evidence("objects", node.ref, f"{kind}: {why}", since)


def _measured(view: View, node: str) -> Iterator[Evidence]:
    """Yield that a node's clock alone is not in time; where several are not, their kernels are not told."""
    clocks = view.figures.latest("node_clock_in_time", "node")
    if len(clocks) > 1 and [name for name, held in clocks.items() if held < 1] == [node]:
        since = view.figures.crossed("node_clock_in_time", 1, below=True, node=node)
        yield Evidence("metrics", f"Node/{node}", "its kernel alone takes its clock not to be in time", since)


def _odd_there(view: View, node: str) -> Iterator[str]:
    """Yield the workloads of which exactly pods on a node stand out from the others."""
    for workload in view.serving:
        odd = odd_pods(view, workload)
        if odd and all(pod.node == node for pod in workload.live if pod.name in odd):
            yield workload.ref


def _match(view: View, node: str, said: Mapping[str, list[Hit]], stated: tuple[Evidence, ...]) -> Match:
    hits = [max(found, key=lambda hit: hit.count) for found in said.values()]
    suffer = sorted({*said, *_odd_there(view, node)})
    return Match(
        component=f"Node/{node}",
        evidence=(
            *stated,
            *map(view.hit_evidence, hits[:3]),
            Evidence("objects", f"Node/{node}", "all pods that say so are on it; their like are well on others"),
        ),
        certainty=0.8 if stated and len(said) > 1 else 0.7,
        since=oldest(hit.first for hit in hits),
        explains=behind(view, *suffer),
        excludes=tuple(
            each
            for ref in suffer
            for each in excluding(ref, f"the clock of {node} is off: its pods elsewhere are well", *_USELESS)
        ),
    )


_USELESS = ("rollback_workload", "scale_workload", *RESTARTS)

RULE = Rule(
    name="node_clock_off",
    title="The clock of a node is off",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node's pods alone call tokens or certificates too young",
)
