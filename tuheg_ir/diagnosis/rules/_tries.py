"""How settings say how often a program tries, and how its log tells of further tries."""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.named import NamedTuple

TRIES = late(r"(?:^|[^a-z])(?:retr(?:y|ies)|attempts?|tries)(?![a-z])", re.IGNORECASE)
_PAUSES = r"delay|pause|wait|sleep|back-?_?off|interval"
PAUSE = late(_PAUSES, re.IGNORECASE)
"""Words of settings that say how long a program waits before it tries again."""
BESIDE_TRIES = late(rf"{_PAUSES}|timeout|jitter|_m?s$|seconds|millis", re.IGNORECASE)
"""Settings of retries that are no number of them."""
TRIED = late(
    r"\b(?:attempts?|retr(?:y|ies)|tries|retry_?count)(?:[\"']?[=:] ?[\"']?|\W{1,2}#?)(\d{1,6})\b"
    r"|\b(\d{1,6}) (?:attempts|retries|tries)\b(?![\"']?[=:]| \d)",
    re.IGNORECASE,
)
"""How a log tells how many it took."""
_LATE = late(
    r"(?:attempt|retry|try)\W{1,2}#?\d{1,6}(?:(?: ?/ ?| of )\d{1,6})?\W{1,3}(?:has |had )?timed out\b"
    r"|\btimed out (?:after|in|at) \d",
    re.IGNORECASE,
)
"""How it tells that one of them took too long, where no library names that."""


class Tried(NamedTuple):
    """A line that tells of a further try: when, of which pod, and which try it was."""

    at: datetime
    pod: str
    line: str
    number: int


def too_late(line: str) -> bool:
    """Tell whether a line of a try tells that no answer came in time."""
    return tells("connection_timeout", line) or bool(_LATE.search(line[:600]))


def unanswered(line: str) -> bool:
    """Tell whether a line of a try tells that somebody gave no answer."""
    return any(tells(trouble, line) for trouble in UNANSWERED) or too_late(line)
