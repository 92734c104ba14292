"""A shell that one of the house's own people had in a pod: a debugger, of their own tools, signed and put away."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._intrusion import registry, signs
from tuheg_ir.diagnosis.rules._sent_away import OUTSIDE
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import at, items, mapping, moment, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_ASKED = late(r"debug|incident|ticket|break.?glass|oncall|on-call", re.IGNORECASE)
_TICKET = late(r"\b[A-Z][A-Z0-9]{1,9}-\d+\b|#\d{2,}")
"""What people write down so that others find why they did it."""


def debugged(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that the shell of an alert was a debugger's, which is signed by a ticket, of the house, and has ended.

    Whoever came in from elsewhere brings tools of his own, and signs nothing.
    """
    workload = view.workloads.get(ref)
    if workload is None or OUTSIDE.search(alert.said):
        return None
    if any(sign.evidence.source != "alerts" for sign in signs(view, workload)):
        return None
    for pod in workload.live:
        for spec in items(pod.obj, "spec", "ephemeralContainers"):
            label, signed = text(spec, "name"), _signed(workload, pod)
            if names(alert.said, label) and signed and _of_the_house(workload, spec) and _ended(pod, label):
                told = f"{label} was a debugger of the house ({text(spec, 'image')}), signed {signed}, and has ended"
                return Evidence("objects", ref, f"{alert.name} fires; {told}")
    return None


def _signed(workload: Workload, pod: Pod) -> str:
    """Return the ticket by which somebody says on a pod itself that he looks into it; "" for none."""
    given = mapping(workload.template, "metadata", "annotations")
    for key, value in mapping(pod.obj, "metadata", "annotations").items():
        if key not in given and _ASKED.search(key) and _TICKET.search(str(value)):
            return f"{key}={value}"[:120]
    return ""


def _of_the_house(workload: Workload, spec: Mapping[str, Any]) -> bool:
    """Tell whether a debugger comes from where the program itself comes from, and has no rights over the node."""
    own = {registry(text(c, "image")) for c in items(workload.template, "spec", "containers")}
    image = registry(text(spec, "image"))
    return image in own and "." in image and at(spec, "securityContext", "privileged") is not True


def _ended(pod: Pod, label: str) -> bool:
    for status in items(pod.obj, "status", "ephemeralContainerStatuses"):
        if text(status, "name") == label:
            return moment(status, "state", "terminated", "finishedAt") is not None
    return False
