"""Nodes: whether they answer, what they lack, and whose pods they carry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, moment, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable")
_KUBELETS = (*_PRESSURES, "Ready", "OutOfDisk")


@dataclass(frozen=True, slots=True)
class Node:
    """One node: ``lost`` is why it is not ready ("" it is), ``pressures`` what it is short of, with the reason."""

    name: str
    lost: str
    since: datetime | None
    pressures: tuple[str, ...]
    cordoned: bool
    problems: tuple[tuple[str, str, datetime | None], ...] = ()
    """(condition, message, since) of what another program than the kubelet says of it, as node-problem-detector."""

    @property
    def ref(self) -> str:
        """Return Node/name."""
        return f"Node/{self.name}"


def nodes(view: View) -> tuple[Node, ...]:
    """Return the nodes that were read, by name."""
    found = []
    for obj in view.snapshot.of("Node"):
        conditions = {text(c, "type"): c for c in items(obj, "status", "conditions")}
        ready = conditions.get("Ready")
        lost = ready is not None and text(ready, "status") != "True"
        pressures = tuple(p for p in _PRESSURES if text(conditions.get(p), "status") == "True")
        changed = [ready] if lost else [conditions[p] for p in pressures]
        found.append(
            Node(
                name=name(obj),
                lost=f"{text(ready, 'reason')}: {text(ready, 'message')}"[:200] if lost else "",
                since=min((t for c in changed if (t := moment(c, "lastTransitionTime"))), default=None),
                pressures=pressures,
                cordoned=text(obj, "spec", "unschedulable") == "True",
                problems=tuple(
                    (kind, text(c, "message")[:160], moment(c, "lastTransitionTime"))
                    for kind, c in sorted(conditions.items())
                    if kind not in _KUBELETS and text(c, "status") == "True"
                ),
            )
        )
    return tuple(sorted(found, key=lambda node: node.name))


def addresses(view: View) -> set[str]:
    """Return the addresses of the nodes: pods that call somebody outside of their network bear these."""
    return {text(each, "address") for obj in view.snapshot.of("Node") for each in items(obj, "status", "addresses")}


def on_node(view: View, node: str) -> list[tuple[Workload, Pod]]:
    """Return the pods on a node, those on their way out too, with their workloads."""
    return [(w, p) for w in view.workloads.values() for p in w.pods if p.node == node]
