"""Pods and their containers as a diagnosis sees them: who owns them, how they stand, how they ended."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.model import Obj, Snapshot
from tuheg_ir.diagnosis.view.reading import created, items, labels, mapping, moment, name, newest, ref, text, whole
from tuheg_ir.named import NamedTuple


class Ended(NamedTuple):
    """How a container ended, and when it had started and ended."""

    reason: str
    exit_code: int
    message: str
    at: datetime | None
    started_at: datetime | None = None

    @property
    def badly(self) -> bool:
        """Tell whether it ended with an error (of a signal that asks to end, 143, nobody can tell)."""
        return self.reason != "Completed" and self.exit_code not in (0, 143)

    @property
    def lived_s(self) -> float | None:
        """Return how long it ran, in seconds."""
        return (self.at - self.started_at).total_seconds() if self.at and self.started_at else None


class Container(NamedTuple):
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
    digest: str = ""
    """The digest of the image that it runs; "" if it is not known."""

    @property
    def killed_for_memory(self) -> bool:
        """Tell whether its last end was the kernel's: its memory limit was reached."""
        return self.ended is not None and self.ended.reason == "OOMKilled"


class Pod(NamedTuple):
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
    def on_host_network(self) -> bool:
        """Whether it has the address of its node, and what it sends is counted as the node's."""
        return text(self.obj, "spec", "hostNetwork") == "True"

    @property
    def started(self) -> datetime | None:
        """Return when the last of its containers was started; when it was made, where none tells."""
        return newest(c.started_at for c in self.containers) or self.created

    @property
    def restarts(self) -> int:
        """Return how often its containers were started again."""
        return sum(c.restarts for c in self.containers)

    @property
    def unschedulable(self) -> str:
        """Return why the scheduler finds no node; "" if it has one, or has not said so."""
        if self.node:
            return ""
        for condition in items(self.obj, "status", "conditions"):
            if text(condition, "type") == "PodScheduled" and text(condition, "status") == "False":
                return text(condition, "message") or text(condition, "reason") or "not scheduled"
        return ""


def read_pods(snapshot: Snapshot) -> Iterator[Pod]:
    """Yield every pod of a snapshot; what has no name is none."""
    owners = _owners(snapshot)
    for obj in snapshot.of("Pod"):
        if name(obj):
            yield _pod(obj, owners)


def _owners(snapshot: Snapshot) -> dict[str, str]:
    """Return uid and Kind/name of ReplicaSets and Jobs -> their controller."""
    found = {}
    for obj in snapshot.of("ReplicaSet", "Job"):
        above = controller(obj)
        if above:
            found[ref(obj)] = above
            if uid := text(obj, "metadata", "uid"):
                found[uid] = above
    return found


def _controller(obj: Any) -> Mapping[str, Any]:
    owners = items(obj, "metadata", "ownerReferences")
    return next((owner for owner in owners if owner.get("controller", True) and text(owner, "kind")), {})


def controller(obj: Any) -> str:
    """Return Kind/name of the controller of an object; "" for none."""
    owner = _controller(obj)
    return f"{text(owner, 'kind')}/{text(owner, 'name')}" if owner else ""


def _pod(obj: Obj, owners: Mapping[str, str]) -> Pod:
    direct = controller(obj)
    revision = direct.partition("/")[2] if direct.startswith("ReplicaSet/") else ""
    revision = revision or _revision(direct, text(labels(obj), "controller-revision-hash"))
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


def _revision(owner: str, mark: str) -> str:
    """Return the name of a ControllerRevision by a pod's label: a StatefulSet's is all of it, a DaemonSet's its end."""
    _, _, above = owner.partition("/")
    whole = not mark or not owner.startswith("DaemonSet/") or mark.startswith(f"{above}-")
    return mark if whole else f"{above}-{mark}"


def _top(obj: Obj, direct: str, owners: Mapping[str, str]) -> str:
    """Return the workload above a pod; a ReplicaSet that is not in the snapshot is told by its name."""
    if not direct:
        return f"Pod/{name(obj)}"
    above = owners.get(text(_controller(obj), "uid")) or owners.get(direct)
    if above is None and direct.startswith("ReplicaSet/") and text(labels(obj), "pod-template-hash"):
        return f"Deployment/{direct.partition('/')[2].rpartition('-')[0]}"
    above = above or direct
    return owners.get(above, above)


def _containers(obj: Obj) -> Iterator[Container]:
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
        ended=_ended(ended) if ended else None,
        spec=spec,
        digest=_digest(text(status, "imageID")),
    )


def _digest(image_id: str) -> str:
    """Return the digest in an image's id, wherever it came from: two mirrors give the same."""
    return image_id.rpartition("sha256:")[2] if "sha256:" in image_id else ""


def _ended(state: Mapping[str, Any]) -> Ended:
    return Ended(
        text(state, "reason"),
        whole(state, "exitCode"),
        text(state, "message"),
        moment(state, "finishedAt"),
        moment(state, "startedAt"),
    )
