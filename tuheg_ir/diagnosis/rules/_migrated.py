"""Runs that changed the form of a database: when they did, and how their logs tell of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.reading import moment
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=10)
"""A program meets a table that was changed that soon."""
_RAN = timedelta(minutes=-30)
"""A migration may run so long before it ends, and hurts before that."""
_CHANGES = late(
    r"(?<![a-z])(?:renam(?:e[sd]?|ing)|drop(?:s|ped|ping)?|remov(?:e[sd]?|ing)|delet(?:e[sd]?|ing)|alter(?:s|ed|ing)?"
    r"|add(?:s|ed|ing)?)(?![a-z])",
    re.IGNORECASE,
)
"""How tools of migrations, and their authors in the names of these, tell that something goes, or comes."""
_OF_FORM = late(
    r"(?<![a-z])(?:tables?|columns?|schema|alter|renam|migrat|upgrad|change-?set)|\.sql\b|\b\d{3,}_[a-z]",
    re.IGNORECASE,
)
"""Words of a change of form, and how migrations are called: rows come and go in any program's work."""
_ROWS = late(r"\b\d+ (?:rows?|records?|entries)\b", re.IGNORECASE)


def of_form(line: str) -> bool:
    """Tell whether a line tells of a change of a table or a column, and not of rows of it."""
    return bool(_CHANGES.search(line) and _OF_FORM.search(line)) and not _ROWS.search(line)


def ended(run: Workload) -> datetime | None:
    """Return when a run was done."""
    return moment(run.obj, "status", "completionTime")


def then(run: Workload, since: datetime, soon: timedelta = SOON) -> bool:
    """Tell whether a run went on, or ended, when something began."""
    done = ended(run)
    return done is not None and _RAN <= since - done <= soon
