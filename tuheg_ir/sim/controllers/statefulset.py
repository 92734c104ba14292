"""StatefulSets: named pods in order, updated from the last to the first, with ControllerRevisions."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.sim.controllers.common import Writer, pod_from, ready, reference, short_hash
from tuheg_ir.sim.controllers.engine import Engine, Key
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.status import ApiError, Obj
from tuheg_ir.sim.store import Change, controller_uid

KEY, REVISIONS = "statefulsets.apps", "controllerrevisions.apps"
HASH_LABEL = "controller-revision-hash"
_NAME_LABEL = "statefulset.kubernetes.io/pod-name"
_INDEX_LABEL = "apps.kubernetes.io/pod-index"
_COMPONENT = "statefulset-controller"


class StatefulSets:
    """The StatefulSet controller."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._write = writer
        self._store = writer.store

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return the set itself, or the owner of a pod."""
        meta = change.obj["metadata"]
        if change.resource == KEY and change.kind != "DELETED":
            yield meta["namespace"], meta["name"]
        elif change.resource == "pods":
            for owner in meta.get("ownerReferences") or []:
                if owner["kind"] == "StatefulSet":
                    yield meta["namespace"], owner["name"]

    def look(self, namespace: str, name: str) -> None:
        """Take the next step that the order allows, then count."""
        obj = self._store.get(KEY, namespace, name)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return
        update = self._revision(obj)
        known = {item["metadata"]["name"] for item in self._store.owned(REVISIONS, obj)}
        current = obj["status"].get("currentRevision") or update
        if current not in known:
            current = update
        self._step(obj, current, update)
        self._count(namespace, name, current, update)

    # --- revisions ---

    def _revision(self, obj: Obj) -> str:
        """Return the name of the current template's revision, making or raising it."""
        data = {"spec": {"template": {**obj["spec"]["template"], "$patch": "replace"}}}
        owned = sorted(self._store.owned(REVISIONS, obj), key=lambda item: int(item["revision"]))
        same = next((item for item in owned if item["data"] == data), None)
        highest = owned[-1]["revision"] if owned else 0
        if same is not None:
            if same["revision"] != highest:
                self._store.replace(REVISIONS, {**same, "revision": highest + 1})
            return str(same["metadata"]["name"])
        meta, mark = obj["metadata"], short_hash(data)
        body = {
            "apiVersion": "apps/v1",
            "kind": "ControllerRevision",
            "metadata": {
                "name": f"{meta['name']}-{mark}",
                "labels": {
                    **(obj["spec"]["template"]["metadata"].get("labels") or {}),
                    "controller.kubernetes.io/hash": mark,
                },
                "ownerReferences": [reference(obj)],
            },
            "data": data,
            "revision": highest + 1,
        }
        made = self._write.registry.create(by_key()[REVISIONS], meta["namespace"], body)
        return str(made["metadata"]["name"])

    # --- pods ---

    def _pods(self, obj: Obj) -> dict[int, Obj]:
        """Return the set's pods by number."""
        meta = obj["metadata"]
        found = {}
        for pod in self._store.objects("pods", meta["namespace"]):
            if controller_uid(pod) == meta["uid"]:
                found[int(pod["metadata"]["name"].rsplit("-", 1)[1])] = pod
        return found

    def _step(self, obj: Obj, current: str, update: str) -> None:
        wanted = obj["spec"]["replicas"]
        ordered = obj["spec"]["podManagementPolicy"] == "OrderedReady"
        pods = self._pods(obj)
        for number in range(wanted):
            pod = pods.get(number)
            if pod is None:
                self._make(obj, number, current, update)
            elif pod["status"].get("phase") in ("Failed", "Succeeded"):
                self._remove(obj, pod)
            if ordered and (pod is None or pod["metadata"].get("deletionTimestamp") or not ready(pod)):
                return
        for number in sorted((n for n in pods if n >= wanted), reverse=True):
            if not pods[number]["metadata"].get("deletionTimestamp"):
                self._remove(obj, pods[number])
            if ordered:
                return
        self._renew(obj, pods, update)

    def _renew(self, obj: Obj, pods: dict[int, Obj], update: str) -> None:
        """Delete the last pod of another revision, one at a time, once all later ones are well."""
        strategy = obj["spec"]["updateStrategy"]
        if strategy["type"] != "RollingUpdate":
            return
        partition = strategy.get("rollingUpdate", {}).get("partition", 0)
        for number in range(obj["spec"]["replicas"] - 1, partition - 1, -1):
            pod = pods.get(number)
            if pod is None:
                return
            if pod["metadata"]["labels"].get(HASH_LABEL) != update and not pod["metadata"].get("deletionTimestamp"):
                self._remove(obj, pod)
                return
            if pod["metadata"].get("deletionTimestamp") or not ready(pod):
                return

    def _template(self, obj: Obj, revision: str) -> Obj:
        found = self._store.get(REVISIONS, obj["metadata"]["namespace"], revision)
        template = found["data"]["spec"]["template"] if found else obj["spec"]["template"]
        return {key: value for key, value in template.items() if key != "$patch"}

    def _make(self, obj: Obj, number: int, current: str, update: str) -> None:
        meta = obj["metadata"]
        partition = (obj["spec"]["updateStrategy"].get("rollingUpdate") or {}).get("partition", 0)
        revision = update if number >= partition else current
        name = f"{meta['name']}-{number}"
        labels = {HASH_LABEL: revision, _NAME_LABEL: name, _INDEX_LABEL: str(number)}
        body = pod_from(self._template(obj, revision), {"name": name, "generateName": f"{meta['name']}-"}, obj, labels)
        body["spec"] = {**body["spec"], "hostname": name, "subdomain": obj["spec"].get("serviceName", "")}
        body["spec"]["volumes"] = [*(body["spec"].get("volumes") or []), *self._claims(obj, name)]
        try:
            self._write.registry.create(by_key()["pods"], meta["namespace"], body)
        except ApiError as error:
            told = f"create Pod {name} in StatefulSet {meta['name']} failed error: {error.message}"
            self._write.event(obj, "Warning", "FailedCreate", told, _COMPONENT)
            self._engine.again(self, meta["namespace"], meta["name"], 5.0)
            return
        told = f"create Pod {name} in StatefulSet {meta['name']} successful"
        self._write.event(obj, "Normal", "SuccessfulCreate", told, _COMPONENT)

    def _claims(self, obj: Obj, pod: str) -> list[Obj]:
        """Make the pod's volume claims, where they are not there, and return its volumes."""
        volumes, namespace = [], obj["metadata"]["namespace"]
        for template in obj["spec"].get("volumeClaimTemplates") or []:
            name = template["metadata"]["name"]
            claim = f"{name}-{pod}"
            if self._store.get("persistentvolumeclaims", namespace, claim) is None:
                body = {**template, "metadata": {**template["metadata"], "name": claim}}
                made = self._write.registry.create(by_key()["persistentvolumeclaims"], namespace, body)
                spec = made["spec"]
                bound = {
                    "phase": "Bound",
                    "accessModes": spec.get("accessModes", []),
                    "capacity": {"storage": spec["resources"]["requests"]["storage"]},
                }
                volume = f"pvc-{made['metadata']['uid']}"
                self._store.replace(
                    "persistentvolumeclaims", {**made, "spec": {**spec, "volumeName": volume}, "status": bound}
                )
            volumes.append({"name": name, "persistentVolumeClaim": {"claimName": claim}})
        return volumes

    def _remove(self, obj: Obj, pod: Obj) -> None:
        self._write.delete("pods", pod)
        name, owner = pod["metadata"]["name"], obj["metadata"]["name"]
        told = f"delete Pod {name} in StatefulSet {owner} successful"
        self._write.event(obj, "Normal", "SuccessfulDelete", told, _COMPONENT)

    def _count(self, namespace: str, name: str, current: str, update: str) -> None:
        obj = self._store.get(KEY, namespace, name)
        if obj is None:
            return
        pods = [pod for pod in self._pods(obj).values() if pod["status"].get("phase") not in ("Failed", "Succeeded")]
        alive = [pod for pod in pods if not pod["metadata"].get("deletionTimestamp")]
        of = [pod["metadata"]["labels"].get(HASH_LABEL) for pod in alive]
        counts = {
            "readyReplicas": sum(map(ready, alive)),
            "currentReplicas": of.count(current),
            "updatedReplicas": of.count(update),
        }
        if of.count(update) == len(pods) == counts["readyReplicas"] == obj["spec"]["replicas"]:
            current, counts["currentReplicas"] = update, of.count(update)
        status: Obj = {"observedGeneration": obj["metadata"]["generation"], "replicas": len(pods)}
        status |= {key: value for key, value in counts.items() if value}
        status |= {"currentRevision": current, "updateRevision": update, "collisionCount": 0}
        status["availableReplicas"] = counts["readyReplicas"]
        self._write.status(obj, status)
