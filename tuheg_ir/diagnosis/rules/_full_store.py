"""What has no room to write: a data service by its own log, by its clients or its volume; any program by its volume."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FULL = 0.97
_BUILT_IN = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
"""Kinds whose events are of Kubernetes itself."""


class Full(NamedTuple):
    """By which volumes, lines of its own and of its clients a workload has no room."""

    volumes: tuple[Evidence, ...]
    lines: tuple[Hit, ...]
    told: tuple[Complaint, ...]

    @property
    def since(self) -> datetime | None:
        """Return since when, by its volumes or else its own lines."""
        return oldest(e.time for e in self.volumes) or oldest(hit.first for hit in self.lines)


@once
def full(view: View, workload: Workload) -> Full | None:
    """Return what tells that a workload has no room to write; None if nothing does.

    Lines of who keeps no data for others may tell of the volume of another.
    """
    keeps = role(workload) in DATA
    hits = view.hits_of(workload.ref, "disk_full") if keeps else ()
    found = Full(
        (*_volumes(view, workload), *(_by_operator(view, workload) if keeps else ())),
        tuple(h for h in hits if view.recent(h.last) or h.last is None),
        _callers(view, workload) if keeps else (),
    )
    return found if any(found) else None


def _volumes(view: View, workload: Workload) -> Iterator[Evidence]:
    for label, used in view.figures.latest("volume_used_share", "persistentvolumeclaim").items():
        if used >= FULL and label in claims_of(workload):
            since = view.figures.crossed("volume_used_share", FULL, persistentvolumeclaim=label)
            yield Evidence("metrics", f"PersistentVolumeClaim/{label}", f"{used:.0%} of the volume is used", since)


def _by_operator(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that an operator tells of its own object that a server has no room; of a pod it may be its node's disk."""
    own = (e for e in view.events_of(workload.ref) if e.about == workload.ref and workload.kind not in _BUILT_IN)
    yield from (view.event_evidence(event) for event in own if tells("disk_full", event.message))


def _callers(view: View, workload: Workload) -> tuple[Complaint, ...]:
    return tuple(c for c in complaints(view, "disk_full") if c.about == workload.ref and c.caller != workload.ref)
