"""One of several balancers before the cluster sends nothing any more, and users who are led to it come nowhere.

All in the cluster is well: what arrives is answered as ever, it is only less. That looks like a bad day of the shop.
Who sends what arrives stands in the access log of the edge, and a Service knows the addresses of its balancers.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.demand import requests_grew
from tuheg_ir.diagnosis.view.network import Service
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import since_release, soon_after
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes
from tuheg_ir.named import NamedTuple

CHANCE = 0.001
"""So seldom would none of the requests since be of a balancer that goes on to send its share."""
LEAST = 10
"""So many requests of a balancer tell what its share was."""
LONG = timedelta(minutes=10)
"""A shorter silence may be that of a balancer which is started anew."""
JUST_BEFORE = timedelta(minutes=30)
FEWER = 0.8
"""If more than this share of the requests still comes, another balancer has taken over what the silent one sent."""
_PEER = late(
    r"^(?:\S{1,40} )?\[?(?P<common>[\da-fA-F.:]{3,45})\]? - \S{1,80} \[[^\]]{10,40}\] \""
    r"|\"remote_addr\"\s*:\s*\"(?P<json>[\da-fA-F.:]{3,45})\""
)
"""Who sent a request, as an access log in the common format tells it, or one in JSON."""


class _Silent(NamedTuple):
    """A balancer that was heard before: its address, its name, how much it sent of all, and what came since."""

    address: str
    name: str
    sent: int
    all: int
    since_then: int
    last: datetime


def when(view: View) -> Iterator[Match]:
    """No pod of the edge is sent anything any more by one balancer, the others go on, and less is asked behind it."""
    for service in view.services.values():
        if text(service.obj, "spec", "type") != "LoadBalancer" or len(service.backends) != 1:
            continue
        edge = view.workloads[service.backends[0]]
        silent = _silent(view, service, edge)
        if silent is None or _changed(view, service, edge, silent.last) or edge.ready < edge.wanted:
            continue
        led = _led(view, edge)
        fewer = _fewer(view, led, silent.last)
        if fewer and not any(any(troubles(view, ref)) for ref in led):
            yield _match(view, service, silent, led, fewer)


def _silent(view: View, service: Service, edge: Workload) -> _Silent | None:
    """Return the one balancer of a Service that sends no pod of the edge anything since a while, by chance hardly."""
    told_of = items(service.obj, "status", "loadBalancer", "ingress")
    balancers = {text(each, "ip"): text(each, "hostname") for each in told_of if text(each, "ip")}
    if len(balancers) < 2:
        return None
    told = [list(_sent(view, pod.name, balancers)) for pod in edge.live]
    every = sorted((each for one in told for each in one), key=lambda each: each[1])
    if not all(told) or not every or not view.recent(every[-1][1], LONG):
        return None  # who is not heard may be sent it
    found = [each for address, name in sorted(balancers.items()) if (each := _quiet(every, address, name))]
    others = {address for address, _ in every} - {each.address for each in found}
    return found[0] if len(found) == 1 and others and view.now - found[0].last >= LONG else None


def _sent(view: View, pod: str, balancers: dict[str, str]) -> Iterator[tuple[str, datetime]]:
    """Yield (address, when) of the requests that balancers sent to a pod."""
    for log in view.logs:
        for line in log.lines if log.pod == pod and not log.previous else ():
            found = _PEER.search(line)
            address = (found["common"] or found["json"]) if found else ""
            if address in balancers and (at := stamp(line)) is not None:
                yield address, at


def _quiet(every: Sequence[tuple[str, datetime]], address: str, name: str) -> _Silent | None:
    """Return that a balancer was heard often enough before for its silence since then to be no chance."""
    mine = [at for other, at in every if other == address]
    if len(mine) < LEAST:
        return None
    before = sum(at <= mine[-1] for _, at in every)
    since = len(every) - before
    if (1 - len(mine) / before) ** since > CHANCE or len(mine) == before:
        return None
    return _Silent(address, name, len(mine), before, since, mine[-1])


def _changed(view: View, service: Service, edge: Workload, last: datetime) -> bool:
    """Tell whether the edge, what it reads or its Service was changed right before: that may turn a balancer away."""
    times = [edited(service.obj), *(at for _, at in outside_changes(view, edge))]
    return since_release(edge, last) or any(soon_after(last, at) for at in times)


def _led(view: View, edge: Workload) -> tuple[str, ...]:
    """Return the edge and whom it leads requests to."""
    routed = (view.services[each.service] for each in view.routes if each.service in view.services)
    behind_it = {ref for service in routed for ref in service.backends} | set(view.graph.calls.get(edge.ref, ()))
    return (edge.ref, *sorted(behind_it - {edge.ref}))


def _fewer(view: View, led: Sequence[str], last: datetime) -> tuple[Evidence, ...]:
    """Return that all who are measured of the edge, and behind it, get fewer requests since; () if some does not."""
    growth = [(ref, requests_grew(view, ref, last, JUST_BEFORE)) for ref in led]
    known = [(ref, share) for ref, share in growth if share is not None]
    if not known or any(share > FEWER for _, share in known):
        return ()
    return tuple(Evidence("metrics", ref, f"{share:.0%} of the former requests come", last) for ref, share in known[:2])


def _match(view: View, service: Service, silent: _Silent, led: Sequence[str], fewer: tuple[Evidence, ...]) -> Match:
    who = f"{silent.address} ({silent.name})" if silent.name else silent.address
    fact = f"{who} sent {silent.sent} of {silent.all} requests until then, and none of the {silent.since_then} since"
    why = f"{who} sends nothing: what arrives is answered, and nothing done in the cluster brings more"
    return Match(
        component=service.ref,
        evidence=(
            Evidence("logs", service.backends[0], fact, silent.last),
            *fewer,
            *(seen for ref in led for seen in suffering(view, ref)),
        ),
        certainty=0.75,
        since=silent.last,
        explains=behind(view, *led),
        excludes=not_for(led, why, (*ON_CALLERS, "isolate_workload")),
    )


RULE = Rule(
    name="balancer_silent",
    title="A balancer before the cluster sends nothing any more, and all else is well",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no balancer of several sends nothing any more while less is asked",
)
