"""What the objects tell of names: workloads, Services, pods by name and by address, nodes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tuheg_ir.diagnosis.collector.usage import limits_of
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.signals import load
from tuheg_ir.diagnosis.view.programs import image_name, role_of_image
from tuheg_ir.diagnosis.view.reading import items, text

BY_POD = r"(.+?)(?:-[0-9a-f]{6,10}-[a-z0-9]{5}|-[a-z0-9]{8,10}-[a-z0-9]{5}|-[0-9]{1,4}|-[a-z0-9]{5})"
"""The workload in a pod's name: before hash and suffix, or before a StatefulSet's number."""


def host_of(address: str) -> str:
    """Return an address without its port."""
    return re.sub(r":\d+$", "", address)


@dataclass(frozen=True, slots=True)
class Known:
    """What the objects tell: names of workloads and services, pods by name and by address.

    ``scalers``: what an autoscaler of a name scales. ``limits``: (pod, container) -> resource -> limit, in cores and
    bytes. ``nodes``: the name of the node at an address, as an IP or a host name. ``asked``: exporter -> the one
    workload here that it can be of. ``spaces``: the namespaces that there are, as far as metrics tell.
    """

    names: frozenset[str] = frozenset()
    pods: frozenset[str] = frozenset()
    addresses: Mapping[str, str] = field(default_factory=dict)
    scalers: Mapping[str, str] = field(default_factory=dict)
    limits: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict)
    nodes: Mapping[str, str] = field(default_factory=dict)
    asked: Mapping[str, str] = field(default_factory=dict)
    spaces: frozenset[str] = frozenset()

    def called(self, address: str) -> str:
        """Return what is called at an address, which clients also write with a scheme or a name before it."""
        host = host_of(re.sub(r"^\w+://([^/]+).*|^[\w.-]*/(\d.*)", r"\1\2", address))
        return self.at(host) or host

    def at(self, address: str) -> str:
        """Return the workload or Service at an address, as a host, an IP or a pod, with or without a port ("" none)."""
        host = host_of(re.sub(r"^\w+://|^.*@", "", address))  # redis://host:6379; a worker of Celery is celery@host
        pod = self.addresses.get(host, host)
        if pod in self.pods and (found := re.fullmatch(BY_POD, pod)):
            return found[1]
        first, _, domain = host.partition(".")
        if first in self.pods and domain.partition(".")[0] in self.names and (found := re.fullmatch(BY_POD, first)):
            return found[1]  # a pod of a StatefulSet, by the Service that gives it a name
        return first if first in self.names and (not domain or "svc" in domain.split(".")) else ""

    def node_at(self, address: str) -> str:
        """Return the node at an address with or without a port; the address alone where no node is known by it."""
        host = host_of(address)
        return self.nodes.get(host, host)


def component(value: str, namespace: str, known: Known, *, scoped: bool) -> str:
    """Return the bare name of a component from what a label holds.

    ``scoped``: as gateways write it, namespace-ingress-service-port@provider, namespace_service_port or
    httproute/namespace/route/rule/0.
    """
    value = value.rpartition("|")[2] or value  # Envoy's outbound|80||service.namespace.svc
    if ".svc" in value:
        inner = value.partition(".svc")[0].split(".")
        # What runs in another namespace keeps its name, or it would be taken for what is called like it here.
        value = ".".join(inner[-2:]) if len(inner) > 1 and inner[-1] != namespace else inner[0]
    if not scoped:
        return value.removeprefix(f"{namespace}/")
    plain = re.sub(r"[/._]", "-", value.partition("@")[0])
    rest = re.sub(rf"^(?:[a-z]+-)??{namespace}-", "", plain)
    inside = [name for name in known.names if f"-{name}-" in f"-{rest}-"]
    return max(inside, key=len) if inside else re.sub(r"-(?:\d+|https?|web|grpc)$", "", rest)


def known_of(objects: Mapping[str, Iterable[Obj]]) -> Known:
    """Return what objects tell of the names that metrics may carry."""
    kinds = ("Deployment", "StatefulSet", "DaemonSet", "Service")
    pods = tuple(objects.get("Pod", ()))
    addresses = {
        str((pod.get("status") or {}).get("podIP")): str(pod["metadata"]["name"])
        for pod in pods
        if (pod.get("status") or {}).get("podIP")
    }
    return Known(
        names=frozenset(str(obj["metadata"]["name"]) for kind in kinds for obj in objects.get(kind, ())),
        pods=frozenset(str(pod["metadata"]["name"]) for pod in pods),
        addresses=addresses,
        scalers={
            str(hpa["metadata"]["name"]): str(((hpa.get("spec") or {}).get("scaleTargetRef") or {}).get("name") or "")
            for hpa in objects.get("HorizontalPodAutoscaler", ())
        },
        limits=limits_of(pods),
        nodes={
            str(held["address"]): str(node["metadata"]["name"])
            for node in objects.get("Node", ())
            for held in (node.get("status") or {}).get("addresses") or ()
            if held.get("address")
        },
        asked=_asked(objects),
    )


def _asked(objects: Mapping[str, Iterable[Obj]]) -> dict[str, str]:
    """Return exporter -> the workload that it asks, where there is only one that runs such a program.

    Where an image is called after its edition alone (database/enterprise) its workload's name tells the program.
    """
    found: dict[str, set[str]] = {}
    asks = {program: exporter for exporter, programs in load().programs.items() for program in programs}
    for obj in (obj for kind in ("Deployment", "StatefulSet") for obj in objects.get(kind, ())):
        name = str(obj["metadata"]["name"])
        for image in (text(each, "image") for each in items(obj, "spec", "template", "spec", "containers")):
            told = next((image_name(each) for each in (image, name) if role_of_image(each)), "")
            if exporter := asks.get(re.split(r"[-_.]", told)[0]):
                found.setdefault(exporter, set()).add(name)
    return {exporter: names.pop() for exporter, names in found.items() if len(names) == 1}
