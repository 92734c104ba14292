"""A server has as many requests in work as it may, though its processor is not busy: more of it serve more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import felt_before, from_behind, remedy_for_load
from tuheg_ir.diagnosis.rules._demand import multiplied
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.usage import usage, work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

GROWN = 1.4
"""Traffic that grew so many times explains that all workers are busy."""
PLAINLY = 2.0
"""Where no log says that there are no more workers, requests have to grow so many times."""
LONGER = 3.0
"""Requests in a crowd take longer each; where they take more than so many times as long, something holds them up."""
_OF_A_REQUEST = late(r"\bclient: \S+,.{0,200}\brequest: \"")
"""How a server tells in its log of errors whose request it was."""
SHARE = "workers_busy_share"
FULL = 0.9


def when(view: View) -> Iterator[Match]:
    """Logs repeat, or the server counts, that no worker or thread is free, and users suffer."""
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, "workers_busy") if fresh(view, h) and not h.previous]
        said = sum(h.count for h in hits) >= OFTEN
        felt = list(troubles(view, workload.ref)) or felt_before(view, workload) or list(_turned_away(view, hits))
        grown = traffic_growth(view, workload.ref) or work_growth(view, workload)
        taken = _taken(view, workload, traffic_growth(view, workload.ref) or 0.0)
        began = oldest((*(since for _, since in felt), *(h.first for h in hits)))
        if not (said or taken) or not felt or role(workload) or since_release(workload, began):
            continue
        loaded = grown is not None and grown >= GROWN
        remedy, more, excludes = remedy_for_load(view, workload) if loaded else ("page_human", (), ())
        told = (Evidence("metrics", workload.ref, f"its work has grown {grown:.1f} times"),) if loaded else ()
        counted = (taken,) if taken else ()
        yield Match(
            component=workload.ref,
            evidence=(*(view.hit_evidence(h) for h in hits[:2]), *counted, *(seen for seen, _ in felt), *told, *more),
            certainty=0.65 if loaded else 0.45,
            remedy=remedy,
            since=began,
            excludes=(*excludes, *excluding(workload.ref, "no release came with it", "rollback_workload")),
        )


def _turned_away(view: View, hits: Iterable[Hit]) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield lines that each tell of a request which nobody took, where they are many: its user got an error."""
    for hit in hits:
        if hit.count >= OFTEN and _OF_A_REQUEST.search(hit.line):
            yield view.hit_evidence(hit), hit.first


def _taken(view: View, workload: Workload, grown: float) -> Evidence | None:
    """Return that all workers of all pods are busy, where that comes of many requests and not of long ones.

    Who has so many times the requests has so many times the workers in work, as long as each takes no longer.
    """
    share = usage(view.figures, workload, SHARE)
    known = [share.by_pod[pod.name] for pod in workload.live if pod.name in share.by_pod]
    if not known or min(known) < FULL or grown < PLAINLY:
        return None
    if from_behind(view, workload) or multiplied(view, workload.ref):
        return None
    before = max((view.figures.first(SHARE, pod=pod) or 0.0 for pod in share.by_pod), default=0.0)
    if before and LONGER * grown * before < min(known):
        return None
    since = view.figures.crossed(SHARE, FULL, pod=min(share.by_pod))
    fact = f"{min(known):.0%} or more of its workers are busy in each of {len(known)} pods, {before:.0%} before"
    return Evidence("metrics", workload.ref, fact, since)


RULE = Rule(
    name="workers_all_busy",
    title="All workers of a server are busy",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="nothing says that no worker is free while users suffer",
    follows=True,
)
