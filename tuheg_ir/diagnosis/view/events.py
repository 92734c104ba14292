"""Events by what they are about, with the pods' events told of the workload above them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj, Snapshot
from tuheg_ir.diagnosis.view.reading import mapping, moment, newest, text, whole
from tuheg_ir.diagnosis.view.workloads import Workload


@dataclass(frozen=True, slots=True)
class Event:
    """One event. ``about`` is Kind/name as it was told, ``component`` the workload above it (else the same)."""

    about: str
    component: str
    type: str
    reason: str
    message: str
    count: int
    first: datetime | None
    last: datetime | None
    related: str = ""
    """Kind/name of a second object that it tells of, as the pod that another one had to give way to."""
    container: str = ""
    """Container of a pod that it is about, as its kubelet tells it: by the field, or in its words."""


_FIELD = late(r"^spec\.(?:initC|c)ontainers\{([^}]+)\}$")
_IN_WORDS = late(r"\bfor Container \"([^\"]+)\"")


def events(snapshot: Snapshot, found: Mapping[str, Workload]) -> tuple[Event, ...]:
    """Return the events of a snapshot, newest first."""
    above = {f"Pod/{pod.name}": ref for ref, workload in found.items() for pod in workload.pods}
    for ref, workload in found.items():
        above |= {f"ReplicaSet/{revision.name}": ref for revision in workload.revisions}
    read = [_event(obj, above) for obj in snapshot.of("Event")]
    return tuple(sorted(read, key=lambda e: (str(e.last or ""), e.about, e.reason, e.message), reverse=True))


def told_last(obj: Obj) -> datetime | None:
    """Return when an event was told last, in whichever of its fields."""
    fields = (("lastTimestamp",), ("deprecatedLastTimestamp",), ("series", "lastObservedTime"), ("eventTime",))
    return newest(moment(obj, *field) for field in fields)


def _event(obj: Obj, above: Mapping[str, str]) -> Event:
    involved = mapping(obj, "involvedObject") or mapping(obj, "regarding")
    about = f"{text(involved, 'kind')}/{text(involved, 'name')}"
    first = moment(obj, "firstTimestamp") or moment(obj, "deprecatedFirstTimestamp") or moment(obj, "eventTime")
    last = told_last(obj)
    count = max(whole(obj, "count"), whole(obj, "deprecatedCount"), whole(obj, "series", "count"), 1)
    made = moment(obj, "metadata", "creationTimestamp")
    related = mapping(obj, "related")
    message = text(obj, "message") or text(obj, "note")
    container = _FIELD.search(text(involved, "fieldPath")) or _IN_WORDS.search(message)
    return Event(
        about=about,
        component=above.get(about) or _guess(about),
        type=text(obj, "type"),
        reason=text(obj, "reason"),
        message=message,
        count=count,
        first=first or made,
        last=last or made,
        related=f"{text(related, 'kind')}/{text(related, 'name')}" if related else "",
        container=container[1] if container else "",
    )


def _guess(about: str) -> str:
    """Return the workload of a pod or ReplicaSet that is gone already, from its name; else what it is about."""
    kind, _, name = about.partition("/")
    parts = name.split("-")
    if kind == "ReplicaSet" and len(parts) > 1:
        return f"Deployment/{'-'.join(parts[:-1])}"
    if kind == "Pod" and len(parts) > 2 and len(parts[-1]) == 5 and 8 <= len(parts[-2]) <= 10:
        return f"Deployment/{'-'.join(parts[:-2])}"
    return about
