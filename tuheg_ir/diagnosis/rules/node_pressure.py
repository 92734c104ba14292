"""A node is short of disk, memory or processes and evicts or kills pods: no fault of their templates.

It may be the fault of another one's: what was released onto all such nodes and fills their memory or disk, one pod
that holds most of the memory while its like elsewhere are small, or who keeps on their disks what it cannot send.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._eating import eaten_by
from tuheg_ir.diagnosis.rules._filling import disk_filled_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._kept_unsent import Unsent, kept_unsent
from tuheg_ir.diagnosis.rules._killed_by_node import killed_by_node, kills_told
from tuheg_ir.diagnosis.rules._pressure import filled_by
from tuheg_ir.diagnosis.rules._process_numbers import (
    may_hold_all,
    short_of_numbers,
    unmeasured_leaker,
)
from tuheg_ir.diagnosis.rules._taken_most import NUMBERS, taken_by
from tuheg_ir.diagnosis.view.crashes import LATELY
from tuheg_ir.diagnosis.view.nodes import nodes, on_node
from tuheg_ir.diagnosis.view.reading import oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

Pressed = tuple[str, list[Evidence], list[tuple[Workload, Pod]]]
"""A node's name, what it says, and the pods that it evicted."""


def when(view: View) -> Iterator[Match]:
    """A node says that it is under pressure, or has evicted pods a short while ago, or killed those with room left."""
    found = list(_pressed(view))
    names, began = [name for name, _, _ in found], oldest(_began(view, found))
    culprit = eater = keeper = None
    if _short_of(view, found, "MemoryPressure", "memory"):
        culprit = filled_by(view, names, began)
        eater = None if culprit else eaten_by(view, names)
    elif _short_of(view, found, "DiskPressure", "ephemeral-storage"):
        culprit = disk_filled_by(view, names, began)
        keeper = None if culprit else kept_unsent(view, names, began)
    elif found and all(
        each[0] in short_of_numbers(view) or _short_of(view, [each], "PIDPressure", "pids") for each in found
    ):
        culprit = taken_by(view, NUMBERS, names, began)
    known = culprit is not None or eater is not None or keeper is not None
    matches = [_match(view, each, known=known) for each in found]
    if culprit is not None:
        yield _released(*culprit, matches)
    elif eater is not None:
        yield _eaten(*eater, matches)
    elif keeper is not None:
        yield _kept(keeper, matches)
    else:
        yield from matches


def _pressed(view: View) -> Iterator[Pressed]:
    """Yield the nodes that are short of something: what they say, and the pods that they evicted."""
    known = {node.name: node for node in nodes(view) if not node.lost}
    evicted, short = _evicted(view), short_of_numbers(view)
    killing = {pod.node for _, pod, _ in killed_by_node(view)}
    for name in sorted({*evicted, *short, *killing, *(n for n, node in known.items() if node.pressures)}):
        node = known.get(name)
        pods = evicted.get(name, [])
        said = name in short or name in killing or (node is not None and bool(node.pressures))
        if not said and not any(view.recent(p.created, LATELY) for _, p in pods):
            continue
        told = [Evidence("objects", f"Node/{name}", f"{', '.join(node.pressures)}", node.since)] if node else []
        told = told if node and node.pressures else []
        told += short[name].evidence if name in short else ()
        told += kills_told(view, name)[:3]
        yield name, told, pods


def _short_of(view: View, found: list[Pressed], pressure: str, resource: str) -> bool:
    """Tell whether it is one resource that all these nodes are short of."""
    kills = {each.fact for name, _, _ in found for each in kills_told(view, name)}
    return all(
        any(pressure in each.fact for each in told)
        or (resource == "memory" and any(each.fact in kills for each in told))
        or any(f"low on resource: {resource}" in text(pod.obj, "status", "message") for _, pod in pods)
        for _, told, pods in found
    )


def _began(view: View, found: list[Pressed]) -> Iterator[datetime | None]:
    """Yield when nodes began to run short, as far as anything tells."""
    for name, told, pods in found:
        yield from (each.time for each in told)
        yield from (e.first for e in view.events_of(f"Node/{name}", "EvictionThresholdMet", "SystemOOM"))
        yield from (e.first for w, _ in pods for e in view.events_of(w.ref, "Evicted"))


def _released(culprit: Workload, seen: tuple[Evidence, ...], matches: list[Match]) -> Match:
    """Return that one workload's release is behind what some nodes suffer from."""
    sure = 0.75 if len(seen) > 1 or seen[0].source == "metrics" else 0.6
    return _blamed(culprit, seen, matches, sure)._replace(remedy="rollback_workload", since=culprit.released_at)


