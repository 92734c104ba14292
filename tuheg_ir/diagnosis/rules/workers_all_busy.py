"""A server has as many requests in work as it may, though its processor is not busy: more of it serve more."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeGuard

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import felt_before, from_behind
from tuheg_ir.diagnosis.rules._demand import multiplied
from tuheg_ir.diagnosis.rules._in_line import SERVED, TOOK, remedy_in_line, wait_in_line
from tuheg_ir.diagnosis.rules._job_times import SLOWER
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, troubles
from tuheg_ir.diagnosis.view.usage import Usage, usage, work_growth
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
BY_NUMBER = 0.8
"""So large a part of how many more workers are busy has to be seen in how many more requests they serve."""
AT_ONCE = 1.05
"""Who was seen with so many times as many requests in work as it has workers has no worker for each of them.

One moment may be that of a worker that is replaced: it leaves open only what a queue in front of workers tells."""


def when(view: View) -> Iterator[Match]:
    """Logs repeat, or the server counts, that no worker or thread is free, and users suffer."""
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, "workers_busy") if fresh(view, h) and not h.previous]
        said = sum(h.count for h in hits) >= OFTEN
        felt = list(troubles(view, workload.ref)) or felt_before(view, workload) or list(_turned_away(view, hits))
        grown = traffic_growth(view, workload.ref) or work_growth(view, workload)
        began = oldest((*(since for _, since in felt), *(h.first for h in hits)))
        if not felt or role(workload) or since_release(workload, began):
            continue
        full = _all_taken(view, workload, began)
        line = wait_in_line(view, workload, SHARE, began) if full and not _beyond(view, workload) else ()
        counted = (full,) if full and (line or _by_many(view, workload)) else ()
        if not (said or counted):
            continue
        more_work = f"its work has grown {grown:.1f} times" if _much(grown) else ""
        told = (*((Evidence("metrics", workload.ref, more_work),) if more_work else ()), *line)
        loaded = bool(told)
        remedy, more, excludes = remedy_in_line(view, workload) if loaded else ("page_human", (), ())
        if line:
            reason = "all workers do what they can: a restart drops who waits, and while it lasts there are fewer"
            excludes = (*excludes, *excluding(workload.ref, reason, *RESTARTS))
        yield Match(
            component=workload.ref,
            evidence=(*(view.hit_evidence(h) for h in hits[:2]), *counted, *(seen for seen, _ in felt), *told, *more),
            certainty=0.65 if loaded else 0.45,
            remedy=remedy,
            since=began,
            excludes=(*excludes, *excluding(workload.ref, "no release came with it", "rollback_workload")),
        )


def _much(grown: float | None) -> TypeGuard[float]:
    return grown is not None and grown >= GROWN


def _turned_away(view: View, hits: Iterable[Hit]) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield lines that each tell of a request which nobody took, where they are many: its user got an error."""
    for hit in hits:
        if hit.count >= OFTEN and _OF_A_REQUEST.search(hit.line):
            yield view.hit_evidence(hit), hit.first


def _all_taken(view: View, workload: Workload, began: datetime | None) -> Evidence | None:
    """Return that all workers of all pods are busy, and neither what they ask nor who asks them is known to be why."""
    share = usage(view.figures, workload, SHARE)
    known = [share.by_pod[pod.name] for pod in workload.live if pod.name in share.by_pod]
    if not known or min(known) < FULL or any(view.figures.ever(SHARE, AT_ONCE, pod=pod) for pod in share.by_pod):
        return None
    if from_behind(view, workload, quick=_as_quick(view, workload, began)) or multiplied(view, workload.ref):
        return None
    since = view.figures.crossed(SHARE, FULL, pod=min(share.by_pod))
    before = f", {was:.0%} before" if (was := _before(view, share)) < FULL else ""
    fact = f"{min(known):.0%} or more of its workers are busy in each of {len(known)} pods{before}"
    return Evidence("metrics", workload.ref, fact, since)


def _beyond(view: View, workload: Workload) -> bool:
    """Tell whether a pod was seen at any moment with more requests in work than it has workers."""
    return any((view.figures.peak(SHARE, pod=pod.name) or 0.0) > AT_ONCE for pod in workload.live)


def _as_quick(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether each pod counts that its requests take no longer than before users suffered, and busily serves more.

    A worker that hangs never ends its request, which nobody counts then: the others are as quick, and serve no more.
    """
    return began is not None and all(_serves_more(view, pod.name, began) for pod in workload.live)


def _serves_more(view: View, pod: str, began: datetime) -> bool:
    """Tell whether a pod's busy workers come of how many requests it serves, each as quick as before."""
    signals = (TOOK, SERVED, SHARE)
    was = [view.figures.before(signal, began, pod=pod) or 0.0 for signal in signals]
    now = [view.figures.now(signal, pod=pod) or 0.0 for signal in signals]
    if not all((*was, *now)):
        return False
    longer, more, busier = (after / earlier for earlier, after in zip(was, now, strict=True))
    return longer <= SLOWER and more >= BY_NUMBER * busier


def _by_many(view: View, workload: Workload) -> bool:
    """Tell whether it comes of many requests and not of long ones that all workers are busy.

    Who has so many times the requests has so many times the workers in work, as long as each takes no longer.
    """
    grown = traffic_growth(view, workload.ref) or 0.0
    share = usage(view.figures, workload, SHARE)
    before = _before(view, share)
    held_up = before and LONGER * grown * before < min(share.by_pod.values())
    return grown >= PLAINLY and not held_up


def _before(view: View, share: Usage) -> float:
    return max((view.figures.first(SHARE, pod=pod) or 0.0 for pod in share.by_pod), default=0.0)


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
