"""The cache answers slowly or not at all, though it runs. A script that does not end goes only with a restart."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blocks_itself import unread
from tuheg_ir.diagnosis.rules._figures import SLOWER, felt, said_by_callers, slow_evidence, slowed
from tuheg_ir.diagnosis.rules._helping import behind, not_for, spared
from tuheg_ir.diagnosis.rules._vouched import in_vain
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.odd import works
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_MAY = late(r"\bmay\b|Asynchronous AOF fsync", re.IGNORECASE)
"""Words of a line that only warns: every store whose disk is busy now and then writes it. May is a month in a time."""
SLOW_S = 0.1
"""A cache that needs longer than this for an answer is blocked."""


def when(view: View) -> Iterator[Match]:
    """A cache that runs is slow, down by its own figures, or says that it is busy."""
    for cache in of_role(view.workloads, "cache"):
        measured = tuple(_measured(view, cache))
        lines = tuple(_lines(view, cache))
        asking = [c for c in complaints(view, "cache_busy", "connection_timeout") if c.about == cache.ref != c.caller]
        # What lies unread at its caller was answered; and who has no thread left accuses all whom it asks.
        kept = [c for c in asking if not unread(view, c.hit) and not in_vain(view, c)]
        busy = tuple(c for c in kept if c.hit.trouble == "cache_busy")
        waiting = tuple(c for c in kept if c.hit.trouble == "connection_timeout")
        if not _runs(cache) or not (measured or lines or busy or (waiting and _answers_nobody(view, cache))):
            continue
        if not measured and _is_over(view, cache, (*lines, *(c.hit for c in (*busy, *waiting)))):
            continue  # what goes on since has another cause, if this set it off as well
        callers = behind(view, cache.ref, but=cache.ref)
        evidence = (*measured, *(view.hit_evidence(h) for h in lines[:2]), *told(view, (*busy, *waiting), 2))
        script = any("script" in h.line.lower() for h in (*lines, *(c.hit for c in busy)))
        yield Match(
            component=cache.ref,
            evidence=evidence,
            certainty=0.75 if script else 0.7,
            remedy="restart_workload" if script else "page_human",
            since=min((e.time for e in evidence if e.time), default=None),
            explains=(*callers, *spared(view, cache.ref)),
            excludes=(
                *not_for(callers, f"{cache.ref} is slow by itself: nothing done to its callers makes it faster"),
                *not_for((cache.ref,), "nothing in its template changed it", ("rollback_workload",)),
            ),
        )


def _lines(view: View, cache: Workload) -> Iterator[Hit]:
    """Yield what the cache says of late; what may only slow it down if it repeats that or anybody is slow or fails."""
    suffers = any(felt(view, ref) for ref in behind(view, cache.ref))
    for hit in view.hits_of(cache.ref, "cache_busy"):
        warns = _MAY.search(without_time(hit.line))
        if warns and hit.previous:
            continue  # a process that is gone slows nobody down
        if (hit.last is None or view.recent(hit.last)) and (suffers or hit.count >= OFTEN or not warns):
            yield hit


def _is_over(view: View, cache: Workload, told: Sequence[Hit]) -> bool:
    """Tell whether all who told that a cache is blocked go on without telling it: not of a script, told once only."""
    if not told or any("script" in hit.line.lower() for hit in told) or any(felt(view, cache.ref)):
        return False
    pods = {pod.name: pod for workload in view.workloads.values() for pod in workload.live}
    return all(
        hit.last is not None and not view.recent(hit.last, STILL) and hit.pod in pods and works(view, pods[hit.pod], 1)
        for hit in told
    )


def _measured(view: View, cache: Workload) -> Iterator[Evidence]:
    # Most exporters take a cache's answers by the clock of who asks.
    asked_by = [view.workloads[ref] for ref in view.graph.callers(cache.ref) if ref in view.workloads]
    # What was slow a moment ago still stands in the figures: a probe that is well has the newer word.
    probed = [p.get("verdict") for p in view.snapshot.probes if p.get("service") == cache.name]
    honest = not any(starving(view, caller) for caller in asked_by)
    if probed and all(verdict == "healthy" for verdict in probed):
        return
    for label in labels_of(view, cache.ref, "cache_latency_p95") if honest else ():
        if turn := slowed(view, "cache_latency_p95", SLOW_S, component=label):
            yield slow_evidence(cache.ref, "its own answers", turn)
    for label in labels_of(view, cache.ref, "cache_up"):
        if view.figures.now("cache_up", component=label) == 0:
            since = view.figures.crossed("cache_up", 0.5, below=True, component=label)
            yield Evidence("metrics", cache.ref, "it runs and does not answer the exporter", since)
    for _, evidence in said_by_callers(view, cache.ref):
        yield evidence


def _runs(cache: Workload) -> bool:
    """Tell whether a pod of it runs, ready or not: what is blocked fails its probes as well."""
    return any(c.state == "running" for pod in cache.live for c in pod.containers)


def _answers_nobody(view: View, cache: Workload) -> bool:
    """Tell whether every workload that calls the cache and was heard complains of it."""
    callers = set(view.graph.asked_by(cache.ref))
    heard = {c.caller for c in complaints(view, "connection_timeout") if c.about == cache.ref}
    return len(heard) >= 2 and heard >= callers


RULE = Rule(
    name="cache_blocked",
    title="The cache runs but answers slowly",
    root_cause="dependency_failure",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not=f"no cache answers {SLOWER:.0f} times as slowly as before",
)
