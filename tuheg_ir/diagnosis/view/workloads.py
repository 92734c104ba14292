"""Workloads as a diagnosis sees them: their revisions, what changed when, their pods and containers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.model import Obj, Snapshot
from tuheg_ir.diagnosis.view.changes import Change, changes
from tuheg_ir.diagnosis.view.reading import (
    created,
    items,
    label_selector,
    labels,
    mapping,
    moment,
    name,
    newest,
    ref,
    text,
    whole,
)

KINDS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob")
_REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"


@dataclass(frozen=True, slots=True)
class Ended:
    """How a container ended."""

    reason: str
    exit_code: int
    message: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod: its state now ("running", "waiting", "terminated", ""), and how it ended last."""

    name: str
    init: bool
    ready: bool
    restarts: int
    state: str
    reason: str
    message: str
    started_at: datetime | None
    ended: Ended | None
    """Its last end: of the state if it is terminated, else of the state before."""
    spec: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pod:
    """One pod; ``revision`` is the name of its ReplicaSet or ControllerRevision."""

    name: str
    obj: Obj
    owner: str
    revision: str
    phase: str
    reason: str
    ready: bool
    node: str
    address: str
    created: datetime | None
    ready_since: datetime | None
    unready_since: datetime | None
    deleting: bool
    containers: tuple[Container, ...]

    @property
    def live(self) -> bool:
        """Tell whether it is one that serves or should: not over, not on its way out."""
        return not self.deleting and self.phase not in ("Succeeded", "Failed")

    @property
    def restarts(self) -> int:
        """Return how often its containers were started again."""
        return sum(c.restarts for c in self.containers)


@dataclass(frozen=True, slots=True)
class Revision:
    """One template of a workload's past."""

    name: str
    number: int
    template: Mapping[str, Any]
    created: datetime | None
    wanted: int
    ready: int


