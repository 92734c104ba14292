"""Pods that wait as no address is left, on several nodes: it is the range that they share, and none of the nodes."""

from __future__ import annotations

import re
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

_NONE_LEFT = late(
    r"\bno (?:more )?(?:available|free) (?:IP|address)|\bno IP(?:v[46])? address(?:es)? available|\bNoAvailableAddress"
    r"|\bfailed to assign an IP address to container|InsufficientFreeAddresses|\bfailed to allocate for range\b"
    r"|\brange is full\b|\bNo more IPs available|\bAssigned 0 out of \d+ requested IP|\bCould not allocate IP in range",
    re.IGNORECASE,
)
"""How network plugins say so: host-local, those of clouds, Cilium, Calico, Kube-OVN and Whereabouts."""
SEVERAL = 2
"""The range of one node may be full of what is left over there."""


class Short(NamedTuple):
    """Which pods wait for an address, each with its workload and the first event that says so."""

    pods: tuple[tuple[Workload, Pod, Event], ...]

    @property
    def nodes(self) -> frozenset[str]:
        """Return the nodes where they wait."""
        return frozenset(pod.node for _, pod, _ in self.pods)


def for_want_of_addresses(event: Event) -> bool:
    """Tell whether an event says that a pod gets no sandbox as no address is left."""
    return event.reason == "FailedCreatePodSandBox" and _NONE_LEFT.search(event.message) is not None


@once_a_view
def short_of_addresses(view: View) -> Short | None:
    """Return the pods that wait for an address now, if they do so on several nodes."""
    said = {each.about: each for each in view.events if for_want_of_addresses(each) and view.recent(each.last)}
    found = ((workload, pod, said.get(f"Pod/{pod.name}")) for workload, pod in (view.pods() if said else ()))
    short = Short(tuple((w, pod, event) for w, pod, event in found if event is not None and pod.node and not pod.ready))
    return short if len(short.nodes) >= SEVERAL else None
