"""Whom a release names in its errors fails with words of his own, and did so before the release came."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._helping import names
from tuheg_ir.diagnosis.rules._tried_before import amid, tried_before
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import LATELY, Marked, is_marked, marked, shape_of
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.releases import AMID
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

EARLIER = timedelta(minutes=5)
"""What began so long before a release is not of its roll-out."""
MORE = 10
"""What is told more than so many times as often since a release is another trouble than before."""
MOSTLY = 0.5
"""So large a share of the errors of who is named has to be the same: each system has a few of others."""


@once
def failed_before(view: View, workload: Workload) -> Evidence | None:
    """Return that whom the errors of a release mostly name had begun to fail before it came, and still does.

    It began anew, within what its logs tell: what it told all along the template before lived with. Not with an earlier
    try of the release, that was taken back: this one may bring the same.
    """
    came = workload.released_at
    if came is None or not workload.changes:
        return None
    tried = tried_before(view, workload)
    for other in _named(view, workload):
        errors = marked(view, other)
        for each in errors:
            if each.count < MOSTLY * sum(one.count for one in errors) or not each.lately:
                continue
            if _began_before(view, other, each, came) and not amid(tried, each.since):
                fact = f"it fails since before {workload.ref} was released: {each.line}"
                return Evidence("logs", other.ref, fact, each.since)
    return None


def _named(view: View, workload: Workload) -> Iterator[Workload]:
    """Yield whom most errors of a workload name, of those that it calls."""
    told = [each for each in marked(view, workload) if any(each.lately.values())]
    most = sum(each.count for each in told)
    for other in view.called(workload.ref):
        count = sum(each.count for each in told if _names(view, each.line, other))
        if count >= max(OFTEN, MOSTLY * most):
            yield other


def _names(view: View, line: str, other: Workload) -> bool:
    """Tell whether an error names somebody: by the name that he has, or by a host that leads to him."""
    return names(line, other.name) or any(view.graph.resolve(host) == other.ref for host in hosts_named([line]))


def _began_before(view: View, other: Workload, told: Marked, came: datetime) -> bool:
    """Tell whether an error began anew some time before a release, within a day, was repeated until then and still is.

    What comes far more often since may be brought by it.
    """
    if told.since is None or not came - AMID <= told.since <= came - EARLIER:
        return False
    before, since = list[datetime](), list[datetime]()
    for log in view.logs_of(other.live, previous=False):
        upto, _ = times_around(log.lines)
        for at, line in zip(upto, log.lines, strict=True):
            if at and _is(line, told):
                (before if at < came else since).append(at)
    if min(len(before), sum(view.recent(at, LATELY) for at in since)) < OFTEN or came - max(before) > LATELY:
        return False
    return len(since) * (came - told.since) <= MORE * len(before) * (view.now - came)


def _is(line: str, told: Marked) -> bool:
    return is_marked(line) and shape_of(line) == told.shape