@dataclass(frozen=True, slots=True)
class Workload:
    """A workload with everything that belongs to it. ``revisions`` come newest first.

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

    @property
    def current(self) -> Revision | None:
        """Return the newest revision."""
        return self.revisions[0] if self.revisions else None

    @property
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
    owners = _owners(snapshot)
    pods: dict[str, list[Pod]] = {}
    for obj in snapshot.of("Pod"):
        pod = _pod(obj, owners)
        pods.setdefault(pod.owner, []).append(pod)
    found = {ref(obj): _workload(snapshot, obj, pods.get(ref(obj), ())) for obj in snapshot.of(*KINDS)}
    for owner, orphans in pods.items():
        if owner not in found:
            found[owner] = _of_pods(owner, orphans)
    return found


def _owners(snapshot: Snapshot) -> dict[str, str]:
    """Return uid and Kind/name of ReplicaSets and Jobs -> their controller."""
    found = {}
    for obj in snapshot.of("ReplicaSet", "Job"):
        above = controller(obj)
        if above:
            found[text(obj, "metadata", "uid")] = found[ref(obj)] = above
    return found


def controller(obj: Any) -> str:
    """Return Kind/name of the controller of an object; "" for none."""
    for owner in items(obj, "metadata", "ownerReferences"):
        if owner.get("controller", True):
            return f"{text(owner, 'kind')}/{text(owner, 'name')}"
    return ""


def _pod(obj: Obj, owners: Mapping[str, str]) -> Pod:
    direct = controller(obj)
    revision = direct.partition("/")[2] if direct.startswith("ReplicaSet/") else ""
    revision = revision or str(labels(obj).get("controller-revision-hash", ""))
    conditions = {text(c, "type"): c for c in items(obj, "status", "conditions")}
    at_ready = moment(conditions.get("Ready"), "lastTransitionTime")
    ready = text(conditions.get("Ready"), "status") == "True"
    return Pod(
        name=name(obj),
        obj=obj,
        owner=_top(obj, direct, owners),
        revision=revision,
        phase=text(obj, "status", "phase"),
        reason=text(obj, "status", "reason"),
        ready=ready,
        node=text(obj, "spec", "nodeName"),
        address=text(obj, "status", "podIP"),
        created=created(obj),
        ready_since=at_ready if ready else None,
        unready_since=None if ready else (at_ready or created(obj)),
        deleting=bool(text(obj, "metadata", "deletionTimestamp")),
        containers=tuple(_containers(obj)),
    )


def _top(obj: Obj, direct: str, owners: Mapping[str, str]) -> str:
    """Return the workload above a pod; a ReplicaSet that is not in the snapshot is told by its name."""
    if not direct:
        return ref({"kind": "Pod", **obj})
    uid = next((text(o, "uid") for o in items(obj, "metadata", "ownerReferences")), "")
    above = owners.get(uid) or owners.get(direct)
    if above is None and direct.startswith("ReplicaSet/") and labels(obj).get("pod-template-hash"):
        return f"Deployment/{direct.partition('/')[2].rpartition('-')[0]}"
    above = above or direct
    return owners.get(above, above)


def _containers(obj: Obj) -> Iterable[Container]:
    for group, statuses, init in (
        ("initContainers", "initContainerStatuses", True),
        ("containers", "containerStatuses", False),
    ):
        specs = {text(c, "name"): c for c in items(obj, "spec", group)}
        for status in items(obj, "status", statuses):
            yield _container(status, specs.get(text(status, "name"), {}), init=init)


def _container(status: Mapping[str, Any], spec: Mapping[str, Any], *, init: bool) -> Container:
    states = mapping(status, "state")
    state = next((s for s in ("terminated", "waiting", "running") if s in states), "")
    now = mapping(states, state) if state else {}
    ended = now if state == "terminated" else mapping(status, "lastState", "terminated")
    return Container(
        name=text(status, "name"),
        init=init,
        ready=status.get("ready") is True,
        restarts=whole(status, "restartCount"),
        state=state,
        reason=text(now, "reason"),
        message=text(now, "message"),
        started_at=moment(now, "startedAt"),
        ended=Ended(
            text(ended, "reason"), whole(ended, "exitCode"), text(ended, "message"), moment(ended, "finishedAt")
        )
        if ended
        else None,
        spec=spec,
    )


def _workload(snapshot: Snapshot, obj: Obj, pods: Iterable[Pod]) -> Workload:
    kind = text(obj, "kind")
    template = mapping(obj, "spec", "jobTemplate", "spec", "template") or mapping(obj, "spec", "template")
    revisions = _revisions(snapshot, obj)
    mine = tuple(pods)
    wanted = whole(obj, "status", "desiredNumberScheduled") if kind == "DaemonSet" else _replicas(obj)
    ready = whole(obj, "status", "numberReady") if kind == "DaemonSet" else whole(obj, "status", "readyReplicas")
    differences, at = _difference(template, revisions)
    return Workload(
        ref=ref(obj),
        kind=kind,
        name=name(obj),
        obj=obj,
        wanted=wanted,
        ready=ready,
        template=template,
        pods=mine,
        revisions=revisions,
        changes=differences,
        released_at=newest((at, _first_pod(mine, revisions))) if at and _used_again(snapshot, revisions) else at,
        labels=mapping(template, "metadata", "labels"),
    )


def _replicas(obj: Obj) -> int:
    return whole(obj, "spec", "replicas") if "replicas" in mapping(obj, "spec") else 1


def _revisions(snapshot: Snapshot, obj: Obj) -> tuple[Revision, ...]:
    uid, me = text(obj, "metadata", "uid"), ref(obj)

    def mine(each: Obj) -> bool:
        owners = items(each, "metadata", "ownerReferences")
        return controller(each) == me and (not uid or any(text(o, "uid") in ("", uid) for o in owners))

    if text(obj, "kind") == "Deployment":
        found = [
            Revision(
                name(each),
                whole(each, "metadata", "annotations", _REVISION),
                mapping(each, "spec", "template"),
                created(each),
                whole(each, "spec", "replicas"),
                whole(each, "status", "readyReplicas"),
            )
            for each in snapshot.of("ReplicaSet")
            if mine(each)
        ]
    else:
        found = [
            Revision(
                name(each), whole(each, "revision"), mapping(each, "data", "spec", "template"), created(each), 0, 0
            )
            for each in snapshot.of("ControllerRevision")
            if mine(each)
        ]
    return tuple(sorted(found, key=lambda r: (-r.number, str(r.created or ""))))


def _difference(
    template: Mapping[str, Any], revisions: tuple[Revision, ...]
) -> tuple[tuple[Change, ...], datetime | None]:
    """Return what the template has that the one before has not, and when it came.

    Revisions that differ by a restart only count as one: the release is where the oldest of them came.
    """
    came: datetime | None = None
    for older in revisions:
        found = changes(older.template, template)
        if found:
            return found, came
        came = older.created or came
    return (), None


def _used_again(snapshot: Snapshot, revisions: tuple[Revision, ...]) -> bool:
    """Tell whether the newest ReplicaSet served once before: then it is older than the release."""
    return any(
        revisions and name(obj) == revisions[0].name and text(obj, "metadata", "annotations", _HISTORY)
        for obj in snapshot.of("ReplicaSet")
    )


def _first_pod(pods: Iterable[Pod], revisions: tuple[Revision, ...]) -> datetime | None:
    """Return when the first of the newest revision's pods came that are still there."""
    times = [p.created for p in pods if revisions and p.revision == revisions[0].name and p.created]
    return min(times, default=None)


def _of_pods(owner: str, pods: list[Pod]) -> Workload:
    """Return a workload of which only the pods are known."""
    first = pods[0]
    kind, _, label = owner.partition("/")
    live = [p for p in pods if p.live]
    template = {"metadata": {"labels": dict(labels(first.obj))}, "spec": mapping(first.obj, "spec")}
    return Workload(
        ref=owner,
        kind=kind,
        name=label,
        obj={"apiVersion": "", "kind": kind, "metadata": {"name": label}},
        wanted=len(live),
        ready=sum(p.ready for p in live),
        template=template,
        pods=tuple(pods),
        labels=labels(first.obj),
    )


def matching(found: Iterable[Workload], selector: Any) -> list[Workload]:
    """Return the workloads whose pods a LabelSelector selects."""
    return [workload for workload in found if label_selector(selector, workload.labels)]
