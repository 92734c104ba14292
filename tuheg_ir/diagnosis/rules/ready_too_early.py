"""A release took away what kept its pods from being asked before they are done with their start.

It shows only when pods come: with the next one that an autoscaler adds, perhaps days later, and never between. So it
looks like the load, and more pods are more that fail.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._cold_pods import LATELY, START, Cold, cold_pods
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._looser_checks import Looser, looser_checks
from tuheg_ir.diagnosis.view.releases import BEFORE, soon_after
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ALONE, DAYS = timedelta(days=21), timedelta(days=3)
"""So old a release may be that changed checks alone, for nothing else goes back with them; and one that did more."""
COVERS = 1.5
"""A wait that was cut cannot have covered a start that lasts longer than this many times it."""


def when(view: View) -> Iterator[Match]:
    """A release made its checks looser, and its pods fail from when they are ready until a moment later, not else.

    Where the checks of before failed as it came it may be the way out of that: a person looks at it.
    """
    for workload in view.serving:
        came = workload.released_at
        if came is None or workload.returned or not workload.changed("probe"):
            continue
        alone = all(each.aspect == "probe" for each in workload.changes)
        if not view.recent(came, ALONE if alone else DAYS):
            continue
        looser = looser_checks(workload)
        cold = cold_pods(view, workload) if looser else None
        covered = [each for each in looser if cold and _covered(each, cold)]
        if cold and covered and cold.times[0] > came + BEFORE:
            found = _match(view, workload, covered, cold, alone)
            yield found._replace(remedy="page_human", certainty=0.6) if _failed_before(view, workload) else found


def _covered(looser: Looser, cold: Cold) -> bool:
    """Tell whether what a container's checks were may have kept it from being asked for as long as it fails."""
    return cold.fails_in(looser.container) and (looser.waited is None or cold.longest <= COVERS * looser.waited)


def _failed_before(view: View, workload: Workload) -> bool:
    """Tell whether pods failed their readiness check for longer than a start lasts, until the release came."""
    told = view.events_of(workload.ref, "Unhealthy", within=LATELY)
    ours = (e for e in told if "eadiness" in e.message and e.first and e.last and e.last - e.first > START)
    return any(soon_after(workload.released_at, each.last) for each in ours)


def _match(view: View, workload: Workload, looser: Sequence[Looser], cold: Cold, alone: bool) -> Match:
    since = cold.times[0]
    others = tuple(sorted({*behind(view, workload.ref, *cold.tellers, but=workload.ref)} - {workload.ref}))
    some, seconds = ", ".join([*cold.pods][:4]), cold.longest.total_seconds()
    fact = f"{len(cold.pods)} pods failed in their first {seconds:.0f} s, and those there for longer did not: {some}"
    shown = [told[-1] for told in cold.pods.values()]
    return Match(
        component=workload.ref,
        evidence=(
            *(Evidence("objects", workload.ref, f"released: it {e.told}", workload.released_at) for e in looser[:2]),
            Evidence("logs", workload.ref, fact, since),
            *(Evidence("logs", each.by, f"log: {each.line}", each.at) for each in shown[:2]),
        ),
        certainty=0.85 if alone else 0.65,
        since=since,
        explains=others,
        excludes=(
            *excluding(workload.ref, "each pod that comes fails at its start again", *RESTARTS, "scale_workload"),
            *not_for(others, f"what they ask are pods of {workload.ref} that are not done with their start"),
        ),
    )


RULE = Rule(
    name="ready_too_early",
    title="Pods are asked before they are done with their start, since a release made their checks looser",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release made checks looser whose pods fail at their start alone",
)
