"""All processes of a service say that they are stuck, and use no processor time: new ones work again.

But for a release that blocks its own threads while all that it asks is well: new ones do so too, and it goes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._blocks_itself import blocks_itself, told_by_callers
from tuheg_ir.diagnosis.rules._starved import short_of_processors
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import cause_of_release, release_evidence, releases
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of, troubles
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, starting, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=6)
IDLE = 0.3
"""A process that uses so small a part of what it used before does no work."""
_HANGS = late(r"dead-?lock|(?:may|might) be stuck", re.IGNORECASE)
"""Words of threads that wait for one another, or have for many minutes: no processor is why."""
LOADED = 1.5
"""Traffic that grew so many times explains that threads come too late."""


def when(view: View) -> Iterator[Match]:
    """Logs repeat that threads or loops are stuck, users suffer, not of much work; by a release if nobody else."""
    for workload in view.serving:
        hits = [h for h in view.hits_of(workload.ref, "stuck") if fresh(view, h) and not h.previous]
        troubled = list(troubles(view, workload.ref))
        felt = [seen for seen, _ in troubled]
        if sum(h.count for h in hits) < OFTEN:
            continue
        telling = [pod for pod in workload.live if pod.name in {h.pod for h in hits}]
        hangs = any(_HANGS.search(h.line) for h in hits)
        if short_of_processors(view, telling, oldest(h.first for h in hits), late=not hangs):
            continue  # its threads are late for want of a processor: those of a new one would be too
        if stuck_again(view, workload):
            yield from _by_its_release(view, workload, hits, troubled or list(told_by_callers(view, workload)))
            continue
        if not felt:
            continue
        standing, began = tuple(idle(view, workload)), oldest(h.first for h in hits)
        if not standing and overworked(view, workload, began):
            continue
        yield Match(
            component=workload.ref,
            evidence=(*felt, *(view.hit_evidence(h) for h in hits[:2]), *standing[:2]),
            certainty=0.65 if standing else 0.5,
            since=began,
            excludes=excluding(workload.ref, "no release came with it", "rollback_workload"),
        )


def _by_its_release(
    view: View, workload: Workload, hits: list[Hit], troubled: list[tuple[Evidence, datetime | None]]
) -> Iterator[Match]:
    """Yield that a release blocks its own threads."""
    began = oldest(h.first for h in hits)
    shown = () if role(workload) else blocks_itself(view, workload, hits, troubled)
    if not shown or overworked(view, workload, began):
        return
    yield Match(
        component=workload.ref,
        evidence=(
            *(seen for seen, _ in troubled),
            *(view.hit_evidence(h) for h in hits[:2]),
            *shown,
            *release_evidence(workload),
        ),
        certainty=0.7,
        root_cause=cause_of_release(workload),
        remedy="rollback_workload",
        since=began,
        excludes=excluding(
            workload.ref, "new processes of this release take up all their threads as well", *RESTARTS, "scale_workload"
        ),
    )


def stuck_again(view: View, workload: Workload) -> bool:
    """Tell whether a new process may be as stuck: a release brought it, or it is no program of one's own."""
    return bool(role(workload)) or releases(view, workload, SUSPECT)


def overworked(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether its threads wait for processor time, or have more to do: new ones would wait as well.

    Traffic that grew only since they are stuck is of those who try again; and one thread that spins starves one pod.
    """
    share, throttled = (usage(view.figures, workload, signal) for signal in ("cpu_share", "throttled_share"))
    if share.widely(BUSY) or (throttled.widely(THROTTLED) and not starting(view, workload)):
        return True
    grew = oldest(_grew(view, workload))
    return grew is not None and (began is None or grew < began)


def _grew(view: View, workload: Workload) -> Iterator[datetime | None]:
    """Yield since when the traffic of a workload, as far as it is much more than it was, is so."""
    for label in labels_of(view, workload.ref, "request_rate"):
        was = view.figures.first("request_rate", component=label)
        if was and (view.figures.still("request_rate", component=label) or 0.0) >= LOADED * was:
            yield view.figures.crossed("request_rate", LOADED * was, component=label)


def idle(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield the pods of a workload that use hardly any of the processor time that they used."""
    for pod in workload.live:
        works = (work_of(view, pod.name, signal) for signal in ("cpu_share", "cpu_usage"))
        if work := next((each for each in works if each and each.left <= IDLE), None):
            yield Evidence("metrics", f"Pod/{pod.name}", f"uses {work.left:.0%} of the processor time it used")


RULE = Rule(
    name="all_stuck",
    title="The processes of a service are stuck",
    root_cause="service_crash",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service repeats that it is stuck while users suffer",
    follows=True,
)
