# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""Where a roll-back goes: to a named template, the last known good one or, unproven, an older one.

Never to "the one before": numbers move when a revision is used again. Never to the running
template, and never to one that this incident has already rolled back from.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from .templates import (
    HASH_LABEL,
    PREFIX,
    REVISION_LABEL,
    current_revision,
    normalised,
    owned_by,
    revision_number,
    revision_template,
    stripped,
    template_hash,
    template_of,
)
from .times import format_time
from .workloads import LEFT, key_present, left_annotation, left_templates

__all__ = [
    "LastGood",
    "Revision",
    "Target",
    "last_good_configmap",
    "list_revisions",
    "normalised",
    "read_last_good",
    "rollback_target",
    "template_hash",
]

ROLLBACK, NONE, REFUSE = "rollback", "none", "refuse"


@dataclass(frozen=True)
class Revision:
    """One revision of a workload. name: of its ReplicaSet or ControllerRevision; label: the
    pod-template-hash or controller-revision-hash its pods carry; hash: our template_hash."""

    name: str
    number: int
    label: str
    hash: str
    template: Mapping[str, Any]


@dataclass(frozen=True)
class LastGood:
    """A template that passed its observation. revision is where it came from then."""

    template: Mapping[str, Any]
    hash: str
    revision: str = ""
    recorded_at: str = ""
    incident: str = ""


@dataclass(frozen=True)
class Target:
    """The decision. action: rollback, none (nothing to do, reason says why) or refuse.

    proven: the template is the recorded last good one. patch: the JSON patch that does it, with
    a test of uid and generation, so that it applies to what was read or not at all. Not of the
    resourceVersion: the status of a crashing workload moves that several times a second.
    undo: {what, command, data}: the way forward again, to the running one.
    """

    action: str
    reason: str
    next: str = ""
    target: str = ""
    template: Mapping[str, Any] = field(default_factory=dict)
    template_hash: str = ""
    proven: bool = False
    patch: tuple[Mapping[str, Any], ...] = ()
    undo: Mapping[str, Any] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The decision as results carry it."""
        return asdict(self) | {"patch": [dict(step) for step in self.patch]}


def list_revisions(workload: Mapping[str, Any], revisions: Iterable[Mapping[str, Any]]) -> list[Revision]:
    """The workload's own revisions, newest first; neighbours with the same labels left out."""
    rows = []
    for each in owned_by(workload, revisions):
        labels = each["metadata"].get("labels") or {}
        # exactly as it was, so that Kubernetes finds its old ReplicaSet again
        template = stripped(revision_template(each), restarts=False)
        rows.append(
            Revision(
                name=each["metadata"]["name"],
                number=revision_number(each),
                label=str(labels.get(HASH_LABEL) or labels.get(REVISION_LABEL) or ""),
                hash=template_hash(template),
                template=template,
            )
        )
    return sorted(rows, key=lambda row: (-row.number, row.name))


def read_last_good(configmap: Mapping[str, Any] | None) -> LastGood | None:
    """Read ConfigMap tuheg-ir-last-good-<service>; None if there is none or it is unreadable."""
    data = (configmap or {}).get("data") or {}
    try:
        template = json.loads(data["template"])
        return LastGood(
            template=normalised(template),
            hash=template_hash(template),
            revision=str(data.get("revision", "")),
            recorded_at=str(data.get("recorded_at", "")),
            incident=str(data.get("incident", "")),
        )
    except (KeyError, ValueError, TypeError):
        return None


def last_good_configmap(
    workload: Mapping[str, Any],
    revisions: Iterable[Mapping[str, Any]],
    *,
    incident: str,
    now: datetime,
) -> dict[str, Any]:
    """The ConfigMap that records the running template as good. The template itself is kept:
    old ReplicaSets are pruned."""
    running = current_revision(workload, owned_by(workload, revisions))
    meta = workload["metadata"]
    template = normalised(template_of(workload))
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"tuheg-ir-last-good-{meta['name']}",
            "namespace": meta.get("namespace", ""),
        },
        "data": {
            "template": json.dumps(template, sort_keys=True, separators=(",", ":")),
            "template_hash": template_hash(template),
            "revision": running["metadata"]["name"] if running else "",
            "recorded_at": format_time(now),
            "incident": incident,
        },
    }


def rollback_target(
    workload: Mapping[str, Any],
    revisions: Iterable[Mapping[str, Any]],
    last_good: Mapping[str, Any] | None,
    **wishes: str,
) -> dict[str, Any]:
    """choose_target() on plain objects: last_good is the ConfigMap, {} or None for none."""
    return choose_target(workload, revisions, read_last_good(last_good), **wishes).as_dict()


