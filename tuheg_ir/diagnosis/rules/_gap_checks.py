"""A schedule whose later runs look for gaps themselves: over the time of a run that failed, they find none."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log, Obj
from tuheg_ir.diagnosis.moments import moment
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.batch import started
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import complains

_WHOLE = late(
    r"\b(?:no|0|zero|without(?: any)?)\s(?:[a-z]+\s){0,2}(?:gaps?|holes?|missing)\b"
    r"|\b(?:gaps?|holes|missing)(?:_?(?:count|rows|records|days|hours|periods|partitions|intervals))?[\"']?\s{0,2}"
    r"(?:[:=]\s{0,2}[\"']?(?:0(?![\w.])|\[\s?\]|(?:none|no|null)\b)|\s(?:(?:is|are)\s)?none\b)",
    re.IGNORECASE,
)
"""How a run says that nothing is missing."""
_LACKS = late(
    r"\b(?:gaps?|holes|missing|lost|skipped)[a-z_]*[\"']?\s{0,2}[:=]\s{0,2}[\"'\[]{0,2}[1-9]"
    r"|\b[1-9]\d*\s(?!no\b)(?:[a-z]+\s){0,2}(?:gaps?|holes?|missing)\b",
    re.IGNORECASE,
)
"""How it says that something is."""
_TIME = late(
    r"\b20\d\d-\d\d-\d\d(?!\d)(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,6})?)?(?:Z|[+-]\d\d:\d\d)?)?",
    re.IGNORECASE,
)
_ZONED = late(r"(?:z|\d[+-]\d\d:\d\d)$", re.IGNORECASE)
_ANY_ZONE = timedelta(hours=14)
"""A time that does not say its zone is off by no more."""
_OWN = timedelta(minutes=15)
"""A time so near the line's own is when it was told: the check goes on until then."""


def no_gap(job: Obj, at: datetime, logs: Sequence[Log], later: Sequence[Sequence[Log]], each: timedelta) -> str | None:
    """Return the line in which the last run tells of no gap since before a failed one's work; None: none does.

    The failed one, which ``logs`` are of, met no answer: what it ended by is not its own. No run since then, of whose
    logs ``later`` are, tells of trouble or of a gap. ``each``: how much time the work of one run is of.
    """
    began = started(job)
    lines = [line for run in later for log in run for line in log.lines]
    if began is None or not later or not _unanswered(logs) or any(map(complains, lines)):
        return None
    if any(_LACKS.search(line) for line in lines):
        return None
    last = (line for log in later[-1] for line in log.lines)
    return next((line for line in last if _WHOLE.search(line) and _covers(line, began - each, at)), None)


def _unanswered(logs: Sequence[Log]) -> bool:
    told = [line for log in logs for line in log.lines]
    return any(tells(trouble, line) for line in told for trouble in UNANSWERED)


def _covers(line: str, begin: datetime, end: datetime) -> bool:
    """Tell whether the times that a line speaks of reach from before a time until after another, whatever their zone.

    One that names only where its check begins goes on until it is told.
    """
    own = stamp(line)
    spoken = [each for each in _times(line) if own is None or abs(each[0] - own) > _OWN]
    if not spoken or min(was + slack for was, slack in spoken) > begin:
        return False
    return len(spoken) == 1 or max(was - slack for was, slack in spoken) >= end


def _times(line: str) -> Iterator[tuple[datetime, timedelta]]:
    """Yield the times in a line, and by how much each may be off."""
    for found in _TIME.finditer(line):
        if (time := moment(found[0])) is not None:
            yield time, timedelta() if _ZONED.search(found[0]) else _ANY_ZONE


def apart(runs: Sequence[Obj]) -> timedelta | None:
    """Return the most time between two known runs of a schedule, for the work of one is of no more; None: too few.

    Of some the cluster keeps no record, which makes it more.
    """
    begins = sorted(began for run in runs if (began := started(run)))
    gaps = [then - first for first, then in pairwise(begins)]
    return max(gaps) if len(gaps) > 1 else None
