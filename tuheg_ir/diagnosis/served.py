"""Lines of logs in which a server tells how it answered a request."""

from __future__ import annotations

import re
from functools import lru_cache

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import ASKED_AGAIN

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD")
_METHOD = f"(?:{'|'.join(_METHODS)})"
_STATUS = late(
    rf'"{_METHOD} [^"]*" (?P<quoted>[1-5]\d\d)\b'
    rf"|\b{_METHOD} /\S* (?:HTTP/\S+ )?(?:-> |=> |status[=: ]|returned |responded |answered |\((?=\d{{3}}\)))?"
    r"(?P<plain>[1-5]\d\d)\b"
    rf"|\b{_METHOD} /\S*.{{0,60}}\bstatus(?:_code)?[\"']?[=:] ?\"?(?P<field>[1-5]\d\d)\b"
    rf'|\[GIN\] .{{0,60}}\| *(?P<gin>[1-5]\d\d) \|.{{0,120}}\| *{_METHOD} +"/'
    rf"|\bRequest finished HTTP/\S+ {_METHOD} .{{0,400}}? - (?P<net>[1-5]\d\d)\b"
    rf'|\s(?P<haproxy>[1-5]\d\d) \d+ \S+ \S+ [A-Za-z-]{{4}} [\d/]+ [\d/]+ .*"{_METHOD} '
    r"|\bCompleted (?P<rails>[1-5]\d\d)\b|\banswering (?P<told>[1-5]\d\d)\b"
)
"""Lines in which a server tells how it answered: access logs, and the lines of frameworks."""
_WORDS = (*(f"{method} " for method in _METHODS), "Completed ", "answering ")
"""Without one of these a line tells of no answer in words: much cheaper to see than the pattern."""
_ASKED = late(r"\b(?:http_?|[Rr]equest_?)?(?:[Mm]ethod|verb)[\"']?\s*[=:]\s*[\"']?(?:GET|POST|PUT|PATCH|DELETE|HEAD)\b")
_FIELD = late(
    r"\b(?:http_?|[Dd]ownstream_?)?(?:[Ss]tatus(?:_?[Cc]ode)?|response_?[Cc]ode)[\"']?\s*[=:]\s*[\"']?([1-5]\d\d)\b"
)
"""How a log of fields tells what was asked and what was answered, each by itself."""
_CALLS = late(r"\b(?:ur[li]|URL|URI)[\"']?\s*[=:]\s*[\"']?https?://")
"""Who names a whole address has asked somebody; who was asked tells a path, or from where."""
_CAME_FROM = late(r"\b(?:client|remote)[_.]?(?:ip|addr(?:ess)?)\b", re.IGNORECASE)


@lru_cache(maxsize=ASKED_AGAIN)
def status_of(line: str) -> int:
    """Return the status that a line of a server tells; 0 where it tells none."""
    if any(word in line for word in _WORDS) and (found := _STATUS.search(line[:1000])):
        return int(next(group for group in found.groups() if group))
    asked = ("ethod" in line or "verb" in line) and _ASKED.search(line)
    if asked and _CALLS.search(line) and not _CAME_FROM.search(line):
        return 0
    return field_of(line) if asked else 0


def any_status_of(line: str) -> int:
    """Return the status that a line tells as a server's answer, or else by a field; 0 where it tells none."""
    return status_of(line) or field_of(line)


def field_of(line: str) -> int:
    """Return the status that a field of a line gives, whatever the line tells of; 0 where none does."""
    found = _FIELD.search(line) if "tatus" in line or "code" in line.lower() else None
    return int(found[1]) if found else 0
