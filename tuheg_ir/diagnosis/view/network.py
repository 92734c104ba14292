"""Services, ingresses and policies: who answers behind a name, and who lets whom through."""

from __future__ import annotations

import ipaddress
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tuheg_ir.diagnosis.model import Obj, Snapshot
from tuheg_ir.diagnosis.view.reading import at, items, label_selector, labels, mapping, name, selects, text
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

INSIDE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"))
)
"""Where clusters have their pods, Services and nodes."""


class Service(NamedTuple):
    """A Service: the workloads whose pods it selects, and how many addresses it has.

    ``ready`` and ``not_ready`` are None when no endpoints were read. ``backends`` are the workloads
    that it selects now; ``meant`` those that carry its name when it selects none.
    """

    ref: str
    name: str
    obj: Obj
    selector: Mapping[str, Any]
    ports: tuple[Mapping[str, Any], ...]
    backends: tuple[str, ...]
    meant: tuple[str, ...]
    ready: int | None
    not_ready: int | None
    external: str = ""

    @property
    def address(self) -> str:
        """Return the address of its own by which it spreads callers; "" if it has none, or nobody knows."""
        return "" if self.headless else text(self.obj, "spec", "clusterIP")

    @property
    def headless(self) -> bool:
        """Tell whether it has no address of its own: callers come to its pods themselves."""
        return text(self.obj, "spec", "clusterIP") == "None"


def services(snapshot: Snapshot, found: Mapping[str, Workload]) -> dict[str, Service]:
    """Return the Services by name."""
    return {name(obj): _service(snapshot, obj, found) for obj in snapshot.of("Service") if name(obj)}


def _service(snapshot: Snapshot, obj: Obj, found: Mapping[str, Workload]) -> Service:
    selector = mapping(obj, "spec", "selector")
    backends = tuple(ref for ref, w in found.items() if _serves(w) and _beside(obj, w) and _selected(selector, w))
    named = name(obj)
    alike = [w for w in found.values() if _serves(w) and _alike(w.name, named)] if not backends else []
    meant = tuple(w.ref for w in sorted(alike, key=lambda w: w.name != named))  # what bears just its name comes first
    ready, not_ready = _addresses(snapshot, named)
    return Service(
        ref=f"Service/{named}",
        name=named,
        obj=obj,
        selector=selector,
        ports=tuple(items(obj, "spec", "ports")),
        backends=backends,
        meant=meant,
        ready=ready,
        not_ready=not_ready,
        external=text(obj, "spec", "externalName"),
    )


def _selected(selector: Mapping[str, Any], workload: Workload) -> bool:
    """Tell whether a selector chooses pods of a workload: by its template, or by what each pod of a set was given.

    Operators mark the primary and the replicas of one set, and each pod of a set has its name for a label.
    """
    own = workload.live if workload.kind == "StatefulSet" else ()
    return selects(selector, workload.labels) or any(selects(selector, labels(pod.obj)) for pod in own)


def _beside(obj: Obj, workload: Workload) -> bool:
    """Tell whether a workload is, for all that is known, in the namespace of an object: beyond it none is chosen."""
    spaces = {text(each, "metadata", "namespace") for each in (obj, workload.obj)} - {""}
    return len(spaces) < 2


def _serves(workload: Workload) -> bool:
    return workload.kind not in ("Job", "CronJob")


def _alike(workload: str, service: str) -> bool:
    return workload == service or workload.startswith(f"{service}-") or service.startswith(f"{workload}-")


def _addresses(snapshot: Snapshot, service: str) -> tuple[int | None, int | None]:
    slices = [s for s in snapshot.of("EndpointSlice") if labels(s).get("kubernetes.io/service-name") == service]
    if slices:
        ready = [at(e, "conditions", "ready") is not False for s in slices for e in items(s, "endpoints")]
        return sum(ready), len(ready) - sum(ready)
    old = [e for e in snapshot.of("Endpoints") if name(e) == service]
    if old:
        subsets = [s for e in old for s in items(e, "subsets")]
        return sum(len(items(s, "addresses")) for s in subsets), sum(
            len(items(s, "notReadyAddresses")) for s in subsets
        )
    if snapshot.known("EndpointSlice") or snapshot.known("Endpoints"):
        return 0, 0
    return None, None


