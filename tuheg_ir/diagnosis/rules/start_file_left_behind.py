"""A program refuses to start over a file that its former process left in a volume: it takes that one for alive.

A container that is started again in its pod meets the file again, for ever. A scratch volume goes with its pod, so a
new pod has none; a volume that outlives pods shows it to each of them, and somebody has to delete it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.crashes import Crash, crashes
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import never_ready
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_PATH = late(r"(?<![\w.:/-])(?:unix:)?(?P<path>/(?:[\w.@+-]+/)*[\w.@+-]*\w)(?![\w/])")
"""A file's whole path, as a program names it; no part of a URL."""
_SCRATCH = "emptyDir"
_LASTING = ("persistentVolumeClaim", "hostPath", "nfs", "csi")
"""Volumes that are there for the next pod as they were for the one before."""


class _Left(NamedTuple):
    """A container that is turned away by a file, the words, and in which kind of volume it lies."""

    crash: Crash
    hit: Hit
    kind: str
    volume: str


def when(view: View) -> Iterator[Match]:
    """Containers end at each start, by their words over a file of a process that is gone; a volume keeps it."""
    for workload in view.serving:
        found = list(_left(view, workload))
        if found:
            yield _match(view, workload, found)


def _left(view: View, workload: Workload) -> Iterator[_Left]:
    """Yield the containers that such a file keeps from starting, one for each."""
    for crash in crashes(view, workload):
        kept = not crash.container.ready and crash.container.state != "running" and crash.container.restarts
        told = [h for h in view.hits_of(workload.ref, "taken_for_running") if _of(h, crash)] if kept else []
        volume = _volume(crash.pod, crash.container, told[0].line) if told else {}
        kind = next((each for each in (_SCRATCH, *_LASTING) if each in volume), "")
        # What lies in scratch and keeps out a pod that never served was left by a start that failed for another reason.
        if kind == _SCRATCH and never_ready(crash.pod):
            continue
        if kind and not (kind != _SCRATCH and _held_by_another(view, crash.pod, volume)):
            yield _Left(crash, told[0], kind, text(volume, "name"))


def _of(hit: Hit, crash: Crash) -> bool:
    return hit.pod == crash.pod.name and hit.container in ("", crash.container.name)


def _volume(pod: Pod, container: Container, line: str) -> Mapping[str, Any]:
    """Return the volume in which a file lies that a line names; {} if it lies in none, or nobody can tell.

    Where no path is told, or one that begins anywhere, it may lie in any volume that the container may write: then all
    have to be of a kind.
    """
    volumes = {text(each, "name"): each for each in items(pod.obj, "spec", "volumes")}
    mounts = [m for m in items(container.spec, "volumeMounts") if m.get("readOnly") is not True]
    paths = [found["path"] for found in _PATH.finditer(line)]
    reached = [(m, volumes.get(text(m, "name"), {})) for m in mounts]
    kept = [(m, each) for m, each in reached if any(kind in each for kind in (_SCRATCH, *_LASTING))]
    for path in paths:
        above = [(len(text(m, "mountPath")), each) for m, each in kept if _within(path, text(m, "mountPath"))]
        if above:
            return max(above, key=lambda found: found[0])[1]
    lasting = {any(kind in each for kind in _LASTING) for _, each in kept}
    return kept[0][1] if not paths and len(lasting) == 1 else {}


def _within(path: str, folder: str) -> bool:
    """Tell whether a path lies in a folder; `/var/run` is `/run` nearly everywhere."""
    path, folder = (posixpath.normpath(each).replace("/var/run", "/run", 1) for each in (path, folder))
    return path.startswith(folder.rstrip("/") + "/")


def _held_by_another(view: View, pod: Pod, volume: Mapping[str, Any]) -> bool:
    """Tell whether another pod that runs has the same lasting volume: the process that the file names may be its."""
    for workload in view.workloads.values():
        for other in workload.pods:
            same = any(_same(each, volume) for each in items(other.obj, "spec", "volumes"))
            if other.name != pod.name and same and any(c.state == "running" for c in other.containers):
                return True
    return False


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return any(kind in one and one.get(kind) == other.get(kind) for kind in _LASTING)


def _match(view: View, workload: Workload, found: list[_Left]) -> Match:
    scratch = all(each.kind == _SCRATCH for each in found)
    loses = scratch and is_store(workload) and not keeps_data(view, workload)
    callers = behind(view, workload.ref, but=workload.ref)
    lies = (
        "a scratch volume, which is as old as the pod: a new pod has none" if scratch else "a volume that outlives it"
    )
    in_vain = _LOSES if loses else "" if scratch else _MEETS_IT
    in_vain = in_vain or (_IN_A_SET if workload.kind == "StatefulSet" else "")
    return Match(
        component=workload.ref,
        evidence=(
            *(view.hit_evidence(each.hit) for each in found[:2]),
            *(each.crash.evidence() for each in found[:2]),
            Evidence("objects", f"Pod/{found[0].crash.pod.name}", f"the file lies in {found[0].volume}, {lies}"),
        ),
        certainty=0.75,
        remedy="page_human" if in_vain else "",
        since=oldest(each.crash.pod.unready_since for each in found),
        explains=callers,
        excludes=(
            *not_for(callers, f"the trouble comes from {workload.ref}: nothing done to its callers has it start"),
            *excluding(workload.ref, "what it is told is as it was when it served; the file is in its way", *_NOT),
            *(excluding(workload.ref, in_vain, *RESTARTS) if in_vain else ()),
        ),
    )


_NOT = ("rollback_workload", "restart_connection_pool")
_LOSES = "its data may lie in scratch too, and go with the pod"
_MEETS_IT = "a new pod would meet the same file"
_IN_A_SET = "a set makes no pod anew before the one that is not ready is: that pod has to be deleted"

RULE = Rule(
    name="start_file_left_behind",
    title="A program takes the file that its former process left in a volume for one that runs, and refuses to start",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no container is kept from starting by a file of a process that is gone",
)
