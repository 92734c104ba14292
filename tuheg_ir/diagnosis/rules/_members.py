"""Members of one workload that policies keep from each other: they lose one another as the policies are written."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._reach import lets_through, newest_of
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.network import Policy, target_of
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SLACK = timedelta(minutes=2)
SOON = timedelta(minutes=15)
"""Members that hear nothing of one another any more tell it within some heartbeats, a minute or a few."""


class Parted(NamedTuple):
    """A workload whose own pods do not reach each other at a port, by which policies, and which members tell of it."""

    workload: Workload
    policies: tuple[Policy, ...]
    port: str
    evidence: tuple[Evidence, ...]


def parted(view: View) -> Iterator[Parted]:
    """Yield the workloads whose members lost each other right after policies closed a port of theirs to themselves."""
    for workload in view.serving:
        told = apart(view, workload) if len(workload.live) > 1 else ()
        first = oldest(hit.first for hit in told)
        for port in _ports(view, workload) if first is not None else ():
            closing = lets_through(view, workload, workload, port)
            at = newest_of(closing)[1] if closing else None
            if first is not None and at is not None and -SLACK <= first - at <= SOON:
                evidence = tuple(view.hit_evidence(hit) for hit in told[:3])
                yield Parted(workload, closing, port[0], evidence)
                break


def apart(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return by which members that still run a partition is told of that lasts, the last one first.

    It is over where members said later that they are together, or one was started anew, which joins them.
    """
    told = [hit for hit in view.hits_of(workload.ref, "cluster_split") if not hit.previous]
    last = newest(hit.last for hit in told)
    starts = [each.started_at for pod in workload.live for each in pod.containers]
    later = newest((*starts, *(hit.last for hit in view.hits_of(workload.ref, "cluster_whole"))))
    if last is not None and later is not None and later > last:
        return ()
    return tuple(sorted(told, key=lambda hit: str(hit.last), reverse=True))


def of_themselves(workload: Workload, told: tuple[Hit, ...]) -> bool:
    """Tell whether several members speak of a partition and name one another: it is of no other program's members."""
    names = {pod.name for pod in workload.live}
    speak = {hit.pod for hit in told if any(name in hit.line for name in names - {hit.pod})}
    return len(speak) > 1


def _ports(view: View, workload: Workload) -> list[tuple[str, ...]]:
    """Return the ports of a workload, each with all its names: those of its Services first, then its containers'."""
    own = [
        (text(port, "containerPort"), text(port, "name"))
        for container in items(workload.template, "spec", "containers")
        for port in items(container, "ports")
    ]
    found: dict[tuple[str, ...], None] = {}
    leading = [port for s in view.services.values() if workload.ref in s.backends for port in s.ports]
    for target in [*(str(target_of(port)) for port in leading), *(number for number, _ in own)]:
        alike = next((each for each in own if target in each), (target, ""))
        found[tuple(each for each in alike if each)] = None
    return [each for each in found if each]
