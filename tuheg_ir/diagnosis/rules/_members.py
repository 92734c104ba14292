"""Members of one workload that policies keep from each other: they lose one another as the policies are written."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._reach import lets_through, newest_of
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.network import Policy, target_of
from tuheg_ir.diagnosis.view.reading import items, newest, oldest, text
from tuheg_ir.diagnosis.view.stores import is_store
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

SLACK = timedelta(minutes=2)
SOON = timedelta(minutes=15)
"""Members that hear nothing of one another any more tell it within some heartbeats, a minute or a few."""


class _Without(NamedTuple):
    """The policies as they were without one of them."""

    policies: tuple[Policy, ...]


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
        for port in ports_among(view, workload) if first is not None else ():
            closing = lets_through(view, workload, workload, port)
            at = newest_of(closing)[1] if closing and not closed_before(closing, workload, port) else None
            if first is not None and at is not None and -SLACK <= first - at <= SOON:
                evidence = tuple(view.hit_evidence(hit) for hit in told[:3])
                yield Parted(workload, closing, port[0], evidence)
                break


def closed_before(closing: Sequence[Policy], workload: Workload, port: tuple[str, ...]) -> bool:
    """Tell whether policies closed a port to members before the youngest of them was made: they met without it then."""
    youngest, _ = newest_of(closing)
    before = _Without(tuple(policy for policy in closing if policy is not youngest))
    return edited(youngest.obj) is None and bool(lets_through(before, workload, workload, port))


def apart(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return by which members that still run a partition is told of that lasts, the last one first.

    It is over where members said later that they are together, or one was started anew, which joins them. Servers that
    share sessions among themselves tell of one as stores do; of what keeps no data only those that name one another
    count: a client may repeat a store's words.
    """
    told = [hit for hit in view.hits_of(workload.ref, "cluster_split") if not hit.previous]
    last = newest(hit.last for hit in told)
    starts = [each.started_at for pod in workload.live for each in pod.containers]
    later = newest((*starts, *(hit.last for hit in view.hits_of(workload.ref, "cluster_whole"))))
    if last is not None and later is not None and later > last:
        return ()
    if not is_store(workload) and not _of_themselves(workload, told):
        return ()
    return tuple(sorted(told, key=lambda hit: str(hit.last), reverse=True))


def _of_themselves(workload: Workload, told: Sequence[Hit]) -> bool:
    """Tell whether several members speak of a partition and name one another: it is of no other program's members."""
    called = [(pod.name, label) for pod in workload.live for label in names_of(pod)]
    speak = {hit.pod for hit in told if any(names_member(hit.line, each) for pod, each in called if pod != hit.pod)}
    return len(speak) > 1


def names_of(pod: Pod) -> tuple[str, ...]:
    """Return how fellows call a member: by its name, or its address."""
    return tuple(each for each in (pod.name, pod.address) if each)


def names_member(line: str, label: str) -> bool:
    """Tell whether a line names a member; its process may stand behind, as in keycloak-1-38201."""
    return re.search(rf"(?<![\w.-]){re.escape(label)}(?![\w.])", line) is not None


def declared_ports(workload: Workload) -> list[tuple[str, ...]]:
    """Return the ports that the containers of a workload declare, each with all its names."""
    return [
        tuple(each for key in ("containerPort", "name") if (each := text(port, key)))
        for container in items(workload.template, "spec", "containers")
        for port in items(container, "ports")
    ]


def ports_among(view: View, workload: Workload) -> list[tuple[str, ...]]:
    """Return the ports of a workload at which its members may talk to each other, each with all its names.

    Those to which headless Services alone lead are there for that; where there are none it may be any, those of its
    Services first, then its containers'.
    """
    own = declared_ports(workload)

    def led_to(*, headless: bool) -> list[tuple[str, ...]]:
        leading = view.leading_to(workload.ref)
        chosen = [each for each in leading if each.headless is headless]
        targets = [str(target_of(port)) for service in chosen for port in service.ports]
        return [next((each for each in own if target in each), (target,)) for target in targets]

    among, served = led_to(headless=True), led_to(headless=False)
    found = [port for port in among if port not in served] or [*among, *served, *own]
    return list(dict.fromkeys(port for port in found if port))
