"""What the pods of a workload did before its newest ones came, whose names alone tell whose they were."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def did_before(view: View, workload: Workload, signal: str, came: datetime) -> float | None:
    """Return the most that a pod of a workload did of something before a time; None if nobody knows.

    The pods of a StatefulSet keep their names, and those of a Deployment are gone by now.
    """
    end = came.timestamp()
    found = (
        value
        for each in view.figures.series(signal)
        if of_workload(view, workload, each.labels.get("pod", ""))
        for at, value in each.points
        if at < end
    )
    return max(found, default=None)


def of_workload(view: View, workload: Workload, pod: str) -> bool:
    """Tell whether a pod is of a workload, or was, as its name alone tells."""
    known = view.owner_of(pod)
    return known == workload.ref or (known == f"Pod/{pod}" and pod.startswith(f"{workload.name}-"))
