"""A node whose network goes by an address that is none of its own: its agent took that of another interface.

Who looks for the address of its host finds another one where a second interface, a bridge or a tunnel came. The others
then ask for it where nobody hears them, and the kubelet, which goes by the node's own address, is well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import ADDRESS, speaks_of
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import items, mapping, name, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

OF_LATE = timedelta(days=1)
"""An agent that started longer ago may have looked again since."""
_IP = rf"({ADDRESS.pattern})"
_FOUND = late(
    rf"autodetected IPv4 address on interface \S+ {_IP}|IPv4 address {_IP} discovered on interface"
    rf"|Using interface with name \S+ and address {_IP}|external address to interface address \({_IP}\)"
)
"""How agents tell which address of their host they found: Calico, as it was and is, and Flannel."""
_FOUND_WORDS = ("autodetected ipv4", "discovered on interface", "using interface with", "external address to")


class Taken(NamedTuple):
    """What shows that a node goes by another's address, who tells that it is missed there, and whose pods took it."""

    seen: tuple[Evidence, ...]
    missed: tuple[Evidence, ...]
    agents: tuple[str, ...]


class _Agent(NamedTuple):
    ref: str
    pod: str
    address: str
    line: str
    since: datetime | None


def taken_address(view: View, node: str) -> Taken | None:
    """Return that a node alone goes by an address that is none of its own; None if none, or several do."""
    agent = _told(view, node)
    noted = tuple(_noted(view, node))
    addresses = {address for address, _ in noted} | ({agent.address} if agent else set())
    if not addresses:
        return None
    missed = tuple(_missed(view, node, addresses))
    told = f"its agent goes by an address that is none of the node's: {agent.line}" if agent else ""
    seen = [each for _, each in noted]
    if agent:
        seen.append(Evidence("logs", f"Pod/{agent.pod}", told, agent.since))
    here = (w.ref for w, pod in _daemons(view).values() if pod.node == node and not pod.ready)
    agents = dict.fromkeys([*([agent.ref] if agent else []), *here, *(ref for ref, _ in missed)])
    return Taken(tuple(seen), tuple(each for _, each in missed), tuple(agents))


def _noted(view: View, node: str) -> Iterator[tuple[str, Evidence]]:
    """Yield the addresses that a note of a node bears, where the same note bears each other node's own."""
    notes, own = _notes(view), _own(view)
    for key, address in sorted(notes.get(node, {}).items()):
        others = [each for each in notes if each != node and key in notes[each]]
        if address not in own[node] and others and all(notes[each][key] in own[each] for each in others):
            fact = f"{key} is {address}, and the node's is {', '.join(sorted(own[node]))}; on others they are the same"
            yield address, Evidence("objects", f"Node/{node}", fact)


def _told(view: View, node: str) -> _Agent | None:
    """Return the agent that took an address which is none of its node's, by its log; None if another one did so too."""
    own = _own(view)
    wrong = {each: found for each, found in _agents(view).items() if own.get(each) and found.address not in own[each]}
    return wrong.get(node) if len(wrong) == 1 else None


def _missed(view: View, node: str, addresses: Collection[str]) -> Iterator[tuple[str, Evidence]]:
    """Yield which agents on other nodes the cluster tells to miss one of some addresses."""
    elsewhere = {label: w for label, (w, pod) in _daemons(view).items() if pod.node != node}
    for event in view.events:
        kind, _, label = event.about.partition("/")
        known = kind == "Pod" and label in elsewhere and event.type != "Normal" and view.recent(event.last)
        if known and not set(ADDRESS.findall(event.message)).isdisjoint(addresses):
            yield elsewhere[label].ref, view.event_evidence(event)


@once_a_view
def _daemons(view: View) -> dict[str, tuple[Workload, Pod]]:
    """Return pod -> workload and pod, of those of which each node has one: who sets up its network is among them."""
    found = (w for w in view.workloads.values() if w.kind == "DaemonSet")
    return {pod.name: (w, pod) for w in found for pod in w.live if pod.node}


@once_a_view
def _own(view: View) -> dict[str, frozenset[str]]:
    """Return node -> the addresses that the cluster knows it by."""
    told = ((name(obj), items(obj, "status", "addresses")) for obj in view.snapshot.of("Node"))
    return {node: frozenset(filter(ADDRESS.fullmatch, (text(a, "address") for a in each))) for node, each in told}


@once_a_view
def _notes(view: View) -> dict[str, dict[str, str]]:
    """Return node -> annotation -> the one address in it, of the nodes whose own are known."""
    found: dict[str, dict[str, str]] = {}
    for obj in view.snapshot.of("Node"):
        if _own(view)[name(obj)]:
            told = {key: ADDRESS.findall(str(value)) for key, value in mapping(obj, "metadata", "annotations").items()}
            found[name(obj)] = {key: each[0] for key, each in told.items() if len(each) == 1}
    return found


@once_a_view
def _agents(view: View) -> dict[str, _Agent]:
    """Return node -> the agent there whose log tells which address of its host it took last."""
    pods = _daemons(view)
    found: dict[str, _Agent] = {}
    for log in view.snapshot.logs:
        if log.previous or log.pod not in pods or not speaks_of(log, _FOUND_WORDS):
            continue
        told = [(line, next(filter(None, hit.groups()))) for line in log.lines if (hit := _FOUND.search(line))]
        if told:
            (workload, pod), (line, address) = pods[log.pod], told[-1]
            found[pod.node] = _Agent(workload.ref, pod.name, address, line.strip()[:200], _since(view, pod, told))
    return found


def _since(view: View, pod: Pod, told: list[tuple[str, str]]) -> datetime | None:
    """Return since when an agent goes by its address: since it told of another one, or since it started of late."""
    others = [n for n, (_, address) in enumerate(told) if address != told[-1][1]]
    if others:
        return stamp(told[others[-1] + 1][0])
    return pod.started if view.recent(pod.started, OF_LATE) else None
