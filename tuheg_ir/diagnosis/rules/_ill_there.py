"""Pods that run and fail on one node since that node tells of a problem, or of a device that it lost."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import complained
from tuheg_ir.diagnosis.view.nodes import Node, on_node
from tuheg_ir.diagnosis.view.odd import odd_pods, odd_since, same_template, told_apart
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=10)
"""So near to what a node tells its pods have to begin to fail: a node may tell of something for months."""
LOST = "device_lost"


class IllThere(NamedTuple):
    """A workload whose pods fail on a node: pod -> what shows it, since when, and what the node tells of that."""

    workload: Workload
    told: Mapping[str, str]
    since: datetime | None
    signs: tuple[Evidence, ...]


def ill_there(view: View, node: Node) -> Iterator[IllThere]:
    """Yield the workloads whose ready pods fail on a node alone, since it tells of a problem or of a lost device.

    Their like, with the same template, are well, here or elsewhere. Who has none needs the very device that is lost.
    """
    signs = (*_problems(node), *device_signs(view, node.name))
    missing = missing_devices(view, node.name)
    for workload in view.serving if signs or missing else ():
        mine = [pod for pod in workload.live if pod.node == node.name]
        needed = {resource for pod in mine for resource in _needs(pod)} & set(missing)
        told, since = _ill(view, workload, mine, alone=bool(needed or _says_so(view, workload)))
        near = tuple(sign for sign in signs if since and sign.time and -BEFORE <= since - sign.time <= AFTER)
        if told and (near or needed):
            lacks = (Evidence("objects", node.ref, f"{missing[resource]}, which it needs") for resource in needed)
            yield IllThere(workload, told, since, (*near, *lacks))


def _ill(view: View, workload: Workload, mine: list[Pod], *, alone: bool) -> tuple[Mapping[str, str], datetime | None]:
    """Return the pods that fail here and nowhere else, and since when; ``alone``: where it has no others as well."""
    odd = odd_pods(view, workload) or told_apart(view, workload)
    if odd:
        here = set(odd) <= {pod.name for pod in mine if pod.ready} and same_template(workload.live)
        firsts = (e.since for e in complained(view, workload) if e.error and e.pods.keys() & odd.keys())
        return (odd, odd_since(view, odd) or oldest(firsts)) if here else ({}, None)
    felt = [(seen, at) for seen, at in troubles(view, workload.ref) if at is not None]
    if not alone or not felt or len(mine) < len(workload.live) or len(mine) != 1:
        return {}, None
    return {mine[0].name: felt[0][0].fact}, oldest(at for _, at in felt)


def _problems(node: Node) -> Iterator[Evidence]:
    yield from (Evidence("objects", node.ref, f"{what}: {why}", at) for what, why, at in node.problems)


def device_signs(view: View, node: str) -> Iterator[Evidence]:
    """Yield who tells that a device of a node is lost: an event about it, or the log of a pod there."""
    for event in view.events_of(f"Node/{node}"):
        if tells(LOST, f"{event.reason}: {event.message}"):
            yield view.event_evidence(event)
    there = {pod.name for _, pod in on_node(view, node)}
    for hit in view.hits:
        if hit.trouble == LOST and hit.pod in there and not hit.previous:
            yield view.hit_evidence(hit)


def missing_devices(view: View, node: str) -> dict[str, str]:
    """Return resource -> how many of the devices of a node nobody may use any more: their plugin found them ill.

    Devices bear the name of their vendor (`nvidia.com/gpu`); of processors and memory a node keeps something itself.
    """
    status = mapping(view.objects("Node").get(node), "status")
    found = {}
    for resource, there in mapping(status, "capacity").items():
        has, gives = number(there), number(mapping(status, "allocatable").get(resource))
        if "/" in resource and has is not None and gives is not None and gives < has:
            found[resource] = f"{gives:g} of its {has:g} {resource} may be used"
    return found


def _needs(pod: Pod) -> Iterator[str]:
    for container in items(pod.obj, "spec", "containers"):
        yield from (each for each in mapping(container, "resources", "limits") if "/" in str(each))


def _says_so(view: View, workload: Workload) -> bool:
    return any(fresh(view, hit) for hit in view.hits_of(workload.ref, LOST))