def target_of(port: Mapping[str, Any]) -> Any:
    """Return the port of the pods, by number or name, to which a Service's port leads."""
    target = at(port, "targetPort")
    return at(port, "port") if target is None else target


def named_port(workload: Workload, port: Any) -> bool:
    """Tell whether a workload's containers have a port of this number or name; True where none is declared."""
    declared = [p for c in items(workload.template, "spec", "containers") for p in items(c, "ports")]
    if isinstance(port, str) and not port.isdigit():
        return any(text(p, "name") == port for p in declared)
    return not declared or any(text(p, "containerPort") == str(port) for p in declared)


class Route(NamedTuple):
    """One way in: an Ingress or HTTPRoute that sends a host's path to a Service and port."""

    ref: str
    host: str
    service: str
    port: str


def routes(snapshot: Snapshot) -> tuple[Route, ...]:
    """Return the routes of all Ingresses and HTTPRoutes."""
    return tuple(sorted(set(_routes(snapshot)), key=str))


def _routes(snapshot: Snapshot) -> Iterator[Route]:
    for obj in snapshot.of("Ingress"):
        me = f"Ingress/{name(obj)}"
        default = mapping(obj, "spec", "defaultBackend", "service")
        if default:
            yield Route(me, "", text(default, "name"), _port(mapping(default, "port")))
        for rule in items(obj, "spec", "rules"):
            for path in items(rule, "http", "paths"):
                backend = mapping(path, "backend", "service")
                yield Route(me, text(rule, "host"), text(backend, "name"), _port(mapping(backend, "port")))
    for obj in snapshot.of("HTTPRoute"):
        host = text(obj, "spec", "hostnames", 0)
        for rule in items(obj, "spec", "rules"):
            for backend in items(rule, "backendRefs"):
                yield Route(f"HTTPRoute/{name(obj)}", host, text(backend, "name"), text(backend, "port"))


def _port(port: Mapping[str, Any]) -> str:
    return text(port, "number") or text(port, "name")


_DNS = ("53", "5353", "dns", "dns-tcp")
_SPACE = "kubernetes.io/metadata.name"
"""The label that every namespace has."""
_SYSTEM = "kube-system"
"""The namespace in which the cluster's name server runs nearly everywhere."""


@dataclass(frozen=True, slots=True)
class Policy:
    """A NetworkPolicy: the workloads it binds, and the directions it closes but for its own rules.

    ``own`` are the labels of its namespace, ``others`` those of all other namespaces that are known.
    """

    ref: str
    obj: Obj
    binds: tuple[str, ...]
    ingress: bool
    egress: bool
    own: Mapping[str, Any] = field(default_factory=dict)
    others: tuple[Mapping[str, Any], ...] = ()


def policies(snapshot: Snapshot, found: Mapping[str, Workload]) -> tuple[Policy, ...]:
    """Return the NetworkPolicies."""
    made = []
    spaces = {name(obj): {_SPACE: name(obj), **labels(obj)} for obj in snapshot.of("Namespace")}
    own = spaces.pop(snapshot.namespace, {_SPACE: snapshot.namespace})
    others = tuple(spaces.values())
    for obj in snapshot.of("NetworkPolicy"):
        selector = mapping(obj, "spec", "podSelector")
        types = at(obj, "spec", "policyTypes")
        if not isinstance(types, list | tuple) or not types:
            types = ["Ingress", *(["Egress"] if at(obj, "spec", "egress") else [])]
        binds = tuple(ref for ref, w in found.items() if _beside(obj, w) and label_selector(selector, w.labels))
        ways = ("Ingress" in types, "Egress" in types)
        made.append(Policy(f"NetworkPolicy/{name(obj)}", obj, binds, *ways, own, others))
    return tuple(sorted(made, key=lambda policy: policy.ref))


def lets_in(policy: Policy, caller: Workload, ports: Iterable[Any] = ()) -> bool:
    """Tell whether a policy that closes the way in lets a workload of the same namespace through."""
    return any(_passes(policy, rule, "from", caller, ports) for rule in items(policy.obj, "spec", "ingress"))


def lets_out(policy: Policy, callee: Workload, ports: Iterable[Any] = ()) -> bool:
    """Tell whether a policy that closes the way out lets traffic to a workload of the same namespace through."""
    return any(_passes(policy, rule, "to", callee, ports) for rule in items(policy.obj, "spec", "egress"))


