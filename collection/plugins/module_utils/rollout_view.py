# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
"""One moment of a workload, taken apart: its current revision and whose its pods are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from . import podfaults
from .templates import REVISION_LABEL, controller_uid, current_revision, owned_by


@dataclass(frozen=True)
class View:
    """One moment, taken apart.

    revision: the one with the workload's own template, None if there is none yet. current and
    other: live pods of it and of the workload's other revisions. ended: its pods that are leaving
    or over. now, since: the cluster's clock.
    """

    workload: Mapping[str, Any]
    revision: Mapping[str, Any] | None
    current: list[Mapping[str, Any]]
    other: list[Mapping[str, Any]]
    ended: list[Mapping[str, Any]]
    wanted: int
    since: datetime | None
    now: datetime

    @property
    def status(self) -> Mapping[str, Any]:
        """The workload's status, {} if it has none yet."""
        return self.workload.get("status") or {}

    def condition(self, kind: str) -> Mapping[str, Any]:
        """A condition of the status by its type, {} if it is not there."""
        conditions = self.status.get("conditions") or []
        return next((each for each in conditions if each.get("type") == kind), {})


def view_of(
    workload: Mapping[str, Any],
    revisions: Iterable[Mapping[str, Any]],
    pods: Iterable[Mapping[str, Any]],
    since: datetime | None,
    now: datetime,
) -> View:
    """Take a moment apart. The workload must say its kind; neighbours' objects are left out."""
    owned = owned_by(workload, revisions)
    revision = current_revision(workload, owned)
    ours, others = _pods_of(workload, owned, revision, pods)
    wanted = (workload.get("spec") or {}).get("replicas")
    return View(
        workload=workload,
        revision=revision,
        current=[pod for pod in ours if podfaults.is_live(pod)],
        other=[pod for pod in others if podfaults.is_live(pod)],
        ended=[pod for pod in ours if not podfaults.is_live(pod)],
        wanted=1 if wanted is None else int(wanted),
        since=since,
        now=now,
    )


def _pods_of(
    workload: Mapping[str, Any],
    owned: Iterable[Mapping[str, Any]],
    revision: Mapping[str, Any] | None,
    pods: Iterable[Mapping[str, Any]],
) -> tuple[list[Mapping[str, Any]], list[Mapping[str, Any]]]:
    """The pods of the current revision, and those of the workload's other revisions."""
    ours: list[Mapping[str, Any]] = []
    others: list[Mapping[str, Any]] = []
    if workload.get("kind") == "StatefulSet":
        name = revision["metadata"]["name"] if revision else None
        for pod in owned_by(workload, pods):
            label = (pod["metadata"].get("labels") or {}).get(REVISION_LABEL)
            (ours if label == name else others).append(pod)
        return ours, others
    uids = {each["metadata"]["uid"] for each in owned}
    current = revision["metadata"]["uid"] if revision else None
    for pod in pods:
        owner = controller_uid(pod)
        if owner in uids:
            (ours if owner == current else others).append(pod)
    return ours, others
