"""A database lacks shared memory for its parallel queries: its mount is gone, was made smaller, or never was.

Without a mount a container has 64 MiB of it. The words are those of a full disk; no volume is full, and none of the
callers' releases brings it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._database_users import is_led_elsewhere
from tuheg_ir.diagnosis.rules._helping import behind, not_for, released_since
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role, role_of_image
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.stores import upgraded
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PATH = "/dev/shm"  # noqa: S108 - no file is made there: it is how a template names it
_WITHOUT = 64 * 2.0**20
"""So much shared memory container runtimes give where nothing is mounted."""
PROVEN = timedelta(days=7)
"""A template that did well for so long is not what brought it: each week's work was done with it."""


def when(view: View) -> Iterator[Match]:
    """A database, or who asks it, repeats that a segment of shared memory could not grow."""
    found = complaints(view, "database_shared_memory")
    for store in of_role(view.workloads, "database"):
        mine = [each for each in found if store.ref in (each.about, each.caller) and _may_ask(view, store, each.caller)]
        if sum(each.hit.count for each in mine) >= OFTEN:
            yield _match(view, store, mine)


def _may_ask(view: View, store: Workload, ref: str) -> bool:
    """Tell whether a caller may speak of a store: its settings do not lead it to another one alone."""
    caller = view.workloads.get(ref)
    return caller is None or ref in view.graph.callers(store.ref) or not is_led_elsewhere(view, caller, store.ref)


def _match(view: View, store: Workload, found: list[Complaint]) -> Match:
    callers = behind(view, store.ref, *(each.caller for each in found), but=store.ref)
    now, before = _room(store.template), _room(template_before(store))
    since = began(found)
    lost = bool(template_before(store)) and now < before and not _told_before(store, found)
    proven = store.released_at is not None and (since or view.now) - store.released_at > PROVEN
    taken = lost and not proven
    # Nothing was taken from a store that has what it always had: who asks more of it since a release may be taken back.
    # So may who tells nothing of it.
    told_by = behind(view, *(each.caller for each in found))
    came = released_since(view, (ref for ref in callers if not taken or ref not in told_by), since)
    told_why = f"{store.ref} lacks shared memory for what they ask: nothing done to them gives it any"
    return Match(
        component=store.ref,
        evidence=(*told(view, found), _shown(store, now, before if lost else now)),
        certainty=0.85 if lost else 0.75,
        root_cause="configuration_error" if lost or now <= _WITHOUT else "resource_exhaustion",
        remedy="rollback_workload" if taken and not upgraded(view, store) else "page_human",
        since=since,
        explains=callers,
        excludes=(
            *not_for((ref for ref in callers if ref not in came), told_why),
            *not_for(came, told_why, (*RESTARTS, "scale_workload")),
            *not_for(
                (store.ref,),
                "it has no more shared memory afterwards: its template says how much",
                (*RESTARTS, "scale_workload", "scale_database", *(() if lost else ("rollback_workload",))),
            ),
        ),
    )


def _told_before(store: Workload, found: list[Complaint]) -> bool:
    """Tell whether it was told before the template in force came."""
    first, came = began(found), store.released_at
    return first is not None and came is not None and first < came


def _shown(store: Workload, now: float, before: float) -> Evidence:
    said = f"{_told(now)}, and {_told(before)} before its release" if before != now else _told(now)
    return Evidence("objects", store.ref, f"on {_PATH}: {said}", store.released_at if before != now else None)


def _told(room: float) -> str:
    if room == _WITHOUT:
        return "no mount (64 MiB)"
    return "a mount" if math.isinf(room) else f"{room / 2**20:.0f} MiB"


def _room(template: Mapping[str, Any]) -> float:
    """Return how much shared memory a template gives its database; a program beside it has its own."""
    spec = mapping(template, "spec")
    volumes = {text(each, "name"): each for each in items(spec, "volumes")}
    containers = items(spec, "containers")
    servers = [each for each in containers if role_of_image(text(each, "image")) == "database"]
    return max((_of_container(each, volumes) for each in servers or containers), default=_WITHOUT)


def _of_container(container: Mapping[str, Any], volumes: Mapping[str, Mapping[str, Any]]) -> float:
    """Return how much shared memory a container has; a volume that is not limited has as much as there is."""
    for mount in items(container, "volumeMounts"):
        if text(mount, "mountPath").rstrip("/") == _PATH:
            size = number(mapping(volumes.get(text(mount, "name"), {}), "emptyDir").get("sizeLimit"))
            return size or math.inf
    return _WITHOUT


RULE = Rule(
    name="shared_memory_short",
    title="A database lacks shared memory for its parallel queries",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no database says that its shared memory cannot grow",
)
