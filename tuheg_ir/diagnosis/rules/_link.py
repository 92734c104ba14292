"""What tells that the network of one node is bad, while the node stays ready: its link, or its kernel's tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._slower_link import slower_link
from tuheg_ir.diagnosis.rules._taken_most import CONNECTIONS, used_up
from tuheg_ir.diagnosis.view.figures import outlier
from tuheg_ir.diagnosis.view.nodes import nodes
from tuheg_ir.diagnosis.view.view import View

AGAIN = 3
"""A link that went down less often was plugged in, or its node was started."""
DAMAGED = 1.0
"""Damaged packets a second that no sound interface receives."""
RESENT = 0.03
"""Share of segments sent again from which on programs feel it."""
TIMES = 5.0
"""So many times as bad as all others is the one node whose link it is."""
_OF_CONNECTIONS = late(r"conntrack.*\bfull|conntrack\S*full", re.IGNORECASE)
_LINK = late(
    r"link is (?:now )?down|link (?:status )?(?:definitely )?down|link[ _-]?flap|(?:lost|no) carrier|carrier lost"
    r"|NETDEV WATCHDOG|transmit queue \d+ timed out|(?:detected|tx) (?:hardware )?unit hang|\btx hang"
    r"|conntrack: (?:nf_conntrack: )?table full|conntrack[ _-]?(?:table[ _-]?)?(?:is[ _-])?full"
    r"|(?:link|nic)[ _-]?(?:speed|rate)[ _-]?(?:is[ _-])?(?:degrad|downgrad|reduced|too low|mismatch)"
    r"|neighbou?r table overflow|(?:arp|neighbou?r)[ _-]?(?:cache|table)[ _-]?(?:is[ _-])?(?:full|overflow)",
    re.IGNORECASE,
)
"""What kernels and their drivers say, and what a detector of problems calls it.

The tables are those of connections and of neighbours: who finds no room in them is dropped, wherever it goes.
"""
_OF_A_POD = late(r"\b(?:veth|cali|lxc|docker|cni|br-|flannel|tap|virbr)[\w-]*", re.IGNORECASE)
"""Interfaces that come and go with pods."""


def link_troubles(view: View, node: str) -> tuple[Evidence, ...]:
    """Return what says that a node itself is bad: its link is slower or goes down often, or a table is full.

    A detector of problems tells it by a condition, or by an event at each time; of connections figures tell it too.
    """
    held = [
        Evidence("objects", each.ref, f"{what}: {why}", at)
        for each in nodes(view)
        for what, why, at in each.problems
        if each.name == node and _LINK.search(f"{what}: {why}")
    ]
    told = [
        view.event_evidence(event)
        for event in view.events_of(f"Node/{node}")
        if event.count >= AGAIN
        and _LINK.search(said := f"{event.reason}: {event.message}")
        and not _OF_A_POD.search(said)
    ]
    slower = slower_link(view, node)
    return (
        *held,
        *told[:2],
        *(slower.seen if slower else ()),
        *used_up(view, CONNECTIONS, node),
        *_stands_out(view, node, "node_receive_errors", DAMAGED, "{:.0f} damaged packets a second"),
    )


def no_room(view: View, node: str, signs: Iterable[Evidence]) -> tuple[Evidence, ...]:
    """Return what tells that a node has no room for a further connection: figures, or else words of its own."""
    return tuple(used_up(view, CONNECTIONS, node)) or tuple(e for e in signs if _OF_CONNECTIONS.search(e.fact))


def resent(view: View, node: str) -> tuple[Evidence, ...]:
    """Return that a node alone sends much again; pods that ask for what is gone do that too."""
    return tuple(_stands_out(view, node, "node_retransmit_share", RESENT, "{:.0%} of its segments are sent again"))


def _stands_out(view: View, node: str, signal: str, limit: float, words: str) -> Iterator[Evidence]:
    values = view.figures.latest(signal, "node")
    if node in values and outlier(values, TIMES, limit) == node:
        since = view.figures.crossed(signal, limit, node=node)
        yield Evidence("metrics", f"Node/{node}", f"{words.format(values[node])}, at no other node", since)
