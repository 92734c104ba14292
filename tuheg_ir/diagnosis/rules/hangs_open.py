"""A service takes connections and answers none: it does no work any more, though whoever calls it waits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._figures import said_by_callers
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.stores import is_store, keeps_data
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of_all
from tuheg_ir.diagnosis.view.workloads import Workload

IDLE = 0.1
"""Who uses so small a part of the processor time that it used does no work."""
NOTHING = 0.03
"""Who uses more than this of its limit does not stand still."""
LONG = timedelta(minutes=10)
"""A pause that is longer than this is none."""
SUSPECT = timedelta(hours=6)
_WAITS = late(
    r"\bread tcp \S+->\S+: i/o timeout|Read timed out|ReadTimeout|Error while reading from socket: \(?'?timed out"
    r"|timed out\) while reading|Net::ReadTimeout|receive timeout|recv(?:from)?\b.{0,30}timed out",
    re.IGNORECASE,
)
"""A connection was taken, and no answer came. Words that may also tell of none that was taken are not here."""
_NO_WAY = late(
    r"dial tcp|connect(?:ion)? ?time(?:d ?)?out|ConnectTimeout|No route to host|refused|unreachable", re.IGNORECASE
)
"""No connection was taken: then it is idle because nobody reaches it."""


def when(view: View) -> Iterator[Match]:
    """Callers connect and wait in vain for a service that uses no processor time since, and says nothing more."""
    for workload in view.serving:
        measured = [evidence for _, evidence in said_by_callers(view, workload.ref)]
        began = oldest(evidence.time for evidence in measured)
        if began is None or view.now - began < LONG or workload.ready < workload.wanted or is_store(workload):
            continue
        if keeps_data(view, workload) or releases(view, workload, SUSPECT) or any(_changed(view, began)):
            continue
        still, waits = tuple(_stands(view, workload, began)), tuple(_waits(view, workload, began))
        if len(still) == 2 and waits and not _held_up(view, workload, began):
            yield _match(view, workload, (*still, *waits[:2], *measured[:2]), began)


def _stands(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    """Yield that all pods do nothing since, and that they say nothing since: both, or it does not stand still."""
    works = work_of_all(view, workload).values()
    if works and all(work.now < NOTHING and work.left <= IDLE for work in works):
        most = max(work.now for work in works)
        yield Evidence("metrics", workload.ref, f"its pods use at most {most:.1%} of their processor limit", began)
    logs = view.logs_of(workload.live, previous=False)
    last = [newest(map(stamp, log.lines)) for log in logs]
    said = newest(last)
    if said is not None and None not in last and said - began <= LONG / 2 and view.now - said >= LONG:
        yield Evidence("logs", workload.ref, "none of its pods has written a line since", said)


def _waits(view: View, workload: Workload, began: datetime) -> Iterator[Evidence]:
    """Yield who connects and gets no answer; nothing if anybody does not get as far as to connect."""
    told = [
        (log.pod, line.strip(), at)
        for ref in sorted(view.graph.callers(workload.ref))
        for log in view.logs_of(view.workloads[ref].live if ref in view.workloads else (), previous=False)
        for line in log.lines
        if (at := stamp(line)) and at >= began - LONG / 2
    ]
    if any(_NO_WAY.search(line) for _, line, _ in told):
        return
    for pod, line, at in told:
        if _WAITS.search(line):
            yield Evidence("logs", f"Pod/{pod}", f"log: {line}", at)


def _held_up(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether it may itself wait for somebody: for a store, one that is complained of, or that it complains of."""
    needs = view.graph.needs(workload.ref)
    if any(is_store(w) for ref in needs if (w := view.workloads.get(ref))):
        return True  # what waits for a lock or for a disk stands still as well, and says as little
    blamed = any(any(said_by_callers(view, ref)) for ref in needs)
    away = (w for ref in needs if (w := view.workloads.get(ref)) and w.ready < w.wanted)
    told = (hit for hit in view.hits_of(workload.ref, *UNANSWERED, "dns", "lock_wait") if not hit.previous)
    return blamed or any(away) or any(hit.last is None or hit.last >= began - LONG for hit in told)


def _changed(view: View, began: datetime) -> Iterator[datetime]:
    """Yield what was changed in the same minutes: a way that was closed leaves whom it leads to idle as well."""
    return (at for at in others_written(view) if at is not None and near(at, began))


def _match(view: View, workload: Workload, seen: tuple[Evidence, ...], began: datetime) -> Match:
    callers = behind(view, workload.ref, but=workload.ref)
    return Match(
        component=workload.ref,
        evidence=seen,
        certainty=0.6,
        since=began,
        explains=callers,
        excludes=(
            *excluding(workload.ref, "no release came with it", "rollback_workload"),
            *not_for(callers, f"they wait for {workload.ref}: nothing done to them mends that"),
        ),
    )


RULE = Rule(
    name="hangs_open",
    title="A service takes connections and answers none",
    root_cause="dependency_failure",
    remedy="restart_workload",
    tier=Tier.PATTERN,
    when=when,
    why_not="no service stands still while its callers wait for answers",
    follows=True,
)
