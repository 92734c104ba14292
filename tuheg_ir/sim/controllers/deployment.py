"""Deployments: revisions, roll-outs, progress."""

from __future__ import annotations

import copy
from collections.abc import Iterable

from tuheg_ir.sim.controllers.common import (
    HASH_LABEL,
    Writer,
    bare_template,
    condition,
    reference,
    short_hash,
    total,
)
from tuheg_ir.sim.controllers.engine import Engine, Key
from tuheg_ir.sim.controllers.progress import Progress
from tuheg_ir.sim.controllers.rollout import Limits, Size, grown, limits, shrunk, spread
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.status import Obj
from tuheg_ir.sim.store import Change

KEY, SETS = "deployments.apps", "replicasets.apps"
REVISION = "deployment.kubernetes.io/revision"
_HISTORY = "deployment.kubernetes.io/revision-history"
_DESIRED = "deployment.kubernetes.io/desired-replicas"
_MAX = "deployment.kubernetes.io/max-replicas"
_OWN = (REVISION, _HISTORY, _DESIRED, _MAX, "deprecated.deployment.rollback.to")
_NOT_COPIED = (*_OWN, "kubectl.kubernetes.io/last-applied-configuration")
_COMPONENT = "deployment-controller"


def revision(obj: Obj) -> int:
    """Return the revision that a Deployment or ReplicaSet carries, 0 for none."""
    return int((obj["metadata"].get("annotations") or {}).get(REVISION, 0))


def _size(replica_set: Obj) -> Size:
    available = replica_set["status"].get("availableReplicas", 0)
    return Size(replica_set["metadata"]["name"], replica_set["spec"]["replicas"], available)


