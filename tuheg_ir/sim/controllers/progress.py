"""What a Deployment says of itself: counts, Available, Progressing, ReplicaFailure."""

from __future__ import annotations

from tuheg_ir.sim.controllers.common import Writer, condition, total
from tuheg_ir.sim.controllers.engine import Controller, Engine
from tuheg_ir.sim.controllers.rollout import Limits
from tuheg_ir.sim.status import Obj

_COUNTS = {
    "replicas": "status.replicas",
    "readyReplicas": "status.readyReplicas",
    "availableReplicas": "status.availableReplicas",
}


class Progress:
    """Writes the status of Deployments and watches their progress deadlines."""

    def __init__(self, engine: Engine, writer: Writer, controller: Controller) -> None:
        self._engine = engine
        self._write = writer
        self._controller = controller
        self._moved: dict[str, float] = {}  # uid -> when (in simulated seconds) the roll-out last moved

    def tell(self, obj: Obj, new: Obj | None, old: list[Obj], may: Limits, *, counting: bool) -> None:
        """Write the status; ``counting``: the deadline runs (not paused, not just scaled)."""
        meta = obj["metadata"]
        current = self._write.store.get("deployments.apps", meta["namespace"], meta["name"])
        if current is None:
            return
        before = current["status"]
        status = self._counts(current, new, old, may, before)
        self._failure(status, [*([new] if new else []), *old])
        if current["spec"].get("paused"):
            self._paused(status)
        elif counting and new is not None:
            self._progressing(current, status, before, new["metadata"]["name"])
        self._write.status(current, status)

    def _counts(self, obj: Obj, new: Obj | None, old: list[Obj], may: Limits, before: Obj) -> Obj:
        sets = [*([new] if new else []), *old]
        counts = {name: total(sets, path) for name, path in _COUNTS.items()}
        counts["updatedReplicas"] = total([new], "status.replicas") if new else 0
        counts["unavailableReplicas"] = max(0, total(sets, "spec.replicas") - counts["availableReplicas"])
        status: Obj = {"observedGeneration": obj["metadata"]["generation"]}
        status |= {name: value for name, value in counts.items() if value}
        status["terminatingReplicas"] = total(sets, "status.terminatingReplicas")
        status["conditions"] = list(before.get("conditions") or [])
        if counts["availableReplicas"] >= may.wanted - may.unavailable:
            self._write.set_condition(
                status, "Available", "True", "MinimumReplicasAvailable", "Deployment has minimum availability."
            )
        else:
            told = "Deployment does not have minimum availability."
            self._write.set_condition(status, "Available", "False", "MinimumReplicasUnavailable", told)
        return status

    def _failure(self, status: Obj, sets: list[Obj]) -> None:
        failed = next((found for rs in sets if (found := condition(rs["status"], "ReplicaFailure"))), None)
        if failed:
            self._write.set_condition(status, "ReplicaFailure", "True", failed["reason"], failed["message"])
        else:
            status["conditions"] = [item for item in status["conditions"] if item["type"] != "ReplicaFailure"]

    def _paused(self, status: Obj) -> None:
        known = condition(status, "Progressing")
        if not known or known["reason"] != "DeploymentPaused":
            self._write.set_condition(status, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused")

    def _progressing(self, obj: Obj, status: Obj, before: Obj, name: str) -> None:
        wanted, uid = obj["spec"]["replicas"], obj["metadata"]["uid"]
        known = condition(status, "Progressing")
        done = all(status.get(key, 0) == wanted for key in ("updatedReplicas", "replicas", "availableReplicas"))
        reason = known["reason"] if known else ""
        if reason == "NewReplicaSetAvailable" and status.get("replicas", 0) == status.get("updatedReplicas", 0):
            return
        now = self._write.store.clock.seconds()
        if done:
            self._moved.pop(uid, None)
            told = f'ReplicaSet "{name}" has successfully progressed.'
            self._write.set_condition(status, "Progressing", "True", "NewReplicaSetAvailable", told)
        elif _moved(before, status) or reason in ("", "DeploymentPaused"):
            self._start(obj, now)
            told = f'ReplicaSet "{name}" is progressing.'
            self._touch(status, told)
        elif reason == "NewReplicaSetCreated" and uid not in self._moved:
            self._start(obj, now)
        elif now - self._moved.get(uid, now) >= obj["spec"]["progressDeadlineSeconds"]:
            told = f'ReplicaSet "{name}" has timed out progressing.'
            self._write.set_condition(status, "Progressing", "False", "ProgressDeadlineExceeded", told)

    def _touch(self, status: Obj, told: str) -> None:
        """Write down that it moved: the time of the last update moves, that of the transition does not."""
        known = condition(status, "Progressing")
        since = known["lastTransitionTime"] if known and known["status"] == "True" else self._write.now()
        status["conditions"] = [item for item in status["conditions"] if item["type"] != "Progressing"]
        status["conditions"].append(
            {
                "type": "Progressing",
                "status": "True",
                "lastUpdateTime": self._write.now(),
                "lastTransitionTime": since,
                "reason": "ReplicaSetUpdated",
                "message": told,
            }
        )

    def _start(self, obj: Obj, now: float) -> None:
        meta = obj["metadata"]
        self._moved[meta["uid"]] = now
        deadline = obj["spec"]["progressDeadlineSeconds"]
        self._engine.again(self._controller, meta["namespace"], meta["name"], deadline)


def _moved(before: Obj, after: Obj) -> bool:
    """Return whether a roll-out made progress between two statuses."""

    def outdated(status: Obj) -> int:
        return int(status.get("replicas", 0)) - int(status.get("updatedReplicas", 0))

    grew = any(
        after.get(key, 0) > before.get(key, 0) for key in ("updatedReplicas", "readyReplicas", "availableReplicas")
    )
    return grew or outdated(after) < outdated(before)
