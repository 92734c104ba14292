"""Pods of one template are killed for memory again and again on nodes of another make, and well on all the others.

What a program takes for the memory of its machine it learns from that: another kernel, another image of the node, a
larger machine. More replicas, newer ones or those of before come to such nodes as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.view.odd import CLEARLY, same_template
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import labels, oldest, text
from tuheg_ir.diagnosis.view.trouble import of_pods
from tuheg_ir.diagnosis.view.usage import killed_for_memory
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AGAIN = 2
"""A pod that was killed once may have been the first of all."""
SEVERAL = 2
"""One pod on a node of its own is told from its like by anything that the node has."""
AS_LONG = timedelta(minutes=15)
"""Pods of one roll-out are made within this time; what fills by and by fills in all of them."""
_MAKES = ("kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion")
"""What a node tells of its own make, what programs learn most of first."""
_TYPE = "node.kubernetes.io/instance-type"


class _Apart(NamedTuple):
    """A workload whose pods are killed on nodes of one make only."""

    workload: Workload
    killed: tuple[Pod, ...]
    make: str
    theirs: str
    others: tuple[str, ...]


def when(view: View) -> Iterator[Match]:
    """Several pods are killed on nodes of one make, and none of their like on the others: who is killed most first."""
    found = [each for workload in view.serving for each in _apart(view, workload)]
    for make in dict.fromkeys((each.make, each.theirs) for each in found):
        alike = [each for each in found if (each.make, each.theirs) == make]
        alike.sort(key=lambda each: (-len(each.killed), each.workload.ref))
        if sum(len(each.killed) for each in alike) >= SEVERAL:
            yield _match(view, alike)


def _apart(view: View, workload: Workload) -> Iterator[_Apart]:
    """Yield in what the nodes of those that are killed differ from the others'; members of a set differ themselves."""
    if workload.kind == "StatefulSet":
        return
    ends = {pod.name for pod, container in killed_for_memory(view, workload) if container.restarts >= AGAIN}
    killed = tuple(pod for pod in workload.live if pod.name in ends)
    well = [pod for pod in workload.live if pod.name not in ends]
    first = oldest(pod.created for pod in killed)
    if not killed or not well or first is None or not same_template((*killed, *well)):
        return
    if any(not pod.ready or pod.restarts or pod.created is None or pod.created > first + AS_LONG for pod in well):
        return
    if _asked_more(view, workload, ends):
        return
    for make in (*_MAKES, _TYPE):
        theirs, others = _of(view, killed, make), _of(view, well, make)
        if len(theirs) == 1 and "" not in theirs | others and not theirs & others:
            yield _Apart(workload, killed, make, min(theirs), tuple(sorted(others)))
            return


def _of(view: View, pods: Iterable[Pod], make: str) -> set[str]:
    """Return what the nodes of some pods tell of their make."""
    found = [view.objects("Node").get(pod.node) for pod in pods]
    return {text(labels(obj), make) if make == _TYPE else text(obj, "status", "nodeInfo", make) for obj in found}


def _asked_more(view: View, workload: Workload, killed: set[str]) -> bool:
    """Tell whether those that are killed get several times as many requests as their like."""
    rates = of_pods(view, workload.ref, "request_rate_by_pod")
    others = [rate for pod, rate in rates.items() if pod not in killed]
    return bool(others) and any(rates.get(pod, 0.0) > CLEARLY * max(others) for pod in killed)


def _match(view: View, alike: list[_Apart]) -> Match:
    first, make = alike[0], alike[0].make.rpartition("/")[2]
    fact = f"its pods on nodes with {make} {first.theirs} are killed, those with {', '.join(first.others)} never"
    refs = [each.workload.ref for each in alike]
    return Match(
        component=first.workload.ref,
        evidence=(
            *(
                Evidence(
                    "objects", f"Pod/{pod.name}", f"OOMKilled again and again, {pod.restarts} restarts, on {pod.node}"
                )
                for each in alike
                for pod in each.killed[:2]
            ),
            *(Evidence("objects", each.workload.ref, fact) for each in alike[:1]),
        ),
        certainty=0.75,
        since=oldest(pod.created for pod in first.killed),
        explains=behind(view, *refs, but=first.workload.ref),
        excludes=tuple(
            each
            for ref in refs
            for each in (
                *excluding(ref, "pods of the same template are well on other nodes", "rollback_workload"),
                *excluding(ref, "new pods come to such nodes too, and are killed there", "scale_workload", *RESTARTS),
            )
        ),
    )


RULE = Rule(
    name="killed_on_other_nodes",
    title="A program is killed for memory on nodes of another make only: it takes the machine's memory for its own",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods are killed for memory on nodes of one make while their like on others never are",
)
