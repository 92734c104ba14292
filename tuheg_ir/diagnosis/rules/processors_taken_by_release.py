"""A release takes the processors of its nodes: pods of others beside it starve, and their like elsewhere are well."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._crowded import answers_late, crowded, takes_much_since
from tuheg_ir.diagnosis.rules._did_before import did_before
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._taken_most import SUSPECT
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, traffic_growth
from tuheg_ir.diagnosis.view.odd import odd_pods, odd_since
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import SOON, cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.split import by_revision
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 2.0
"""So many times the most that a pod took before is of the template, where no limit was taken away."""
BEYOND = 1.1
"""Who takes so many times its former limit could not before."""


def when(view: View) -> Iterator[Match]:
    """Pods of others are ill just on the used up nodes where a release takes far more of the processors than before."""
    found = [match for workload in view.serving if (match := _crowds(view, workload)) is not None]
    if len(found) == 1:  # which of several it was nobody can tell
        yield found[0]


def _crowds(view: View, workload: Workload) -> Match | None:
    """Return that a release crowds its nodes, if nobody asks more of it, and others are ill since it takes so much."""
    at = workload.released_at
    if at is None or not releases(view, workload, SUSPECT) or (traffic_growth(view, workload.ref) or 1.0) >= MUCH_MORE:
        return None
    beside = crowded(view, workload, at)
    nodes = [ref.removeprefix("Node/") for ref in beside if ref.startswith("Node/")]
    mine = [pod for pod in workload.newest_pods() if pod.node in nodes]
    onset = newest(takes_much_since(view, pod) for pod in mine)
    victims = [each for each in view.serving if each.ref in beside and not by_revision(view, each)]
    ill = [seen for each in victims for seen in _ill(view, each, at)]
    began = oldest(seen.time for seen in ill)
    took = _took_more(view, workload, mine, onset)
    if took is None or onset is None or began is None or began - onset > SOON:
        return None
    lifted = "limit" in took.fact  # of what else a release brought, that is what its pods take more by
    cause = "configuration_error" if lifted else cause_of_release(workload)
    return _match(view, workload, nodes, victims, (took, *ill[:3]))._replace(since=began, root_cause=cause)


def _ill(view: View, workload: Workload, since: datetime) -> tuple[Evidence, ...]:
    odd = odd_pods(view, workload, few=False)
    told = "{}; those on nodes where processors are left are well"
    measured = (Evidence("metrics", f"Pod/{pod}", told.format(odd[pod]), odd_since(view, [pod])) for pod in sorted(odd))
    return tuple(measured) or tuple(answers_late(view, workload, since).values())


def _took_more(view: View, workload: Workload, mine: Collection[Pod], onset: datetime | None) -> Evidence | None:
    """Return that the newest pods take more than the limit that was taken away, or soon far more than any before."""
    came = oldest(pod.created for pod in mine)
    now = max((view.figures.now("cpu_usage", pod=pod.name) or 0.0 for pod in mine), default=0.0)
    if came is None or onset is None:
        return None
    told = f"its pods take up to {now:.1f} processors each"
    for change in workload.changed("limits"):
        before, after = number(change.before), number(change.after)
        raised = change.field == "limits.cpu" and before is not None and (after is None or after > before)
        if raised and before is not None and now >= BEYOND * before:
            return Evidence("metrics", workload.ref, f"{told}, and {before:g} was the limit before", onset)
    was = did_before(view, workload, "cpu_usage", came)
    if was is not None and now >= TIMES * was and onset - came <= SOON:
        return Evidence("metrics", workload.ref, f"{told}, and those before took {was:.1f} at most", onset)
    return None


def _match(
    view: View, workload: Workload, nodes: Collection[str], victims: Collection[Workload], shown: tuple[Evidence, ...]
) -> Match:
    busy = {node: view.figures.now("node_cpu_share", node=node) for node in nodes}
    refs = [each.ref for each in victims]
    return Match(
        component=workload.ref,
        evidence=(
            *shown[:1],
            *(Evidence("metrics", f"Node/{node}", f"{share:.0%} busy") for node, share in busy.items() if share),
            *shown[1:],
            *release_evidence(workload, "limits")[:3],
        ),
        certainty=0.75,
        explains=(*behind(view, *refs, but=workload.ref), *(f"Node/{node}" for node in nodes)),
        excludes=(
            *excluding(workload.ref, "new pods would take as much, on further nodes too", *RESTARTS, "scale_workload"),
            *not_for(refs, f"{workload.ref} takes the processors of its nodes: new pods there starve as well"),
        ),
    )


RULE = Rule(
    name="processors_taken_by_release",
    title="A release takes the processors of its nodes from its neighbours",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no release takes far more of used up nodes than before while just its neighbours there are ill",
)