def choose_target(
    workload: Mapping[str, Any],
    revisions: Iterable[Mapping[str, Any]],
    last_good: LastGood | None,
    *,
    incident: str = "",
    rung: str = "rollback_workload",
    key: str = "",
    to: str = "",
) -> Target:
    """Choose where to go back to.

    to: a revision's name, its pod-template-hash or our template hash, if a person named one.
    key: the action's; if the workload carries it, the roll-back was done already.
    """
    rows = list_revisions(workload, revisions)
    running = template_hash(template_of(workload))
    if key and key_present(workload, rung, key):
        return Target(NONE, f"this incident has already rolled it back ({key})")
    if (workload.get("spec") or {}).get("paused"):
        return Target(REFUSE, "its roll-out is paused", "resume it first")
    left = left_templates(workload)
    chosen = _named(rows, to, running) if to else _chosen(rows, last_good, running, left, incident)
    if isinstance(chosen, Target):
        return chosen
    revision, proven, reason = chosen
    return Target(
        action=ROLLBACK,
        reason=reason,
        target=revision.name,
        template=revision.template,
        template_hash=revision.hash,
        proven=proven,
        patch=tuple(_patch(workload, revision.template, incident, rung, key, running)),
        undo=_undo(workload, next((row for row in rows if row.hash == running), None)),
    )


def _named(rows: list[Revision], to: str, running: str) -> tuple[Revision, bool, str] | Target:
    named = next((row for row in rows if to in (row.name, row.label, row.hash)), None)
    if named is None:
        there = ", ".join(row.name for row in rows) or "none"
        return Target(REFUSE, f"it has no revision {to}", f"name one of: {there}")
    if named.hash == running:
        return Target(NONE, f"it runs the template of {named.name} already")
    return named, False, f"{named.name} was named"


def _chosen(
    rows: list[Revision],
    last_good: LastGood | None,
    running: str,
    left: Mapping[str, list[str]],
    incident: str,
) -> tuple[Revision, bool, str] | Target:
    ours = left.get(incident, []) if incident else []
    if last_good is not None:
        when = f"recorded as good at {last_good.recorded_at}"
        if last_good.hash == running:
            return Target(NONE, f"the running template is the one {when}: rolling back is no cure")
        if last_good.hash not in ours:
            there = next((row for row in rows if row.hash == last_good.hash), None)
            kept = there or Revision(last_good.revision, 0, "", last_good.hash, last_good.template)
            return kept, True, f"{kept.name or 'a kept template'} was {when}"
    avoid = {running, *(each for hashes in left.values() for each in hashes)}
    now = next((row.number for row in rows if row.hash == running), None)
    older = [row for row in rows if row.hash not in avoid and (now is None or row.number < now)]
    if not older:
        names = ", ".join(row.name for row in rows) or "none"
        return Target(
            REFUSE,
            "there is no older template that no incident has rolled back from",
            f"name one of: {names}",
        )
    return older[0], False, f"{older[0].name} is the newest older one (unproven: no record says it was good)"


def _undo(workload: Mapping[str, Any], left: Revision | None) -> dict[str, Any]:
    if left is None:
        return {"what": "no revision holds the template that was left", "command": "", "data": {}}
    meta, kind = workload["metadata"], str(workload.get("kind") or "Deployment").lower()
    namespace = meta.get("namespace", "default")
    return {
        "what": f"go forward again to {left.name}",
        "command": f"kubectl -n {namespace} rollout undo {kind}/{meta['name']} --to-revision={left.number}",
        "data": {"revision": left.name, "number": left.number, "template_hash": left.hash},
    }


def _patch(
    workload: Mapping[str, Any],
    template: Mapping[str, Any],
    incident: str,
    rung: str,
    key: str,
    running: str,
) -> list[dict[str, Any]]:
    meta = workload["metadata"]
    marks = dict(meta.get("annotations") or {})
    new = dict(marks)
    if key:
        new[PREFIX + rung] = key
    if incident:
        new[LEFT] = left_annotation(workload, incident, running)
    steps: list[dict[str, Any]] = [
        {"op": "test", "path": "/metadata/uid", "value": meta["uid"]},
        {"op": "test", "path": "/metadata/generation", "value": meta["generation"]},
        {"op": "replace", "path": "/spec/template", "value": dict(template)},
    ]
    if new != marks and not marks:
        # the whole map is written: nobody else may have begun one
        steps.insert(1, {"op": "test", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]})
        steps.append({"op": "add", "path": "/metadata/annotations", "value": new})
    elif new != marks:
        for name in (name for name in new if new[name] != marks.get(name)):
            path = "/metadata/annotations/" + name.replace("~", "~0").replace("/", "~1")
            steps.append({"op": "add", "path": path, "value": new[name]})
    return steps
