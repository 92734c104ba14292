"""A policy that lets a caller reach a server, but not at the port that its settings name.

Whoever writes down the ports knows of the one that everybody uses, and forgets the one at which clients ask first: for
the leader, by TLS, for their rights. Connections that stand are not cut, so only those who start since are kept out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._members import declared_ports
from tuheg_ir.diagnosis.rules._reach import lets_through, newest_of
from tuheg_ir.diagnosis.view.complaints import Complaint, began
from tuheg_ir.diagnosis.view.network import Policy, target_of
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=6)
SOON = timedelta(minutes=15)
_PLACE = late(r"(?<![\w.-])([a-z0-9](?:[a-z0-9-]|\.(?=[a-z0-9])){0,200}):(\d{2,5})(?!\d)", re.IGNORECASE)
"""A host with its port, as settings and lines have it."""
_UNREACHED = ("connection_timeout", "connection_refused")
"""What is told of a port to which nothing comes through; who loses a connection had one."""


class ClosedPort(NamedTuple):
    """The policies that close one port of a server to a caller, and that port."""

    policies: tuple[Policy, ...]
    port: str


def closed_port(view: View, caller: Workload, callee: Workload, said: Sequence[Complaint]) -> ClosedPort | None:
    """Return what keeps a caller from the port of a server that it is told to ask, since it complains of that server.

    ``said``: what it complains of the server. A line that names the port is taken at its word. None where the server is
    not whole, a pod that started since the policy does come through, or a release of the caller brought the port.
    """
    unreached = [each for each in said if each.hit.trouble in _UNREACHED and not each.hit.previous]
    first = began(unreached)
    if first is None or not callee.ready or callee.ready < callee.wanted:
        return None
    told = {port for each in unreached for port in _ports_in(view, callee, each.hit.line)}
    named = {port for _, value in view.graph.settings(caller) for port in _ports_in(view, callee, value)}
    for port in sorted(told or named):
        closing = lets_through(view, caller, callee, _behind(view, callee, port))
        at = newest_of(closing)[1] if closing else None
        if at is None or _by_release(caller, port, first) or not _since(view, caller, unreached, at, first):
            continue
        return ClosedPort(closing, port)
    return None


def _ports_in(view: View, callee: Workload, said: str) -> Iterator[str]:
    """Yield the ports of a server that some words name with one of its hosts."""
    for host, port in _PLACE.findall(said):
        if view.graph.resolve(host.lower()) == callee.ref:
            yield port


def _behind(view: View, callee: Workload, port: str) -> tuple[str, ...]:
    """Return the port of the pods to which a port of their Services leads, by number and name; else that itself.

    A headless Service leads nowhere else: who asks it comes to the pods at the port that he asks.
    """
    targets = [
        str(target_of(each))
        for service in view.leading_to(callee.ref)
        for each in service.ports
        if str(each.get("port")) == port and not service.headless
    ]
    target = targets[0] if targets else port
    return next((each for each in declared_ports(callee) if target in each), (target,))


def _by_release(caller: Workload, port: str, first: datetime) -> bool:
    """Tell whether a release of a caller brought the port that it cannot reach: then it asks at another one than ever.

    The policy may be as it has to be.
    """
    asked = re.compile(rf":{port}(?!\d)")
    brought = any(asked.search(each.after) and not asked.search(each.before) for each in caller.changes)
    return brought and since_release(caller, first)


def _since(view: View, caller: Workload, said: Sequence[Complaint], at: datetime, first: datetime) -> bool:
    """Tell whether it is since the policy that a caller is kept out: at once, or whoever of its pods started since.

    Nobody is where a pod came up since and tells of nothing: then nobody enforces the policy.
    """
    if first < at - MINUTE:
        return False
    telling = {each.hit.pod for each in said}
    young = [pod for pod in caller.live if pod.started and pod.started > at]
    if any(pod.ready and pod.name not in telling for pod in young):
        return False
    if first - at <= SOON and view.recent(at, LATELY):
        return True
    return bool(young) and telling <= {pod.name for pod in young}
