"""Limits that are in no template: a LimitRange or an autoscaler of resources gave them to pods when they were made."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_GIVEN = late(r"(?<![\w ,./-])([\w ,./-]+) limit for (?:init )?container (\S+)")
"""What the admission notes at a pod: `LimitRanger plugin set: cpu, memory limit for container a; ...`."""
_RESIZED = late(r"Pod resources updated by ([\w.-]+): ([^\n]*)")
"""What the autoscaler notes: `Pod resources updated by shop: container 0: cpu request, memory limit`."""
_CUT = 0.8
"""A limit that an autoscaler makes less than this of the template's is another one: it rounds, too."""
_MUCH = 2.0
"""A limit so many times as high is another one."""
_NEAR = 0.5
"""Who uses so much of a limit may need more of it at times."""


def size(limit: str) -> float:
    """Return a limit in cores or bytes; 0 for none."""
    return number(limit) or 0.0


def given_less(view: View, workload: Workload) -> str:
    """Return that new pods are given a much lower processor limit than older ones keep; "" if they are not.

    Nor if it is measured that none of the pods uses so much: then the limit holds nobody back.
    """
    born = sorted((pod for pod in workload.live if pod.created), key=lambda pod: str(pod.created))
    limits = [given_limit(workload, pod) for pod in born]
    if not limits or not all(limits) or _MUCH * size(limits[-1]) > max(map(size, limits)):
        return ""
    used = view.figures.latest("cpu_usage", "pod")
    mine = [used[pod.name] for pod in born if pod.name in used]
    if mine and max(mine) < _NEAR * size(limits[-1]):
        return ""
    by = resized_by(born[-1], "cpu") or "the namespace"
    return f"{by} gives new pods a processor limit of {limits[-1]}, older ones keep {max(limits, key=size)}"


def given_limit(workload: Workload, pod: Pod, resource: str = "cpu", of: Collection[str] = ()) -> str:
    """Return the limit of a resource that the admission gave a container of a pod; "" if it gave none.

    One that its template has by now is the template's, unless an autoscaler has cut that. ``of``: the containers that
    are asked about; () for any.
    """
    note = text(mapping(pod.obj, "metadata", "annotations"), "kubernetes.io/limit-ranger")
    own, meant = items(pod.obj, "spec", "containers"), items(workload.template, "spec", "containers")
    for resources, container in _GIVEN.findall(note.replace("LimitRanger plugin set:", "")):
        label = container.rstrip(";,")
        asked = not of or label in of
        if asked and resource in re.split(r"[ ,]+", resources) and not _limit(meant, label, resource):
            return _limit(own, label, resource)
    return _cut(workload, pod, resource, of) if resized_by(pod, resource) else ""


def resized_by(pod: Pod, resource: str) -> str:
    """Return the autoscaler (Kind/name) that gave a pod a limit of a resource; "" for none."""
    note = text(mapping(pod.obj, "metadata", "annotations"), "vpaUpdates")
    said = _RESIZED.match(note)
    return f"VerticalPodAutoscaler/{said[1]}" if said and f"{resource} limit" in said[2] else ""


def _cut(workload: Workload, pod: Pod, resource: str, of: Collection[str]) -> str:
    """Return the limit of a pod's container that is clearly lower than that of the template which it was made of."""
    of_pod = next((r.template for r in workload.revisions if r.name == pod.revision), workload.template)
    own, meant = items(pod.obj, "spec", "containers"), items(of_pod, "spec", "containers")
    for label in (label for each in meant if (label := text(each, "name")) in of or not of):
        limit, before = _limit(own, label, resource), _limit(meant, label, resource)
        if limit and size(limit) < _CUT * size(before):
            return limit
    return ""


def of_former_template(workload: Workload, pod: Pod, resource: str) -> bool:
    """Tell whether a pod has a limit that its template had when it was made, and has no more."""
    own, meant = items(pod.obj, "spec", "containers"), items(workload.template, "spec", "containers")
    dropped = (text(c, "name") for c in meant if not text(c, "resources", "limits", resource))
    return not given_limit(workload, pod, resource) and any(_limit(own, label, resource) for label in dropped)


def _limit(containers: Iterable[Mapping[str, Any]], label: str, resource: str) -> str:
    return next((text(c, "resources", "limits", resource) for c in containers if text(c, "name") == label), "")
