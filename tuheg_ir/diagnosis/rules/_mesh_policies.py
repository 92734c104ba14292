"""Which workloads an object of a service mesh is about."""

from __future__ import annotations

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.workloads import Workload

PROXIES = ("istio-proxy", "linkerd-proxy", "consul-dataplane", "envoy-sidecar")
"""How meshes call the container that stands beside a program."""


def binds(policy: object, workload: Workload | None) -> bool:
    """Tell whether a policy names the labels of a workload, or all."""
    if workload is None or not isinstance(policy, dict):
        return False
    wanted = mapping(policy, "spec", "selector", "matchLabels")
    refs = [text(each, "name") for each in items(policy, "spec", "targetRefs")]
    carried = mapping(workload.template, "metadata", "labels")
    return workload.name in refs if refs else all(carried.get(key) == value for key, value in wanted.items())


def has_proxy(pod: Obj) -> bool:
    """Tell whether a pod has a proxy of a mesh beside its program."""
    held = (each for kind in ("containers", "initContainers") for each in items(pod, "spec", kind))
    return any(text(each, "name") in PROXIES for each in held)
