"""Somebody else runs programs in this namespace."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod

from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._crowded import crowded
from tuheg_ir.diagnosis.rules._flooded import flooded
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._intrusion import Sign, signs
from tuheg_ir.diagnosis.rules._knocking import tries_doors
from tuheg_ir.diagnosis.rules._robbed import dumped
from tuheg_ir.diagnosis.rules._strangers import let_in
from tuheg_ir.diagnosis.rules._taken_most import CONNECTIONS, used_up
from tuheg_ir.diagnosis.rules._tunnelled import passed_on_by
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = 0.5
"""Fewer or weaker signs than this together are odd, and no intrusion."""

FAINT = 0.2
"""What is as faint takes no doubt away: anybody on the internet may send a request."""


def when(view: View) -> Iterator[Match]:
    """Signs of an intrusion in a workload that together are more likely than chance."""
    seen = {workload.ref: signs(view, workload) for workload in view.workloads.values()}
    sure = {ref: certainty for ref, found in seen.items() if (certainty := _together(found)) >= LEAST}
    for ref, certainty in sure.items():
        workload, found = view.workloads[ref], seen[ref]
        pods = [pod.name for pod in workload.live if any(s.evidence.object == f"Pod/{pod.name}" for s in found)]
        way = let_in(view, workload)
        through = way.through - {ref} if way else set()
        since = oldest(sign.evidence.time for sign in found)
        robbed = {server.ref for server, _ in dumped(view, workload, since)}
        asked = {callee: seen for callee, seen in flooded(view, workload, since) if callee not in sure}
        crowd = (*crowded(view, workload, since), *_filled(view, workload), *passed_on_by(view, workload))
        victims = behind(view, ref, *crowd, *robbed, *asked, but=ref)
        fact = "a restart or roll-out would destroy the evidence and leave the way in open"
        yield Match(
            component=workload.ref,
            evidence=(*(sign.evidence for sign in found[:6]), *[*asked.values()][:2]),
            certainty=round(min(certainty, 0.85), 2),
            remedy="page_human" if _doubtful(found) else "",
            target=way.taken(view) if way else "",
            since=since,
            # Who shows an intruder by itself has one and is no mere victim, unless he came by this way.
            explains=tuple(sorted({each for each in victims if each not in sure} | through)),
            excludes=not_for(
                dict.fromkeys((workload.ref, *(f"Pod/{name}" for name in pods), *sorted(through))),
                fact,
                ("restart_workload", "rollback_workload", "restart_connection_pool", "scale_workload"),
                final=True,  # law 8: a security incident restarts nothing
            )
            + not_for(asked, "what an intruder asks for is no demand: more replicas serve him", ("scale_workload",)),
        )


def _filled(view: View, workload: Workload) -> Iterator[str]:
    """Yield the nodes without room for a connection since a pod there goes from door to door."""
    tries = tries_doors(view, workload)
    for pod in workload.live:
        full = [*used_up(view, CONNECTIONS, pod.node)] if pod.name in tries else []
        if any(each.time is not None and each.time >= tries[pod.name] for each in full):
            yield f"Node/{pod.node}"


def _together(found: Iterable[Sign]) -> float:
    return 1 - prod(1 - min(sign.weight, 0.75) for sign in found)


def _doubtful(found: Iterable[Sign]) -> bool:
    """Tell whether it may be of the owners as well, beside what alerts say: a person can tell who put it there."""
    own = [sign for sign in found if sign.evidence.source != "alerts" and sign.weight > FAINT]
    return bool(own) and all(sign.doubtful for sign in own)


RULE = Rule(
    name="intrusion",
    title="Somebody else runs programs in this namespace",
    root_cause="security_incident",
    remedy="isolate_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no program, command, right or image looks like an intruder's",
)
