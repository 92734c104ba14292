"""The network of one node fails: pods there cannot be set up, or reach nobody, and their twins elsewhere are well.

A link that came back slower, and is full, holds up all who send much over it, wherever they are.
Where its agent took another address of the host, the pods there are islands, whatever the node says of itself. Where it
has no room for a further connection, it may be the fault of another one's release that holds most of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._knocking import tries_doors
from tuheg_ir.diagnosis.rules._link import link_troubles, no_room, resent
from tuheg_ir.diagnosis.rules._network_restarted import restarted
from tuheg_ir.diagnosis.rules._no_address import for_want_of_addresses, short_of_addresses
from tuheg_ir.diagnosis.rules._one_node import (
    SEVERAL,
    alone_on,
    at_home_on,
    missed_at_home_on,
    missed_on,
    node_of,
    odd_only_on,
    only_new_on,
    unanswered_on,
    unready_only_on,
)
from tuheg_ir.diagnosis.rules._slower_link import held_up
from tuheg_ir.diagnosis.rules._taken_address import Taken, taken_address
from tuheg_ir.diagnosis.rules._taken_most import CONNECTIONS, taken_by
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints
from tuheg_ir.diagnosis.view.nodes import on_node
from tuheg_ir.diagnosis.view.reading import items, moment, name, oldest, text
from tuheg_ir.diagnosis.view.releases import cause_of_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View

_SETUP = late(
    r"network: |failed to set ?up (?:network|sandbox)|plugin type=|cni|no IP addresses available|"
    r"failed to assign an IP address|failed to allocate for range|InsufficientFreeAddresses|NetworkPlugin",
    re.IGNORECASE,
)
_PLUGIN = late(r"cni|network plugin|NetworkReady=false", re.IGNORECASE)
TROUBLES = ("connection_timeout", "connection_reset", "dns", "connection_refused")


def when(view: View) -> Iterator[Match]:
    """A node's network is bad or full, goes by another address, its pods get none, or only pods there reach nobody.

    Room that a release took most of is given back by taking that release back.
    """
    where = {pod.name: pod.node for _, pod in view.pods() if pod.node}
    every = complaints(view, *TROUBLES, "cache_busy")
    found = [each for each in every if each.hit.trouble in TROUBLES]
    for node in sorted({*where.values(), *(name(n) for n in view.snapshot.of("Node"))}):
        stated = (*_conditions(view, node), *_setups(view, node, where))
        taken = taken_address(view, node) or Taken((), (), ())
        link = (*link_troubles(view, node), *taken.seen, *taken.missed[:1])
        began = oldest(e.time for e in link)
        missed = missed_on(view, node, found) if taken.seen else unanswered_on(view, node, found)
        lonely = missed | alone_on(view, node, found)
        at_home = at_home_on(view, node, found, began) if link else {}
        cut_off = missed_at_home_on(view, node, found, began) if link else {}
        unready = unready_only_on(view, node, began) if link else {}
        odd = odd_only_on(view, node, began) if link else {}
        crawling = held_up(view, node) if link else ()
        anew = restarted(view, node, found) if lonely else ()
        # One such service is no chance where the node's link is bad; what is sent again may be its own doing.
        few = (
            len({*lonely, *odd}) < (1 if link or anew else SEVERAL)
            and max(len({*at_home, *cut_off}), len(unready)) < SEVERAL
        )
        chance = few or (not link and not anew and only_new_on(view, node, lonely))
        if not (stated or taken.missed or crawling) and chance:
            continue
        said = {ref: view.hit_evidence(each.hit) for ref, each in {**lonely, **at_home, **cut_off}.items()}
        victims = {**unready, **odd, **said}
        told = (*victims.values(), *(seen for ref in crawling for seen, _ in troubles(view, ref)))
        there = sorted({view.owner_of(p) for p, n in where.items() if n == node})
        sufferers = sorted({*victims, *crawling}) or there
        match = Match(
            component=f"Node/{node}",
            evidence=(*stated[:3], *link, *anew[:2], *resent(view, node), *told[:3]),
            certainty=0.75 if stated or link or anew else 0.6,
            since=oldest(e.time for e in (*stated, *link, *anew, *told)),
            explains=(
                *behind(view, *sufferers, *(there if crawling else ())),
                *(_accused(view, node, every) if said else ()),
                *taken.agents,
            ),
            excludes=(
                *not_for(
                    sufferers,
                    f"the network of {node} is what fails: pods there meet that by any template",
                    ("rollback_workload",),
                ),
                *not_for(taken.agents, "it would take the same address again", (*RESTARTS, "rollback_workload")),
            ),
        )
        yield match if stated else _by_release(view, node, match)


def _by_release(view: View, node: str, match: Match) -> Match:
    """Return whose release took most of the connections that a node has room for; the node itself if nobody's did.

    None is blamed where a pod there goes from door to door: each try is a connection more.
    """
    if any(pod.name in tries_doors(view, workload) for workload, pod in on_node(view, node)):
        return match
    full = no_room(view, node, match.evidence)
    taken = taken_by(view, CONNECTIONS, [node], oldest(each.time for each in full)) if full else None
    if taken is None:
        return match
    workload, seen = taken
    missed = {w.ref for w, pod in on_node(view, node) if not pod.ready}
    others = dict.fromkeys((match.component, *match.explains, *sorted(missed)))
    return match._replace(
        component=workload.ref,
        evidence=(*full, *seen, *(each for each in match.evidence if each not in full)),
        certainty=0.8,
        root_cause=cause_of_release(workload),
        remedy="rollback_workload",
        explains=tuple(ref for ref in others if ref != workload.ref),
        excludes=(
            *(each for each in match.excludes if each.target != workload.ref),
            *excluding(workload.ref, "new pods would open as many connections again", *RESTARTS, "scale_workload"),
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
    """Yield pods of a node that got no network; where no address is left on any, it is none of the nodes."""
    short = short_of_addresses(view) is not None
    for event in view.events:
        kind, _, label = event.about.partition("/")
        here = kind == "Pod" and where.get(label) == node and view.recent(event.last)
        if short and for_want_of_addresses(event):
            continue
        if here and event.reason in ("FailedCreatePodSandBox", "NetworkNotReady") and _SETUP.search(event.message):
            yield view.event_evidence(event)


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