def lets_out_dns(policy: Policy, on_node: str = "") -> bool:
    """Tell whether a policy that closes the way out leaves port 53 open to where a name server may be.

    One that lets pods of its own namespace through only does not, unless that is the name server's. ``on_node``: the
    address of one that is known to be no pod; only a range of addresses lets out to it.
    """
    for rule in items(policy.obj, "spec", "egress"):
        if not opens(rule, _DNS):
            continue
        peers = items(rule, "to")
        if not peers or any(_may_be_server(policy, peer, on_node) for peer in peers):
            return True
    return False


def lets_out_to(policy: Policy, space: str) -> bool:
    """Tell whether a policy that closes the way out may let traffic to pods of another namespace ("" outside) through.

    It may by a range of addresses too: some networks count pods among them.
    """
    for rule in items(policy.obj, "spec", "egress"):
        ports, peers = items(rule, "ports"), items(rule, "to")
        if ports and all(text(p, "port") in _DNS and text(p, "endPort") in ("", text(p, "port")) for p in ports):
            continue
        if not peers or any("ipBlock" in p or _may_choose(policy, p.get("namespaceSelector"), space) for p in peers):
            return True
    return False


def _may_be_server(policy: Policy, peer: Mapping[str, Any], on_node: str) -> bool:
    block = mapping(peer, "ipBlock")
    if on_node:
        spared = (str(each) for each in block.get("except") or ())
        return within(text(block, "cidr"), on_node) and not any(within(each, on_node) for each in spared)
    return bool(block) or _may_choose(policy, peer.get("namespaceSelector"), _SYSTEM)


def is_inner(address: str) -> bool | None:
    """Tell whether an address is of a network that clusters have for themselves; None: it is no address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return None
    return any(found in block for block in INSIDE)


def within(block: str, address: str) -> bool:
    """Tell whether an address lies in a range."""
    try:
        return ipaddress.ip_address(address) in ipaddress.ip_network(block, strict=False)
    except ValueError:
        return False


def _may_choose(policy: Policy, selector: Any, space: str) -> bool:
    """Tell whether a selector of a peer may choose a namespace, which is the policy's own or another one."""
    if policy.own.get(_SPACE) == space:
        return True
    if selector is None or not space:
        return False
    meant = next((each for each in policy.others if each.get(_SPACE) == space), {_SPACE: space})
    return label_selector(selector, meant) or _asks_more(selector, meant)


def _asks_more(selector: Any, known: Mapping[str, Any]) -> bool:
    """Tell whether a selector asks for labels of which nobody knows whether a namespace has them."""
    asked = {*mapping(selector, "matchLabels"), *(text(e, "key") for e in items(selector, "matchExpressions"))}
    return len(known) == 1 and not asked <= {*known}


def _passes(policy: Policy, rule: Mapping[str, Any], side: str, other: Workload, ports: Iterable[Any]) -> bool:
    if not opens(rule, {str(p) for p in ports if p}):
        return False
    peers = items(rule, side)
    if not peers:
        return True
    for peer in peers:
        if "ipBlock" in peer:
            if text(peer, "ipBlock", "cidr") == "0.0.0.0/0":
                return True
            continue
        spaces = peer.get("namespaceSelector")
        if spaces is not None and not label_selector(spaces, policy.own):
            continue
        if label_selector(peer.get("podSelector"), other.labels):
            return True
    return False


def opens(rule: Mapping[str, Any], wanted: Collection[str]) -> bool:
    """Tell whether a rule leaves one of the ports open; none wanted: it is not known which one is asked."""
    entries = items(rule, "ports")
    return not entries or not wanted or any(_covers(entry, wanted) for entry in entries)


def _covers(entry: Mapping[str, Any], wanted: Collection[str]) -> bool:
    """Tell whether an entry of a rule is of one of the ports: of each where it names none, of a range up to its end."""
    first, last = text(entry, "port"), text(entry, "endPort")
    if not first or first in wanted:
        return True
    numbers = (int(each) for each in wanted if each.isdecimal())
    return first.isdecimal() and last.isdecimal() and any(int(first) <= each <= int(last) for each in numbers)
