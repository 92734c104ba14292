"""Nodes: whether they answer, what they lack, and whose pods they carry."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_PRESSURES = ("DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable")
_KUBELETS = (*_PRESSURES, "Ready", "OutOfDisk")


class Node(NamedTuple):
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

    @property
    def ails(self) -> bool:
        """Return whether anything is told of the node itself: it is lost, short of something, or has a problem."""
        return bool(self.lost or self.pressures or self.problems)


@once_a_view
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
                    if kind not in _KUBELETS and not kind.endswith("Ready") and text(c, "status") == "True"
                ),
            )
        )
    return tuple(sorted(found, key=lambda node: node.name))


def capacity(view: View, node: str, resource: str) -> float:
    """Return how much a node has of a resource: processors, or bytes of memory; 0 if nobody knows."""
    return number(text(view.objects("Node").get(node), "status", "capacity", resource)) or 0.0


def outside(view: View, host: str) -> bool:
    """Tell whether a host is surely none of the cluster: an address that is no node's and of no range of pods.

    Pods that call somebody outside of their network bear an address of their node, or of its bridge; a session may be
    older than the pod that it was of. What is no address may be the name of anything.
    """
    try:
        address = ip_address(host)
    except ValueError:
        return False
    return host not in _of_nodes(view) and not any(address in each for each in _pod_ranges(view))


@once_a_view
def _of_nodes(view: View) -> frozenset[str]:
    nodes_there = view.snapshot.of("Node")
    return frozenset(text(each, "address") for obj in nodes_there for each in items(obj, "status", "addresses"))


@once_a_view
def _pod_ranges(view: View) -> tuple[IPv4Network | IPv6Network, ...]:
    """Return the ranges that nodes give to pods, and the neighbourhood of every pod, where no node tells its range."""
    told = (str(each) for obj in view.snapshot.of("Node") for each in mapping(obj, "spec").get("podCIDRs") or ())
    near = (f"{pod.address}/{120 if ':' in pod.address else 24}" for _, pod in view.pods() if pod.address)
    return tuple(_networks({*told, *near}))


def _networks(ranges: Iterable[str]) -> Iterator[IPv4Network | IPv6Network]:
    for each in ranges:
        with suppress(ValueError):
            yield ip_network(each, strict=False)


def on_node(view: View, node: str) -> list[tuple[Workload, Pod]]:
    """Return the pods on a node, those on their way out too, with their workloads."""
    return [(w, p) for w in view.workloads.values() for p in w.pods if p.node == node]
