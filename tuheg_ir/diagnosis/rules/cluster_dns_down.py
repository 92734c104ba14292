"""Names cannot be resolved in the cluster: its DNS is down, slow or out of reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._reach import closed_to_dns
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import text
from tuheg_ir.diagnosis.view.workloads import Workload

FAILED = 0.05
"""Share of failed questions from which on DNS itself is in trouble."""
SOON = timedelta(minutes=10)


def when(view: View) -> Iterator[Match]:
    """DNS is ill by its own signs, or several services cannot resolve names that exist."""
    found = [c for c in complaints(view, "dns") if c.caller in view.workloads and not closed_to_dns(view, c.caller)]
    found = [c for c in found if not _headless(view, c)]
    servers = of_role(view.workloads, "dns")
    found = [c for c in found if c.caller not in {s.ref for s in servers}]
    figures = _figures(view)
    signs = (*figures, *(e for server in servers for e in _ill(view, server)))
    answered = not found and not figures and any(server.ready for server in servers)
    innocent = {c.caller for c in found if not _released(view, c)}
    existing = {c.caller for c in found if _exists(view, c)}
    if not (signs and (found or servers)) and not (len(innocent) >= 2 and (existing or len(innocent) >= 3)):
        return
    component = servers[0].ref if servers else "Service/kube-dns"
    callers = behind(view, *(c.caller for c in found))
    yield Match(
        component=component,
        evidence=(*signs, *told(view, found), *_together(found)),
        # One server is ill, another is there, and nobody misses an answer: that is no more than likely.
        certainty=0.5 if answered else 0.8 if signs else 0.65,
        since=min((t for t in (began(found), *(e.time for e in signs)) if t), default=None),
        explains=(*callers, *(w.ref for w in view.serving if not servers and not found)),
        excludes=not_for(sorted({c.caller for c in found}), "new pods would ask the same DNS"),
    )


def _figures(view: View) -> tuple[Evidence, ...]:
    ratio = view.figures.now("dns_error_ratio")
    if ratio is None or ratio <= FAILED:
        return ()
    since = view.figures.crossed("dns_error_ratio", FAILED)
    return (Evidence("metrics", "Service/kube-dns", f"{ratio:.0%} of DNS questions fail", since),)


def _ill(view: View, server: Workload) -> Iterator[Evidence]:
    """Yield what shows that a DNS server itself is ill."""
    if server.ready < max(1, server.wanted):
        yield Evidence("objects", server.ref, f"{server.ready} of {server.wanted} pods are ready")
    for pod in server.live:
        for container in pod.containers:
            if container.ended and container.ended.badly and view.recent(container.ended.at):
                fact = f"{container.name} ended with {container.ended.reason}, {container.restarts} restarts"
                yield Evidence("objects", f"Pod/{pod.name}", fact, container.ended.at)
    for hit in view.hits_of(server.ref, "dns", "connection_timeout")[:1]:
        if hit.count >= 5:
            yield view.hit_evidence(hit)


def _released(view: View, each: Complaint) -> bool:
    workload = view.workloads[each.caller]
    first = each.hit.first or view.now
    return bool(workload.changes) and workload.released_at is not None and first - workload.released_at <= SOON


def _exists(view: View, each: Complaint) -> bool:
    """Tell whether a name that could not be resolved is one of a Service that is there."""
    named = [*each.hosts, *each.hit.hosts]
    return bool(each.about) or any(host.split(".")[0] in view.services for host in named)


def _headless(view: View, each: Complaint) -> bool:
    """Tell whether all names are of headless Services without a ready pod: DNS rightly knows no address for them."""
    services = [view.services.get(host.split(".")[0]) for host in each.hit.hosts]
    known = [s for s in services if s is not None]
    return bool(known) and all(text(s.obj, "spec", "clusterIP") == "None" and not s.ready for s in known)


def _together(found: list[Complaint]) -> Iterator[Evidence]:
    callers = {c.caller for c in found}
    if len(callers) >= 2:
        fact = f"{len(callers)} services that were not released together cannot resolve names"
        yield Evidence("logs", "Service/kube-dns", fact, began(found))


RULE = Rule(
    name="cluster_dns_down",
    title="Names cannot be resolved in the cluster",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no two services fail to resolve names, and DNS shows no trouble",
)
