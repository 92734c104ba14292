"""Pods of one template are held back on nodes of another size, and well on the others.

A program that counts the cores of its machine starts as many threads, which use up its time at once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._imposed import imposed
from tuheg_ir.diagnosis.view.odd import odd_pods, odd_since
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.split import by_revision
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """The slow pods of a workload are throttled below their limit; the well ones are not, and on other nodes."""
    for workload in view.serving:
        if imposed(view, workload):
            continue  # it is the limit that differs, wherever they run
        odd = odd_pods(view, workload, few=False)
        if odd and not by_revision(view, workload) and (shown := _held_back(view, workload, odd)):
            cores = _cores(view, workload, odd)
            if cores is not None:
                yield _match(view, workload, odd, (shown, *cores))


def _held_back(view: View, workload: Workload, odd: Collection[str]) -> Evidence | None:
    """Return that the odd pods, and no others, are throttled while they use less than their limit on average."""
    share, throttled = (usage(view.figures, workload, signal).by_pod for signal in ("cpu_share", "throttled_share"))
    if not set(odd) <= set(throttled) & set(share) or max(share[pod] for pod in odd) > BUSY:
        return None
    if {pod for pod, value in throttled.items() if value > THROTTLED} != {*odd} or len(throttled) == len(odd):
        return None
    least, most = min(throttled[pod] for pod in odd), max(share[pod] for pod in odd)
    fact = f"the slow pods are throttled in {least:.0%} of periods or more, at {most:.0%} of their limit or less"
    return Evidence("metrics", workload.ref, fact, odd_since(view, odd))


def _cores(view: View, workload: Workload, odd: Collection[str]) -> tuple[Evidence, ...] | None:
    """Return that the odd pods, and no others, are on the nodes with most cores; () if nodes are not known."""
    nodes = view.objects("Node")
    known = {
        pod.name: cores
        for pod in workload.live
        if (cores := number(mapping(nodes.get(pod.node), "status", "capacity").get("cpu"))) is not None
    }
    if not known:
        return ()
    theirs, others = [known[p] for p in odd if p in known], [n for p, n in known.items() if p not in odd]
    if len(theirs) != len(odd) or not others or min(theirs) <= max(others):
        return None
    fact = f"its slow pods are on nodes with {min(theirs):.0f} cores or more, those that are well on smaller ones"
    return (Evidence("objects", workload.ref, fact),)


def _match(view: View, workload: Workload, odd: Mapping[str, str], shown: tuple[Evidence, ...]) -> Match:
    return Match(
        component=workload.ref,
        evidence=(
            *shown,
            *(Evidence("metrics", f"Pod/{pod}", told, odd_since(view, [pod])) for pod, told in sorted(odd.items())[:3]),
            *(seen for seen, _ in troubles(view, workload.ref)),
        ),
        certainty=0.75 if len(shown) > 1 else 0.6,
        since=odd_since(view, odd),
        excludes=(
            *excluding(workload.ref, "pods with the same template are well", "rollback_workload"),
            *excluding(workload.ref, "new pods may come to such nodes as well, and are held back there", *RESTARTS),
        ),
    )


RULE = Rule(
    name="throttled_on_other_nodes",
    title="A program is held back on bigger nodes: it starts as many threads as they have cores",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no workload's pods are throttled below their limit on bigger nodes only",
)
