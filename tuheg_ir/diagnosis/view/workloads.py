"""Workloads as a diagnosis sees them: their revisions, what changed when, their pods and containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from tuheg_ir.diagnosis.model import Evidence, Obj, Snapshot
from tuheg_ir.diagnosis.view.changes import Change, changes
from tuheg_ir.diagnosis.view.pods import Container, Ended, Pod, controller, read_pods
from tuheg_ir.diagnosis.view.reading import (
    created,
    items,
    labels,
    mapping,
    name,
    newest,
    oldest,
    ref,
    text,
    whole,
)
from tuheg_ir.named import NamedTuple

BATCH = ("Job", "CronJob")
"""Kinds whose pods are runs, which end."""
KINDS = ("Deployment", "StatefulSet", "DaemonSet", *BATCH)
_AT_ONCE = timedelta(minutes=1)
"""What is put back from a copy is all made within this time."""
_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"


class Revision(NamedTuple):
    """One template of a workload's past."""

    name: str
    number: int
    template: Mapping[str, Any]
    created: datetime | None
    wanted: int
    ready: int
    again: bool = False
    """It served once before, and was taken back."""


@dataclass(frozen=True, eq=False)
class Workload:
    """A workload with everything that belongs to it; a view has one for each. ``revisions`` come newest first.

    ``changes``: what the newest template has that the one before has not; empty without a past,
    or when the pods were only restarted. ``released_at``: when the newest template came in force
    (None: not known, or there never was another).
    """

    ref: str
    kind: str
    name: str
    obj: Obj
    wanted: int
    ready: int
    template: Mapping[str, Any]
    pods: tuple[Pod, ...] = ()
    revisions: tuple[Revision, ...] = ()
    changes: tuple[Change, ...] = ()
    released_at: datetime | None = None
    labels: Mapping[str, str] = field(default_factory=dict)

    def standing(self, since: datetime | None = None) -> Evidence:
        """Return how many of the pods that it is to have are ready, as evidence."""
        return Evidence("objects", self.ref, f"{self.ready} of {self.wanted} pods are ready", since)

    @property
    def current(self) -> Revision | None:
        """Return the newest revision."""
        return self.revisions[0] if self.revisions else None

    @cached_property
    def returned(self) -> bool:
        """Return whether the newest template served once before: the release took another one back."""
        return bool(self.changes) and _served_before(self.revisions)

    @cached_property
    def live(self) -> tuple[Pod, ...]:
        """Return the pods that serve or should."""
        return tuple(pod for pod in self.pods if pod.live)

    def newest_pods(self) -> tuple[Pod, ...]:
        """Return the live pods of the newest revision."""
        return tuple(p for p in self.live if self.current is None or p.revision in ("", self.current.name))

    def older_pods(self) -> tuple[Pod, ...]:
        """Return the live pods of older revisions."""
        return tuple(p for p in self.live if self.current is not None and p.revision not in ("", self.current.name))

    def changed(self, *aspects: str) -> tuple[Change, ...]:
        """Return the changes of the newest template in some aspects."""
        return tuple(change for change in self.changes if change.aspect in aspects)


def workloads(snapshot: Snapshot) -> dict[str, Workload]:
    """Return all workloads of a snapshot by Kind/name; pods without an owner are workloads of their own."""
    pods: dict[str, list[Pod]] = {}
    for pod in read_pods(snapshot):
        pods.setdefault(pod.owner, []).append(pod)
    pasts = _pasts(snapshot)
    found = {
        ref(obj): _workload(obj, sorted(pods.get(ref(obj), ()), key=_by_name), pasts.get(ref(obj), ()))
        for obj in snapshot.of(*KINDS)
        if name(obj)
    }
    for owner in sorted({*pods, *pasts} - {*found, ""}):
        if owner in pods or owner.partition("/")[0] not in KINDS:
            found[owner] = _of_parts(owner, sorted(pods.get(owner, ()), key=_by_name), pasts.get(owner, ()))
    return dict(sorted(found.items()))


def _by_name(pod: Pod) -> str:
    return pod.name


def _workload(obj: Obj, pods: list[Pod], past: Iterable[Obj]) -> Workload:
    kind = text(obj, "kind")
    template = mapping(obj, "spec", "jobTemplate", "spec", "template") or mapping(obj, "spec", "template")
    revisions = _revisions(obj, past)
    wanted, ready = _counts(kind, obj, pods)
    differences, came = _difference(obj, template, revisions)
    if differences and (came is None or _served_before(revisions)):
        came = newest((came, oldest(p.created for p in pods if p.live and p.revision in ("", revisions[0].name))))
    return Workload(
        ref=ref(obj),
        kind=kind,
        name=name(obj),
        obj=obj,
        wanted=wanted,
        ready=ready,
        template=template,
        pods=tuple(pods),
        revisions=revisions,
        changes=differences,
        released_at=came,
        labels=mapping(template, "metadata", "labels"),
    )


