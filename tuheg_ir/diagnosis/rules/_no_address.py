"""Pods that wait as no address is left: the range that they share is used up, and it is none of the nodes.

They wait on several nodes, or on one since the release of who gives addresses on all: that may hold more of them ready
on each node than it did, and what it holds no other node has.
"""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.reading import at, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.named import NamedTuple

_NONE_LEFT = late(
    r"\bno (?:more )?(?:available|free) (?:IP|address)|\bno IP(?:v[46])? address(?:es)? available|\bNoAvailableAddress"
    r"|\bfailed to assign an IP address to container|InsufficientFreeAddresses|\bfailed to allocate for range\b"
    r"|\brange is full\b|\bNo more IPs available|\bAssigned 0 out of \d+ requested IP|\bCould not allocate IP in range",
    re.IGNORECASE,
)
"""How network plugins say so: host-local, those of clouds, Cilium, Calico, Kube-OVN and Whereabouts."""
_OF_PLUGIN = late(r"(?<![a-z])(?:cni|ipam)(?![a-z])", re.IGNORECASE)
"""Words in images, folders and settings of programs that set up the network of pods."""
_OF_KEEPING = late(
    r"warm|minimum.?(?:ip|eni)|(?:ip|eni|prefix).?target|prefix.?(?:delegation|assignment)|pre.?allocat|min.?allocat"
    r"|max.?(?:allocat|above.?watermark|eni)|(?:block|mask|prefix|cidr).?size|ip.?(?:pool|am)|subnet|custom.?network",
    re.IGNORECASE,
)
"""Settings of how many addresses a node holds ready, or of which range: of AWS's plugin, Cilium, Calico and others."""
_OF_MASKS = late(r"size|mask|cidr", re.IGNORECASE)
_WORD = late(r"[^\s\",\[\]]+")
LATELY = timedelta(hours=24)
"""What is held ready is missed at the next peak."""
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
def waiting_for_addresses(view: View) -> Short | None:
    """Return the pods that wait for an address now, on however many nodes."""
    said = {each.about: each for each in view.events if for_want_of_addresses(each) and view.recent(each.last)}
    found = ((workload, pod, said.get(f"Pod/{pod.name}")) for workload, pod in (view.pods() if said else ()))
    short = Short(tuple((w, pod, event) for w, pod, event in found if event is not None and pod.node and not pod.ready))
    return short if short.pods else None


def short_of_addresses(view: View) -> Short | None:
    """Return the pods that wait for an address now, if they do so on several nodes, or by who gives addresses."""
    short = waiting_for_addresses(view)
    return short if short and (len(short.nodes) >= SEVERAL or giver_released(view)) else None


@once_a_view
def giver_released(view: View) -> Workload | None:
    """Return who gives addresses on each node, if it holds others ready since a release and pods wait since then only.

    Of an image alone nobody can say that.
    """
    short = waiting_for_addresses(view)
    since = oldest(pod.created for _, pod, _ in short.pods) if short else None
    if since is None:
        return None
    found = [each for each in view.serving if each.kind == "DaemonSet" and _gives_addresses(each)]
    held = [each for each in found if kept_otherwise(each) and releases(view, each, LATELY)]
    blamed = [each for each in held if each.released_at is not None and each.released_at <= since]
    return blamed[0] if len(blamed) == 1 else None


def kept_otherwise(daemon: Workload) -> tuple[Change, ...]:
    """Return the settings of how many addresses are held that a release changed; () if it lets fewer be held."""
    found = tuple(c for c in daemon.changes if c.aspect in ("env", "command") and _OF_KEEPING.search(_changed(c)))
    return () if all(_holds_less(each) for each in found) else found


def _holds_less(change: Change) -> bool:
    """Tell whether a number of addresses became smaller; that of a mask leaves more of them."""
    was, now = number(change.before), number(change.after)
    return was is not None and now is not None and now < was and not _OF_MASKS.search(change.field)


def _changed(change: Change) -> str:
    """Return what a change tells of: the name of a variable, or the words that only one of two commands has."""
    if change.aspect == "env":
        return change.field
    was, now = ({*_WORD.findall(each)} for each in (change.before, change.after))
    return " ".join(sorted(was ^ now))


def _gives_addresses(daemon: Workload) -> bool:
    """Tell whether a DaemonSet is a network plugin: it is at home in its node's network, and its template says so."""
    at_home = bool(at(daemon.template, "spec", "hostNetwork"))
    return at_home and _OF_PLUGIN.search(f"{daemon.template}") is not None
