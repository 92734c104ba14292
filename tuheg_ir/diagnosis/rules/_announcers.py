"""At which nodes those outside arrive who ask a Service for one of its own addresses.

A balancer of bare metal tells the network around that an address is at a node. Of which nodes it may do so is set
beside the Service: in an advertisement that chooses nodes by their labels, or by a label that keeps a node out of it.
Where a Service leads on to pods of the very node at which somebody arrives, none but those with such a pod are of use.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import at, items, label_selector, labels, mapping, ref, text
from tuheg_ir.diagnosis.view.releases import template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_OF_METALLB = ("L2Advertisement", "BGPAdvertisement")
_OF_CILIUM = "CiliumL2AnnouncementPolicy"
_LEFT_OUT = "node.kubernetes.io/exclude-from-external-load-balancers"
"""A label of nodes that no balancer leads to, whatever its value: those of the control plane have it."""
_POOLS = ("metallb.io/ip-allocated-from-pool", "metallb.universe.tf/ip-allocated-from-pool")
"""Annotations in which MetalLB tells from which pool a Service has its address."""
_KEEP_OUT = ("NoSchedule", "NoExecute")


class Announcers(NamedTuple):
    """The nodes at which a Service may be told to be, and the objects that say so."""

    nodes: frozenset[str]
    said_by: tuple[Obj, ...]


def pool_of(service: Service) -> str:
    """Return the pool from which a Service has its address; "" if nobody says."""
    notes = mapping(service.obj, "metadata", "annotations")
    return next((text(notes, key) for key in _POOLS if text(notes, key)), "")


def announcers(view: View, service: Service) -> Announcers | None:
    """Return at which nodes alone a Service may be told to be; None where it may be at all, or nobody knows."""
    there = view.objects("Node")
    open_to = {name for name, obj in there.items() if _LEFT_OUT not in labels(obj)}
    said = list(_said(view, service))
    chosen = {name for name in open_to if any(_chooses(each, there[name]) for each in said)} if said else open_to
    return Announcers(frozenset(chosen), tuple(said)) if 0 < len(chosen) < len(there) else None


def _said(view: View, service: Service) -> Iterator[Obj]:
    """Yield the advertisements that may be of a Service: where a pool is chosen by labels, any pool may be meant."""
    pool = pool_of(service)
    for kind in _OF_METALLB:
        for obj in view.snapshot.of(kind):
            pools = at(obj, "spec", "ipAddressPools") or ()
            if not pool or not pools or pool in pools or at(obj, "spec", "ipAddressPoolSelectors"):
                yield obj
    for obj in view.snapshot.of(_OF_CILIUM):
        selector = at(obj, "spec", "serviceSelector")
        if not selector or label_selector(selector, labels(service.obj)):
            yield obj


def _chooses(obj: Obj, node: Obj) -> bool:
    """Tell whether an advertisement chooses a node; one that says nothing of nodes chooses all."""
    one = at(obj, "spec", "nodeSelector")
    selectors = [one] if one else items(obj, "spec", "nodeSelectors")
    return not selectors or any(label_selector(each, labels(node)) for each in selectors)


def told_by(found: Announcers) -> str:
    """Return by what it is set at which nodes a Service may be told to be."""
    return ", ".join(map(ref, found.said_by)) or f"the label {_LEFT_OUT}"


def former_nodes(view: View, workload: Workload) -> frozenset[str]:
    """Return the nodes on which the template before let pods run."""
    spec = mapping(template_before(workload), "spec")
    return frozenset(name for name, obj in view.objects("Node").items() if spec and _takes(obj, spec))


def _takes(node: Obj, spec: Mapping[str, Any]) -> bool:
    """Tell whether a node takes pods of a template: by its labels and taints, whatever room it has."""
    found = labels(node)
    if any(found.get(key) != value for key, value in mapping(spec, "nodeSelector").items()):
        return False
    needs = "requiredDuringSchedulingIgnoredDuringExecution"
    terms = items(spec, "affinity", "nodeAffinity", needs, "nodeSelectorTerms")
    if terms and not any(label_selector(term, found) for term in terms):
        return False
    taints = [each for each in items(node, "spec", "taints") if text(each, "effect") in _KEEP_OUT]
    return all(any(_bears(each, taint) for each in items(spec, "tolerations")) for taint in taints)


def _bears(toleration: Mapping[str, Any], taint: Mapping[str, Any]) -> bool:
    if text(toleration, "effect") not in ("", text(taint, "effect")):
        return False
    if text(toleration, "key") not in ("", text(taint, "key")):
        return False
    return text(toleration, "operator") == "Exists" or text(toleration, "value") == text(taint, "value")
