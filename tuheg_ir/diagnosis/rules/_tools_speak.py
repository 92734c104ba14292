"""How tools of a shell speak of themselves, where nothing is wrong: what they fetch, whom they reach, that they start.

A program that asks and sends by its libraries never writes such lines; whoever has a shell in its place does.
"""

from __future__ import annotations

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.stamps import after_time

_SPEAKS = late(
    r"\s{0,9}(?:(?P<curl>% Total\s{1,9}% Received\s{1,9}% Xferd"
    rf"|\* {{1,3}}(?:Connected to|Trying) {PUBLIC}[ :])"
    r"|(?P<wget>Saving to: ?[\"'`\u2018]|(?:--(?:\d{4}-\d\d-\d\d \d\d:\d\d:\d\d--)? {1,3}){1,2}(?:https?|ftp)://)"
    rf"|(?P<nc>Ncat: Connected to |Connection to {PUBLIC} \d{{1,5}} port \[|\({PUBLIC}\)? \d{{1,5}} \([\w?]+\) open)"
    r"|(?P<psql>psql \(\d{1,2}(?:\.\d{1,3}){0,2}[^)]{0,60}(?:, server [^)]{1,60})?\)\s*$)"
    r"|(?P<mysql>Welcome to the M(?:ySQL|ariaDB) monitor\b)"
    r"|(?P<sh>(?:/bin/)?(?:ba|da|a)?sh: (?:line )?(?:\d{1,4}: )?[\w./-]{1,80}: (?:command )?not found\s*$))"
)
WORDS = (
    *("% total", "* connected to ", "trying ", "saving to: ", "-- ", "ncat: connected", "connection to ", ") open"),
    *("psql (", "welcome to the m", ": not found", "command not found"),
)
"""One of these, in lower case, is in each log in which they speak."""
_REACHES = late(rf"\s{{0,9}}\* {{1,3}}Connected to (?P<to>{PUBLIC})(?: \(|[: ])")
"""So curl tells whom it reached, where it was given no name."""
_SENDS = late(r"\s{0,9}> (?:PUT|POST) /\S{0,400} HTTP/[123]")
"""So curl tells that it sends something."""


def speaks(line: str) -> str:
    """Return the tool of a shell that speaks of itself in a line; "" if none does."""
    found = _SPEAKS.match(after_time(line))
    return (found.lastgroup or "") if found else ""


def reaches(line: str) -> str:
    """Return the bare address outside that a tool of a shell tells it reached; "" for none, or one with a name."""
    found = _REACHES.match(after_time(line))
    return found["to"] if found else ""


def sends(line: str) -> bool:
    """Tell whether a line is of a tool of a shell that sends something."""
    return _SENDS.match(after_time(line)) is not None
