"""Whose release lets its pods take a node of which they no longer ask for what they take.

The scheduler goes by what pods ask for: with an honest request, or where they had to be spread, no more of them would
be on the node than it can bear.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_room import asked
from tuheg_ir.diagnosis.rules._starved import SEEN, USED_UP
from tuheg_ir.diagnosis.rules._taken_most import MOST, SUSPECT
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, traffic_growth
from tuheg_ir.diagnosis.view.nodes import capacity, on_node
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import releases, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

CUT = 0.5
"""Who asks for no more than this share of what it asked for is placed quite otherwise."""
TIMES = 2.0
"""Who takes so many times what it asks for takes what the scheduler counts as free."""
HONEST = 0.5
"""Share of what pods take that they asked for before: then they were counted for about what they are."""
LATELY = timedelta(minutes=20)
"""What was measured so long before still tells how it is: nothing may be heard of a node that is lost."""
_SPREADS = {"topologySpreadConstraints": "hostname", "affinity": "podAntiAffinity"}
"""Fields of a template that keep its pods on several nodes, and by what one knows that they do."""


class Piled(NamedTuple):
    """A workload, the node that its pods take, since when they take so much of it, and what shows it."""

    workload: Workload
    node: str
    since: datetime | None
    evidence: tuple[Evidence, ...]


@once_a_view
def piled_up(view: View) -> tuple[Piled, ...]:
    """Return whose newest pods take most of a node that has no processor left, as its release let them."""
    return tuple(found for workload in view.serving for found in _piles(view, workload))


def _piles(view: View, workload: Workload) -> Iterator[Piled]:
    if workload.released_at is None or not template_before(workload) or not releases(view, workload, SUSPECT):
        return
    if (traffic_growth(view, workload.ref) or 1.0) >= MUCH_MORE:
        return  # its users ask for more of it: it would take as much as before otherwise
    newest = workload.newest_pods()
    for node in sorted({pod.node for pod in newest if pod.node}):
        here, size = [pod for pod in newest if pod.node == node], capacity(view, node, "cpu")
        took = sum(_takes(view, pod) for pod in here)
        if not size or took < MOST * size or not _full(view, node, size):
            continue
        let = _cut(workload, len(here), took) or _gathered(workload, here, newest)
        if let:
            busy = f"{len(here)} of its pods take {took:.1f} of the {size:g} processors of {node}"
            told = Evidence("metrics", workload.ref, busy, _since(view, here))
            shown = (told, Evidence("objects", workload.ref, f"released: {let}", workload.released_at))
            yield Piled(workload, node, told.time, shown)


def _cut(workload: Workload, pods: int, took: float) -> str:
    """Return that pods ask for far less than they did, and take what they asked for before; "" if it is not so."""
    was, now = asked(template_before(workload), "cpu"), asked(workload.template, "cpu")
    if now > CUT * was or took < TIMES * now * pods or was * pods < HONEST * took:
        return ""
    return f"each of its pods asks for {now:.3g} processors instead of {was:.3g}"


def _gathered(workload: Workload, here: Sequence[Pod], every: Sequence[Pod]) -> str:
    """Return that pods need not be on several nodes any more, and are all on one; "" if it is not so."""
    spread = [(each, _SPREADS[each.field]) for each in workload.changes if each.field in _SPREADS]
    dropped = [each.field for each, word in spread if word in each.before and word not in each.after]
    several = len(here) > 1 and len(here) == len(every)
    return f"{', '.join(dropped)} is gone, and all of its pods are on one node" if dropped and several else ""


def _full(view: View, node: str, size: float) -> bool:
    """Tell whether a node's processors are used up, by its own figures of late or those of its pods."""
    share = view.figures.before("node_cpu_share", view.now, LATELY, node=node)
    if share is not None:
        return share >= USED_UP
    return sum(_takes(view, pod) for _, pod in on_node(view, node)) >= SEEN * size


def _takes(view: View, pod: Pod) -> float:
    """Return how many processors a pod took of late, in all its containers."""
    names = {each.labels.get("container", "") for each in view.figures.series("cpu_usage", pod=pod.name)}
    of = (view.figures.before("cpu_usage", view.now, LATELY, pod=pod.name, container=each) for each in names if each)
    return sum(each or 0.0 for each in of) or view.figures.before("cpu_usage", view.now, LATELY, pod=pod.name) or 0.0


def _since(view: View, pods: Sequence[Pod]) -> datetime | None:
    return oldest(view.figures.first_beyond("cpu_usage", HONEST * _takes(view, pod), pod=pod.name) for pod in pods)
