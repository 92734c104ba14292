"""Pods that the shutdown of a node left behind: they are over, others took their places, and their objects stay.

A node that goes down in an orderly way ends its pods and marks them failed. Nobody deletes what is left of them for
days, and alerts that count pods which are not ready count these as well.
"""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._second_try import Over
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.view import View

_OF_SHUTDOWN = frozenset({"Terminated", "Shutdown", "NodeShutdown"})
"""Reasons that kubelets have given for it, from one version to the next; the last of a pod that came too late."""
_COUNTED = late(r"not[ _-]?ready|non-?ready|notready|fail|unhealthy|not[ _-]?running", re.IGNORECASE)
"""Words of an alert that counts pods."""


def left_over(view: View, alert: Alert) -> Over | None:
    """Return that an alert means a pod which a shutdown left behind, of a workload that is whole; None: not so."""
    pod = next((p for w in view.workloads.values() for p in w.pods if p.name == alert.labels.get("pod")), None)
    if pod is None or not _COUNTED.search(alert.said) or not _was_shut_down(pod):
        return None
    workload = view.workloads[pod.owner]
    if not 0 < workload.wanted <= workload.ready:
        return None
    fact = f"{pod.name} is over ({pod.reason}), left by the shutdown of {pod.node}; {workload.ready} others are ready"
    return Over(workload.ref, None, Evidence("objects", f"Pod/{pod.name}", fact, pod.unready_since))


def _was_shut_down(pod: Pod) -> bool:
    said = text(pod.obj, "status", "message").lower()
    return pod.phase == "Failed" and pod.reason in _OF_SHUTDOWN and "shutdown" in f"{said} {pod.reason.lower()}"
