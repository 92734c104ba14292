"""The server of names of one node does not come up, while its like on other nodes are well: names fail there alone.

All of them have one template and read one configuration. What differs is what the node gives them: its own settings
of whom to ask, an address that is taken, a table of packets. Such a server asks whomever the node's settings name, and
ends by itself where these name the server itself, as they do after a start at which something wrote them anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._node_resolver import NodeResolver, node_resolver
from tuheg_ir.diagnosis.view.complaints import began, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View

_LOOP = late(
    r"plugin/loop\b.{0,20}\bLoop\b.{0,120}\bdetected|\bforwarding loop\b|\bloop detected for zone\b"
    r"|\bresolver.{0,60}\bpoints? to itself\b"
)
"""A server's words for being sent back what it asks."""
_ASKED = late(r"\blookup \S+ on \[?([0-9a-fA-F.:]+?)\]?:53\b")
"""Whom a program of the node itself, or of a pod there, asked for a name."""
_HOURS = timedelta(hours=6)
_STARTS = ("Rebooted", "Starting")


def when(view: View) -> Iterator[Match]:
    """The server of names of a node ends or waits, others of its template are well, and names fail there alone."""
    found = node_resolver(view)
    if found is None:
        return
    one = f"Node/{found.nodes[0]}" if len(found.nodes) == 1 else found.server.ref
    loops, asks = tuple(_loops(view, found)), tuple(_asks_itself(view, found))
    suffer = {*behind(view, *(c.caller for c in found.found), *(ref for ref, _ in found.unready))}
    there, elsewhere = (
        {w.ref for w, pod in view.pods() if (pod.node in found.nodes) == here and not pod.ready}
        for here in (True, False)
    )
    suffer |= there - elsewhere
    suffer -= {found.server.ref}
    why = f"the server of names of {', '.join(found.nodes)} is ill: pods of any template find nobody there"
    again = "it would ask what the node names again"
    yield Match(
        component=one,
        evidence=(
            *(_stands(found, n) for n in range(min(2, len(found.ill)))),
            *loops[:1],
            *asks[:1],
            *told(view, found.found, 2),
            *(seen for _, seen in found.unready[:1]),
            *tuple(_started(view, found))[:1],
        ),
        certainty=0.85 if found.found and loops else 0.75 if found.found or loops else 0.6,
        root_cause="configuration_error" if loops else "",
        since=oldest((began(found.found), *(seen.time for _, seen in found.unready))),
        explains=(*sorted(suffer), *(() if one == found.server.ref else (found.server.ref,))),
        excludes=(
            *not_for(sorted(suffer), why),
            *excluding(found.server.ref, again, *RESTARTS),
            *excluding(found.server.ref, "its template is well on other nodes", "rollback_workload"),
        ),
    )


def _stands(found: NodeResolver, number: int) -> Evidence:
    pod = found.ill[number]
    ended = [each.ended for each in pod.containers if each.ended is not None]
    well = sum(each.ready for each in found.server.live)
    fact = f"it does not come up on {pod.node}; {well} of the same template are well on other nodes"
    return Evidence("objects", f"Pod/{pod.name}", fact, ended[0].at if ended else pod.unready_since)


def _loops(view: View, found: NodeResolver) -> Iterator[Evidence]:
    """Yield that servers that are ill tell that they were sent back what they asked."""
    last = [(pod.name, each.ended.message) for pod in found.ill for each in pod.containers if each.ended]
    said = [(log.pod, line) for log in view.logs_of(found.ill) for line in reversed(log.lines)]
    for pod, line in (*said, *last):
        if _LOOP.search(line):
            yield Evidence("logs", f"Pod/{pod}", line.strip())


def _asks_itself(view: View, found: NodeResolver) -> Iterator[Evidence]:
    """Yield that a node itself asks for names where its pods do: its settings name its own server."""
    pods = {address for c in found.found for address in _ASKED.findall(c.hit.line)}
    nodes = {f"Pod/{pod.name}": pod.node for _, pod in view.pods() if pod.node in found.nodes}
    for event in view.events:
        asked = pods.intersection(_ASKED.findall(event.message)) if event.about in nodes else set[str]()
        if asked and view.recent(event.last, _HOURS):
            told = f"{event.reason}: {nodes[event.about]} itself asks {min(asked)} for names, as its pods do"
            yield Evidence("events", event.about, told, event.first)


def _started(view: View, found: NodeResolver) -> Iterator[Evidence]:
    """Yield that such a node was started anew."""
    abouts = {f"Node/{node}" for node in found.nodes}
    for event in view.events:
        if event.about in abouts and event.reason in _STARTS and view.recent(event.last, _HOURS):
            yield view.event_evidence(event)


RULE = Rule(
    name="node_resolver_down",
    title="The server of names of one node is ill, and those of other nodes are well",
    root_cause="network_fault",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no server of names is ill on a few nodes alone, where names fail and nowhere else",
)
