"""The scheduler finds no node for pods: no room, taints, selectors, volumes elsewhere.

Those who wait for room may have had it until a release of another one came with a higher priority, or asked for more
by the one that it has, a class of priority became everybody's default, or one of no higher priority took it. Where most
of the pods wait that serve users, and a reserve of the same version stands by, users can be led to that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._default_class import blame_class, default_class
from tuheg_ir.diagnosis.rules._driven_out import DrivenOut, blame, driven_out
from tuheg_ir.diagnosis.rules._held_room import room_given
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._reserve import reserve
from tuheg_ir.diagnosis.rules._took_room import TookRoom, blame_taker, took_room
from tuheg_ir.diagnosis.view.growth import had
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import brought_by_release, release_evidence
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

_ROOM = late(r"Insufficient|Too many pods|didn't have free ports|max volume count", re.IGNORECASE)
_CLAIM = late(r"unbound immediate PersistentVolumeClaims|persistentvolumeclaim \"[^\"]+\" not found", re.IGNORECASE)
_GRACE = timedelta(seconds=60)
_FEW = 0.5
"""Where no more of the pods serve that there were, those that do are overrun as soon as users come."""


def when(view: View) -> Iterator[Match]:
    """Pods have been waiting for a node for more than a moment, and are not there to give way to others."""
    driven: dict[str, list[DrivenOut]] = {}
    lifted: dict[str, list[tuple[Workload, Evidence]]] = {}
    crowded: dict[str, list[TookRoom]] = {}
    for workload in view.workloads.values():
        waiting = [pod for pod in workload.live if pod.unschedulable and not view.recent(pod.created, _GRACE)]
        if not waiting or room_given(view, workload) is not None or _CLAIM.search(waiting[0].unschedulable):
            continue
        if found := _driven(view, workload, waiting):
            driven.setdefault(found.by.ref, []).append(found)
        elif name := default_class(view, workload):
            lifted.setdefault(name, []).append((workload, _told(waiting[0])))
        elif taken := _taken(view, workload, waiting):
            crowded.setdefault(taken.taking.by.ref, []).append(taken)
        else:
            yield _match(view, workload, waiting)
    yield from (blame(view, found) for found in driven.values())
    yield from (blame_class(view, name, found) for name, found in lifted.items())
    yield from (blame_taker(view, found) for found in crowded.values())


def _driven(view: View, workload: Workload, waiting: list[Pod]) -> DrivenOut | None:
    """Return whose release took the room of pods that ask for no more than they did."""
    if _ROOM.search(waiting[0].unschedulable) is None or _asks_for_more(workload, waiting):
        return None
    return driven_out(view, workload, waiting, _told(waiting[0]))


def _taken(view: View, workload: Workload, waiting: list[Pod]) -> TookRoom | None:
    """Return who took the room of pods that ask for no more than they did, and did not have to give way to anybody."""
    if _asks_for_more(workload, waiting) or view.events_of(workload.ref, "Preempted"):
        return None
    return took_room(view, workload, waiting, _told(waiting[0]))


def _asks_for_more(workload: Workload, waiting: list[Pod]) -> bool:
    return bool(workload.changed("limits", "placement")) and brought_by_release(workload, waiting)


def _told(pod: Pod) -> Evidence:
    return Evidence("objects", f"Pod/{pod.name}", f"Pending: {pod.unschedulable[:240]}", pod.created)


def _match(view: View, workload: Workload, waiting: list[Pod]) -> Match:
    why = waiting[0].unschedulable
    room = _ROOM.search(why) is not None
    released = _asks_for_more(workload, waiting)
    events = view.events_of(workload.ref, "FailedScheduling")
    had_them = not brought_by_release(workload, waiting) and _misses_them(view, workload, waiting)
    stands_by = reserve(view, workload) if had_them else None
    return Match(
        component=workload.ref,
        evidence=(
            *map(_told, waiting[:2]),
            *(view.event_evidence(e) for e in events[:1]),
            *(release_evidence(workload, "limits", "placement") if released else ()),
            *((stands_by[1],) if stands_by else ()),
        ),
        certainty=0.8,
        root_cause="configuration_error" if released else "capacity" if room else _cause(why),
        remedy="rollback_workload" if released else "switch_traffic" if stands_by else "page_human",
        target=stands_by[0] if stands_by else "",
        since=(workload.released_at if released else None) or waiting[0].created,
        excludes=excluding(
            workload.ref, "there is no node for new pods: a restart would end ones that serve", *RESTARTS
        )
        + excluding(workload.ref, "there is no node for a further pod", "scale_workload")
        + (() if released else excluding(workload.ref, "an older template finds no node either", "rollback_workload")),
    )


def _misses_them(view: View, workload: Workload, waiting: list[Pod]) -> bool:
    """Tell whether few of the pods serve that a workload had, and its users feel it since the others wait.

    Where it is to have more than before, as more is asked of it, those that wait are missed by nobody yet.
    """
    since = oldest(pod.created for pod in waiting)
    if workload.ready > _FEW * had(view, workload):
        return False
    felt = [began for ref in behind(view, workload.ref) for _, began in troubles(view, ref)]
    return bool(felt) and all(began is None or since is None or since - began <= _GRACE for began in felt)


def _cause(why: str) -> str:
    """Return what keeps pods from nodes that have room: what the nodes lack themselves, or what the pods ask for."""
    if "-pressure" in why:
        return "resource_exhaustion"
    return "dependency_failure" if "unreachable" in why or "not-ready" in why else "configuration_error"


RULE = Rule(
    name="no_room",
    title="No node takes the pods",
    root_cause="capacity",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pod waits for a node",
)
