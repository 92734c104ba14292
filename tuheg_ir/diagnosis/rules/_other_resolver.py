"""A release whose image resolves names in another way, and a name that it alone does not find since then."""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._reach import closed_to_dns, unanswered
from tuheg_ir.diagnosis.rules._server_tells import came_late, found_by_others, speaks_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.hosts import is_address
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

NO_ANSWER = late(
    r"EAI_AGAIN|temporary failure|time(?:d )?.?out|misbehaving|servfail|server failure|try again|refused",
    re.IGNORECASE,
)
"""Words of who was not answered by a name server: that tells nothing of the name."""

_MUSL = late(r"(?<![a-z])(?:alpine|musl)(?![a-z])", re.IGNORECASE)
"""How images are called whose C library gives up on a name where one of two questions for its addresses fails.

That of other images lives on what the other question gives.
"""
_STATUS = late(
    r"(?<![\w.:-])([1-5]\d\d)(?![\w.:-]|\s?(?:[mun]?s|sec(?:ond)?s?|millis|bytes|[kKM]?i?B)\b)"
    r"|status\w{0,5}\W{1,3}([1-5]\d\d)\b"
)
"""How an access log, or a client's, tells what somebody answered: the first such number after his name."""
_WELL = "2"


class Unresolved(NamedTuple):
    """What a release does not resolve: the host, since when, its errors, who still does."""

    host: str
    began: datetime
    hits: tuple[Hit, ...]
    witness: Evidence


@once
def other_resolver(view: View, workload: Workload) -> Unresolved | None:
    """Return the one name that all pods of a release fail to resolve since it brought another C library.

    Another program that was not released asks the same host meanwhile, and is answered. Where a DNS server logs what
    each was told, any image will do: what is built otherwise may ask otherwise, and no name of it has to say so.
    """
    images = [each for each in workload.changed("image") if each.before]
    if not images or workload.returned:
        return None
    musl = {each.container for each in images if _has_musl(each.after) and not _has_musl(each.before)}
    others = musl or {each.container for each in images}
    hits = [hit for hit in view.hits_of(workload.ref, "dns") if not hit.previous and fresh(view, hit)]
    if not {hit.container for hit in hits} <= {"", *others} or closed_to_dns(view, workload.ref, unanswered(view)):
        return None
    hosts = {host for hit in hits for host in hit.hosts if not is_address(host)}  # Go tells whom it asked as well
    newest_ones = {pod.name for pod in workload.newest_pods()}
    began = oldest(hit.first for hit in hits)
    if len(hosts) != 1 or began is None or sum(hit.count for hit in hits) < OFTEN or not newest_ones:
        return None
    if {hit.pod for hit in hits} != newest_ones or not since_release(workload, began):
        return None
    host = hosts.pop()
    if _missed_elsewhere(view, workload, began, host):
        return None
    heard = _witness(view, workload, host, began) if musl else None
    witness = heard or found_by_others(view, workload, host, began)
    return None if witness is None else Unresolved(host, began, tuple(hits), witness)


def _has_musl(image: str) -> bool:
    """Tell whether an image is called so in its own name or tag: that of its registry is somebody's."""
    return _MUSL.search(image.rpartition("/")[2]) is not None


def _missed_elsewhere(view: View, workload: Workload, began: datetime, host: str) -> bool:
    """Tell whether another program, which was not released of late, does not find a name either.

    What a DNS server cannot answer itself concerns those who ask for that name alone.
    """
    servers = {server.ref for server in of_role(view.workloads, "dns")}
    return any(
        speaks_of(view, other, host) if other.ref in servers else True
        for other in view.serving
        if other is not workload and not came_late(other, began)
        if any(not hit.previous and fresh(view, hit) for hit in view.hits_of(other.ref, "dns"))
    )


def _witness(view: View, workload: Workload, host: str, began: datetime) -> Evidence | None:
    """Return that another program, which was not released of late, asks a host and is answered since a time.

    None where each that is answered asks the server of another node.
    """
    nodes = {pod.node for pod in workload.newest_pods()}
    found = None
    named = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", re.IGNORECASE)
    for other in view.serving:
        if other is workload or came_late(other, began):
            continue
        logs = view.logs_of([pod for pod in other.live if len(nodes) > 1 or pod.node in nodes], previous=False)
        lines = (line for log in logs for line in log.lines if answered(named, line))
        told = [at for line in lines if (at := stamp(line)) is not None and at > began]
        if found is None and len(told) >= OFTEN and view.recent(max(told)):
            found = Evidence("logs", other.ref, f"{host} answered it {len(told)} times meanwhile", max(told))
    return found


def answered(named: re.Pattern[str], line: str) -> bool:
    """Tell whether a line tells that a host answered well."""
    host = named.search(line)
    status = _STATUS.search(line, host.end()) if host and not complains(line) else None
    return status is not None and (status[1] or status[2]).startswith(_WELL)
