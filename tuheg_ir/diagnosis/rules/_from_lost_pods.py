"""Whether what others wait for is held by sessions of a pod that was lost: nobody is left to end its transactions.

A database's own log tells from which address each of its processes is served. Pods that end close their sessions; those
of a node that went from one moment to the next stay as they were, and the pods that came in their place have others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from ipaddress import ip_address

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._database_log import facts, lines_of, prefix_of
from tuheg_ir.diagnosis.rules._dead_sessions import NOTICED, Loss, losses
from tuheg_ir.diagnosis.rules._idle_ages import CLOCKS
from tuheg_ir.diagnosis.rules._lock_queue import HELD, WAITS
from tuheg_ir.diagnosis.rules._named_holder import log_of, words_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.hosts import range_of
from tuheg_ir.diagnosis.view.nodes import outside
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload


def from_lost_pods(
    view: View, ref: str, pids: Collection[str], holder: Workload, waits: datetime | None
) -> Evidence | None:
    """Return that processes of a database are those of a program's pods that were lost with their node, before waits.

    No pod has their addresses any more, those who wait come from pods, nothing is told of them since, and the program
    has its pods again. What stands between pods and their database gives all of them one address.
    """
    known = {pod.address for workload in view.workloads.values() for pod in workload.pods if pod.address}
    lines = log_of(view, view.workloads[ref]) if ref in view.workloads else ()
    waiting = {found[1] for line in lines if (found := WAITS.search(line))}
    came = [set(_addresses(lines, (pid,))) for pid in pids]
    mine, others = {host for hosts in came for host in hosts}, set(_addresses(lines, waiting))
    if waits is None or not all(came) or mine & (known | others) or not others & known:
        return None
    near = set(map(range_of, known))  # the range of a node's pods is gone with it
    if any(outside(view, host) and range_of(host) not in near for host in mine):
        return None
    last = newest(stamp(line) for line, _ in lines_of(lines, pids) if not HELD.search(line))
    for loss in losses(view):
        if _replaced(holder, loss) and waits >= loss.since - NOTICED and (not last or last <= loss.since + CLOCKS):
            fact = f"they came from {', '.join(sorted(mine))}, which no pod has since {loss.node} was lost"
            return Evidence("logs", ref, fact, loss.since)
    return None


def _replaced(holder: Workload, loss: Loss) -> bool:
    """Tell whether a program that keeps no data itself has all of its pods, and one that came for a lost one."""
    if holder.kind in BATCH or role(holder) or holder.ready < holder.wanted:
        return False
    return any(pod.created and pod.created >= loss.since - NOTICED for pod in holder.live)


def _addresses(lines: Collection[str], pids: Collection[str]) -> Iterator[str]:
    """Yield the addresses by which a database tells of some of its processes."""
    of_them = tuple(lines_of(tuple(lines), pids))
    words = {word for line, _ in of_them for word in words_of(prefix_of(line))}
    for word in facts(iter(of_them))["host"] | words:
        with suppress(ValueError):
            yield str(ip_address(word))
