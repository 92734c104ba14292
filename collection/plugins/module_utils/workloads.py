# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Slim pictures of workloads, and the marks that this project leaves on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from .templates import (
    PREFIX,
    RESTARTED_BY,
    REVISION_ANNOTATION,
    selector_text,
    template_hash,
    template_of,
)

LEFT = PREFIX + "left"
_LEFT_INCIDENTS = 20  # so many incidents are remembered; an annotation may not grow for ever


def action_key(incident: str, attempt: int, rung: str) -> str:
    """The key of an action. Never the clock: the same run again has the same key."""
    return f"{incident}/{attempt}/{rung}"


def slim_workload(workload: Mapping[str, Any] | None) -> dict[str, Any]:
    """What before and after of an action need; {} for nothing."""
    if not workload:
        return {}
    meta, spec, status = workload["metadata"], workload.get("spec") or {}, workload.get("status") or {}
    template = template_of(workload)
    containers = (template.get("spec") or {}).get("containers") or []
    annotations = meta.get("annotations") or {}
    return {
        "kind": workload.get("kind", ""),
        "name": meta["name"],
        "namespace": meta.get("namespace", ""),
        "uid": meta.get("uid", ""),
        "resource_version": meta.get("resourceVersion", ""),
        "generation": int(meta.get("generation") or 0),
        "observed_generation": int(status.get("observedGeneration") or 0),
        "paused": bool(spec.get("paused", False)),
        "replicas": int(spec.get("replicas", 1)),
        "ready": int(status.get("readyReplicas") or 0),
        "revision": annotations.get(REVISION_ANNOTATION) or status.get("updateRevision") or "",
        "images": {each["name"]: each.get("image", "") for each in containers},
        "template_hash": template_hash(template),
        "selector": selector_text(workload),
        "restarted_by": template_annotations(workload).get(RESTARTED_BY, ""),
        "annotations": {k: v for k, v in annotations.items() if k.startswith(PREFIX)},
    }


def template_annotations(workload: Mapping[str, Any]) -> dict[str, str]:
    """The annotations of a workload's pod template."""
    return dict((template_of(workload).get("metadata") or {}).get("annotations") or {})


def key_present(workload: Mapping[str, Any] | None, rung: str, key: str) -> bool:
    """Whether the action with this key was done on this workload already."""
    if not workload or not key:
        return False
    marks = workload["metadata"].get("annotations") or {}
    return marks.get(PREFIX + rung) == key or template_annotations(workload).get(RESTARTED_BY) == key


def left_templates(workload: Mapping[str, Any]) -> dict[str, list[str]]:
    """incident -> hashes of the templates it rolled back from, as the workload remembers them."""
    text = (workload["metadata"].get("annotations") or {}).get(LEFT) or "{}"
    try:
        data = json.loads(text)
        return {str(incident): [str(each) for each in hashes] for incident, hashes in data.items()}
    except (ValueError, AttributeError, TypeError):
        return {}  # someone else's text: it forbids nothing


def left_annotation(workload: Mapping[str, Any], incident: str, leaving: str) -> str:
    """The value of the annotation after this incident left the template `leaving`."""
    left = left_templates(workload)
    hashes = left.pop(incident, [])
    left[incident] = hashes if leaving in hashes else [*hashes, leaving]
    kept = dict(list(left.items())[-_LEFT_INCIDENTS:])
    return json.dumps(kept, separators=(",", ":"))
