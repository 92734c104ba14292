"""Names cannot be resolved in the cluster: its DNS is down, slow, out of reach, or asks the wrong one for a zone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._badly_signed import badly_signed
from tuheg_ir.diagnosis.rules._capacity import remedy_for_load
from tuheg_ir.diagnosis.rules._dns_load import answers_late, asked_more_often, too_much
from tuheg_ir.diagnosis.rules._dns_settings import edited_right_before, misled
from tuheg_ir.diagnosis.rules._dns_zones import forwarders
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._node_resolver import node_resolver
from tuheg_ir.diagnosis.rules._one_node import alone_on, node_of
from tuheg_ir.diagnosis.rules._other_resolver import other_resolver
from tuheg_ir.diagnosis.rules._own_release import released_ill
from tuheg_ir.diagnosis.rules._reach import closed_to_dns, unanswered
from tuheg_ir.diagnosis.rules._rolled_out import met_by_roll_out
from tuheg_ir.diagnosis.rules._server_tells import any_there, fails_for_others
from tuheg_ir.diagnosis.rules._taken_away import label_of, taken_away
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FAILED = 0.05
"""Share of failed questions from which on DNS itself is in trouble."""
SOON = timedelta(minutes=10)
REMEMBERED = timedelta(minutes=1)
"""So long resolvers and probes are behind: a name may be missed a little after its first pod is ready."""
DOTS = 5
"""What ndots is in a pod unless its template says otherwise."""
_NDOTS = late(r'"ndots", "value": "(\d+)"')


def when(view: View) -> Iterator[Match]:
    """DNS is ill by its own signs, or several services cannot resolve names that exist."""
    servers = of_role(view.workloads, "dns")
    busy = [(each, seen) for each in servers if (seen := too_much(view, each))]
    own = tuple(e for server in servers for e in _ill(view, server))
    ill = bool(busy) or any(e.source == "objects" for e in own)
    if not ill and (node_resolver(view) is not None or badly_signed(view) is not None):
        return  # whoever asks another server than that of such a node, or for another zone, has his answer
    said = [c for c in complaints(view, "dns") if c.caller in view.workloads]
    if not ill and _of_other_names(view, servers, said):
        own = ()
    if not ill and said and all(c.caller in met_by_roll_out(view) for c in said):
        return  # names fail on the nodes alone to which another's roll-out has come
    every = [c for c in said if ill or not _of_its_image(view, c)]
    shut = {ref for ref in {c.caller for c in every} if closed_to_dns(view, ref, unanswered(view))}
    found = [c for c in every if c.caller not in shut and not _headless(view, c) and not _taken_away(view, c)]
    found = [c for c in found if c.caller not in {s.ref for s in (*servers, *forwarders(view, servers))}]
    figures = _figures(view)
    signs = (*figures, *own)
    since = oldest((began(found), *(e.time for e in signs)))
    asks_more = _asks_more(view, found, began(found) if busy else since) if busy or not own else None
    if asks_more is not None and (signs or busy or len({c.caller for c in found}) >= 2):
        yield _overloaded(view, asks_more, found, (*(e for _, seen in busy[:1] for e in seen), *signs), since)
    elif busy:
        if found or figures:
            yield _too_few(view, *busy[0], found, figures)
    else:
        yield from _not_for_load(view, servers, found, figures, own)


def _not_for_load(
    view: View,
    servers: tuple[Workload, ...],
    found: list[Complaint],
    figures: tuple[Evidence, ...],
    own: tuple[Evidence, ...],
) -> Iterator[Match]:
    """Yield that names are not found, or not in time, though servers do not have too much to do."""
    signs = (*figures, *own)
    since = oldest((began(found), *(e.time for e in signs)))
    answered = not found and not figures and any(server.ready for server in servers)
    steady = [c for c in found if not _released(view, c)]
    innocent = {c.caller for c in steady}
    well = all(e.source != "objects" for e in own)
    edited = edited_right_before(view, servers, steady, began(found) or since) if well else None
    several = len(innocent) >= 2 and not _at_one_node(view, found)
    if edited is not None and ((signs and found) or several or edited.missed):
        seen = (*signs, *told(view, found), *_together(found))
        yield misled(view, edited, sorted({c.caller for c in found}), began(found), seen)
        return
    existing = {c.caller for c in found if _exists(view, c)}
    if not (signs and (found or servers)) and not (len(innocent) >= 2 and (existing or len(innocent) >= 3)):
        return
    if not signs and _at_one_node(view, found):
        return  # their twins on other nodes resolve the same names
    slow = any(answers_late(view, server) for server in servers)
    component = servers[0].ref if servers else "Service/kube-dns"
    callers = behind(view, *(c.caller for c in found))
    released = released_ill(view, servers, since) if found else None
    yield Match(
        component=component,
        evidence=(*signs, *(released.evidence if released else ()), *told(view, found), *_together(found)),
        # One server is ill, another is there, and nobody misses an answer: that is no more than likely. Nor is it
        # where servers are late to answer even themselves: they may only be too few.
        certainty=0.5 if answered or slow else 0.8 if signs else 0.65,
        root_cause=released.cause if released else "",
        remedy="rollback_workload" if released else "",
        since=since,
        explains=(*callers, *(w.ref for w in view.serving if not servers and not found)),
        excludes=(
            *not_for(sorted({c.caller for c in found}), "new pods would ask the same DNS"),
            *(not_for((component,), "new pods are of the same template", RESTARTS) if released else ()),
        ),
    )


def _of_its_image(view: View, each: Complaint) -> bool:
    """Tell whether a name is not found for what a release brought to look it up with, while others find it."""
    return other_resolver(view, view.workloads[each.caller]) is not None


def _of_other_names(view: View, servers: tuple[Workload, ...], said: list[Complaint]) -> bool:
    """Tell whether one release alone misses names, and what servers cannot answer is asked for by somebody else."""
    missed = [c for c in said if c.caller not in {server.ref for server in servers}]
    hosts = {host for each in missed for host in each.hit.hosts}
    one = len({each.caller for each in missed}) == 1 and all(
        each.hit.hosts and _released(view, each) and not any_there(view, each.hit.hosts) for each in missed
    )
    return one and fails_for_others(view, servers, hosts)


def _too_few(
    view: View, server: Workload, busy: tuple[Evidence, ...], found: list[Complaint], figures: tuple[Evidence, ...]
) -> Match:
    """Return that servers have no processor time, or no memory, left to answer."""
    remedy, more, excludes = remedy_for_load(view, server)
    callers = sorted({c.caller for c in found})
    full = any(e.source == "objects" for e in busy)
    again = "it has run out of memory after each start: what it is asked fills it"
    return Match(
        component=server.ref,
        evidence=(*busy, *asked_more_often(view, callers), *figures, *told(view, found), *more),
        certainty=0.75 if any(e.source == "metrics" for e in busy) else 0.65,
        root_cause="capacity",
        remedy=remedy,
        since=began(found),
        explains=behind(view, server.ref, *callers, but=server.ref),
        excludes=(
            *excludes,
            *not_for(callers, "new pods would ask the same DNS"),
            *(not_for((server.ref,), again, RESTARTS) if full else ()),
        ),
    )


def _asks_more(view: View, found: list[Complaint], since: datetime | None) -> tuple[Workload, Change] | None:
    """Return the one workload whose release makes more questions of each name, if names fail since, its own too."""
    led = [
        (workload, change)
        for ref in sorted({c.caller for c in found})
        if since_release(workload := view.workloads[ref], since, SOON)
        for change in workload.changes
        if change.field in ("dnsConfig", "dnsPolicy")
        and _searched(change, change.after) > _searched(change, change.before)
    ]
    return led[0] if len({workload.ref for workload, _ in led}) == 1 else None


def _searched(change: Change, value: str) -> int:
    """Return from how few dots on a name is asked as it is: below that it is tried in each search domain first."""
    if change.field == "dnsPolicy":
        return 1 if value in ("Default", "None") else DOTS
    told = _NDOTS.search(value)
    return int(told[1]) if told else DOTS


def _overloaded(
    view: View,
    asks_more: tuple[Workload, Change],
    found: list[Complaint],
    signs: tuple[Evidence, ...],
    since: datetime | None,
) -> Match:
    workload, change = asks_more
    others = sorted({c.caller for c in found} - {workload.ref})
    why = "each name is asked in every search domain first: new pods ask as much, more pods more"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, f"released: {change.told()}", workload.released_at),
            *signs,
            *told(view, found),
        ),
        certainty=0.75,
        root_cause="configuration_error",
        remedy="rollback_workload",
        since=since,
        explains=behind(view, workload.ref, *others, but=workload.ref),
        excludes=(
            *not_for((workload.ref,), why, (*RESTARTS, "scale_workload")),
            *not_for(others, f"names fail since {workload.ref} was released: new pods would ask the same DNS"),
        ),
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
        yield server.standing()
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
    named = [host for host in (*each.hosts, *each.hit.hosts) if view.graph.resolve(host) != each.caller]
    return bool(each.about) or any(host.split(".")[0] in view.services for host in named)


def _taken_away(view: View, each: Complaint) -> bool:
    """Tell whether a name could not be resolved as its Service was taken away, and none that is there."""
    gone = any(taken_away(view, label_of(view, host)) for host in each.hosts)
    return gone and not _exists(view, each)


def _headless(view: View, each: Complaint) -> bool:
    """Tell whether all names are of headless Services that had no ready pod: DNS rightly knew no address for them."""
    services = [view.services.get(host.split(".")[0]) for host in each.hit.hosts]
    known = [s for s in services if s is not None]
    return bool(known) and all(s.headless and _empty(view, s, each) for s in known)


def _empty(view: View, service: Service, each: Complaint) -> bool:
    """Tell whether a Service has no ready pod, or all that are ready became so as its name was missed for the last."""
    last = each.hit.last
    ready = [pod.ready_since for ref in service.backends for pod in view.workloads[ref].live if pod.ready]
    if not service.ready or last is None:
        return not service.ready
    return bool(ready) and all(since is not None and since >= last - REMEMBERED for since in ready)


def _at_one_node(view: View, found: list[Complaint]) -> bool:
    """Tell whether names fail for pods of one node only, while a twin of each of them elsewhere tells of no failure."""
    callers = {each.caller for each in found}
    return any(alone_on(view, node, found).keys() == callers for node in {node_of(view, each) for each in found})


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
