"""Calls that failed now and then, and of which the callers' own logs tell that they go well all the same.

Each was tried again and went well, or the same host answers far more of them well, and did so last.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.complaints import Complaint
from tuheg_ir.diagnosis.view.logs import speaks_of, tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View

_AGAIN = late(r"\bretr(?:y|ies|ied|ying)\b|\battempt|\btry(?:ing)? again|\bagain in\b", re.IGNORECASE)
_ELSE = late(
    r"\b[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?::\d{1,5})?|\[[^\]]{0,80}\]|\b(?:pid|tid|thread)[\"']?[=:]\s?[\"']?[\w-]{1,40}"
    r"|\b\d{1,9}(?:ms|s|m|min)\b",
    re.IGNORECASE,
)
"""Words with numbers that many lines share: hosts, versions, who writes, how long it took."""
_MATTER = late(r"\b(?=[\w-]{4,40}\b)[\w-]{0,40}?\d[\w-]{0,40}")
"""What a line is about: a number of an order, of a message, of a file."""
DIGITS = 4
"""A number by which one of many is told from all others has so many digits."""
FAR_MORE = 4
"""A host that answers so many calls well for each that fails is not what somebody suffers from."""
_WELL = late(
    r"\b(?:sent|ok|succe\w{2,10}|delivered|accepted|acknowledged|confirmed|done|completed?|stored|saved|paid|booked"
    r"|finished|published|processed|20[0-4])\b",
    re.IGNORECASE,
)
_ILL = late(
    r"\bnot\b|\bg[ai]v(?:e|ing) up|\b(?:will )?retry(?:ing)? (?:in|at|later)|dead.?letter|\bdlq\b|\bdropp|\bpark"
    r"|\bskipp|abandon|unsent|\bfail",
    re.IGNORECASE,
)
"""Words of lines that no logger marks, and that tell of no success all the same."""
_REFUSED = late(r"(?<![\w.:-])[45]\d\d(?![\w.:-]|\s?[mun]?s\b)")
"""A status of an answer that is none of success, and no time that it took."""
_FAILED = late(r"(?<![\w.:-])5\d\d(?![\w.:-]|\s?[mun]?s\b)")
_TAKEN = late(r"(?<![\w.:-])2\d\d(?![\w.:-]|\s?[mun]?s\b)")
"""A status of an answer that failed, and one of success."""


def got_through(view: View, said: Iterable[Complaint]) -> bool:
    """Tell whether each call that failed was to be tried again, and the log tells of the same matter later, and well.

    Nobody may suffer, and no pod may have told of it as its last word.
    """
    found = list(said)
    if not found or any(any(troubles(view, each.caller)) for each in found):
        return False
    return all(_well_later(view, each) for each in found)


def answers_mostly(view: View, said: Iterable[Complaint], host: str) -> bool:
    """Tell whether whoever complains of a host tells of far more calls that it answered well, the last one as well."""
    found = list(said)
    troubles_told = {each.hit.trouble for each in found}
    ill, well = [], []
    for caller in {each.caller for each in found if each.caller in view.workloads}:
        for log in view.logs_of(view.workloads[caller].live, previous=False):
            for line in log.lines if speaks_of(log, (host,)) else ():
                if host not in line.lower():
                    continue
                if any(tells(trouble, line) for trouble in troubles_told):
                    ill.append(stamp(line))
                elif served(line):
                    well.append(stamp(line))
    last, failed = newest(well), newest(ill)
    return last is not None and failed is not None and last > failed and len(well) >= FAR_MORE * len(ill)


def served(line: str) -> bool:
    """Tell whether a line tells of success, and of no answer that refuses."""
    return _is_well(line) and not _REFUSED.search(line)


def failed(line: str) -> bool:
    """Tell whether a line tells of an answer that failed: beside a status of success a like number is anything."""
    return _FAILED.search(line) is not None and not _TAKEN.search(line)


def _well_later(view: View, each: Complaint) -> bool:
    """Tell whether every line of a complaint is followed by a line of the same matter that tells of success."""
    lines = [line for log in view.snapshot.logs if log.pod == each.hit.pod and not log.previous for line in log.lines]
    failed = [at for at, line in enumerate(lines) if tells(each.hit.trouble, line)]
    return bool(failed) and all(_AGAIN.search(lines[at]) and _goes_well(lines, at) for at in failed)


def _goes_well(lines: Sequence[str], at: int) -> bool:
    """Tell whether all matters of a line come again after it, the last time in a line that tells of success."""
    said = _matters(lines[at])
    if not any(sum(map(str.isdigit, each)) >= DIGITS for each in said):
        return False
    last = next((line for line in reversed(lines[at + 1 :]) if said <= _matters(line)), None)
    return last is not None and _is_well(last)


def _is_well(line: str) -> bool:
    return bool(_WELL.search(line)) and not _ILL.search(line) and not complains(line)


def _matters(line: str) -> set[str]:
    return set(_MATTER.findall(_ELSE.sub(" ", without_time(line))))
