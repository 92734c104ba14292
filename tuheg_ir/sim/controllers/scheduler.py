"""Puts pods on nodes that have room for what they request."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from tuheg_ir.sim.controllers.common import Writer, active, condition
from tuheg_ir.sim.controllers.engine import Key
from tuheg_ir.sim.quantities import quantity, requested
from tuheg_ir.sim.status import Obj
from tuheg_ir.sim.store import Change

_WHAT = ("cpu", "memory")
# What would become of it if other pods were made to go: nothing, or nothing that helps.
_NO_VICTIMS = "No preemption victims found for incoming pod"
_NO_HELP = "Preemption is not helpful for scheduling"


class Scheduler:
    """The scheduler."""

    def __init__(self, writer: Writer) -> None:
        self._write = writer
        self._store = writer.store

    def concerned(self, change: Change) -> Iterable[Key]:
        """Return a pod without a node; when room may have become free, all of those."""
        if change.resource not in ("pods", "nodes"):
            return
        meta = change.obj["metadata"]
        if change.resource == "pods" and change.kind == "ADDED":
            yield meta["namespace"], meta["name"]
        elif change.resource == "nodes" or change.kind == "DELETED":
            for pod in self._store.objects("pods"):
                if not pod["spec"].get("nodeName"):
                    yield pod["metadata"]["namespace"], pod["metadata"]["name"]

    def look(self, namespace: str, name: str) -> None:
        """Choose the first node with room; else say what is lacking."""
        pod = self._store.get("pods", namespace, name)
        if pod is None or pod["spec"].get("nodeName") or not active(pod):
            return
        nodes = self._store.objects("nodes")
        lacks: list[tuple[str, str]] = []
        for node in nodes:
            lack = self._lack(node, pod)
            if not lack:
                self._bind(pod, node)
                return
            lacks.append(lack)
        self._refuse(pod, self._sentence(lacks, len(nodes)))

    def _lack(self, node: Obj, pod: Obj) -> tuple[str, str] | None:
        """Return what a node lacks, and what preemption could do about it; None if it has room."""
        if node["spec"].get("unschedulable"):
            return "node(s) were unschedulable", _NO_HELP
        here = [p for p in self._store.objects("pods") if p["spec"].get("nodeName") == node["metadata"]["name"]]
        here = [p for p in here if p["status"].get("phase") not in ("Succeeded", "Failed")]
        room = node["status"]["allocatable"]
        if len(here) >= int(room.get("pods", 110)):
            return "Too many pods", _NO_VICTIMS
        for what in _WHAT:
            used = sum((requested(p, "requests", what) for p in here), Decimal(0))
            wanted, there = requested(pod, "requests", what), quantity(room[what])
            if used + wanted > there:
                return f"Insufficient {what}", _NO_HELP if wanted > there else _NO_VICTIMS
        return None

    def _sentence(self, lacks: list[tuple[str, str]], nodes: int) -> str:
        if not nodes:
            return "no nodes available to schedule pods"
        lacking, after = (_counted([lack[part] for lack in lacks]) for part in (0, 1))
        return (
            f"0/{nodes} nodes are available: {lacking}. no new claims to deallocate, preemption: 0/{nodes} nodes are "
            f"available: {after}."
        )

    def _bind(self, pod: Obj, node: Obj) -> None:
        meta, status = pod["metadata"], dict(pod["status"])
        name = node["metadata"]["name"]
        scheduled = {"type": "PodScheduled", "status": "True", "lastProbeTime": None}
        rest = [item for item in status.get("conditions") or [] if item["type"] != "PodScheduled"]
        status["conditions"] = [*rest, {**scheduled, "lastTransitionTime": self._write.now()}]
        bound = {**pod, "spec": {**pod["spec"], "nodeName": name}, "status": status}
        bound = self._store.replace("pods", bound)
        told = f"Successfully assigned {meta['namespace']}/{meta['name']} to {name}"
        self._write.event(bound, "Normal", "Scheduled", told, "default-scheduler")

    def _refuse(self, pod: Obj, message: str) -> None:
        known = condition(pod["status"], "PodScheduled")
        if known and known.get("message") == message:
            return
        refused = {
            "type": "PodScheduled",
            "status": "False",
            "lastProbeTime": None,
            "lastTransitionTime": self._write.now(),
            "reason": "Unschedulable",
            "message": message,
        }
        rest = [item for item in pod["status"].get("conditions") or [] if item["type"] != "PodScheduled"]
        self._store.replace("pods", {**pod, "status": {**pod["status"], "conditions": [*rest, refused]}})
        self._write.event(pod, "Warning", "FailedScheduling", message, "default-scheduler")


def _counted(words: list[str]) -> str:
    return ", ".join(f"{words.count(word)} {word}" for word in sorted(set(words)))
