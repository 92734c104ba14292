"""Lines that tell of work that was thrown away: it expired, was dropped, purged or skipped, and nobody does it."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import after_time

_HOW = (
    r"(?:(?:expir|discard|dropp|purg|skipp|abandon|dead[-_ ]?letter)(?:ed|ing)|thrown[ _]away|(?<![a-z])lost(?![a-z])"
    r"|(?:in)?to (?:the )?(?:dlq|dlx|dead[-_ ]?letter))"
)
_FULL = (
    r"(?:reach|exceed|hit|over)\w* (?:its |the )?max[-_ ]?len(?:gth)?|max[-_ ]?len(?:gth)?\b.{0,40}(?:reach|exceed)ed"
)
_THROWN = late(rf"{_HOW}|{_FULL}", re.IGNORECASE)
_WORK = r"messages?|jobs?|tasks?"
_OTHER = (
    r"\b(?:connections?|sessions?|tokens?|certificates?|credentials?|cach\w{1,4}|leases?|sockets?|channels?|heartbeats?"
    r"|offsets?|privileges|capabilities|consumers?|clients?|duplicates?)\b"
)
_NO_WORK = late(
    rf"\b(?:no|not|none|never|nothing|without|zero|0)(?: (?:{_WORK}|of \w+|is|was|were|been)){{0,3}} {_HOW}"
    rf"|{_HOW}(?:[-_](?:{_WORK}|total|count)){{0,2}}[\"']?(?:\s?[=:]\s?[\"']?| )(?:0(?![\d.])|no\b|false|none)"
    rf"|{_OTHER}(?: (?:is|was|were|has|have|been|\w+=\S+)){{0,3}} {_HOW}"
    rf"|{_HOW} (?:(?:the|its|an?|old|stale|unused|expired|\d+) ){{0,3}}{_OTHER}",
    re.IGNORECASE,
)
"""That none was, and what is no work: a connection is lost, and a session or an offset expires, as readers move."""


def throws_away(line: str) -> bool:
    """Tell whether a line tells of work that was thrown away."""
    said = after_time(line)
    return bool(_THROWN.search(said)) and bool(_THROWN.search(_NO_WORK.sub(" ", said)))
