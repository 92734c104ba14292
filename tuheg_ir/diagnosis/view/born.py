"""What pods hold since they were made: containers, variables and mounts, those of an admission webhook among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.workloads import Workload

_GROUPS = (("initContainers", "init container"), ("containers", "container"))


def holds(workload: Workload, pod: Pod) -> frozenset[str]:
    """Return the names of what a pod was made with: its containers, and the variables and mounts of the template's.

    What a container from elsewhere has inside varies with the version of who put it there. Limits others compare.
    """
    return frozenset(_held(workload, pod.obj))


def of_the_template(workload: Workload) -> frozenset[str]:
    """Return the names of what a workload's own template gives each of its pods."""
    return frozenset(_held(workload, workload.template))


def only_these(workload: Workload, pods: Collection[Pod], others: Collection[Pod]) -> tuple[str, ...]:
    """Return what all of some pods were made with, and none of some others."""
    if not pods or not others:
        return ()
    mine, theirs = ([holds(workload, pod) for pod in each] for each in (pods, others))
    return tuple(sorted(frozenset.intersection(*mine) - frozenset.union(*theirs)))


def _held(workload: Workload, made: Mapping[str, Any]) -> Iterator[str]:
    for group, kind in _GROUPS:
        own = {text(each, "name") for each in items(workload.template, "spec", group)}
        for each in items(made, "spec", group):
            label = text(each, "name")
            yield f"{kind} {label}"
            if label in own:
                yield from (f"variable {text(env, 'name')} of {label}" for env in items(each, "env"))
                yield from (f"mount {text(mount, 'mountPath')} of {label}" for mount in items(each, "volumeMounts"))
