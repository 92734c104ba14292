"""What pods hold since they were made: containers, variables and volumes, those of an admission webhook among them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, text

_OF_THE_API = ("kube-api-access-",)
"""Volumes that every pod is given under a name of its own."""
_API = "/var/run/secrets/kubernetes.io/serviceaccount"


def holds(pod: Pod) -> frozenset[str]:
    """Return the names of all that a pod was made with; limits are no part of it, which others compare."""
    return frozenset(_held(pod))


def only_these(pods: Collection[Pod], others: Collection[Pod]) -> tuple[str, ...]:
    """Return what all of some pods were made with, and none of some others."""
    if not pods or not others:
        return ()
    found = frozenset.intersection(*map(holds, pods)) - frozenset.union(*map(holds, others))
    return tuple(sorted(found))


def _held(pod: Pod) -> Iterator[str]:
    for group, kind in (("initContainers", "init container"), ("containers", "container")):
        for each in items(pod.obj, "spec", group):
            label = text(each, "name")
            yield f"{kind} {label}"
            yield from (f"variable {text(env, 'name')} of {label}" for env in items(each, "env"))
            paths = (text(mount, "mountPath") for mount in items(each, "volumeMounts"))
            yield from (f"mount {path} of {label}" for path in paths if path != _API)
    volumes = (text(volume, "name") for volume in items(pod.obj, "spec", "volumes"))
    yield from (f"volume {volume}" for volume in volumes if not volume.startswith(_OF_THE_API))
