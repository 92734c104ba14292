"""Files in memory that outlive each process of a pod and fill it from the start: only a new pod begins without them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.odd import same_template
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.usage import killed_for_memory
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LIFE = timedelta(days=1)
"""What has run for so long in a younger pod is what a new one has before it as well."""


def kept_in_memory(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that pods are killed for memory which keep files there, while younger ones of their template are well.

    A scratch volume in memory is charged to its pod and stays until that is gone, whoever wrote into it. Template,
    limit and work are the same for all pods: those that are well show that a start with nothing there has room.
    """
    ill = {pod.name: (pod, container) for pod, container in killed_for_memory(view, workload) if pod.live}
    others = [pod for pod in workload.live if pod.name not in ill]
    well = [pod for pod in others if pod.ready and _lives(view, pod)]
    if workload.kind != "Deployment" or keeps_data(view, workload) or is_store(workload):
        return ()  # their pods differ by what they do
    if not ill or not well or len(well) < len(others) or len(ill) > len(well):
        return ()
    pods = [pod for pod, _ in ill.values()]
    if not same_template((*pods, *well)) or not _older(pods, well):
        return ()
    volumes = [tuple(_in_memory(pod, container)) for pod, container in ill.values()]
    if not all(volumes):
        return ()
    told = f"its older pods keep files in memory ({volumes[0][0]}) over each restart; {len(well)} younger like them run"
    return (Evidence("objects", workload.ref, told),)


def _lives(view: View, pod: Pod) -> bool:
    """Tell whether the containers of a pod have never ended, for long."""
    main = [each for each in pod.containers if not each.init]
    started = [each.started_at for each in main]
    long = all(at is not None and not view.recent(at, LIFE) for at in started)
    return long and not any(each.restarts for each in main)


def _older(ill: list[Pod], well: list[Pod]) -> bool:
    """Tell whether all ill pods were made before all well ones."""
    made, others = [pod.created for pod in ill if pod.created], [pod.created for pod in well if pod.created]
    return len(made) == len(ill) and len(others) == len(well) and max(made) < min(others)


def _in_memory(pod: Pod, container: Container) -> Iterator[str]:
    """Yield the scratch volumes in memory that a container mounts."""
    kept = {
        text(volume, "name")
        for volume in items(pod.obj, "spec", "volumes")
        if text(volume, "emptyDir", "medium") == "Memory"
    }
    mounts = items(container.spec, "volumeMounts")
    yield from (text(mount, "name") for mount in mounts if text(mount, "name") in kept)
