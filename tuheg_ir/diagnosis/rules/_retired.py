"""A workload that somebody retired: it has no pods because it is to have none, and says so itself."""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.view.reading import items, labels, mapping, moment, newest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

GONE = late(
    r"absent|missing|disappear|vanish|\bdown\b|(?-i:[a-z]Down\b)|unreachable|not (?:running|found|up)"
    r"|(?:no|\b0|zero) (?:\w+ )?(?:containers?|pods?|replicas?|targets?|instances?|endpoints?)\b"
    r"|(?-i:No(?:Ready|Available|Healthy)?(?:Containers|Pods|Replicas|Targets|Instances|Endpoints)\b)",
    re.IGNORECASE,
)
"""Words of an alert that misses something."""
_KEY = late(
    r"(?:^|[./_-])(?:(?:retired|decommissioned)(?:[_-](?:at|on|since))?|(?:superseded|replaced)[_-]?by)$", re.IGNORECASE
)
_SAID = late(
    r"\W*(?:\d{4}-\d\d-\d\d\W+)?(?:(?:it )?(?:is|was|has been) )?"
    r"(?:retired|decommissioned|superseded by|replaced by|no longer (?:used|needed)|switched off for good)\b",
    re.IGNORECASE,
)
"""How a note begins that says so. Further on it may speak of what this one replaced."""
_NOT_YET = late(
    r"\b(?:to|will|shall|going to) be \w*\s?(?:retired|decommissioned|superseded|replaced|switched)|\bnot (?:yet )?"
    r"(?:to be )?(?:retired|decommissioned)|\bbefore it is (?:retired|decommissioned)",
    re.IGNORECASE,
)
_NO = ("", "false", "no", "0")


def retired(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that what an alert misses was retired before it began, and that nobody asks for it any more; None: not so.

    No pods alone prove nothing: somebody may have taken them by mistake, and a worker has no caller that fails.
    """
    workload = view.workloads.get(ref)
    if workload is None or workload.kind not in ("Deployment", "StatefulSet") or not GONE.search(alert.said):
        return None
    note = _note(workload)
    if not note or workload.wanted or workload.live or _asked_for(view, ref):
        return None
    at = _emptied(workload)
    if at is not None and alert.starts_at is not None and alert.starts_at < at:
        return None  # it missed it when it was still to be there
    return Evidence("objects", ref, f"{alert.name} fires; it has no pods since it was retired: {note[:120]}", at)


def _note(workload: Workload) -> str:
    """Return the annotation or label that says that a workload is retired; "" for none."""
    for key, value in {**labels(workload.obj), **mapping(workload.obj, "metadata", "annotations")}.items():
        said = str(value)
        if key.endswith("last-applied-configuration") or _NOT_YET.search(said):
            continue
        if _SAID.match(said) or (_KEY.search(key) and said.strip().lower() not in _NO):
            return f"{key}: {said}"
    return ""


def _asked_for(view: View, ref: str) -> bool:
    """Tell whether a Service still means a workload or another one calls it."""
    return bool(view.graph.callers(ref)) or bool(view.leading_to(ref))


def _emptied(workload: Workload) -> datetime | None:
    """Return when somebody last wrote how many replicas a workload is to have, or wrote it in another way."""
    writes = items(workload.obj, "metadata", "managedFields")
    scaled = newest(moment(each, "time") for each in writes if text(each, "subresource") == "scale")
    return scaled or edited(workload.obj)
