"""What somebody at the edge only passes on: whom it needs waits for a host outside, or stumbles by itself.

Who asks that host names it in its own errors, was well before and was not changed: no edit at the edge does that. Nor
does an edit at the edge bring what a neighbour, whom all errors there name, had begun to tell of its own code before.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rules._blames_another import ITS_OWN, OTHERS, mostly
from tuheg_ir.diagnosis.rules._hosts_outside import Host, hosts_outside
from tuheg_ir.diagnosis.rules._witnesses import TOGETHER, as_before
from tuheg_ir.diagnosis.view.changes import reads
from tuheg_ir.diagnosis.view.complaints import OFTEN, UNANSWERED, complaints
from tuheg_ir.diagnosis.view.demand import more_asked
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = timedelta(minutes=3)
"""What begins so soon after an edit may be its own, whatever else begins then: it may ask otherwise behind it."""
_OWN = ("configuration_missing", "code_crash")
"""Troubles of a program by itself."""


def passed_on(view: View, workload: Workload, ref: str, time: datetime, began: datetime | None) -> bool:
    """Tell whether what a reader of an edit suffers from is told, behind it, of a host outside.

    Not what began with the edit, nor where more is asked since, nor what the reader finds wrong by itself, or tells of
    the host too. Who asks the host does not read what was written, and does not go by way of the reader.
    """
    if began is None or view.hits_of(workload.ref, *_OWN) or more_asked(view, workload.ref, began):
        return False
    kind, _, label = ref.partition("/")
    behind = {
        each
        for each in view.graph.needs(workload.ref) & view.workloads.keys()
        if workload.ref not in view.graph.needs(each) and (kind, label) not in reads(view.workloads[each].template)
    }
    if _of_neighbours(view, workload, behind, time):
        return True
    if began - time <= AT_ONCE:
        return False
    hosts = [known for known in hosts_outside(view).values() if workload.ref not in known.callers]
    return any(abs(began - at) <= TOGETHER for known in hosts for at in _failing_since(view, known, behind))


def _of_neighbours(view: View, workload: Workload, behind: set[str], time: datetime) -> bool:
    """Tell whether all that a reader of an edit repeats as errors names neighbours, one of which failed before it.

    That one tells of troubles of its own since its release, which hurt before the edit, or came minutes after it, when
    the edit had hurt nobody.
    """
    told = {each.about for each in complaints(view, *UNANSWERED) if each.caller == workload.ref}
    named = told & behind
    if not named or told - behind or not mostly(view, workload, UNANSWERED):
        return False
    return any(_stumbles(view, view.workloads[each], time) for each in named)


def _stumbles(view: View, neighbour: Workload, time: datetime) -> bool:
    """Tell whether a neighbour's own code fails since its release, and not only since an edit somewhere else."""
    hits = [hit for hit in view.hits_of(neighbour.ref, *ITS_OWN) if not hit.previous]
    told = [] if mostly(view, neighbour, OTHERS) else marked(view, neighbour)
    own = sum(hit.count for hit in hits) >= OFTEN
    first, came = oldest(hit.first for hit in hits) if own else oldest(e.since for e in told), neighbour.released_at
    if first is None or came is None or not since_release(neighbour, first):
        return False
    return first < time or came - time > AT_ONCE


def _failing_since(view: View, known: Host, behind: set[str]) -> Iterator[datetime]:
    """Yield since when a host fails for some of those who ask it, of whom none was changed then."""
    for ref in sorted(behind.intersection(known.callers)):
        said = [c for c in known.said if c.caller == ref and not c.hit.previous and c.hit.trouble != "rate_limited"]
        first = oldest(c.hit.first for c in said)
        if first is not None and sum(c.hit.count for c in said) >= OFTEN and as_before(view, ref, said):
            yield first
        for caller, seen in known.measured:
            if caller == ref and seen.time is not None and not since_release(view.workloads[ref], seen.time):
                yield seen.time
