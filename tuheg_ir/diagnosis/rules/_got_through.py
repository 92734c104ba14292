"""Calls that failed now and then and went well when they were tried again, as the callers' own logs tell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.trouble import troubles

_AGAIN = late(r"\bretr(?:y|ies|ied|ying)\b|\battempt|\btry(?:ing)? again|\bagain in\b", re.IGNORECASE)
_MATTER = late(r"\b(?=[\w-]{4,40}\b)[\w-]{0,40}?\d[\w-]{0,40}")
"""What a line is about: a number of an order, of a message, of a file."""


def got_through(view: View, said: Iterable[Complaint]) -> bool:
    """Tell whether each call that failed was to be tried again, and the log tells of the same matter later, and well.

    Nobody may suffer, and no pod may have told of it as its last word.
    """
    found = list(said)
    if not found or any(any(troubles(view, each.caller)) for each in found):
        return False
    return all(_well_later(view, each) for each in found)


def _well_later(view: View, each: Complaint) -> bool:
    """Tell whether every line of a complaint is followed by a line of the same matter that is none."""
    lines = [line for log in view.snapshot.logs if log.pod == each.hit.pod and not log.previous for line in log.lines]
    failed = [at for at, line in enumerate(lines) if tells(each.hit.trouble, line)]
    return bool(failed) and all(_AGAIN.search(lines[at]) and _goes_well(lines, at) for at in failed)


def _goes_well(lines: Sequence[str], at: int) -> bool:
    """Tell whether a matter of a line comes again after it, the last time in a line that complains of nothing."""
    said = _matters(lines[at])
    later = [line for line in lines[at + 1 :] if said & _matters(line)]
    return bool(later) and not complains(later[-1])


def _matters(line: str) -> set[str]:
    return set(_MATTER.findall(without_time(line)))