class Deployments:
    """The Deployment controller."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._write = writer
        self._store = writer.store
        self._progress = Progress(engine, writer, self)

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return the Deployment itself, or the owner of a ReplicaSet."""
        meta = change.obj["metadata"]
        if change.resource == KEY and change.kind != "DELETED":
            yield meta["namespace"], meta["name"]
        elif change.resource == SETS:
            for owner in meta.get("ownerReferences") or []:
                if owner["kind"] == "Deployment":
                    yield meta["namespace"], owner["name"]

    def look(self, namespace: str, name: str) -> None:
        """Bring the ReplicaSets one step further, then tell how far it is."""
        obj = self._store.get(KEY, namespace, name)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return
        paused = bool(obj["spec"].get("paused"))
        new, old = self._sets(obj, create=not paused)
        obj = self._store.get(KEY, namespace, name) or obj
        may = limits(obj["spec"])
        scaling = self._was_scaled(obj, [*old, *([new] if new else [])])
        if paused or scaling:
            self._rescale(obj, may, new, old)
        elif new is not None and obj["spec"]["strategy"]["type"] == "Recreate":
            self._recreate(obj, new, old)
        elif new is not None:
            self._roll(obj, may, new, old)
        new, old = self._sets(obj, create=False)
        self._progress.tell(obj, new, old, may, counting=not (paused or scaling))
        if new is not None:
            self._prune(obj, old)

    # --- ReplicaSets and revisions ---

    def _sets(self, obj: Obj, *, create: bool) -> tuple[Obj | None, list[Obj]]:
        """Return the ReplicaSet of the current template and the others, oldest first."""
        owned = sorted(self._store.owned(SETS, obj), key=lambda rs: int(rs["metadata"]["resourceVersion"]))
        owned.sort(key=lambda rs: (rs["metadata"]["creationTimestamp"], revision(rs)))
        template = bare_template(obj["spec"]["template"])
        new = next((rs for rs in owned if bare_template(rs["spec"]["template"]) == template), None)
        old = [rs for rs in owned if new is None or rs["metadata"]["uid"] != new["metadata"]["uid"]]
        if create:
            number = max(map(revision, old), default=0) + 1
            new = self._create(obj, number, old) if new is None else self._renumber(obj, new, number)
            self._number(obj, revision(new))
        return new, old

    def _copied(self, obj: Obj) -> Obj:
        given = obj["metadata"].get("annotations") or {}
        return {key: value for key, value in given.items() if key not in _NOT_COPIED}

    def _sized(self, obj: Obj) -> Obj:
        may = limits(obj["spec"])
        return {_DESIRED: str(may.wanted), _MAX: str(may.wanted + may.surge)}

    def _create(self, obj: Obj, number: int, old: list[Obj]) -> Obj:
        meta, template = obj["metadata"], copy.deepcopy(obj["spec"]["template"])
        mark = {HASH_LABEL: short_hash(bare_template(template))}
        template["metadata"]["labels"] = {**(template["metadata"].get("labels") or {}), **mark}
        selector = copy.deepcopy(obj["spec"]["selector"])
        selector["matchLabels"] = {**(selector.get("matchLabels") or {}), **mark}
        may = limits(obj["spec"])
        rolling = obj["spec"]["strategy"]["type"] == "RollingUpdate"
        size = (
            grown(may, 0, total(old, "spec.replicas"))
            if rolling
            else 0
            if total(old, "status.replicas")
            else may.wanted
        )
        spec = {"replicas": size, "selector": selector, "template": template}
        if obj["spec"].get("minReadySeconds"):
            spec["minReadySeconds"] = obj["spec"]["minReadySeconds"]
        body = {
            "apiVersion": "apps/v1",
            "kind": "ReplicaSet",
            "metadata": {
                "name": f"{meta['name']}-{mark[HASH_LABEL]}",
                "labels": template["metadata"]["labels"],
                "annotations": {**self._copied(obj), REVISION: str(number), **self._sized(obj)},
                "ownerReferences": [reference(obj)],
            },
            "spec": spec,
        }
        made = self._write.registry.create(by_key()[SETS], meta["namespace"], body)
        name = made["metadata"]["name"]
        if size:
            self._tell_scaled(obj, name, 0, size)
        status = dict(obj["status"])
        self._write.set_condition(
            status, "Progressing", "True", "NewReplicaSetCreated", f'Created new replica set "{name}"'
        )
        self._write.status(obj, status)
        return made

    def _renumber(self, obj: Obj, new: Obj, number: int) -> Obj:
        """Give a ReplicaSet that is used again the next revision number, and keep its old ones."""
        annotations = {**(new["metadata"].get("annotations") or {}), **self._copied(obj)}
        if revision(new) < number:
            if revision(new):
                history = [part for part in annotations.get(_HISTORY, "").split(",") if part]
                annotations[_HISTORY] = ",".join([*history, str(revision(new))])
            annotations[REVISION] = str(number)
        changed = {**new, "metadata": {**new["metadata"], "annotations": annotations}}
        return changed if changed == new else self._write.update(changed)

    def _number(self, obj: Obj, number: int) -> None:
        current = self._store.get(KEY, obj["metadata"]["namespace"], obj["metadata"]["name"])
        if current is None or revision(current) == number:
            return
        annotations = {**(current["metadata"].get("annotations") or {}), REVISION: str(number)}
        # The controller's own mark is no change of the spec: it does not raise the generation.
        self._store.replace(KEY, {**current, "metadata": {**current["metadata"], "annotations": annotations}})

    def _prune(self, obj: Obj, old: list[Obj]) -> None:
        """Forget the oldest ReplicaSets beyond the history limit, once the roll-out is complete."""
        status = (self._store.get(KEY, obj["metadata"]["namespace"], obj["metadata"]["name"]) or obj)["status"]
        progressing = condition(status, "Progressing")
        if not progressing or progressing["reason"] != "NewReplicaSetAvailable":
            return
        empty = [rs for rs in old if not rs["spec"]["replicas"] and not rs["status"].get("replicas")]
        empty.sort(key=revision)
        for rs in empty[: max(0, len(empty) - obj["spec"]["revisionHistoryLimit"])]:
            self._write.delete(SETS, rs)

    # --- sizes ---

    def _was_scaled(self, obj: Obj, sets: list[Obj]) -> bool:
        wanted = str(obj["spec"]["replicas"])
        active = [rs for rs in sets if rs["spec"]["replicas"]]
        return any(rs["metadata"]["annotations"].get(_DESIRED, wanted) != wanted for rs in active)

    def _resize(self, obj: Obj, rs: Obj, size: int) -> None:
        annotations = {**rs["metadata"]["annotations"], **self._sized(obj)}
        before = rs["spec"]["replicas"]
        changed = {
            **rs,
            "metadata": {**rs["metadata"], "annotations": annotations},
            "spec": {**rs["spec"], "replicas": size},
        }
        if changed != rs:
            self._write.update(changed)
        if before != size:
            self._tell_scaled(obj, rs["metadata"]["name"], before, size)

    def _tell_scaled(self, obj: Obj, name: str, before: int, size: int) -> None:
        way = "up" if size > before else "down"
        told = f"Scaled {way} replica set {name} from {before} to {size}"
        self._write.event(obj, "Normal", "ScalingReplicaSet", told, _COMPONENT)

    def _rescale(self, obj: Obj, may: Limits, new: Obj | None, old: list[Obj]) -> None:
        everything = [*old, *([new] if new else [])]
        active = [rs for rs in everything if rs["spec"]["replicas"]]
        latest = new or (old[-1] if old else None)
        only = active[0] if len(active) == 1 else latest if not active else None
        if only is not None:
            self._resize(obj, only, may.wanted)
            return
        if new is not None and _size(new) == Size(new["metadata"]["name"], may.wanted, may.wanted):
            sizes = {rs["metadata"]["name"]: 0 for rs in old}
        elif obj["spec"]["strategy"]["type"] == "RollingUpdate":
            sizes = spread(may, [_size(rs) for rs in active])
        else:
            return
        for rs in active:
            self._resize(obj, rs, sizes.get(rs["metadata"]["name"], rs["spec"]["replicas"]))

    def _roll(self, obj: Obj, may: Limits, new: Obj, old: list[Obj]) -> None:
        size = grown(may, new["spec"]["replicas"], total([new, *old], "spec.replicas"))
        if size != new["spec"]["replicas"]:
            self._resize(obj, new, size)
            return
        sizes = shrunk(may, _size(new), [_size(rs) for rs in old])
        for rs in old:
            if rs["metadata"]["name"] in sizes:
                self._resize(obj, rs, sizes[rs["metadata"]["name"]])

    def _recreate(self, obj: Obj, new: Obj, old: list[Obj]) -> None:
        for rs in old:
            if rs["spec"]["replicas"]:
                self._resize(obj, rs, 0)
        gone = not any(rs["status"].get("replicas") or rs["status"].get("terminatingReplicas") for rs in old)
        if gone and new["spec"]["replicas"] != obj["spec"]["replicas"]:
            self._resize(obj, new, obj["spec"]["replicas"])
