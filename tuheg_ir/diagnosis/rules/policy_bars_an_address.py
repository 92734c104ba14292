"""A policy lets a workload out to some addresses only, and what it calls has another one now."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterator

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.network import Policy
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.trouble import OFTEN

_INSIDE = tuple(
    map(ipaddress.ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "127.0.0.0/8"))
)
"""Where clusters have their pods, Services and nodes."""
_DROPPED = ("connection_timeout", "connection_refused")


def when(view: View) -> Iterator[Match]:
    """Calls to an address outside are dropped, and the caller's policies let it out to other ranges only."""
    ours = {pod.address for w in view.workloads.values() for pod in w.pods}
    ours |= {text(service, "spec", "clusterIP") for service in view.snapshot.of("Service")}
    for caller in view.serving:
        closing = [policy for policy in view.policies if policy.egress and caller.ref in policy.binds]
        ranges = [block for policy in closing for block in _blocks(policy)]
        hits = [hit for hit in view.hits_of(caller.ref, *_DROPPED) if fresh(view, hit)]
        if not closing or not ranges or any(_all(policy) for policy in closing) or not hits:
            continue
        named: Counter[str] = Counter()
        for log in view.logs_of(caller.live, previous=False):
            named.update(a for line in log.lines for a in dict.fromkeys(ADDRESS.findall(line)) if a not in ours)
        barred = [a for a, count in named.most_common() if count >= OFTEN and not _allowed(a, ranges)]
        if barred:
            policy = next(each for each in closing if list(_blocks(each)))
            told = f"{caller.ref} may go out to {', '.join(map(str, ranges[:3]))}; {barred[0]} is none of them"
            yield Match(
                component=policy.ref,
                evidence=(Evidence("objects", policy.ref, told), *(view.hit_evidence(hit) for hit in hits[:2])),
                certainty=0.8,
                since=oldest(hit.first for hit in hits),
                explains=behind(view, caller.ref),
                excludes=(
                    *excluding(caller.ref, f"{policy.ref} binds every pod of it", *RESTARTS, "rollback_workload"),
                    *not_for(behind(view, caller.ref), f"the way out is closed by {policy.ref}", ("scale_workload",)),
                ),
            )


def _blocks(policy: Policy) -> Iterator[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    for rule in items(policy.obj, "spec", "egress"):
        for peer in items(rule, "to"):
            try:
                yield ipaddress.ip_network(text(mapping(peer, "ipBlock"), "cidr"), strict=False)
            except ValueError:
                continue


def _all(policy: Policy) -> bool:
    """Tell whether a policy lets everything out somewhere: a rule without any peer."""
    return any(not items(rule, "to") and not items(rule, "ports") for rule in items(policy.obj, "spec", "egress"))


def _allowed(address: str, ranges: list[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True
    return any(found in block for block in (*_INSIDE, *ranges))


RULE = Rule(
    name="policy_bars_an_address",
    title="A policy lets a caller out to other addresses than the one it needs now",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no calls are dropped to an address outside of what a policy lets out to",
)
