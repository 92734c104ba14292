"""A database that a release asks had begun to read whole tables before it came, and still does."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._senders import sends
from tuheg_ir.diagnosis.rules.index_dropped import LAST, MANY, STILL, TIMES, WINDOW
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.statements import Statement, reads_whole_tables, statements_by_log
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

REACH = timedelta(minutes=5)
"""A log that reaches back so far before the first of them tells how it was."""


def scanned_before(view: View, workload: Workload) -> Evidence | None:
    """Return the first statement that read a whole table minutes before a release came, where hardly any had before.

    Small tables are always read so: it has to have begun, and to go on.
    """
    came = workload.released_at
    if came is None:
        return None
    for server in of_role(view.workloads, "database"):
        for told in statements_by_log(view, server):
            scans = [each for each in told if reads_whole_tables(each.text)]
            first = _begun(told, scans, came, view.now)
            if first is not None and any(sends(view, each.text, workload) for each in scans[-LAST:]):
                fact = f"it reads whole tables since before {workload.ref} was released: {first.text}"
                return Evidence("logs", server.ref, fact, first.at)
    return None


def _begun(told: list[Statement], scans: list[Statement], came: datetime, now: datetime) -> Statement | None:
    within = [each for each in scans if came - WINDOW <= each.at < came - MINUTE]
    if len(within) < MANY or now - scans[-1].at > STILL or told[0].at > within[0].at - REACH:
        return None
    earlier = [each for each in scans if within[0].at - REACH <= each.at < within[0].at]
    return within[0] if TIMES * len(earlier) <= len(within) else None
