"""Since a release of a caller few pods of its server have all the work: a connection stays where it leads."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._dealt_to_few import Dealt, dealt_to_few
from tuheg_ir.diagnosis.rules._figures import felt, said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._onset import way_changed
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

BEFORE, AFTER = timedelta(minutes=2), timedelta(minutes=6)
"""So near to a release the work is dealt out otherwise, if it is by that: a rate looks some minutes back."""
_HELD = "those that have no work get none of what the others have: its callers deal it out so"


def when(view: View) -> Iterator[Match]:
    """All pods of a server shared its work until its one released caller was released, and some get none since.

    Somebody feels it. The server itself was not released then, no other of its callers was, and the way was as before.
    """
    for server in view.serving:
        dealt = dealt_to_few(view, server) if view.leading_to(server.ref) else None
        if dealt is None or _released_by(server, dealt):
            continue
        callers = [view.workloads[ref] for ref in sorted(view.graph.calls) if ref in view.workloads]
        callers = [each for each in callers if server.ref in view.graph.calls[each.ref] and each is not server]
        released = [each for each in callers if _released_by(each, dealt)]
        hurts = (*felt(view, server.ref), *(e for _, e in said_by_callers(view, server.ref)))
        hurts = hurts or tuple(seen for each in released for seen in felt(view, each.ref))
        if len(released) == 1 and hurts and not way_changed(view, released[0], server, dealt.first):
            yield _match(view, server, released[0], dealt, hurts)


def _released_by(workload: Workload, dealt: Dealt) -> bool:
    """Tell whether a workload was released in the minutes in which the work came to be dealt out otherwise."""
    at = workload.released_at
    if at is None or not workload.changes or workload.returned:
        return False
    return at - BEFORE <= dealt.first and dealt.last <= at + AFTER


def _match(view: View, server: Workload, caller: Workload, dealt: Dealt, hurts: tuple[Evidence, ...]) -> Match:
    told = f"{len(dealt.busy)} pods have the work of all, and {len(dealt.idle)} none, {dealt.idle[0]} among them"
    before = f"all {len(server.live)} pods had about as much until then"
    return Match(
        component=caller.ref,
        evidence=(
            *release_evidence(caller)[:3],
            Evidence("metrics", server.ref, f"{told}; {before}", dealt.last),
            *hurts[:3],
        ),
        certainty=0.75,
        root_cause=release_cause(view, caller),
        since=dealt.first,
        explains=behind(view, server.ref, but=caller.ref),
        excludes=(
            *excluding(server.ref, _HELD, "scale_workload", "rollback_workload", *RESTARTS),
            *excluding(caller.ref, "its new pods call in the same way", *RESTARTS, "scale_workload"),
            *not_for(
                behind(view, caller.ref, but=caller.ref),
                f"it waits for {caller.ref}: nothing done to it mends that",
            ),
        ),
    )


RULE = Rule(
    name="dealt_to_few_since_release",
    title="Few pods of a server have all the work since a release of its caller",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no server has pods without work since a release of the one that calls it",
)
