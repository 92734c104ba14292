"""Whom an intruder asks from the pods that he took: many more requests that are no demand of any user."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asks_most import asks_most, grew_since
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, requests_grew
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SLACK, AT_ONCE = timedelta(minutes=2), timedelta(minutes=5)
"""Clocks and samples are that far apart; a release so near to a moment may be what began with it."""
SELDOM = 0.25
"""Whose part of all requests was no greater before did not pass on what users ask there."""


def flooded(view: View, workload: Workload, since: datetime | None) -> Iterator[tuple[str, Evidence]]:
    """Yield whom a workload's pods ask far more than ever since a moment, and what shows that it is they who ask.

    Nobody who was ill before, or was released then: that is a trouble of its own. Nor whom the workload has always
    asked for its users, unless it is known that these ask for no more than before.
    """
    for callee in view.serving if since is not None else ():
        if since is None or callee.ref == workload.ref or role(callee) in DATA:
            continue
        grew = grew_since(view, callee, since)
        if grew is None or grew.now < MUCH_MORE * grew.before or grew.since is None or grew.since < since - SLACK:
            continue
        began = oldest(at for _, at in troubles(view, callee.ref))
        if (began is not None and began < since - SLACK) or since_release(callee, grew.since, AT_ONCE):
            continue
        asks = asks_most(view, callee, workload, grew, since)
        if asks is None or asks.times < MUCH_MORE or (asks.had > SELDOM and _may_pass_on(view, workload, since)):
            continue
        yield callee.ref, asks.shown


def _may_pass_on(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether a workload may be asked more itself since a moment, as far as anybody counts that."""
    grew = requests_grew(view, workload.ref, since)
    return grew is None or grew >= MUCH_MORE
