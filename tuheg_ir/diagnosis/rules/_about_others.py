"""What a log tells of others: a sensor is made to tell what it saw, and a line that names another pod is about that.

Sensors, audit logs and programs that pass logs on repeat intruders' words all day, and none is one by that.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._injected import is_request
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SENSOR = late(
    r"(?<![a-z])(?:falco(?:sidekick|security|ctl)?|tetragon|tracee|kube-?armor|sysdig(?:labs)?|neuvector|stackrox"
    r"|twistlock|aquasec|wazuh|ossec|crowdstrike|falcon-sensor|deepfence|suricata|zeek|snort|crowdsec|osquery|auditbeat"
    r"|inspektor-gadget|kubescape|(?:kubernetes-|k8s-|kube-)event-?(?:exporter|router|logger)|eventrouter)(?![a-z])",
    re.IGNORECASE,
)
"""In the image of who watches what others do, and tells it."""
_MADE_TO_RING = late(r"event-?generator|atomic-?red|stratus|red-?team", re.IGNORECASE)
"""They come from the makers of sensors, and do what those watch for."""
_REGISTRY = late(r"[^/]*[.:][^/]*/")
_POD = late(
    r"(?<![\w.])(?:(?:k8s|kubernetes)[._]pod(?:[._]?name)?|k8smeta[._]pod[._]name|pod_?name)\\?[\"']?\s?[=:]\s?\\?[\"']?"
    r"(?P<field>[a-z0-9][a-z0-9.-]{0,252})"
    r"|\"(?:pod|involvedObject|regarding)\": ?\{[^{}]{0,200}?\"name\": ?\"(?P<name>[a-z0-9][a-z0-9.-]{0,252})",
    re.IGNORECASE,
)
"""How sensors and those that pass logs on name the pod that a line is about."""
_AUDIT = '"audit.k8s.io'
"""An entry of the cluster's audit log is about who asked."""


def is_sensor(workload: Workload, container: str = "") -> bool:
    """Tell whether a workload, or one container of it, is made to watch what others do; not who tries sensors out."""
    images = [
        text(each, "image")
        for each in items(workload.template, "spec", "containers")
        if container in ("", text(each, "name"))
    ]
    paths = [_REGISTRY.sub("", image, count=1) if _REGISTRY.match(image) else image for image in images]
    return any(_SENSOR.search(path) and not _MADE_TO_RING.search(path) for path in paths)


def is_sensors_name(name: str) -> bool:
    """Tell whether a pod is called after what is made to watch others: all that is known of one that is gone."""
    return bool(_SENSOR.search(name))


def pod_of(line: str) -> str:
    """Return the pod that a line says it is about; "" if it names none."""
    found = _POD.search(line[:4000])
    return (found["field"] or found["name"]) if found else ""


def of_others(view: View, hit: Hit) -> bool:
    """Tell whether all that a log tells of a trouble is about others: it is a sensor's, or each line names its pod."""
    workload = view.workloads.get(hit.component)
    if workload is not None and is_sensor(workload, hit.container):
        return True
    told = list(_told(view, hit))
    return bool(told) and all(_of_another(line, hit.pod) for line in told)


def _told(view: View, hit: Hit) -> Iterator[str]:
    for log in view.logs_with(hit):
        yield from (line for line in log.lines if tells(hit.trouble, line) and not is_request(line))


def _of_another(line: str, pod: str) -> bool:
    return _AUDIT in line or pod_of(line) not in ("", pod)
