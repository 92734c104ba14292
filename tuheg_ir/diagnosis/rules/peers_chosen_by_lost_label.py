"""Nodes tell one another no routes to their pods any more: who is to tell them is chosen by a label that is gone.

An upgrade, or a hand, takes a label from nodes; what chooses by it chooses nobody from that moment on, and complains of
nothing. Pods of one node still reach one another, and kubelets their pods: everything is ready, and alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._between_nodes import between_nodes
from tuheg_ir.diagnosis.rules._chosen_nodes import Choice, telling_routes
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints, told
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import created, items, moment, oldest, ref
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

TROUBLES = ("connection_timeout", "connection_refused", "connection_reset", "upstream_failure")
CLOCKS, SOON = timedelta(minutes=1), timedelta(minutes=10)
"""What is not told any more is forgotten after some minutes, of a session that lives on."""


class Idle(NamedTuple):
    """An object that chooses no node by one of its selectors, and what it chooses by all of them."""

    obj: Obj
    empty: Choice
    every: tuple[Choice, ...]


def when(view: View) -> Iterator[Match]:
    """Pods miss just those on other nodes since labels of nodes were written, and no node is chosen to tell routes."""
    idle = sorted(_idle(view), key=lambda each: (-max(len(c.nodes) for c in each.every), ref(each.obj)))
    if not idle:
        return
    found = between_nodes(view, complaints(view, *TROUBLES))
    first = began(found)
    labelled = list(_labelled(view))
    then = [seen for seen in labelled if seen.time and first and -CLOCKS <= first - seen.time <= SOON]
    if found and (then or not labelled):
        yield _match(view, idle, found, then, first)


def _idle(view: View) -> Iterator[Idle]:
    """Yield what says who tells routes, and chooses nobody, where nobody else is left who tells any."""
    every = telling_routes(view)
    if any(all(choice.nodes for choice in found) for _, found in every):
        return
    for obj, found in every:
        empty = next((each for each in found if not each.nodes and each.names), None)
        if empty is not None:
            yield Idle(obj, empty, found)


def _labelled(view: View) -> Iterator[Evidence]:
    """Yield that labels of a node were written after it was made."""
    for node in view.snapshot.of("Node"):
        for each in items(node, "metadata", "managedFields"):
            time, made = moment(each, "time"), created(node)
            if time is not None and (made is None or time - made > MINUTE):
                yield Evidence("objects", ref(node), "its labels were written", time)


def _match(
    view: View, idle: Sequence[Idle], found: Sequence[Complaint], then: Sequence[Evidence], since: datetime | None
) -> Match:
    first, others = idle[0], [ref(each.obj) for each in idle[1:3]]
    told_of = f"it chooses by {first.empty.key} {first.empty.said}, and no node has that"
    told_of += f"; nor does {', '.join(others)} choose any" if others else ""
    callers, asked = sorted({each.caller for each in found}), sorted({each.about for each in found if each.about})
    servers = [server.ref for server in of_role(view.workloads, "dns")]
    suffer = behind(view, *callers, *asked, *servers)
    why = "pods of different nodes do not reach one another: by any template, and wherever they are"
    return Match(
        component=ref(first.obj),
        evidence=(
            Evidence("objects", ref(first.obj), told_of, oldest(seen.time for seen in then)),
            *then[:2],
            *told(view, found),
        ),
        certainty=0.85 if then else 0.7,
        since=since,
        explains=suffer,
        excludes=not_for(suffer, why),
    )


RULE = Rule(
    name="peers_chosen_by_lost_label",
    title="Nodes tell one another no routes, as who does is chosen by a label that none has",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="what tells routes between nodes chooses some of them, or pods reach those on other nodes",
)
