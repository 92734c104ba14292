"""Logins that a program refused, as its own log tells them: which name was tried, from where, whether it is known."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._sent_away import PUBLIC
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CHARS = 1000
"""No line of a login is longer."""
_LOGIN = r"(?:log[ _-]?[io]n|logon|sign[ _-]?[io]n|auth(?:entication|n)?|password|credentials?)"
_REFUSED = late(
    rf"{_LOGIN}\w*\W.{{0,60}}?(?:fail|refus|reject|denied|invalid|incorrect|wrong|unsuccessful)|{_LOGIN}_(?:error|fail)"
    rf"|(?:fail(?:ed|ure)?|refused|rejected|denied|invalid|unsuccessful|wrong|bad)\b.{{0,40}}?[ _]{_LOGIN}",
    re.IGNORECASE,
)
_UNKNOWN = late(
    r"user_?not_?found|username_?not_?found|(?<![a-z])(?:unknown|no[ _]such|non-?existent)[ _](?:user|account|e-?mail)"
    r"|(?<![a-z])(?:invalid|illegal) user (?!or |and |name|credential|password)"
    r"|(?<![a-z])(?:user|account|e-?mail)(?:_?name)?(?![a-z]).{0,80}?"
    r"(?:(?<![a-z])not[ _]found|does(?: not|n.t) exist|is unknown|is not registered)"
    r"|no (?:user|account) (?:found|exists|with|for)(?![a-z])|not known to the underlying authentication",
    re.IGNORECASE,
)
"""How programs tell that nobody bears a name; a wrong password, or either of the two, says less."""
_WORDS = (
    *(
        "not found",
        "not_found",
        "notfound",
        "unknown",
        "no such",
        "no_such",
        "existent",
        "invalid user",
        "illegal user",
    ),
    *("not exist", "n't exist", "not registered", "no user", "no account", "not known"),
)
"""One of these is in any such line: no other log is looked through."""
_WORD = r"[\"'<\\]*([\w.+%@-]{2,100})"
_NAMES = (
    late(rf"(?<![a-z_-])user_?name[\"']?\s*[=:]\s*{_WORD}", re.IGNORECASE),
    late(rf"(?<![a-z_-])(?:user|e-?mail|account|login)[\"']?\s*[=:]\s*{_WORD}", re.IGNORECASE),
    late(
        rf"(?<![a-z])(?:for|by|of)(?: (?:unknown|invalid|illegal))?(?: (?:user(?:name)?|account|e-?mail))?:? {_WORD}",
        re.IGNORECASE,
    ),
    late(rf"(?<![a-z])(?:invalid|illegal|unknown) user {_WORD}|login failed: {_WORD}", re.IGNORECASE),
    late(rf"(?<![a-z])\w+\({_WORD},", re.IGNORECASE),
)
"""Where a line has the name that was tried, the plainest first."""
_STRANGER = late(rf"(?<![\w.:]){PUBLIC}|(?<![\w.:])2[0-9a-f]{{3}}:[0-9a-f:]{{4,40}}")
"""The address of somebody on the internet."""


class Try(NamedTuple):
    """One login from the internet that was refused; ``unknown``: nobody bears the name."""

    at: datetime
    name: str
    source: str
    unknown: bool
    line: str


def refuses_login(line: str) -> bool:
    """Tell whether a line may tell that somebody's login was refused, whoever that is and wherever he came from."""
    return _REFUSED.search(line[:_CHARS]) is not None


@once
def refused_logins(view: View, workload: Workload) -> tuple[Try, ...]:
    """Return the logins from the internet that a workload's pods tell that they refused, in the order of time."""
    return tuple(sorted(_told(view, workload)))


def _told(view: View, workload: Workload) -> Iterator[Try]:
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines if speaks_of(log, _WORDS) else ():
            if (found := _try(line[:_CHARS])) is not None:
                yield found


def _try(line: str) -> Try | None:
    source = _STRANGER.search(line)
    unknown = source is not None and _UNKNOWN.search(line) is not None
    if source is None or not (unknown or refuses_login(line)):
        return None
    at, named = stamp(line), (found for each in _NAMES if (found := each.search(line)))
    name = next((group.lower() for each in named for group in each.groups() if group), "")
    return None if at is None or not name else Try(at, name, source[0], unknown, line)
