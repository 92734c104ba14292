"""Which setting of a release what fails is about: a limit, a probe, a port, a label, a pool, what a pod is made of."""

from __future__ import annotations

import re
from collections.abc import Callable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.crashes import probe_kills, unready
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.usage import killed_for_memory, limit_cut
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_OF_POOLS = late(r"pool|conn(?:ection)?s?(?![a-z])|hikari", re.IGNORECASE)
"""Names of settings of how many connections a program keeps, or how long it waits for one."""
_UNREACHED = ("connection_refused", "connection_timeout")


@once
def setting_at_fault(view: View, workload: Workload) -> Change | None:
    """Return a setting that a release changed and that what fails since is about; None if there is none.

    New code came with it, perhaps, but the kubelet, the network or the pool goes by the setting.
    """
    if not workload.changes:
        return None
    fitting = ((tells, next(filter(fits, workload.changes), None)) for tells, fits in _FITS)
    return next((change for tells, change in fitting if change is not None and tells(view, workload)), None)


def _short_of_memory(view: View, workload: Workload) -> bool:
    return limit_cut(workload, "memory") and bool(killed_for_memory(view, workload))


def _fails_its_probes(view: View, workload: Workload) -> bool:
    """Tell whether the kubelet's probes fail in pods of the newest template, and in no older one.

    What runs, has not ended and is not ready is so by its probe alone, whoever tells of it: if all newest ones are so,
    older ones may fail for want of their help.
    """
    newest, older = ({f"Pod/{pod.name}" for pod in pods} for pods in (workload.newest_pods(), workload.older_pods()))
    about = {told.object for told in (*unready(view, workload), *probe_kills(view, workload, workload.newest_pods()))}
    none_ready = bool(newest) and all(map(_runs_unready, workload.newest_pods()))
    return none_ready or (bool(about & newest) and not about & older)


def _runs_unready(pod: Pod) -> bool:
    return not pod.ready and all(c.state == "running" and not c.restarts for c in pod.containers if not c.init)


def _is_unreached(view: View, workload: Workload) -> bool:
    """Tell whether who asks a workload meets nobody at its port, though all its pods are ready."""
    said = (each.hit for each in complaints(view, *_UNREACHED) if each.about == workload.ref)
    return workload.ready >= workload.wanted and any(map(_since(workload), said))


def _reaches_nobody(view: View, workload: Workload) -> bool:
    newest = {pod.name for pod in workload.newest_pods()}
    told = (hit for hit in view.hits_of(workload.ref, *_UNREACHED) if hit.pod in newest)
    return any(map(_since(workload), told))


def _waits_for_its_pool(view: View, workload: Workload) -> bool:
    newest = {pod.name for pod in workload.newest_pods()}
    told = (hit for hit in view.hits_of(workload.ref, "pool_exhausted") if hit.pod in newest)
    return any(map(_since(workload), told))


def _since(workload: Workload) -> Callable[[Hit], bool]:
    at = workload.released_at
    return lambda hit: at is None or hit.first is None or hit.first >= at


def _never_ran(_: View, workload: Workload) -> bool:
    """Tell whether no container of the newest pods has ever been started: what never ran has no fault of its code.

    Not where it waits for its image: that is none of the settings.
    """
    pods = workload.newest_pods()
    containers = [container for pod in pods for container in pod.containers]
    ran = any(c.started_at is not None or c.ended is not None or c.state == "running" for c in containers)
    image = any("Image" in c.reason for c in containers)
    return bool(containers) and all(pod.node for pod in pods) and not ran and not image


def _of_the_pod(change: Change) -> bool:
    """Tell whether a pod is made otherwise by a change: names and notes on it make no difference."""
    if change.field.startswith(("annotation ", "label ")):
        return False
    return change.aspect in ("env", "mounts", "other")


_FITS: tuple[tuple[Callable[[View, Workload], bool], Callable[[Change], bool]], ...] = (
    (_short_of_memory, lambda change: change.field == "limits.memory"),
    (_fails_its_probes, lambda change: change.aspect == "probe"),
    (_is_unreached, lambda change: change.aspect == "ports"),
    (_reaches_nobody, lambda change: change.field.startswith("label ")),
    (_waits_for_its_pool, lambda change: change.aspect == "env" and bool(_OF_POOLS.search(change.field))),
    (_never_ran, _of_the_pod),
)
