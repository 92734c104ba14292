"""Pods are held back, or killed, by a limit that is in no template: whatever is made since is given it.

A LimitRange gives it where a template has none, an autoscaler of resources instead of the one that a template has.

Where a release dropped a higher limit of its own, the template before has it still.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._all_at_work import outruns
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._imposed import YOUNG, Imposed, imposed, killed_by_default
from tuheg_ir.diagnosis.rules._publishing import flooded_by
from tuheg_ir.diagnosis.rules._readers import backlogs
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.odd import odd_since
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

A_DAY = timedelta(days=1)
"""Who was made anew while there was little to do falls behind when most is to be done, which comes once a day."""


def when(view: View) -> Iterator[Match]:
    """A limit that a LimitRange or an autoscaler gave holds pods back or kills them; others are well, or it is new."""
    for workload in view.serving:
        hurts = tuple(seen for seen, _ in troubles(view, workload.ref))
        if killed := killed_by_default(view, workload):
            died = [crash.evidence() for crash in crashes(view, workload) if crash.pod.name in killed.held]
            born = oldest(pod.created for pod in workload.live if pod.name in killed.held)
            yield _match(view, workload, "memory", killed, (*died[:2], *hurts[:2]), born)
        found = imposed(view, workload)
        if found is None:
            continue
        callers = [ref for ref in view.workloads if workload.ref in view.graph.calls.get(ref, ())]
        waits = tuple(_falls_behind(view, workload, found))
        if found.odd or hurts or waits or any(True for ref in callers for _ in troubles(view, ref)):
            held = f"those with the limit are throttled in up to {found.throttled:.0%} of periods"
            began = odd_since(view, found.odd) or oldest(seen.time for seen in (*hurts, *waits))
            seen = (Evidence("metrics", workload.ref, held, began), *waits, *hurts)
            yield _match(view, workload, "processor", found, seen, began)


def _falls_behind(view: View, workload: Workload, found: Imposed) -> Iterator[Evidence]:
    """Yield the queues that a workload works off and that grow since pods with the limit took the place of others.

    Not where more is sent than ever: who does more than before is not held back by what he was given since.
    """
    born = oldest(pod.created for pod in workload.live if pod.name in found.held)
    for waits, grew in backlogs(view, workload):
        soon = born is not None and grew.since is not None and BEFORE <= grew.since - born <= A_DAY
        if soon and flooded_by(view, grew) is None and not outruns(view, workload):
            yield waits


def _match(
    view: View, workload: Workload, what: str, found: Imposed, seen: tuple[Evidence, ...], began: datetime | None
) -> Match:
    told = f"{len(found.held)} pods were given a {what} limit of {found.limit} that its template does not have"
    theirs = f"were given {found.former}" if found.former else "are without it"
    told += f"; {len(found.free)} older ones {theirs}" if found.free else ""
    released = release_evidence(workload, "limits")[:1] if found.dropped else ()
    useless = (*RESTARTS, *(("scale_workload",) if what == "memory" else ()))
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", workload.ref, told),
            *released,
            *((Evidence("objects", found.by, "it gives each new container that limit", found.at),) if found.by else ()),
            *seen[:1],
            *(Evidence("metrics", f"Pod/{pod}", how) for pod, how in sorted(found.odd.items())[:2]),
            *seen[1:3],
        ),
        certainty=_certainty(view, workload, found, what),
        remedy="rollback_workload" if found.dropped else "",
        since=workload.released_at if found.dropped else began,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=(
            *excluding(workload.ref, "new pods are given the limit, also in place of those that are well", *useless),
            *(
                ()
                if found.dropped
                else excluding(workload.ref, "the limit is not in its template", "rollback_workload")
            ),
        ),
    )


def _certainty(view: View, workload: Workload, found: Imposed, what: str) -> float:
    """Return how sure it is: what was released of late may need more memory than before, whatever limit it has.

    Not where a pod of the same release is well without the limit.
    """
    if found.dropped:
        return 0.75
    alike = {pod.name for pod in workload.newest_pods()}
    if what == "memory" and releases(view, workload, YOUNG) and not alike.intersection(found.free):
        return 0.6
    return 0.85 if found.free and (found.odd or what == "memory") else 0.7


RULE = Rule(
    name="limit_by_default",
    title="A limit that the namespace gives by default, or an autoscaler, holds new pods back, or kills them",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no pods are held back or killed by a limit that a LimitRange or an autoscaler gave them",
)