def _counts(kind: str, obj: Obj, pods: list[Pod]) -> tuple[int, int]:
    """Return how many pods are wanted and how many are ready; the pods themselves where the status does not say."""
    status = mapping(obj, "status")
    seen = sum(pod.ready and pod.live for pod in pods)
    if kind == "DaemonSet":
        return whole(status, "desiredNumberScheduled"), whole(status, "numberReady")
    wanted = whole(obj, "spec", "replicas") if "replicas" in mapping(obj, "spec") else 1
    return max(wanted, 0), whole(status, "readyReplicas") if "readyReplicas" in status else seen


def _pasts(snapshot: Snapshot) -> dict[str, list[Obj]]:
    """Return Kind/name -> its ReplicaSets or ControllerRevisions."""
    found: dict[str, list[Obj]] = {}
    for each in snapshot.of("ReplicaSet", "ControllerRevision"):
        if (above := controller(each)) and name(each):
            found.setdefault(above, []).append(each)
    return found


def _revisions(obj: Obj, past: Iterable[Obj]) -> tuple[Revision, ...]:
    mine = [each for each in past if _is_of(each, obj)]
    if len(mine) > 1 and all(_put_back(each, obj) for each in mine):
        mine = []  # all of it was put back at once from a copy: nobody knows what was released when
    return tuple(sorted(map(_revision, mine), key=lambda r: (r.number, str(r.created or ""), r.name), reverse=True))


def _is_of(past: Obj, obj: Obj) -> bool:
    """Tell whether a revision that names a workload is of it, and not of a former one that had its name.

    What was made while it was there is its own, even where whoever handed the objects in gave them other uids.
    """
    made, since = created(past), created(obj)
    return _owned(past, obj) or (made is not None and since is not None and made >= since)


def _put_back(past: Obj, obj: Obj) -> bool:
    """Tell whether a revision of another owner was made in the minute in which the workload was."""
    made, since = created(past), created(obj)
    return not _owned(past, obj) and made is not None and since is not None and made - since < _AT_ONCE


def _owned(past: Obj, obj: Obj) -> bool:
    uid = text(obj, "metadata", "uid")
    return not uid or any(text(owner, "uid") in ("", uid) for owner in owner_references(past))


def _revision(obj: Obj) -> Revision:
    if text(obj, "kind") == "ControllerRevision":
        return Revision(
            name(obj), whole(obj, "revision"), mapping(obj, "data", "spec", "template"), created(obj), 0, 0, False
        )
    return Revision(
        name(obj),
        _number(obj),
        mapping(obj, "spec", "template"),
        created(obj),
        whole(obj, "spec", "replicas"),
        whole(obj, "status", "readyReplicas"),
        bool(text(obj, "metadata", "annotations", _HISTORY)),
    )


def _number(obj: Obj) -> int:
    """Return the number of a revision; controllers of other makers have an annotation of their own for it."""
    notes = mapping(obj, "metadata", "annotations")
    return whole(notes, _REVISION) or max((whole(notes, k) for k in notes if str(k).endswith("/revision")), default=0)


def owner_references(obj: Obj) -> list[Mapping[str, Any]]:
    """Return the owner references of an object."""
    return items(obj, "metadata", "ownerReferences")


def _difference(
    obj: Obj, template: Mapping[str, Any], revisions: tuple[Revision, ...]
) -> tuple[tuple[Change, ...], datetime | None]:
    """Return what the newest template has that the one before has not, and when it came.

    Revisions that differ by a restart only count as one: the release is where the oldest of them came.
    The newest revision stands for the template, unless the workload's own number is ahead of it.
    """
    came: datetime | None = None
    past = revisions
    if revisions and whole(obj, "metadata", "annotations", _REVISION) <= revisions[0].number:
        template, came, past = revisions[0].template or template, revisions[0].created, revisions[1:]
    for older in past:
        if found := changes(older.template, template):
            return found, came
        came = older.created or came
    return (), None


def _served_before(revisions: tuple[Revision, ...]) -> bool:
    """Tell whether the newest template served once before: then it is older than its release."""
    if len(revisions) < 2:
        return False
    now, before = revisions[0], revisions[1]
    return now.again or (now.created is not None and before.created is not None and now.created < before.created)


def _of_parts(owner: str, pods: list[Pod], past: Iterable[Obj]) -> Workload:
    """Return a workload of which only the pods, and its revisions if there are any, are known.

    So it is with bare pods and with the owners that a cluster has of its own: roll-outs and sets of other makers.
    """
    kind, _, label = owner.partition("/")
    live = [p for p in pods if p.live]
    revisions = _revisions({}, past)
    first = pods[0].obj if pods else {}
    obj = {"apiVersion": "", "kind": kind, "metadata": {"name": label}}
    template = revisions[0].template if revisions else {}
    template = template or {"metadata": {"labels": dict(labels(first))}, "spec": mapping(first, "spec")}
    differences, came = _difference(obj, template, revisions)
    return Workload(
        ref=owner,
        kind=kind,
        name=label,
        obj=obj,
        wanted=max(len(live), sum(r.wanted for r in revisions)),
        ready=sum(p.ready for p in live),
        template=template,
        pods=tuple(pods),
        revisions=revisions,
        changes=differences,
        released_at=came,
        labels=labels(first) or mapping(template, "metadata", "labels"),
    )


__all__ = ["KINDS", "Container", "Ended", "Pod", "Revision", "Workload", "workloads"]
