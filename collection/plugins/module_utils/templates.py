# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Pod templates of workloads: compare them, name them, find who they belong to."""

from __future__ import annotations

import copy
import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

PREFIX = "ir.tuheg.com/"
RESTARTED_BY = PREFIX + "restarted-by"
HASH_LABEL = "pod-template-hash"
REVISION_LABEL = "controller-revision-hash"
REVISION_ANNOTATION = "deployment.kubernetes.io/revision"
# annotations that a restart leaves in a template: they say nothing about what runs
RESTART_ANNOTATIONS = (RESTARTED_BY, "kubectl.kubernetes.io/restartedAt")

API_PATHS = {
    "Deployment": ("/apis/apps/v1", "deployments", "replicasets"),
    "StatefulSet": ("/apis/apps/v1", "statefulsets", "controllerrevisions"),
}


def stripped(template: Mapping[str, Any], *, restarts: bool) -> dict[str, Any]:
    """A copy without the hash label and, if asked, without the traces of restarts.

    What becomes empty goes too, so that a template compares equal with and without them.
    """
    clean = copy.deepcopy(dict(template))
    clean.pop("$patch", None)
    meta = dict(clean.get("metadata") or {})
    meta.pop("creationTimestamp", None)
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k not in (HASH_LABEL, REVISION_LABEL)}
    annotations = dict(meta.get("annotations") or {})
    if restarts:
        annotations = {k: v for k, v in annotations.items() if k not in RESTART_ANNOTATIONS}
    for key, value in (("labels", labels), ("annotations", annotations)):
        meta.pop(key, None)
        if value:
            meta[key] = value
    clean["metadata"] = meta
    return clean


def normalised(template: Mapping[str, Any]) -> dict[str, Any]:
    """What runs, whatever restarted it: two templates that do the same compare equal."""
    return stripped(template, restarts=True)


def template_hash(template: Mapping[str, Any]) -> str:
    """Ten hex digits that name a normalised template (not Kubernetes' pod-template-hash)."""
    text = json.dumps(normalised(template), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def template_of(workload: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template of a Deployment, StatefulSet or ReplicaSet."""
    return dict((workload.get("spec") or {}).get("template") or {})


def revision_template(revision: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template that a ReplicaSet or a ControllerRevision keeps."""
    if "data" in revision:
        return dict(((revision.get("data") or {}).get("spec") or {}).get("template") or {})
    return template_of(revision)


def revision_number(revision: Mapping[str, Any]) -> int:
    """The place of a revision in the order of roll-outs; 0 if it has none."""
    if "revision" in revision:
        return int(revision.get("revision") or 0)
    annotations = revision["metadata"].get("annotations") or {}
    return int(annotations.get(REVISION_ANNOTATION) or 0)


def owned_by(workload: Mapping[str, Any], objects: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The objects whose controller is this very workload: by uid, never by labels."""
    uid = workload["metadata"]["uid"]
    return [each for each in objects if controller_uid(each) == uid]


def controller_uid(thing: Mapping[str, Any]) -> str:
    """The uid of the object's controller, or ''."""
    for owner in thing["metadata"].get("ownerReferences") or []:
        if owner.get("controller"):
            return str(owner.get("uid") or "")
    return ""


def current_revision(workload: Mapping[str, Any], owned: Iterable[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The revision that has exactly the workload's template (restarts included), or None.

    Found by template, not by number: numbers and status may be one step behind.
    """
    wanted = stripped(template_of(workload), restarts=False)
    same = [each for each in owned if stripped(revision_template(each), restarts=False) == wanted]
    return max(same, key=revision_number) if same else None


def selector_text(workload: Mapping[str, Any]) -> str:
    """The workload's label selector as the API's labelSelector wants it."""
    selector = (workload.get("spec") or {}).get("selector") or {}
    parts = [f"{key}={value}" for key, value in sorted((selector.get("matchLabels") or {}).items())]
    for rule in selector.get("matchExpressions") or []:
        values = ",".join(rule.get("values") or [])
        parts.append(
            {
                "In": f"{rule['key']} in ({values})",
                "NotIn": f"{rule['key']} notin ({values})",
                "Exists": rule["key"],
                "DoesNotExist": f"!{rule['key']}",
            }[rule["operator"]]
        )
    return ",".join(parts)
