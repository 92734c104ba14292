"""Whose release drove pods out of their places: the scheduler names the pod that it made room for, or times tell."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._asked_room import grew, told_growth
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._priorities import RANKED, outranks, rose
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.reading import oldest, text, whole
from tuheg_ir.diagnosis.view.releases import release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=24)
_BY = late(r"^Preempted by (?:pod )?(?:[\w.-]+/)?(?P<who>[\w.-]+) on node ")
"""By a pod's uid, by namespace/name, or by "a pod", as the version of the scheduler has it."""
_AT_ONCE = timedelta(seconds=30)
"""So soon after a pod came that drives out another one the successor of that one is made."""
_GOES_FIRST = 0
"""Who has less than the usual priority is meant to give way."""


class DrivenOut(NamedTuple):
    """Pods of a workload had to give way to those of another one's release, and find no other place."""

    victim: Workload
    by: Workload
    waits: Evidence
    told: tuple[Evidence, ...]
    """One for each pod that had to give way."""
    named: bool
    """The scheduler tells it; else it is known by the times and the priorities of the pods."""


def driven_out(view: View, victim: Workload, waiting: Sequence[Pod], waits: Evidence) -> DrivenOut | None:
    """Return whose release took the places of a workload's pods, if one did all of it, and was let by its release.

    It brought the priority for it, or asks for more than it did and stands above them. Who is meant to go first says
    so by a priority below the usual one; a node that is lost took room as well. Events are kept for an hour only, and
    some schedulers name nobody: then each pod that waits was made at once after one that outranks it.
    """
    if any(node.lost for node in nodes(view)) or _lowest(victim) < _GOES_FIRST:
        return None
    events = view.events_of(victim.ref, "Preempted")
    if events and any(_tells(event) for event in events):
        by = {ref for event in events if (ref := _by(view, event))}
        first, told = oldest(event.first for event in events), tuple(map(view.event_evidence, events))
        found = [view.workloads[ref] for ref in by] if len(by) == 1 else []
        made = [each for each in found if _may_have(view, victim, each, first)]
        return DrivenOut(victim, made[0], waits, told, True) if made else None
    by_time = [] if _moved_otherwise(view, victim, waiting) else list(_by_time(view, victim, waiting))
    return DrivenOut(victim, by_time[0][0], waits, by_time[0][1], False) if len(by_time) == 1 else None


def _lowest(victim: Workload) -> int:
    return min((whole(pod.obj, "spec", "priority") for pod in victim.pods), default=0)


def _tells(event: Event) -> bool:
    return _BY.match(event.message) is not None or bool(event.related)


def _may_have(view: View, victim: Workload, other: Workload, first: datetime | None) -> bool:
    """Tell whether others had to give way since a release that raised what lets its pods drive them out."""
    if other.ref == victim.ref or other.kind not in RANKED or not releases(view, other, SUSPECT):
        return False
    return since_release(other, first) and (rose(view, other) or _larger(other))


def _larger(other: Workload) -> bool:
    """Tell whether a release asks for more, of a workload that has a priority by its own will."""
    return bool(grew(other)) and bool(text(other.template, "spec", "priorityClassName"))


def _moved_otherwise(view: View, victim: Workload, waiting: Sequence[Pod]) -> bool:
    """Tell whether pods may have been made for another reason: a release, more of them, or a node that is emptied."""
    first = oldest(pod.created for pod in waiting)
    more = grown(view, victim)
    late_growth = more is not None and (more.at is None or first is None or more.at >= first - _AT_ONCE)
    return late_growth or since_release(victim, first) or any(node.cordoned for node in nodes(view))


def _by_time(view: View, victim: Workload, waiting: Sequence[Pod]) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return the workloads whose release made a pod just before each pod that waits, and that outranks it."""
    first = oldest(pod.created for pod in waiting)
    found = []
    for other in view.serving:
        pairs = [(pod, maker) for pod in waiting if (maker := _just_before(view, pod, other)) is not None]
        if len(pairs) == len(waiting) and _may_have(view, victim, other, first):
            found.append((other, tuple(_at_once(pod, maker) for pod, maker in pairs)))
    return found


def _just_before(view: View, pod: Pod, other: Workload) -> Pod | None:
    for maker in other.newest_pods():
        if pod.created is None or maker.created is None or not timedelta() <= pod.created - maker.created <= _AT_ONCE:
            continue
        if maker.node and outranks(view, maker, pod):
            return maker
    return None


def _at_once(pod: Pod, maker: Pod) -> Evidence:
    fact = f"made as Pod/{maker.name} came, which has a higher priority and got a place on {maker.node}"
    return Evidence("objects", f"Pod/{pod.name}", fact, pod.created)


def _by(view: View, event: Event) -> str:
    """Return the workload of whose newest template the pod is that another one had to give way to; "" if unknown."""
    found = preemptor(view, event)
    return found[0].ref if found else ""


def preemptor(view: View, event: Event) -> tuple[Workload, Pod] | None:
    """Return the pod of a newest template that another pod had to give way to, with its workload, if it is known."""
    found = _BY.match(event.message)
    who = found["who"] if found else ""
    for workload in view.serving:
        for pod in workload.newest_pods():
            if _is(pod, who) or event.related == f"Pod/{pod.name}":
                return workload, pod
    return None


def _is(pod: Pod, who: str) -> bool:
    return bool(who) and who in (pod.name, text(pod.obj, "metadata", "uid"))


def missed(view: View, victim: Workload) -> bool:
    """Tell whether anybody needs what has no room: else it may be meant to give way."""
    return bool(view.graph.callers(victim.ref)) or any(view.about_alert(alert) == victim.ref for alert in view.alerts)


def blame(view: View, cases: list[DrivenOut]) -> Match:
    """Return that one release is behind it that pods of some workloads find no place any more.

    Where nobody misses them, a person has to say which of them is the one that matters.
    """
    other = cases[0].by
    victims = [each.victim.ref for each in cases]
    told = [sign for each in cases for sign in each.told]
    fact = f"{len(told)} pods of {', '.join(victims)[:160]} had to give way to pods of its newest template"
    callers = behind(view, *victims, but=other.ref)
    return Match(
        component=other.ref,
        evidence=(
            Evidence("objects", other.ref, fact, oldest(sign.time for sign in told)),
            *told_growth(other),
            *release_evidence(other, "placement"),
            *(each.told[0] for each in cases[:2]),
            *(each.waits for each in cases[:2]),
        ),
        certainty=0.8 if any(each.named for each in cases) else 0.65,
        root_cause="configuration_error",
        remedy="rollback_workload" if any(missed(view, each.victim) for each in cases) else "page_human",
        since=other.released_at,
        explains=callers,
        excludes=(
            *excluding(other.ref, "its newest template has the same priority wherever it starts", *RESTARTS),
            *excluding(other.ref, "further pods of it would drive out more", "scale_workload"),
            *not_for(callers, f"its place was taken since {other.ref} was released: nothing done to it gives it back"),
        ),
    )