def _eaten(eater: Workload, seen: Evidence, remedy: str, matches: list[Match]) -> Match:
    """Return that one workload, which was not released, holds what some nodes lack."""
    found = _blamed(eater, (seen,), matches, 0.7)
    no_release = excluding(eater.ref, "no release came with it", "rollback_workload")
    since = oldest(match.since for match in matches)
    return found._replace(remedy=remedy, since=since, excludes=(*found.excludes, *no_release))


def _kept(keeper: Unsent, matches: list[Match]) -> Match:
    """Return that a workload keeps on the disk of some nodes what it cannot send; that of an edit if one began it."""
    ref, edit = keeper.workload.ref, keeper.edit
    found = _blamed(keeper.workload, keeper.evidence, matches, keeper.certainty)
    why = f"the template before reads {edit[0]} as well" if edit else "no release came with it"
    return found._replace(
        component=edit[0] if edit else ref,
        root_cause="configuration_error" if edit else "",
        since=edit[1] if edit else keeper.since,
        explains=(*found.explains, ref) if edit else found.explains,
        excludes=(
            *found.excludes,
            *excluding(ref, why, "rollback_workload"),
            *excluding(ref, "what it has kept lies on the disk after a start as well, and it goes on", *RESTARTS),
        ),
    )


def _blamed(culprit: Workload, seen: tuple[Evidence, ...], matches: list[Match], sure: float) -> Match:
    """Return that one workload is behind what some nodes suffer from, and the pods there."""
    explained = [ref for match in matches for ref in (match.component, *match.explains) if ref != culprit.ref]
    return Match(
        component=culprit.ref,
        evidence=(*seen, *(each for match in matches for each in match.evidence)),
        certainty=sure,
        explains=tuple(dict.fromkeys(explained)),
        excludes=tuple(e for match in matches for e in match.excludes if e.target != culprit.ref),
    )


def _evicted(view: View) -> dict[str, list[tuple[Workload, Pod]]]:
    """Return node -> the pods that it evicted because it ran short itself, not because they asked too much."""
    found: dict[str, list[tuple[Workload, Pod]]] = {}
    for workload in view.workloads.values():
        for pod in workload.pods:
            said = str(pod.obj.get("status", {}).get("message", "")) if isinstance(pod.obj.get("status"), dict) else ""
            if pod.reason == "Evicted" and pod.node and ("exceed" not in said or "low on resource" in said):
                found.setdefault(pod.node, []).append((workload, pod))
    return found


def _match(view: View, found: Pressed, *, known: bool) -> Match:
    """Return what is to be told of a node; ``known``: it is known who holds what it lacks."""
    name, told, pods = found
    waiting = [w.ref for w in view.serving if any(p.unschedulable for p in w.live)]
    short = short_of_numbers(view).get(name)
    stopped = short.workloads if short else ()
    leaker = "" if known else unmeasured_leaker(view, name)
    innocent = stopped if known else tuple(ref for ref in stopped if ref not in may_hold_all(view, name))
    killed = dict.fromkeys(w.ref for w, pod, _ in killed_by_node(view) if pod.node == name)
    gone = [*(w.ref for w, _ in pods), *killed, *(w.ref for w, p in on_node(view, name) if not p.ready)]
    touched = [ref for ref in dict.fromkeys([*gone, *waiting, *behind(view, *stopped)]) if ref != leaker]
    count = Evidence("objects", f"Node/{name}", f"{len(pods)} pods were evicted from it") if pods else None
    return Match(
        component=f"Node/{name}",
        evidence=(
            *told,
            *((count,) if count else ()),
            *(view.event_evidence(e) for w, _ in pods[:1] for e in view.events_of(w.ref, "Evicted")[:1]),
            *(view.event_evidence(e) for e in view.events_of(f"Node/{name}")[:2]),
        ),
        certainty=(0.6 if told else 0.5) + (0.2 if pods or waiting else 0.0),
        since=min((e.time for e in told if e.time), default=None),
        explains=tuple(touched),
        excludes=(
            *not_for(
                killed, f"{name} has no memory left: it was killed with room below its own limit, and would be again"
            ),
            *not_for(innocent, f"{name} has no process number left for whoever starts there, new pods as well"),
            *(
                each
                for workload, _ in pods
                for each in excluding(workload.ref, "its template runs well on other nodes", "rollback_workload")
            ),
        ),
    )


RULE = Rule(
    name="node_pressure",
    title="A node is short of disk, memory or processes",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node says that it is short of anything, and none evicted pods of late",
)
