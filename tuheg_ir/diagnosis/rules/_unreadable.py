"""A message that its reader cannot make sense of, and does not get past: more readers do not either."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.marked import Marked, marked
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_UNREADABLE = late(
    r"deseriali[sz]|unmarshal|magic byte|cannot (?:parse|decode|read) (?:record|message|payload)"
    r"|(?:parse|decod)\w* (?:error|fail)|invalid (?:json|payload|message|wire)|poison|unprocessable|JSONDecodeError"
    r"|unsupported schema|(?:unsupported|unknown) (?:schema|payload|message|event|record) version"
    r"|(?:malformed|corrupt(?:ed)?) (?:record|message|payload|event)",
    re.IGNORECASE,
)
"""Words of a message that its reader cannot make sense of."""
_SCHEMA = late(r"schema (?:id|registry)", re.IGNORECASE)
"""Words that tell it in an error alone: who sends or reads a message well may name its schema too."""


def tells_unreadable(line: str) -> bool:
    """Tell whether a line speaks of a message that nobody can make sense of."""
    return _UNREADABLE.search(line) is not None


def unreadable(view: View, consumer: Workload) -> tuple[Marked, ...]:
    """Return the errors by which a consumer's pods tell of messages that they cannot read."""
    return tuple(each for each in marked(view, consumer) if _UNREADABLE.search(each.line) or _SCHEMA.search(each.line))


def stopped_by(view: View, consumer: Workload) -> Marked | None:
    """Return the error by which few of a consumer's pods tell that they do not get past a message."""
    return next((each for each in unreadable(view, consumer) if 2 * len(each.pods) <= len(consumer.live)), None)
