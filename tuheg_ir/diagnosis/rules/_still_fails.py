"""What failed is not over: hardly less fails than at the worst, or logs go on telling of it as they began to then.

Work that comes rarely among many other requests (releases, exports, payments of one kind) may fail in full and be
hardly more than the share that counts as trouble: it goes beyond that now and then, and is not over in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.silent import says
from tuheg_ir.diagnosis.view.trouble import ERRORS
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LESS = 0.5
"""What fails to no more than this part of its worst, or is told so much more rarely, is over but for a rest."""
OFTEN = 3
"""What was told less often while it lasted does not tell what it was."""
AGAIN = 2
"""What is told once more since then may be the last of it."""
AROUND = timedelta(minutes=15)
"""Words that came so near to the first failures are of them."""


def still_fails(view: View, workload: Workload, label: str, since: datetime) -> bool:
    """Tell whether requests to a workload go on failing, though too few for a trouble since a time."""
    peak = view.figures.peak("error_ratio", component=label) or 0.0
    now = view.figures.now("error_ratio", component=label) or 0.0
    if now > LESS * peak:
        return True
    began = view.figures.first_beyond("error_ratio", ERRORS / 2, component=label) or since
    return any(_told_on(view, times, began, since) for times in _told(view, workload))


def _told(view: View, workload: Workload) -> Iterator[list[datetime]]:
    """Yield when a log told of each of its troubles and errors: of the workload, or of one that it calls."""
    for each in (workload, *view.called(workload.ref)):
        lines = [(at, line) for line in view.lines_of(each) if (at := stamp(line)) is not None]
        for trouble in sorted({hit.trouble for hit in view.hits_of(each.ref) if not hit.previous}):
            yield [at for at, line in lines if tells(trouble, line)]
        for error in marked(view, each):
            said = says(error)
            yield [at for at, line in lines if said(line)]


def _told_on(view: View, times: list[datetime], began: datetime, since: datetime) -> bool:
    """Tell whether what was first told as requests began to fail is told hardly more rarely since a time."""
    if not times or abs(min(times) - began) > AROUND:
        return False
    meanwhile, after = [at for at in times if at <= since], [at for at in times if at > since]
    if len(meanwhile) < OFTEN or len(after) < AGAIN:
        return False
    lasted, gone = since - min(meanwhile), view.now - since
    return len(after) / gone.total_seconds() >= LESS * len(meanwhile) / max(lasted.total_seconds(), 60.0)
