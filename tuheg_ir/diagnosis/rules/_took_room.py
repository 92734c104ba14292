"""Who took the room that pods lack, of no higher priority: without what one of them took of late they would fit.

A release that asks for more for each of its pods, more pods of a workload by hand, or a workload that was not there
before. The scheduler names nobody then: nodes' figures and what their pods ask for tell it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._asked_room import asked, grew, told_growth
from tuheg_ir.diagnosis.rules._driven_out import SUSPECT, missed
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.nodes import nodes, on_node
from tuheg_ir.diagnosis.view.reading import created, items, mapping, newest, oldest, text
from tuheg_ir.diagnosis.view.releases import release_evidence, releases
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, KINDS, Pod, Workload
from tuheg_ir.named import NamedTuple

_SHORT = late(r"Insufficient (cpu|memory)\b", re.IGNORECASE)


class Taking(NamedTuple):
    """What a workload took of late: how much of each resource each of these pods of it has that it had not before."""

    by: Workload
    pods: tuple[Pod, ...]
    each: Mapping[str, float]
    released: bool
    told: tuple[Evidence, ...]


class TookRoom(NamedTuple):
    """Pods of a workload would have room, had not another one taken it."""

    victim: Workload
    waits: Evidence
    taking: Taking


def took_room(view: View, victim: Workload, waiting: Sequence[Pod], waits: Evidence) -> TookRoom | None:
    """Return who alone took so much, just before, that all pods which wait would fit without it.

    Not where nodes are lost or closed, which is room as well, where pods are more than there were, or where more than
    one took as much.
    """
    first = oldest(pod.created for pod in waiting)
    short = {each.lower() for pod in waiting for each in _SHORT.findall(pod.unschedulable)}
    if first is None or not short or any(node.lost or node.cordoned for node in nodes(view)):
        return None
    if _is_new(view, victim) or _has_more(view, victim, first):
        return None
    enough = [each for each in _takings(view, victim, first) if _fit_without(view, waiting, each, short)]
    if len(enough) != 1 or _as_usual(view, enough[0]):
        return None
    return TookRoom(victim, waits, enough[0])


def _as_usual(view: View, taking: Taking) -> bool:
    """Tell whether somebody takes and gives back room all the time, as a schedule or an autoscaler has it."""
    return taking.by.kind == "CronJob" or (not taking.released and autoscaler(view, taking.by.ref) is not None)


def _is_new(view: View, workload: Workload) -> bool:
    return view.recent(created(workload.obj), SUSPECT)


def _has_more(view: View, victim: Workload, first: datetime) -> bool:
    more = grown(view, victim)
    return more is not None and (more.at is None or more.at >= first - timedelta(minutes=1))


def _takings(view: View, victim: Workload, first: datetime) -> Iterator[Taking]:
    """Yield what others took before the first of some pods waited, a run of a schedule too."""
    for other in view.workloads.values():
        placed = tuple(pod for pod in other.newest_pods() if pod.node and pod.created and pod.created <= first)
        if other.ref == victim.ref or not placed or other.kind not in KINDS:
            continue
        asks = {what: asked(placed[0].obj, what) for what in ("cpu", "memory")}
        if other.kind in BATCH or _is_new(view, other):
            young = tuple(pod for pod in placed if view.recent(pod.created, SUSPECT))
            yield Taking(other, young, asks, False, _told(other, young))
        elif grew(other) and releases(view, other, SUSPECT):
            yield Taking(other, placed, grew(other), True, (*told_growth(other), *release_evidence(other, "limits")))
        elif more := grown(view, other):
            extra = tuple(sorted(placed, key=lambda pod: str(pod.created)))[more.before :]
            yield Taking(other, extra, asks, False, (Evidence(more.source, other.ref, more.fact, more.at),))


def _told(other: Workload, pods: Sequence[Pod]) -> tuple[Evidence, ...]:
    fact = f"{len(pods)} pods of it have places that nobody had before"
    return (Evidence("objects", other.ref, fact, oldest(pod.created for pod in pods)),)


def _fit_without(view: View, waiting: Sequence[Pod], taking: Taking, short: Collection[str]) -> bool:
    """Tell whether nodes would have places for all pods that wait, had one not taken what it took.

    Where a node seems to have room, others have it whom nobody sees: then what was taken has to be enough by itself.
    """
    need = {what: max(asked(pod.obj, what) for pod in waiting) for what in short}
    if not all(need.values()):
        return False
    places = 0
    for node in {pod.node for pod in taking.pods}:
        if not _open_to(view, node, waiting[0]):
            continue
        free = {what: _free(view, node, what) for what in short}
        hidden = all(free[what] >= need[what] for what in short)
        given = {what: taking.each.get(what, 0.0) * sum(pod.node == node for pod in taking.pods) for what in short}
        places += int(min((given[what] + (0.0 if hidden else max(0.0, free[what]))) // need[what] for what in short))
    return places >= len(waiting)


def _free(view: View, node: str, what: str) -> float:
    """Return how much of a resource no pod that is seen has asked for on a node; nothing where nobody knows."""
    has = number(text(view.objects("Node").get(node), "status", "allocatable", what)) or 0.0
    return has - sum(asked(pod.obj, what) for _, pod in on_node(view, node) if pod.phase not in ("Succeeded", "Failed"))


def _open_to(view: View, node: str, pod: Pod) -> bool:
    """Tell whether a node takes a pod, were there room: what is kept for others is none for it."""
    obj = view.objects("Node").get(node)
    spec = mapping(pod.obj, "spec")
    labels = mapping(obj, "metadata", "labels")
    if items(obj, "spec", "taints") or mapping(spec, "affinity", "nodeAffinity"):
        return False
    return all(labels.get(key) == value for key, value in mapping(spec, "nodeSelector").items())


def blame_taker(view: View, cases: list[TookRoom]) -> Match:
    """Return that one workload took the room of others.

    Its release is taken back where those who wait are missed and are fewer than they should be; not that of a store.
    """
    taking = cases[0].taking
    other, victims = taking.by, [each.victim for each in cases]
    names = ", ".join(each.ref for each in victims)
    callers = behind(view, *(each.ref for each in victims), but=other.ref)
    lacks = any(missed(view, each) and each.ready < each.wanted for each in victims)
    fact = f"without what it took the pods of {names[:160]} that wait would have room"
    since = other.released_at if taking.released else oldest(pod.created for pod in taking.pods)
    return Match(
        component=other.ref,
        evidence=(
            Evidence("objects", other.ref, fact, newest(pod.created for pod in taking.pods)),
            *taking.told[:3],
            *(each.waits for each in cases[:2]),
        ),
        certainty=0.7,
        root_cause="configuration_error" if taking.released else "capacity",
        remedy="rollback_workload" if taking.released and lacks and not is_store(other) else "page_human",
        since=since,
        explains=callers,
        excludes=(
            *excluding(other.ref, "its pods ask for as much wherever they start", *RESTARTS),
            *excluding(other.ref, "further pods of it would take more room", "scale_workload"),
            *not_for(callers, f"{other.ref} took its room: nothing done to it gives that back"),
        ),
    )
