"""ReplicaSets: as many pods as wanted, the least useful ones removed first."""

from __future__ import annotations

from collections.abc import Iterable

from tuheg_ir.sim.clock import parse
from tuheg_ir.sim.controllers.common import Writer, active, condition, pod_from, ready
from tuheg_ir.sim.controllers.engine import Engine, Key
from tuheg_ir.sim.resources import by_key
from tuheg_ir.sim.status import ApiError, Obj
from tuheg_ir.sim.store import Change, controller_uid

KEY = "replicasets.apps"
_RETRY = 5.0  # seconds until a refused pod is tried again


class ReplicaSets:
    """The ReplicaSet controller."""

    def __init__(self, engine: Engine, writer: Writer) -> None:
        self._engine = engine
        self._write = writer
        self._store = writer.store
        self._ready_at: dict[str, float] = {}  # uid of a pod -> when, in simulated seconds, it was seen to be ready
        self._not_before: dict[str, float] = {}  # uid -> when a refused pod is tried again

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return the set itself, or the owner of a pod."""
        meta = change.obj["metadata"]
        if change.resource == KEY and change.kind != "DELETED":
            yield meta["namespace"], meta["name"]
        elif change.resource == "pods":
            for reference in meta.get("ownerReferences") or []:
                if reference["kind"] == "ReplicaSet":
                    yield meta["namespace"], reference["name"]

    def look(self, namespace: str, name: str) -> None:
        """Create or delete pods, then count."""
        obj = self._store.get(KEY, namespace, name)
        if obj is None or obj["metadata"].get("deletionTimestamp"):
            return
        pods = [pod for pod in self._store.objects("pods", namespace) if controller_uid(pod) == obj["metadata"]["uid"]]
        alive = [pod for pod in pods if active(pod)]
        missing = obj["spec"]["replicas"] - len(alive)
        failure = self._grow(obj, missing) if missing > 0 else ""
        for pod in self._least_useful(alive)[: max(-missing, 0)]:
            self._write.delete("pods", pod)
            told = f"Deleted pod: {pod['metadata']['name']}"
            self._write.event(obj, "Normal", "SuccessfulDelete", told, "replicaset-controller")
        self._count(namespace, name, failure)

    def _grow(self, obj: Obj, missing: int) -> str:
        meta = obj["metadata"]
        if self._store.clock.seconds() < self._not_before.get(meta["uid"], 0.0):
            return str((condition(obj["status"], "ReplicaFailure") or {}).get("message", ""))
        for _ in range(missing):
            body = pod_from(obj["spec"]["template"], {"generateName": f"{meta['name']}-"}, obj, {})
            try:
                pod = self._write.registry.create(by_key()["pods"], meta["namespace"], body)
            except ApiError as error:
                told = f"Error creating: {error.message}"
                self._write.event(obj, "Warning", "FailedCreate", told, "replicaset-controller")
                self._not_before[meta["uid"]] = self._store.clock.seconds() + _RETRY
                self._engine.again(self, meta["namespace"], meta["name"], _RETRY)
                return error.message
            told = f"Created pod: {pod['metadata']['name']}"
            self._write.event(obj, "Normal", "SuccessfulCreate", told, "replicaset-controller")
        return ""

    def _least_useful(self, pods: list[Obj]) -> list[Obj]:
        """Order pods as they are given up: not placed, not running, not ready, often restarted, young."""

        def rank(pod: Obj) -> tuple[int, int, int, int, float]:
            statuses = pod["status"].get("containerStatuses") or []
            restarts = max((status.get("restartCount", 0) for status in statuses), default=0)
            born = parse(pod["metadata"]["creationTimestamp"]).timestamp()
            phase = {"Pending": 0, "Unknown": 1}.get(pod["status"].get("phase", ""), 2)
            return int(bool(pod["spec"].get("nodeName"))), phase, int(ready(pod)), -restarts, -born

        return sorted(pods, key=rank)

    def _available(self, pod: Obj, seconds: int) -> bool:
        uid, now = pod["metadata"]["uid"], self._store.clock.seconds()
        if not ready(pod):
            self._ready_at.pop(uid, None)
            return False
        return now - self._ready_at.setdefault(uid, now) >= seconds

    def _count(self, namespace: str, name: str, failure: str) -> None:
        obj = self._store.get(KEY, namespace, name)
        if obj is None:
            return
        own = [pod for pod in self._store.objects("pods", namespace) if controller_uid(pod) == obj["metadata"]["uid"]]
        alive, wait = [pod for pod in own if active(pod)], obj["spec"].get("minReadySeconds", 0)
        counts = {
            "fullyLabeledReplicas": len(alive),
            "readyReplicas": sum(map(ready, alive)),
            "availableReplicas": sum(self._available(pod, wait) for pod in alive),
        }
        status: Obj = {"replicas": len(alive)} | {key: value for key, value in counts.items() if value}
        status["terminatingReplicas"] = sum(1 for pod in own if pod["metadata"].get("deletionTimestamp"))
        status["observedGeneration"] = obj["metadata"]["generation"]
        if failure:
            self._keep_failure(status, obj, failure)
        if wait and counts["readyReplicas"] > counts["availableReplicas"]:
            self._engine.again(self, namespace, name, wait)
        self._write.status(obj, status)

    def _keep_failure(self, status: Obj, obj: Obj, failure: str) -> None:
        old = condition(obj["status"], "ReplicaFailure")
        new = {
            "type": "ReplicaFailure",
            "status": "True",
            "lastTransitionTime": self._write.now(),
            "reason": "FailedCreate",
            "message": failure,
        }
        status["conditions"] = [old or new]  # the first refusal stays: later ones differ in the pod's name only
