"""Which volume claims the pods of a workload use."""

from __future__ import annotations

from tuheg_ir.diagnosis.view.changes import volumes_of
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.workloads import Workload


def claims_of_pod(pod: Pod) -> list[str]:
    """Return the names of the claims that a pod uses; "" for each volume that is none."""
    return [text(each, "persistentVolumeClaim", "claimName") for each in items(pod.obj, "spec", "volumes")]


def claims_of(workload: Workload) -> tuple[str, ...]:
    """Return the names of the claims that a workload's pods use, or will use once there are as many as wanted."""
    named = [label for kind, label, _ in volumes_of(workload.template) if kind == "PersistentVolumeClaim"]
    for pod in workload.pods:
        named += claims_of_pod(pod)
    for template in items(workload.obj, "spec", "volumeClaimTemplates"):
        count = min(max(workload.wanted, len(workload.pods)), 100)
        named += [f"{text(template, 'metadata', 'name')}-{workload.name}-{number}" for number in range(count)]
    return tuple(sorted({label for label in named if label}))
