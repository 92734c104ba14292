"""A lower limit made a JVM take the collector of small machines, which stops it for seconds at a time.

A JVM that is told nothing looks at what it may use as it starts. That its processor is hardly used, or held back, is no
objection: all stands still while one thread collects.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._asks_it import who_asks
from tuheg_ir.diagnosis.rules._capacity import WEEKLY
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._one_collector import Stopped, stopped
from tuheg_ir.diagnosis.rules.memory_limit_cut import SUSPECT
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.releases import release_evidence, releases, since_release
from tuheg_ir.diagnosis.view.trouble import suffering, troubles
from tuheg_ir.diagnosis.view.usage import limits_cut
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PROCESSORS = 2
"""A JVM with fewer is on a small machine. It counts the limit up: with 1.5 it sees two."""
MEMORY = 1792 * 1024**2
"""A JVM with less is on a small machine, too."""
TOGETHER = timedelta(minutes=10)
_CHOSEN = late(r"-XX:\+Use[A-Z]\w{0,24}GC\b|-XX:ActiveProcessorCount=1\b")
"""Settings by which it is one and the same collector with any limit: that one, or another."""


def when(view: View) -> Iterator[Match]:
    """Pods stand still for seconds to collect, with the collector that a JVM takes by itself since its limit was cut.

    Their users suffer, and neither is their heap full nor does it leak; no caller was released as it began.
    """
    for workload in view.serving:
        cut = _to_small(workload)
        if cut is None or workload.returned or not releases(view, workload, WEEKLY) or _chosen(view, workload):
            continue
        held = stopped(view, workload.newest_pods(), cut.container)
        if held is None or stopped(view, workload.older_pods(), cut.container):
            continue
        callers = who_asks(view, workload.ref)
        felt = _felt(view, workload, callers)
        if felt and not _brought_by_caller(view, workload, callers, held.since):
            yield _match(view, workload, cut, held, callers, felt)


def _match(
    view: View,
    workload: Workload,
    cut: Change,
    held: Stopped,
    callers: tuple[str, ...],
    felt: tuple[Evidence, ...],
) -> Match:
    """Return the match. Another program that came with it days ago is nothing that anybody takes back for this."""
    fresh = releases(view, workload, SUSPECT)
    was = f"{cut.before} before" if cut.before else "none before"
    small = f"its limit is {cut.after} ({was}): a JVM that is told nothing takes the Serial collector there"
    waits = f"{workload.ref} stands still for seconds at a time: who asks it only waits"
    return Match(
        component=workload.ref,
        evidence=(
            *held.evidence,
            Evidence("objects", workload.ref, small, workload.released_at),
            *felt[:2],
            *release_evidence(workload, "limits"),
        ),
        certainty=0.8,
        remedy="rollback_workload" if fresh or not workload.changed("image") else "page_human",
        since=held.since,
        explains=callers,
        excludes=(
            *not_for((workload.ref,), "it would start with the same collector", RESTARTS),
            *not_for(callers, waits),
        ),
    )


def _to_small(workload: Workload) -> Change | None:
    """Return how the newest template made a machine small for a JVM that was not before; None: it did not."""
    for cut in limits_cut(workload, "cpu").values():
        if _processors(cut.after) < PROCESSORS <= _processors(cut.before):
            return cut
    for cut in limits_cut(workload, "memory").values():
        if (number(cut.after) or 0.0) < MEMORY <= _limit(cut.before):
            return cut
    return None


def _processors(limit: str) -> float:
    """Return how many processors a JVM sees with a limit."""
    found = _limit(limit)
    return found if math.isinf(found) else math.ceil(found)


def _limit(limit: str) -> float:
    """Return a limit; more than anybody has where there is none."""
    found = number(limit)
    return found if found is not None else math.inf


def _chosen(view: View, workload: Workload) -> bool:
    """Tell whether somebody chose a collector: in the template, a file of settings, or what the JVM says it took."""
    files = (str(value) for _, found in view.maps_read(workload.template) for value in mapping(found, "data").values())
    said = (line for log in view.logs_of(workload.live) for line in log.lines if "Picked up " in line)
    return any(_CHOSEN.search(text) for text in (str(dict(workload.template)), *files, *said))


def _felt(view: View, workload: Workload, callers: tuple[str, ...]) -> tuple[Evidence, ...]:
    """Return what users feel of it, or say, since the limit was cut; () where its own did before."""

    def since_cut(at: datetime | None) -> bool:
        return at is None or workload.released_at is None or at >= workload.released_at

    if not all(since_cut(at) for _, at in troubles(view, workload.ref)):
        return ()
    felt = [seen for ref in (workload.ref, *callers) for seen, at in troubles(view, ref) if since_cut(at)]
    return (*felt, *(seen for seen in suffering(view, workload.ref) if since_cut(seen.time)))


def _brought_by_caller(view: View, workload: Workload, callers: tuple[str, ...], began: datetime | None) -> bool:
    """Tell whether the stops began with a caller's release, which may ask for more than any collector bears.

    What was released together with the cut limit tells nothing.
    """
    cut, known = workload.released_at, (view.workloads[ref] for ref in callers if ref in view.workloads)
    return any(
        since_release(each, began) and (cut is None or each.released_at is None or each.released_at > cut + TOGETHER)
        for each in known
    )


RULE = Rule(
    name="collects_with_one_thread",
    title="A lower limit made a JVM collect with one thread",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no JVM stands still to collect with one thread since its limit was lowered",
)
