"""Volumes whose owner is set file by file before a pod may start, which takes minutes to days where there are many."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, excluding
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.reading import mapping, oldest, text
from tuheg_ir.diagnosis.view.releases import brought_by_release, release_evidence, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

PATIENCE = timedelta(minutes=5)
"""Files of a volume of a common size are set in that time."""
TOLD = timedelta(minutes=10)
"""A kubelet tells of it each minute, and where it tells too much at least so often."""
_IN_PROGRESS = "VolumePermissionChangeInProgress"
_CREATING = ("", "ContainerCreating", "PodInitializing")
"""What a container waits for whose pod has no volumes yet."""
_MOUNTED = ("FailedCreatePodSandBox", "Pulling", "Pulled", "Created", "Started")
"""What is told only of a pod that has its volumes."""
_IN_TIME = late(r"timed out waiting|deadline exceeded")
"""What a kubelet that sets owners yet, and tells nothing of it, says meanwhile: it waited in vain for the mount."""
_REFUSED = late(r"rpc error|MountVolume\.|MapVolume|failed to process volumes=\[[^\]\s]")
"""What it says where a driver failed or refused, or where it could not read what is to be mounted."""


def walked(view: View, workload: Workload) -> tuple[Event, ...]:
    """Return what tells that owners are set file by file on a volume that pods have been waiting for, for long.

    Kubelets of before 1.33 tell nothing of it. There the volume is attached, nothing but time was short, and the
    template has all files set since its release.
    """
    waiting = _waiting(view, workload)
    told = [event for event in _of(view, workload, waiting, _IN_PROGRESS) if view.recent(event.last, TOLD)]
    late_ones = _of(view, workload, waiting, "FailedMount")
    if told:
        return (*told[:2], *late_ones[:1])
    alone = all(_IN_TIME.search(e.message) and not _REFUSED.search(e.message) for e in late_ones)
    refused = _of(view, workload, waiting, "FailedAttachVolume", "FailedMapVolume")
    attached = _of(view, workload, waiting, "SuccessfulAttachVolume")
    if late_ones and alone and attached and not refused and sets_more(workload, waiting):
        return (*late_ones[:1], *attached[:1])
    return ()


def sets_more(workload: Workload, waiting: Sequence[Pod]) -> bool:
    """Tell whether a release made its pods' volumes be set file by file, which those of the template before were not.

    Going back to another group would leave files of both behind.
    """
    if not brought_by_release(workload, waiting):
        return False
    was, now = (mapping(each, "spec", "securityContext") for each in (template_before(workload), workload.template))
    if not text(now, "fsGroup") or text(now, "fsGroupChangePolicy") == "OnRootMismatch":
        return False
    same = text(was, "fsGroup") == text(now, "fsGroup")
    return not text(was, "fsGroup") or (same and text(was, "fsGroupChangePolicy") == "OnRootMismatch")


def of_walk(view: View, workload: Workload, told: Sequence[Event]) -> Match:
    """Return that pods wait until each file of their volume has its owner: by their release, or at each start."""
    waiting = _waiting(view, workload)
    released = sets_more(workload, waiting)
    fact = "waits while the owner of each file of its volume is set, one after the other"
    return Match(
        component=workload.ref,
        evidence=(
            *(Evidence("objects", f"Pod/{p.name}", fact, p.created) for p in waiting[:2]),
            *(view.event_evidence(event) for event in told),
            *(release_evidence(workload, "other") if released else ()),
        ),
        certainty=0.8 if any(event.reason == _IN_PROGRESS for event in told) else 0.65,
        root_cause="configuration_error",
        remedy="rollback_workload" if released else "page_human",
        since=oldest(pod.created for pod in waiting),
        explains=(workload.ref,),
        excludes=excluding(workload.ref, "a new pod begins with the first file again", *RESTARTS, "scale_workload"),
    )


def _waiting(view: View, workload: Workload) -> list[Pod]:
    """Return the pods that have a node and no volumes yet, for long."""
    mounted = {event.about for event in view.events_of(workload.ref, *_MOUNTED)}
    return [
        pod
        for pod in workload.live
        if not pod.ready
        and pod.node
        and f"Pod/{pod.name}" not in mounted
        and not view.recent(pod.created, PATIENCE)
        and all(each.started_at is None and each.reason in _CREATING for each in pod.containers)
    ]


def _of(view: View, workload: Workload, pods: Sequence[Pod], *reasons: str) -> list[Event]:
    """Return the events of some reasons that are about these pods, newest first."""
    refs = {f"Pod/{pod.name}" for pod in pods}
    return [event for event in view.events_of(workload.ref, *reasons) if event.about in refs]
