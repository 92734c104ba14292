"""A run froze the file system of a data service for a snapshot, and failed before it thawed it: each write hangs since.

What reads goes on for a while; who commits waits, and takes the sessions one after another. A process that waits for a
frozen file system cannot be ended, and one that is started anew hangs there as well: somebody has to thaw it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.batch import Failed, failed_runs
from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.programs import DATA, of_role
from tuheg_ir.diagnosis.view.reading import mapping
from tuheg_ir.diagnosis.view.trouble import suffering, troubles, unplaced
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_TOOL = late(r"\b(?:fsfreeze|xfs_freeze|FIFREEZE)\b")
"""What freezes a whole file system; who "freezes" accounts or a cache is somebody else."""
_THAWED = late(r"\bun-?(?:freez|froze)\w*|\bthaw\w*|freeze\b.{0,20}\s-u\b", re.IGNORECASE)
_FROZEN = late(r"\b(?:fs|xfs_)?(?:freez(?:e|ing)|frozen?)\b", re.IGNORECASE)
_ACTS = (*RESTARTS, "rollback_workload", "scale_workload")


class Left(NamedTuple):
    """When a run froze something, in which words, and whose pod told it."""

    at: datetime
    line: str
    pod: str


def when(view: View) -> Iterator[Match]:
    """The last word of a failed run about it is that it freezes, and who needs the data service suffers since."""
    for run in failed_runs(view):
        workload = view.workloads[run.component]
        left = _left(view, workload)
        store = _store(view, workload, left) if left is not None else None
        if left is None or store is None or not _with_tool(view, workload, store):
            continue
        felt = [seen for seen in _felt(view, store) if seen.time is None or seen.time >= left.at]
        if felt:
            yield _match(view, run, store, left, felt)


def _left(view: View, workload: Workload) -> Left | None:
    """Return the freezing that no run has told the end of."""
    last: Left | None = None
    thawed: datetime | None = None
    for log in view.logs_of(workload.pods):
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            if at is not None and _THAWED.search(line):
                thawed = max(at, thawed or at)
            elif at is not None and _FROZEN.search(line) and (last is None or at > last.at):
                last = Left(at, line, log.pod)
    return last if last is not None and (thawed is None or thawed < last.at) else None


def _store(view: View, workload: Workload, left: Left) -> Workload | None:
    """Return the one data service that a run names as it freezes, or, where it names none, in its script."""
    stores = tuple(of_role(view.workloads, *DATA))
    for said in (left.line, _script(view, workload)):
        named = [each for each in stores if re.search(rf"(?<![\w-]){re.escape(each.name)}(?:-\d+)?(?![\w-])", said)]
        if named:
            return named[0] if len(named) == 1 else None
    return None


def _script(view: View, workload: Workload) -> str:
    """Return what a run is told to do: by its template, and by the files that it gets."""
    files = (str(mapping(obj, "data")) for _, obj in view.maps_read(workload.template))
    return "\n".join((str(mapping(workload.template, "spec")), *files))


def _with_tool(view: View, workload: Workload, store: Workload) -> bool:
    """Tell whether it is a file system that is frozen: a script, a log, or a container beside the data has the tool."""
    lines = (line for log in view.logs_of(workload.pods) for line in log.lines)
    texts = (_script(view, workload), str(mapping(store.template, "spec")), *lines)
    return any(_TOOL.search(each) for each in texts)


def _felt(view: View, store: Workload) -> list[Evidence]:
    above = (store.ref, *sorted(view.graph.callers(store.ref)))
    return [*(seen for ref in above for seen, _ in troubles(view, ref)), *suffering(view, store.ref), *unplaced(view)]


def _match(view: View, run: Failed, store: Workload, left: Left, felt: list[Evidence]) -> Match:
    callers = behind(view, store.ref, but=store.ref)
    told = Evidence("logs", f"Pod/{left.pod}", f"it tells of no thaw after: {left.line.strip()}", left.at)
    return Match(
        component=store.ref,
        evidence=(told, *run.evidence[:1], *felt[:3]),
        certainty=0.7,
        since=left.at,
        explains=(run.component, *callers),
        excludes=(
            *not_for((store.ref,), "its pod hangs on the frozen volume until somebody thaws it", _ACTS),
            *not_for(callers, f"it waits for {store.ref}, whose file system is frozen", _ACTS),
        ),
    )


RULE = Rule(
    name="left_frozen",
    title="A run froze a data service's file system and failed before it thawed it",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no failed run has frozen the file system of a data service and told of no thaw",
)
