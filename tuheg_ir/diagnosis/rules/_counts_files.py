"""An alert about the memory of containers that counts pages of files too: what they hold by themselves has room."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert
from tuheg_ir.diagnosis.view.file_pages import in_memory, limited, own_share, points_of, stands, well_kept
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OF_ANOTHER = late(
    r"heap|metaspace|\bjvm|\bgpu|\bvram|shared.?mem|\bshm|swap|\bnode(?:Memory|\b(?!\.js))|maxmemory|\bdirect.?mem"
    r"|\b\d+ ?(?:d|days?|w|weeks?)\b",
    re.IGNORECASE,
)
"""Words of an alert about memory within a program, of a node or of another kind, or about what shows in days only."""
_OF_ITS_LIMIT = late(
    r"container_memory_(?:usage_bytes|cache)|page.?cache|\d\s?% of (?:(?:its|the|their) )?(?:memory )?limit|near.?limit"
    r"|usage_bytes / .{0,40}limit",
    re.IGNORECASE,
)
"""What an alert says which counts all that is held against the limit."""


def counts_files(view: View, alert: Alert, workload: Workload) -> str:
    """Return what shows that an alert about a memory limit counts what can be given back; "" if it may be right.

    All pods have had room for as long as they are measured, and they were there when the alert began: what nears the
    limit is not what they need. Who is woken for it is told so only where the pages of files are measured.
    """
    if alert.critical or OF_ANOTHER.search(alert.said) or not _OF_ITS_LIMIT.search(alert.said):
        return ""
    if in_memory(workload) or view.hits_of(workload.ref, "out_of_memory", "killed_process"):
        return ""
    pods = workload.live
    if not pods or any(pod.created and alert.starts_at and pod.created > alert.starts_at for pod in pods):
        return ""
    shares = [_share(view, pod) for pod in pods]
    if not all(shares) or not all(well_kept(view, pod) for pod in pods):
        return ""
    return (
        f"its pods need no more than {max(shares):.0%} of their limit, evenly: what it counts beside are pages of files"
    )


def _share(view: View, pod: Pod) -> float:
    """Return the largest share of its limit that a container of a pod holds, if all are measured, roomy and even."""
    mine = [container for container in pod.containers if limited(container)]
    if not all(stands(own) for container in mine if (own := own_share(view, pod, container))):
        return 0.0
    found = [points_of(view, "memory_share", pod, container) for container in mine]
    return max(points[-1][1] for points in found) if found and all(map(stands, found)) else 0.0
