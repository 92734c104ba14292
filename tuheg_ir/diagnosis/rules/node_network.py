"""The network of one node fails: pods there cannot be set up, or reach nobody, and their twins elsewhere are well."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._link import link_troubles, resent
from tuheg_ir.diagnosis.rules._no_address import for_want_of_addresses, short_of_addresses
from tuheg_ir.diagnosis.rules._one_node import alone_on, node_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.reading import items, moment, name, text
from tuheg_ir.diagnosis.view.view import View

_SETUP = late(
    r"network: |failed to set ?up (?:network|sandbox)|plugin type=|cni|no IP addresses available|"
    r"failed to assign an IP address|failed to allocate for range|InsufficientFreeAddresses|NetworkPlugin",
    re.IGNORECASE,
)
_PLUGIN = late(r"cni|network plugin|NetworkReady=false", re.IGNORECASE)
TROUBLES = ("connection_timeout", "connection_reset", "dns", "connection_refused")


def when(view: View) -> Iterator[Match]:
    """A node's network is reported bad, its pods get no network, or only pods there reach nobody."""
    where = {pod.name: pod.node for _, pod in view.pods() if pod.node}
    every = complaints(view, *TROUBLES, "cache_busy")
    found = [each for each in every if each.hit.trouble in TROUBLES]
    for node in sorted({*where.values(), *(name(n) for n in view.snapshot.of("Node"))}):
        stated = (*_conditions(view, node), *_setups(view, node, where))
        lonely, victims = _lonely(view, node, found)
        link = link_troubles(view, node)
        # One such service is no chance where the node's link is bad; what is sent again may be its own doing.
        if not stated and len(victims) < (1 if link else 2):
            continue
        sufferers = victims or tuple(sorted({view.owner_of(p) for p, n in where.items() if n == node}))
        yield Match(
            component=f"Node/{node}",
            evidence=(*stated[:3], *link, *resent(view, node), *lonely[:3]),
            certainty=0.75 if stated or link else 0.6,
            since=min((e.time for e in (*stated, *link, *lonely) if e.time), default=None),
            explains=(*behind(view, *sufferers), *(_accused(view, node, every) if victims else ())),
            excludes=not_for(
                sufferers,
                f"the template is well: pods on other nodes work; the network of {node} is not",
                ("rollback_workload",),
            ),
        )


def _conditions(view: View, node: str) -> Iterator[Evidence]:
    for condition in items(view.objects("Node").get(node), "status", "conditions"):
        if text(condition, "type") == "NetworkUnavailable" and text(condition, "status") == "True":
            fact = f"NetworkUnavailable: {text(condition, 'message')[:160]}"
            yield Evidence("objects", f"Node/{node}", fact, moment(condition, "lastTransitionTime"))
        lost = text(condition, "type") == "Ready" and text(condition, "status") != "True"
        if lost and _PLUGIN.search(text(condition, "message")):
            fact = f"not ready: {text(condition, 'message')[:160]}"
            yield Evidence("objects", f"Node/{node}", fact, moment(condition, "lastTransitionTime"))


def _setups(view: View, node: str, where: dict[str, str]) -> Iterator[Evidence]:
    """Yield pods of a node that got no network; where pods of several get no address, it is none of the nodes."""
    short = short_of_addresses(view) is not None
    for event in view.events:
        kind, _, label = event.about.partition("/")
        here = kind == "Pod" and where.get(label) == node and view.recent(event.last)
        if short and for_want_of_addresses(event):
            continue
        if here and event.reason in ("FailedCreatePodSandBox", "NetworkNotReady") and _SETUP.search(event.message):
            yield view.event_evidence(event)


def _lonely(view: View, node: str, found: Sequence[Complaint]) -> tuple[tuple[Evidence, ...], tuple[str, ...]]:
    """Return what pods of a node complain of that their twins on other nodes do not, and whose pods they are."""
    alone = alone_on(view, node, found)
    return tuple(view.hit_evidence(each.hit) for each in alone.values()), tuple(alone)


def _accused(view: View, node: str, found: Sequence[Complaint]) -> tuple[str, ...]:
    """Return of whom nobody complains but pods of a node, which do not reach them."""
    by: dict[str, set[str]] = {}
    for each in found:
        if each.about and not each.hit.previous:
            by.setdefault(each.about, set()).add(node_of(view, each))
    return tuple(sorted(ref for ref, from_where in by.items() if from_where == {node}))


RULE = Rule(
    name="node_network",
    title="The network of one node fails",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no node's network is reported bad, and no node's pods alone reach nobody",
)
