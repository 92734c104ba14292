"""The gateway for addresses (NAT) has no ports left: connections to hosts outside fall there, whoever opens them.

A host has as few ports towards each host outside as its gateway gives it. A client that opens a new connection for
each call, and closes none, has them all within minutes: nobody that it shares the way with gets one, and the host
that all of them name is well.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._hosts_outside import hosts_outside
from tuheg_ir.diagnosis.rules._more_ports import takes_more
from tuheg_ir.diagnosis.rules._nat_ports import falls_on_our_way, no_ports_left
from tuheg_ir.diagnosis.view.complaints import Complaint, told
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def when(view: View) -> Iterator[Match]:
    """Calls to hosts outside time out, and the gateway by which they leave has no port for them.

    Who suffers itself and opens or holds many more connections since its release than its pods before took them. Where
    nobody is seen to, a person gives the gateway more ports.
    """
    if not no_ports_left(view):
        return
    known = [each for each in hosts_outside(view).values() if not each.measured and falls_on_our_way(view, each.said)]
    said = [each for host in known for each in host.said if each.caller in view.workloads]
    began = oldest((*(each.hit.first for each in said), *(seen.time for seen in no_ports_left(view))))
    victims = tuple(dict.fromkeys(ref for host in known for ref in host.callers if ref in view.workloads))
    if not victims:
        return
    takers = [(view.workloads[ref], seen) for ref in victims if (seen := takes_more(view, view.workloads[ref], began))]
    if len(takers) == 1:
        yield _by_release(view, *takers[0], said, victims, began)
    else:
        yield _untold(view, said, victims, began)


def _by_release(
    view: View,
    workload: Workload,
    seen: Evidence,
    said: Sequence[Complaint],
    victims: tuple[str, ...],
    began: datetime | None,
) -> Match:
    suffer = behind(view, workload.ref, *victims, but=workload.ref)
    return Match(
        component=workload.ref,
        evidence=(seen, *no_ports_left(view)[:2], *release_evidence(workload)[:2], *told(view, said)),
        certainty=0.8,
        root_cause=cause_of_release(workload),
        remedy="rollback_workload",
        since=began,
        explains=suffer,
        excludes=(
            *excluding(workload.ref, "new pods take as many ports again within minutes", *RESTARTS, "scale_workload"),
            *not_for(suffer, f"{workload.ref} takes the ports of the way out: nothing done to others gives them back"),
        ),
    )


def _untold(view: View, said: Sequence[Complaint], victims: tuple[str, ...], began: datetime | None) -> Match:
    first = next((ref for ref in victims if felt(view, ref)), victims[0])
    reason = "the gateway has no port for its connections: new pods, or more, open as many"
    return Match(
        component=first,
        evidence=(*no_ports_left(view)[:2], *told(view, said)),
        certainty=0.65,
        since=began,
        explains=tuple(ref for ref in behind(view, *victims) if ref != first),
        excludes=not_for(victims, reason),
    )


RULE = Rule(
    name="way_out_of_ports",
    title="The gateway by which calls leave the cluster has no ports left",
    root_cause="resource_exhaustion",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no gateway for addresses tells that it has no port left",
)
