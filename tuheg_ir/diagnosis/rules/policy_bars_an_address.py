"""A policy lets a workload out to some addresses only, and what it calls has another one now."""

from __future__ import annotations

import ipaddress
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._moved_peer import moved_peers, reaches
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import ADDRESS, Hit
from tuheg_ir.diagnosis.view.network import INSIDE, Policy
from tuheg_ir.diagnosis.view.reading import items, mapping, oldest, text
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_Network = ipaddress.IPv4Network | ipaddress.IPv6Network
_DROPPED = ("connection_timeout", "connection_refused")
SOON = timedelta(minutes=15)
"""Who cannot reach a server that moved, tells it at once."""


def when(view: View) -> Iterator[Match]:
    """Calls to an address outside, or to a server that moved, are dropped: policies let the caller out to others."""
    ours = {pod.address for w in view.workloads.values() for pod in w.pods}
    ours |= {text(service, "spec", "clusterIP") for service in view.snapshot.of("Service")}
    for caller in view.serving:
        closing = [policy for policy in view.policies if policy.egress and caller.ref in policy.binds]
        ranges = [block for policy in closing for block in _blocks(policy)]
        hits = [hit for hit in view.hits_of(caller.ref, *_DROPPED) if fresh(view, hit)]
        if not closing or not ranges or any(_all(policy) for policy in closing) or not hits:
            continue
        told = tuple(view.hit_evidence(hit) for hit in hits[:2])
        if barred := _barred(view, caller, ranges, ours):
            policy = next(each for each in closing if list(_blocks(each)))
            yield _match(view, caller, policy, ranges, barred, told)
        elif moved := next(_moved(view, caller, closing, hits, ours), None):
            yield _match(view, caller, moved[0], ranges, moved[1], (moved[2], *told))


def _match(
    view: View, caller: Workload, policy: Policy, ranges: list[_Network], barred: str, shown: tuple[Evidence, ...]
) -> Match:
    told = f"{caller.ref} may go out to {', '.join(map(str, ranges[:3]))}; {barred} is none of them"
    return Match(
        component=policy.ref,
        evidence=(Evidence("objects", policy.ref, told), *shown),
        certainty=0.8,
        since=oldest(each.time for each in shown),
        explains=behind(view, caller.ref),
        excludes=(
            *excluding(caller.ref, f"{policy.ref} binds every pod of it", *RESTARTS, "rollback_workload"),
            *not_for(behind(view, caller.ref), f"the way out is closed by {policy.ref}", ("scale_workload",)),
        ),
    )


def _barred(view: View, caller: Workload, ranges: list[_Network], ours: set[str]) -> str:
    """Return the address outside that a caller's log repeats and that no range lets it out to; "" for none."""
    named: Counter[str] = Counter()
    for log in view.logs_of(caller.live, previous=False):
        named.update(a for line in log.lines for a in dict.fromkeys(ADDRESS.findall(line)) if a not in ours)
    return next((a for a, n in named.most_common() if n >= OFTEN and not _allowed(a, (*INSIDE, *ranges))), "")


def _moved(
    view: View, caller: Workload, closing: list[Policy], hits: list[Hit], ours: set[str]
) -> Iterator[tuple[Policy, str, Evidence]]:
    """Yield the policy that lets a caller out to a server's former address only, the new one, and who tells of it.

    The caller need not name an address: others that no policy holds tell that the server has another one since.
    """
    began = oldest(hit.first for hit in hits)
    for other in view.serving:
        for log in view.logs_of(other.live, previous=False) if other.ref != caller.ref else ():
            for each in moved_peers(log, ours):
                if each.at and began and abs(each.at - began) > SOON:
                    continue
                if any(reaches(mine, each.new, each.port) for mine in view.logs_of(caller.live)):
                    continue  # whatever the policy says, nobody enforces it
                holding = next((p for p in closing if _allowed(each.old, _blocks(p, each.port))), None)
                if holding and not any(_lets_out(policy, each.new, each.port) for policy in closing):
                    told = f"it lost {each.old}:{each.port} and is connected to {each.new}: {each.line}"
                    yield holding, each.new, Evidence("logs", f"Pod/{each.pod}", told, each.at)


def _blocks(policy: Policy, port: str = "") -> Iterator[_Network]:
    """Yield the ranges that a policy lets out to, at a port if one is given."""
    for rule in items(policy.obj, "spec", "egress"):
        for peer in items(rule, "to") if _at(rule, port) else ():
            try:
                yield ipaddress.ip_network(text(mapping(peer, "ipBlock"), "cidr"), strict=False)
            except ValueError:
                continue


def _at(rule: Mapping[str, Any], port: str) -> bool:
    """Tell whether a rule is about a port (one that is named by a word, or a range, may be)."""
    ports = {text(each, "port") for each in items(rule, "ports")}
    ranged = any(text(each, "endPort") for each in items(rule, "ports"))
    return not port or not ports or ranged or port in ports or any(not each.isdigit() for each in ports)


def _all(policy: Policy) -> bool:
    """Tell whether a policy lets everything out somewhere: a rule without any peer."""
    return any(not items(rule, "to") and not items(rule, "ports") for rule in items(policy.obj, "spec", "egress"))


def _lets_out(policy: Policy, address: str, port: str) -> bool:
    """Tell whether a policy lets out to an address at a port: by its range, or to any peer."""
    free = any(not items(rule, "to") and _at(rule, port) for rule in items(policy.obj, "spec", "egress"))
    return free or _allowed(address, _blocks(policy, port))


def _allowed(address: str, ranges: Iterable[_Network]) -> bool:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return True
    return any(found in block for block in ranges)


RULE = Rule(
    name="policy_bars_an_address",
    title="A policy lets a caller out to other addresses than the one it needs now",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no calls are dropped to an address outside of what a policy lets out to",
)
