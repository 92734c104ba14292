"""Whom pods of one node alone cannot reach by a Service since pods of that one were made anew.

Twins on other nodes reach it all the while: who leads the Service's address to its pods on that node has not heard of
those that came. Whoever asks a pod by its own address, or by a name without one, keeps that address himself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.hosts import hosts_named, is_address
from tuheg_ir.diagnosis.view.logs import heard_since, tells
from tuheg_ir.diagnosis.view.marked import OFTEN, STILL
from tuheg_ir.diagnosis.view.odd import CLEARLY, works
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.releases import SOON
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_TROUBLES = ("connection_timeout", "connection_refused")
_CONNECTS = late(r"connect|dial|no route to host|unreach|refused|ETIMEDOUT", re.IGNORECASE)
"""Words of who did not come as far as to ask: an answer that is late was asked of somebody."""
_AT_ONCE = timedelta(minutes=5)
"""What is rolled out together comes within this time: of two such nobody knows whether it was one thing."""
Told = list[tuple[datetime, str]]


class Unreached(NamedTuple):
    """Pods of a caller, all those on one node, and whom they cannot reach: since when, a line, when new pods came."""

    node: str
    caller: Workload
    pods: tuple[str, ...]
    called: Workload
    lines: tuple[tuple[datetime, str], ...]
    came: datetime

    @property
    def since(self) -> datetime:
        """Return when they told of it first."""
        return self.lines[0][0]


@once_a_view
def unreached(view: View) -> Mapping[str, tuple[Unreached, ...]]:
    """Return node -> whom pods there alone cannot reach since it was made anew, if they reach all others."""
    found: dict[str, list[Unreached]] = {}
    barred: set[str] = set()
    for caller in view.serving:
        ill = {h.pod for h in view.hits_of(caller.ref, *_TROUBLES) if not h.previous and fresh(view, h)}
        here = {pod.node for pod in caller.live if pod.name in ill}
        if len(here) != 1 or here == {pod.node for pod in caller.live}:
            continue
        node = here.pop()
        told = {pod.name: _told(view, pod, caller) for pod in caller.live}
        for whom in _only_there(view, node, caller, told):
            each = _of_its_new_pods(view, node, caller, whom, told)
            if each is None:
                barred.add(node)  # it reaches one that did not change either: it is the node's network, or a policy
            else:
                found.setdefault(node, []).append(each)
    return {node: tuple(each) for node, each in found.items() if node and node not in barred}


def unreached_by(view: View, caller: Workload) -> Iterator[Unreached]:
    """Yield whom pods of one caller on a node cannot reach."""
    yield from (each for found in unreached(view).values() for each in found if each.caller is caller)


def _told(view: View, pod: Pod, caller: Workload) -> dict[str, Told]:
    """Return host or Kind/name -> when a pod told that it could not connect to it, and the lines."""
    hits = [h for h in view.hits_of(caller.ref, *_TROUBLES) if h.pod == pod.name and not h.previous]
    hosts = {host for hit in hits for host in hit.hosts}
    found: dict[str, Told] = {}
    for log in view.logs_of([pod], previous=False) if hosts else ():
        for line in log.lines:
            if not any(each in line.lower() for each in hosts) or not _CONNECTS.search(line):
                continue
            at = stamp(line)
            if at is not None and any(tells(trouble, line) for trouble in _TROUBLES):
                for whom in _whom(view, line, hosts):
                    found.setdefault(whom, []).append((at, line.strip()))
    return found


def _whom(view: View, line: str, hosts: Iterable[str]) -> set[str]:
    """Return whom a line cannot reach: workloads of the namespace, or else hosts; an address beside a name is his."""
    named = {host for host in hosts_named([line]) if host in hosts}
    known = {ref for host in named if (ref := view.graph.resolve(host))}
    return known or {host for host in named if not is_address(host)} or named


def _only_there(view: View, node: str, caller: Workload, told: Mapping[str, dict[str, Told]]) -> list[str]:
    """Return whom all pods of a caller on a node tell of still, and their twins, whose logs go on, do not."""
    here = [pod.name for pod in caller.live if pod.node == node]
    there = [pod for pod in caller.live if pod.node != node and pod.ready and works(view, pod)]
    if not there or not all(told[pod] for pod in here):
        return []
    return [
        whom
        for whom in told[here[0]]
        if (least := min(len(told[pod].get(whom, ())) for pod in here)) >= OFTEN
        and least >= CLEARLY * max(len(told[pod.name].get(whom, ())) for pod in there)
        and all(view.recent(max(told[pod][whom])[0], STILL) for pod in here)
    ]


def _of_its_new_pods(
    view: View, node: str, caller: Workload, whom: str, told: Mapping[str, dict[str, Told]]
) -> Unreached | None:
    """Return it if whom nobody reaches there is well, has an address of a Service, and got new pods just before."""
    called = view.workloads.get(whom)
    if called is None or not called.live or called.ready < called.wanted:
        return None
    if not any(is_address(text(service.obj, "spec", "clusterIP")) for service in view.leading_to(whom)):
        return None
    here = [pod for pod in caller.live if pod.node == node]
    lines = sorted(each for pod in here for each in told[pod.name][whom])
    first, heard = lines[0][0], heard_since(view.logs_of(here, previous=False))
    came = [at for pod in called.live if (at := pod.created) and first - SOON <= at <= first + MINUTE]
    asked_before = heard is not None and heard < first - MINUTE
    if not came or not asked_before or any(pod.started and pod.started > min(came) for pod in here):
        return None
    return Unreached(node, caller, tuple(pod.name for pod in here), called, tuple(lines), min(came))


def several(found: Iterable[Unreached]) -> bool:
    """Tell whether it began for one after the other, each time as the pods of that one were made anew."""
    times = sorted({each.called.ref: each.came for each in found}.values())
    return bool(times) and times[-1] - times[0] >= _AT_ONCE
