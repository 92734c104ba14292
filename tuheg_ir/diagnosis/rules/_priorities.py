"""Which pods stand above which: priority classes as they were read, and those that every cluster has."""

from __future__ import annotations

from tuheg_ir.diagnosis.view.reading import text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

RANKED = ("Deployment", "StatefulSet", "DaemonSet")
"""What is released: its template before can be had again."""
_BUILT_IN = {"system-cluster-critical": 2_000_000_000, "system-node-critical": 2_000_001_000}


def rose(view: View, workload: Workload) -> bool:
    """Tell whether a release gave its pods a higher class; of classes that were not read only: one above none."""
    found = [c for c in workload.changed("placement") if c.field == "priorityClassName" and c.after]
    if not found:
        return False
    before, after = (_value(view, each) for each in (found[0].before, found[0].after))
    if found[0].before and (before is None or after is None):
        return False
    return after is None or after > (before or 0)


def outranks(view: View, pod: Pod, other: Pod) -> bool:
    """Tell whether a pod may drive out another one: it stands above it, and its class does not forbid that."""
    return text(pod.obj, "spec", "preemptionPolicy") != "Never" and _of(view, pod) > _of(view, other)


def _of(view: View, pod: Pod) -> int:
    return whole(pod.obj, "spec", "priority") or _value(view, text(pod.obj, "spec", "priorityClassName")) or 0


def _value(view: View, name: str) -> int | None:
    found = view.objects("PriorityClass").get(name) if name else None
    return whole(found, "value") if found is not None else _BUILT_IN.get(name)
