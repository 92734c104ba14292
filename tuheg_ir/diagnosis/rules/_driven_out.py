"""Whose release drove pods out of their places: the scheduler names the pod that it made room for."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.reading import oldest, text, whole
from tuheg_ir.diagnosis.view.releases import release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

SUSPECT = timedelta(hours=24)
_BY = late(r"^Preempted by (?:pod )?(?:[\w.-]+/)?(?P<who>[\w.-]+) on node ")
"""By a pod's uid, by namespace/name, or by "a pod", as the version of the scheduler has it."""


class DrivenOut(NamedTuple):
    """Pods of a workload had to give way to those of another one's release, and find no other place."""

    victim: Workload
    by: Workload
    waits: Evidence
    events: tuple[Event, ...]


def driven_out(view: View, victim: Workload, waits: Evidence) -> DrivenOut | None:
    """Return whose release took the places of a workload's pods, if one did all of it and brought the priority for it.

    Who is meant to go first says so by a priority below the usual one; a node that is lost took room as well.
    """
    told = view.events_of(victim.ref, "Preempted")
    by = {ref for event in told if (ref := _by(view, event))}
    if len(by) != 1 or not told or any(node.lost for node in nodes(view)):
        return None
    other = view.workloads[by.pop()]
    raised = [c for c in other.changed("placement") if c.field == "priorityClassName" and c.after]
    if other.ref == victim.ref or other.kind not in ("Deployment", "StatefulSet") or not raised:
        return None
    if not releases(view, other, SUSPECT) or not since_release(other, oldest(e.first for e in told)):
        return None
    lowest = min((whole(pod.obj, "spec", "priority") for pod in victim.pods), default=0)
    rose = _rose(view, raised[0].before, raised[0].after)
    return DrivenOut(victim, other, waits, told) if rose and lowest >= 0 else None


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


def _rose(view: View, before: str, after: str) -> bool:
    """Tell whether one priority class stands above another; of classes that were not read only: above none."""
    old, new = (view.objects("PriorityClass").get(each) for each in (before, after))
    if before and (old is None or new is None):
        return False
    return new is None or whole(new, "value") > whole(old, "value")


def _missed(view: View, victim: Workload) -> bool:
    """Tell whether anybody needs what was driven out: else it may be meant to give way."""
    return bool(view.graph.callers(victim.ref)) or any(view.about_alert(alert) == victim.ref for alert in view.alerts)


def blame(view: View, cases: list[DrivenOut]) -> Match:
    """Return that one release is behind it that pods of some workloads find no place any more.

    Where nobody misses them, a person has to say which of them is the one that matters.
    """
    other = cases[0].by
    victims = [each.victim.ref for each in cases]
    events = [event for each in cases for event in each.events]
    fact = f"{len(events)} pods of {', '.join(victims)[:160]} had to give way to pods of its newest template"
    callers = behind(view, *victims, but=other.ref)
    return Match(
        component=other.ref,
        evidence=(
            Evidence("objects", other.ref, fact, oldest(event.first for event in events)),
            *release_evidence(other, "placement", "limits"),
            *(view.event_evidence(each.events[0]) for each in cases[:2]),
            *(each.waits for each in cases[:2]),
        ),
        certainty=0.8,
        root_cause="configuration_error",
        remedy="rollback_workload" if any(_missed(view, each.victim) for each in cases) else "page_human",
        since=other.released_at,
        explains=callers,
        excludes=(
            *excluding(other.ref, "its newest template has the same priority wherever it starts", *RESTARTS),
            *excluding(other.ref, "further pods of it would drive out more", "scale_workload"),
            *not_for(callers, f"its place was taken since {other.ref} was released: nothing done to it gives it back"),
        ),
    )
