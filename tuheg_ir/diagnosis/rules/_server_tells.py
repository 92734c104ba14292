"""What the log of a DNS server tells of one name: who asks for it in vain, and who finds it by a search domain."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import at
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_ANSWER = late(
    r"(?<![\w.:\[])\[?(?P<client>[\da-fA-F.:]{2,45}?)\]?:\d{1,5} - \d{1,5} "
    r'"(?:A|AAAA) IN (?P<asked>[\w.-]{1,255}) (?:udp|tcp) \d+ \w+ \d+" (?P<code>[A-Z]{4,10})\b'
)
"""How CoreDNS, a node's own too, logs whom it answered what."""
_REPLY = late(r"\binfo: (?P<client>[\da-fA-F.:]{2,45}) (?P<asked>[\w.-]{1,255}) (?:A|AAAA) IN (?P<code>[A-Z]{4,10}) \d")
"""How unbound does, if it is to log replies."""
_IN_VAIN = late(r"plugin/errors: \d+ [\w.-]+ [A-Z]+\d*: |\"[A-Z]+\d* IN [\w.-]+ ")
"""How it tells for which name it got no answer."""
_ILL = ("dns", "connection_timeout")
"""Troubles of which a server's own log tells where it cannot answer."""
FOUND, MISSING = "NOERROR", "NXDOMAIN"


class Said(NamedTuple):
    """What a server answered a client about a name, whether it tells when or not: CoreDNS leaves that to others."""

    client: str
    asked: str
    code: str


class Answer(NamedTuple):
    """What a server answered a client about a name, and when."""

    client: str
    asked: str
    code: str
    at: datetime


def found_by_others(view: View, workload: Workload, host: str, began: datetime) -> Evidence | None:
    """Return that a server tells the newest pods of a workload rightly that there is no such name, and others find it.

    These go on to a name that begins with it: that is how the search list is meant. None if pods of the workload found
    it too, or were refused in another way, or if who finds it was released of late itself.
    """
    mine = {pod.address for pod in workload.newest_pods() if pod.address}
    theirs = dict(_steady(view, workload, began))
    told = [each for each in answers(view) if each.at >= began and _is_of(host, each.asked)]
    own = [each for each in told if each.client in mine]
    tried = {each.client for each in told if each.code == MISSING and _tries(view, workload, host, each.asked)}
    found = [each for each in told if each.client in theirs and each.code == FOUND]
    found = [each for each in found if _tries(view, workload, host, each.asked, own=each.client not in tried)]
    if len(own) < OFTEN or len(found) < OFTEN or any(each.code != MISSING for each in own):
        return None
    last = max(found, key=lambda each: each.at)
    if {each.client for each in own} != mine or not view.recent(last.at):
        return None
    fact = f"{len(own)} times its pods were told that {host} does not exist; {theirs[last.client]} found {last.asked}"
    return Evidence("logs", workload.ref, fact, last.at)


def speaks_of(view: View, server: Workload, host: str) -> bool:
    """Tell whether a server calls it an error itself that it could not answer for a name."""
    named = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-])", re.IGNORECASE)
    return any(named.search(line) and complains(line) for line in view.lines_of(server))


def fails_for_others(view: View, servers: Iterable[Workload], hosts: Iterable[str]) -> bool:
    """Tell whether what servers cannot answer, or not in time, is asked for by others: it names none of some hosts.

    What names nobody, as that they do not reach the control plane, concerns all who ask.
    """
    lines = [line for server in servers for line in view.lines_of(server) if any(tells(each, line) for each in _ILL)]
    if sum(_IN_VAIN.search(line) is None for line in lines) >= OFTEN:
        return False
    return not any(speaks_of(view, server, host) for server in servers for host in hosts)


def any_there(view: View, hosts: Iterable[str]) -> bool:
    """Tell whether a host is a Service of the namespace by its whole name: one outside may begin like one."""
    return any(host in view.services or view.graph.resolve(host) for host in hosts if not is_address(host))


def _steady(view: View, workload: Workload, began: datetime) -> Iterator[tuple[str, str]]:
    """Yield (address, workload) of the pods of others that were not released as a trouble began, or since."""
    for other in view.serving:
        if other is not workload and not came_late(other, began):
            yield from ((pod.address, other.ref) for pod in other.live if pod.address)


def came_late(other: Workload, began: datetime) -> bool:
    """Tell whether a workload was released as a trouble began, or since."""
    return other.released_at is not None and other.released_at >= began + BEFORE - MINUTE


def _is_of(host: str, asked: str) -> bool:
    """Tell whether a name that was asked for is a host, or a try of it in a search domain."""
    return asked == host or asked.startswith(f"{host}.")


def _tries(view: View, workload: Workload, host: str, asked: str, *, own: bool = True) -> bool:
    """Tell whether a name is what a search list makes of a host, and none that only begins so, as `redis.platform`.

    The domains of a workload's pods are known, but for those of its nodes (``own=False``): who finds a host in such
    a one was told before that there is none in the others.
    """
    domain = asked[len(host) + 1 :]
    known = (f"{view.snapshot.namespace.lower()}.svc.", "svc.")
    if not domain or domain.startswith(known) or host.endswith(".svc") or domain in searched(workload):
        return True
    return not own and ".svc." not in f"{domain}."


def searched(workload: Workload) -> set[str]:
    """Return the domains that a template has its pods search."""
    found = at(workload.template, "spec", "dnsConfig", "searches")
    return {str(each).strip(".").lower() for each in found} if isinstance(found, list | tuple) else set()


@once_a_view
def answers(view: View) -> tuple[Answer, ...]:
    """Return all that DNS servers log of who asked them, in the order of servers."""
    return tuple(each for server in of_role(view.workloads, "dns") for each in _of(view, server))


def _of(view: View, server: Workload) -> Iterator[Answer]:
    for said, line in _lines(view, server):
        if (when := stamp(line)) is not None:
            yield Answer(*said, when)


@once_a_view
def sayings(view: View) -> tuple[Said, ...]:
    """Return all that DNS servers log of who asked them, with a time or without."""
    return tuple(said for server in of_role(view.workloads, "dns") for said, _ in _lines(view, server))


def _lines(view: View, server: Workload) -> Iterator[tuple[Said, str]]:
    for line in view.lines_of(server):
        found = (_ANSWER.search(line) or _REPLY.search(line)) if " IN " in line else None
        if found:
            yield Said(found["client"], found["asked"].rstrip(".").lower(), found["code"]), line
