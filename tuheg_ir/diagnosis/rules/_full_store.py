"""What has no room to write: a data service by its own log, by its clients or its volume; any program by its volume."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.claims import claims_of, mounts_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

FULL = 0.97
NO_INODES = 0.9999
"""The last of them go as fast as the others: until then every file is made."""
ROOMY = 0.9
"""Some file systems keep a twentieth for their administrator: whoever else writes has no room before all is used."""
NO_SPACE = late(r"no space left on device|ENOSPC|disk quota exceeded|EDQUOT", re.IGNORECASE)
_BUILT_IN = ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job", "CronJob", "Pod")
"""Kinds whose events are of Kubernetes itself."""


class Full(NamedTuple):
    """By which volumes, lines of its own and of its clients a workload has no room."""

    volumes: tuple[Evidence, ...]
    lines: tuple[Hit, ...]
    told: tuple[Complaint, ...]
    claims: tuple[str, ...] = ()
    """Those that are full, as far as that is known."""

    @property
    def since(self) -> datetime | None:
        """Return since when, by its volumes or else its own lines."""
        return oldest(e.time for e in self.volumes) or oldest(hit.first for hit in self.lines)


@once
def full(view: View, workload: Workload) -> Full | None:
    """Return what tells that a workload has no room to write; None if nothing does.

    Lines of who keeps no data for others may tell of the volume of another: they count where they name a path on a
    claim of its own, or that has no inode left.
    """
    keeps = role(workload) in DATA
    hits = [h for h in view.hits_of(workload.ref, "disk_full") if view.recent(h.last) or h.last is None]
    full_claims = dict(_volumes(view, workload))
    if no_space := [h for h in hits if NO_SPACE.search(h.line)]:
        full_claims |= {claim: seen for claim, seen in _without_inodes(view, workload) if claim not in full_claims}
    here = _named_at(view, workload, no_space)
    found = Full(
        (*full_claims.values(), *(_by_operator(view, workload) if keeps else ())),
        tuple(hits if keeps else no_space if here or full_claims else ()),
        _callers(view, workload) if keeps else (),
        tuple(sorted(full_claims)) or here,
    )
    return found if any(found) else None


def inodes(view: View, claim: str) -> Evidence | None:
    """Return that a claim has no inode left, and since when; None if it has, or nobody measures it.

    Some file systems have no such number, and seem to have none left at any time: only who fails tells.
    """
    share = view.figures.latest("volume_inodes_share", "persistentvolumeclaim").get(claim, 0.0)
    if share < NO_INODES:
        return None
    since = view.figures.crossed("volume_inodes_share", NO_INODES, persistentvolumeclaim=claim)
    return Evidence("metrics", f"PersistentVolumeClaim/{claim}", f"{share:.0%} of its inodes are used", since)


def _volumes(view: View, workload: Workload) -> Iterator[tuple[str, Evidence]]:
    for label, used in view.figures.latest("volume_used_share", "persistentvolumeclaim").items():
        if used >= FULL and label in claims_of(workload):
            since = view.figures.crossed("volume_used_share", FULL, persistentvolumeclaim=label)
            fact = f"{used:.0%} of the volume is used"
            yield label, Evidence("metrics", f"PersistentVolumeClaim/{label}", fact, since)


def _without_inodes(view: View, workload: Workload) -> Iterator[tuple[str, Evidence]]:
    found = ((claim, inodes(view, claim)) for claim in claims_of(workload))
    yield from ((claim, seen) for claim, seen in found if seen is not None)


def _named_at(view: View, workload: Workload, hits: Sequence[Hit]) -> tuple[str, ...]:
    """Return the claims at whose paths a workload finds no room, by its own lines, unless figures tell of room."""
    found = set[str]()
    mounts = list(mounts_of(workload))
    for hit in hits:
        own = [each for each in mounts if each[0] == hit.container] or mounts
        paths = sorted({re.escape(path) for _, path, _ in own}, key=len, reverse=True)
        there = re.compile(rf"(?<![\w./-])(?:{'|'.join(paths)})(?![\w.-])")  # of one below another it is the lower
        named = set(there.findall(hit.line)) if paths else set()
        found |= {claim for _, path, claims in own if path in named for claim in claims}
    return tuple(sorted(claim for claim in found if not _has_room(view, claim)))


def _has_room(view: View, claim: str) -> bool:
    """Tell whether a claim has room and inodes, as both are measured."""
    shares = ("volume_used_share", "volume_inodes_share")
    return all(view.figures.latest(each, "persistentvolumeclaim").get(claim, 1.0) < ROOMY for each in shares)


def _by_operator(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that an operator tells of its own object that a server has no room; of a pod it may be its node's disk."""
    own = (e for e in view.events_of(workload.ref) if e.about == workload.ref and workload.kind not in _BUILT_IN)
    yield from (view.event_evidence(event) for event in own if tells("disk_full", event.message))


def _callers(view: View, workload: Workload) -> tuple[Complaint, ...]:
    return tuple(c for c in complaints(view, "disk_full") if c.about == workload.ref and c.caller != workload.ref)
