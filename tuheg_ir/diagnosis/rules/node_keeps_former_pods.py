"""A node sends requests to pods that are gone: what leads Services to pods there no longer hears which came instead.

kube-proxy, and whatever stands in its place, follows on each node which pods are behind a Service. Where it has lost
that, all goes well until pods are made anew; then those who ask from that node get no answer, of whom was made anew and
of nobody else. So the release or the drain that made them looks like the reason, and going back makes others again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._former_pods import Unreached, several, unreached
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import lines_told
from tuheg_ir.diagnosis.view.reading import items, name, oldest, text
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_ENDPOINTS = late(r"\bnumEndpoints=(\d{1,6})")
"""How kube-proxy tells of how many pods it knows; it does so each time that it writes its rules."""
_AGENT = late(r"kube-?proxy|cilium(?!-operator)|kube-router|antrea-agent|ovnkube-node")
"""What leads Services to pods on each node is called so."""


class _Deaf(NamedTuple):
    """What shows that a node has heard of no change where others have, and who runs there that ought to (or nobody)."""

    seen: tuple[Evidence, ...]
    agent: Workload | None


def when(view: View) -> Iterator[Match]:
    """Pods of one node alone cannot reach whom new pods stand behind, since these came; others there they reach."""
    for node, found in unreached(view).items():
        deaf = _deaf(view, node, min(each.came for each in found))
        yield _match(node, found, deaf, view)


def _deaf(view: View, node: str, since: datetime) -> _Deaf | None:
    """Return that a node has heard nothing since before new pods came, and others have; None: nobody tells."""
    agents = [w for w in view.serving if w.kind == "DaemonSet" and any(pod.node == node for pod in w.live)]
    counting = [(agent, seen) for agent in agents if (seen := _counts_on(view, agent, node, since))]
    measured = tuple(_heard_last(view, node, since))
    if counting:
        return _Deaf((counting[0][1], *measured), counting[0][0])
    named = [agent for agent in agents if _AGENT.search(agent.name)]
    return _Deaf(measured, named[0] if len(named) == 1 else None) if measured else None


def _heard_last(view: View, node: str, since: datetime) -> Iterator[Evidence]:
    """Yield that figures show it: all others heard of a change since, or as late."""
    heard = _heard(view)
    last, others = heard.get(node), [at for where, at in heard.items() if where != node]
    if last is not None and others and last < since - MINUTE <= min(others):
        fact = f"what leads Services to pods there heard of a change last at {last:%H:%M:%S}, on other nodes since then"
        yield Evidence("metrics", f"Node/{node}", fact, last)


def _heard(view: View) -> Mapping[str, datetime]:
    """Return node -> when what leads Services to pods there heard of a change last."""
    known = {name(obj): name(obj) for obj in view.snapshot.of("Node")}
    for obj in view.snapshot.of("Node"):
        known |= {text(each, "address"): name(obj) for each in items(obj, "status", "addresses")}
    told = view.figures.latest("services_heard", "node")
    return {known.get(at.partition(":")[0], at): datetime.fromtimestamp(value, UTC) for at, value in told.items()}


def _counts_on(view: View, agent: Workload, node: str, since: datetime) -> Evidence | None:
    """Return that an agent told all other nodes of other numbers of pods since new ones came, and one of the same."""
    turns = {pod.node: found for pod in agent.live if (found := _turns(view, agent, pod.name, since))}
    mine, others = turns.pop(node, None), list(turns.values())
    if mine is None or mine[1] or not others or not all(times for _, times in others):
        return None
    fact = f"it counts {mine[0]} endpoints all the while; on other nodes that changed as the new pods came"
    pod = next(pod.name for pod in agent.live if pod.node == node)
    return Evidence("logs", f"Pod/{pod}", fact, since)


def _turns(view: View, agent: Workload, pod: str, since: datetime) -> tuple[str, int] | None:
    """Return the number of endpoints that an agent's pod told last, and how often it told of another one since."""
    logs = view.logs_of([each for each in agent.live if each.name == pod], previous=False)
    told = [(at, m[1]) for log in logs for line in log.lines if (m := _ENDPOINTS.search(line)) and (at := stamp(line))]
    counts = [count for at, count in sorted(told) if at >= since - MINUTE]
    before = [count for at, count in sorted(told) if at < since - MINUTE][-1:]
    if not counts or not before:
        return None
    row = [*before, *counts]
    return row[-1], sum(one != other for one, other in pairwise(row))


def _match(node: str, found: Sequence[Unreached], deaf: _Deaf | None, view: View) -> Match:
    agent = deaf.agent if deaf else None
    callers = sorted({each.caller.ref for each in found})
    called = sorted({each.called.ref for each in found})
    above = behind(view, *callers, but=agent.ref if agent else "")
    why = f"whatever new pods come, those who ask from {node} are sent to former ones until it hears of them"
    return Match(
        component=agent.ref if agent else f"Node/{node}",
        evidence=(*(deaf.seen if deaf else ()), *(fact for each in found[:2] for fact in _told(node, each))),
        certainty=0.8 if deaf else 0.65 if several(found) else 0.45,
        remedy="restart_workload" if agent else "page_human",
        since=oldest(each.since for each in found),
        explains=(*called, *above, f"Node/{node}"),
        excludes=(
            *not_for(called, why, (*RESTARTS, "rollback_workload")),
            *not_for(callers, why, ON_CALLERS),
        ),
    )


def _told(node: str, each: Unreached) -> Iterator[Evidence]:
    line = each.lines[-1][1][:240]
    yield lines_told(each.pods[0], len(each.lines), line, each.since)
    fact = f"pods of it were made anew just before; only pods of {each.caller.ref} on {node} do not reach it"
    yield Evidence("objects", each.called.ref, fact, each.came)


RULE = Rule(
    name="node_keeps_former_pods",
    title="A node sends requests to pods that are gone",
    root_cause="network_fault",
    remedy="restart_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no pods of one node alone fail to reach whom new pods stand behind",
)
