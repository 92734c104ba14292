"""Which volume claims the pods of a workload use."""

from __future__ import annotations

from collections.abc import Iterator

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
    for made in _of_its_own(workload).values():
        named += made
    return tuple(sorted({label for label in named if label}))


def mounts_of(workload: Workload) -> Iterator[tuple[str, str, tuple[str, ...]]]:
    """Yield each container and path of a workload at which a volume is, and its claim; each pod's own has several.

    A volume that is no claim has none: what is written there takes no room of a claim above it.
    """
    held = {
        text(volume, "name"): [text(volume, "persistentVolumeClaim", "claimName")]
        for volume in items(workload.template, "spec", "volumes")
        if text(volume, "persistentVolumeClaim", "claimName")
    } | _of_its_own(workload)
    for container in items(workload.template, "spec", "containers"):
        for mount in items(container, "volumeMounts"):
            if path := text(mount, "mountPath").rstrip("/"):
                yield text(container, "name"), path, tuple(held.get(text(mount, "name"), ()))


def _of_its_own(workload: Workload) -> dict[str, list[str]]:
    """Return the claims that are made for each pod of a workload, by the name of their volume."""
    count = min(max(workload.wanted, len(workload.pods)), 100)
    names = (text(template, "metadata", "name") for template in items(workload.obj, "spec", "volumeClaimTemplates"))
    return {name: [f"{name}-{workload.name}-{number}" for number in range(count)] for name in names if name}
