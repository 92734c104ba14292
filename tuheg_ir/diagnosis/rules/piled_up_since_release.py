"""A release lets its pods pile up on a node that cannot bear them: they ask for far less than they take.

The node then starves with all that is on it, its own programs too: it may come and go.
"""

from __future__ import annotations

from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._crowded import AGAIN, CLOCKS
from tuheg_ir.diagnosis.rules._helping import behind, not_for, not_their_own
from tuheg_ir.diagnosis.rules._piled_up import Piled, piled_up
from tuheg_ir.diagnosis.view.nodes import nodes, on_node
from tuheg_ir.diagnosis.view.odd import odd_pods, odd_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Pods take most of a used up node, as a release cut what they ask for, and it, or just who is on it, is ill."""
    found = [(each, ill) for each in piled_up(view) if (ill := _since_then(each, _ill(view, each)))]
    if len({each.workload.ref for each, _ in found}) == 1:  # which of several it was nobody can tell
        yield _match(view, *found[0])


def _ill(view: View, piled: Piled) -> tuple[Evidence, ...]:
    """Return what shows that a node, or just the pods of others on it, are ill."""
    told = [view.event_evidence(event) for event in view.events_of(f"Node/{piled.node}", "NodeNotReady")[:1]]
    lost = next((each for each in nodes(view) if each.name == piled.node and each.lost), None)
    if lost is not None:
        seen = Evidence("objects", lost.ref, f"not ready: {lost.lost}", None if told else lost.since)
        return (seen, *told, *(each for other in _others(view, piled) for each in _probes(view, piled, other)))
    return (*told, *(each for other in _others(view, piled) for each in _alone(view, piled, other)))


def _others(view: View, piled: Piled) -> list[Workload]:
    found = {w.ref: w for w, pod in on_node(view, piled.node) if pod.live and w.ref != piled.workload.ref}
    return [found[ref] for ref in sorted(found)]


def _alone(view: View, piled: Piled, other: Workload) -> tuple[Evidence, ...]:
    """Return what shows that those pods of a workload are ill that are on the node, and no others."""
    here = {pod.name for pod in other.live if pod.node == piled.node}
    odd = odd_pods(view, other, few=False)
    if odd:
        told = "{}; those on other nodes are well"
        shown = (Evidence("metrics", f"Pod/{p}", told.format(odd[p]), odd_since(view, [p])) for p in sorted(odd))
        return tuple(shown) if set(odd) == here else ()
    return _probes(view, piled, other)


def _probes(view: View, piled: Piled, other: Workload) -> tuple[Evidence, ...]:
    """Return that probes fail of pods on the node, and of none of their like elsewhere."""
    here = {f"Pod/{pod.name}" for pod in other.live if pod.node == piled.node}
    failed = [event for event in view.events_of(other.ref, "Unhealthy") if event.count >= AGAIN]
    alone = bool(failed) and {event.about for event in failed} <= here
    return tuple(view.event_evidence(event) for event in failed[-1:]) if alone else ()


def _since_then(piled: Piled, ill: tuple[Evidence, ...]) -> tuple[Evidence, ...]:
    """Return what shows that somebody is ill, if it began no sooner than the release and than so much was taken."""
    began, released = oldest(each.time for each in ill), piled.workload.released_at
    starts = [at for at in (released, piled.since) if at is not None]
    return ill if began is not None and all(began >= at - CLOCKS for at in starts) else ()


def _match(view: View, piled: Piled, ill: tuple[Evidence, ...]) -> Match:
    workload, node = piled.workload, f"Node/{piled.node}"
    refs = not_their_own(view, [each.ref for each in _others(view, piled)], oldest(each.time for each in ill))
    return Match(
        component=workload.ref,
        evidence=(*piled.evidence, *ill[:4]),
        certainty=0.8,
        since=oldest(each.time for each in ill),
        explains=(*behind(view, *refs, but=workload.ref), node),
        excludes=(
            *excluding(
                workload.ref, "new pods would ask for as little and crowd a node too", *RESTARTS, "scale_workload"
            ),
            *not_for(refs, f"{workload.ref} takes the processors of {node}: by any template they starve there"),
        ),
    )


RULE = Rule(
    name="piled_up_since_release",
    title="Pods pile up on a node since a release lets them ask for far less than they take",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release lets pods take most of a used up node of which they ask for little",
)
