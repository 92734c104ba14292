"""A claim was enlarged, its disk has grown, and its file system waits for a start of the pod that uses it."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.claims import claims_of, claims_of_pod
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

PENDING = "FileSystemResizePending"
"""What the cluster writes to a claim whose disk has grown: it waits for a start of the pod, or for the kubelet."""
ONLINE = timedelta(minutes=10)
"""A kubelet that can do it under a running pod does it within a minute or two."""
TIGHT = 0.9
"""A volume of which less is used has room."""
_FAILED = ("FileSystemResizeFailed", "VolumeResizeFailed")


class Growth(NamedTuple):
    """A claim that would have more room after a start of its pod: from how much to how much, waiting since when."""

    claim: str
    has: str
    gets: str
    since: datetime
    users: tuple[Pod, ...]


@once
def unfinished(view: View, workload: Workload) -> Growth | None:
    """Return the claim of a workload whose file system waits for a start; None if no start would make room.

    Not one that has room, or of which less is used than of another of the workload's. Nor where a pod was started
    since, or the growth failed: a start was tried already. Nor where the claim is to be no larger than it is.
    """
    shares = view.figures.latest("volume_used_share", "persistentvolumeclaim")
    fullest = max((shares[claim] for claim in claims_of(workload) if claim in shares), default=TIGHT)
    for claim in claims_of(workload):
        if shares.get(claim, fullest) < max(fullest, TIGHT):
            continue
        obj = view.objects("PersistentVolumeClaim").get(claim)
        since = next(
            (
                moment(each, "lastTransitionTime")
                for each in items(obj, "status", "conditions")
                if text(each, "type") == PENDING and text(each, "status") == "True"
            ),
            None,
        )
        if since is None or view.recent(since, ONLINE) or _tried(view, workload, claim):
            continue
        has = mapping(obj, "status", "capacity").get("storage")
        gets = mapping(obj, "spec", "resources", "requests").get("storage")
        now, then = number(has), number(gets)
        users = tuple(pod for _, pod in view.pods() if claim in claims_of_pod(pod))
        waits = all(pod.created is not None and pod.created < since for pod in users)
        if users and waits and now is not None and then is not None and then > now:
            return Growth(claim, str(has), str(gets), since, users)
    return None


def _tried(view: View, workload: Workload, claim: str) -> bool:
    """Tell whether the cluster tells that the growth itself fails."""
    day = timedelta(days=1)
    about = (f"PersistentVolumeClaim/{claim}", workload.ref)
    return any(view.events_of(ref, *_FAILED, within=day) for ref in about)


def comes_up_larger(workload: Workload, growth: Growth) -> bool:
    """Tell whether a restart surely mounts the claim anew: one pod has it, which ends before the next one starts.

    A file system that another pod keeps mounted, or the old pod beside the new one, may stay as it is.
    """
    one = len(growth.users) == 1 and growth.users[0] in workload.live
    anew = workload.kind == "StatefulSet" or text(workload.obj, "spec", "strategy", "type") == "Recreate"
    return one and anew
