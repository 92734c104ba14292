"""Words that tell how long something has waited: what waited before a release came does not wait for its sake."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.marked import Marked, shape_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SLACK = timedelta(minutes=1)
"""So far apart are the clocks of who began to wait and of who counts."""
TWICE = 2
"""One wait that is older than a release may be one that was forgotten long ago."""
WORK, ENDLESS = timedelta(minutes=1), timedelta(days=3650)
"""What waits for less is a request whose answer is missed, not work given to somebody; nothing waits for so long."""
MOSTLY = 0.5
"""What was under way as a release came is older than it too: where it is broken, more waits later that is not."""
_UNIT = r"(?:ms|millis|sec(?:ond)?s?|s|min(?:ute)?s?)"
_WAITED = late(
    rf"\b(?<!max )(?:wait(?:ed|ing)?|pending|queued)(?:[_-]?(?:for|since|time|age))?[_-]?(?P<in>{_UNIT})?"
    rf"[\"']?\s?[=:]\s?[\"']?(?P<field>\d{{1,9}}(?:\.\d+)?)\s?(?P<unit>{_UNIT})?\b"
    rf"|\b(?:waited|waiting|pending|queued) (?:for |since )?(?P<said>\d{{1,9}}(?:\.\d+)?) ?(?P<of>{_UNIT})\b",
    re.IGNORECASE,
)
"""How a program says how long it, or what it asks for, has waited so far; not how long it waits at most."""
_OVERDUE = late(
    r"\b(?:not (?:yet )?\w+(?: yet)?|un\w+ed|still \w+|overdue|stuck|stale) (?:after|for|since) "
    rf"(?P<said>\d{{1,9}}(?:\.\d+)?) ?(?P<of>{_UNIT})\b"
    r"|(?:\boverdue\b|\bstuck\b|\bstale\b|\bundone\b|\bunprocessed\b|\bnot yet\b).{0,200}?"
    rf"\b(?:submitted|created|placed|received|accepted|open|old|age|overdue)[_-](?:for[_-])?(?P<in>{_UNIT})"
    r"[\"']?\s?[=:]\s?[\"']?(?P<field>\d{1,9}(?:\.\d+)?)\b(?P<unit>)",
    re.IGNORECASE,
)
"""How one says that what was given to somebody was not done by him in so long a time."""
_OF_LINE = late(
    r"^(?:log \()?\d{1,9} lines(?: since)?\)?:|\[[^\[\]\n]{0,80}\]|\b\d{1,8} ---"
    r"|\b(?:TRACE|DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|CRITICAL)\b"
    r"|[\"']?\b(?:level|lvl|severity|time|ts|thread|logger|caller|service)(?:_?name)?(?:=|[\"']\s?:\s?)[\"']?[\w.$/-]{0,80}"
    r"|(?<!\S)(?:[\w$]{1,60}\.){1,12}[\w$]{1,60}(?=\s{0,60}:)|[\"']?\b(?:msg|message|event)[\"']?\s?[=:]"
    r"|[\"']?(?<![\w.-])(?![\w.-]{0,40}(?:status|code|err|fail))[A-Za-z][\w.-]{0,40}[\"']?"
    r"[=:]\s?(?:\d{1,15}(?![\w.])|\"[\w:-]{0,60}\d[\w:-]{0,60}\")"
)
"""What a logger puts around a message: its level, thread and name, and fields that are a count or a number of one."""
_PARTS = late(
    r"[,;!?(){}\"|]|:(?!\s?\d)|\.(?=\s|$)|\s[-\u2013\u2014]\s"
    r"|\b(?:while|when|because|as|but|and|so|although|though|with|if)\b",
    re.IGNORECASE,
)
"""Between these stands one of the things that a message tells."""
_WORD = late(r"[A-Za-z]{3}")
_WHO = r"(?:[\w#/-]{1,60} ){0,4}"
_LONG = rf"\d{{1,9}}(?:\.\d+)? ?(?:{_UNIT}|hours?|h|m)(?: old)?"
_WAITS = late(
    rf"{_WHO}(?:waits?|(?:is|are|still) (?:still )?(?:waiting|pending|queued|overdue)"
    r"|(?:is|are|comes?) (?:too |\w+ )?late|(?:waiting|pending|queued|overdue|waited)(?= (?:for|since|\d)))"
    rf"(?: (?:for|since|too|longer|in|to|{_LONG})\b(?: [\w#/.-]{{1,60}}){{0,5}})?"
    rf"|{_WHO}(?:not (?:yet )?\w+(?: yet)?|un\w+ed|still \w+|stuck|stale) (?:after|for|since) {_LONG}"
    rf"|(?:the )?oldest(?: \w+)?(?: (?:waits?|waited|waiting|is|since|for|of|age))*:? {_LONG}"
    rf"|{_WHO}backlog(?: (?:of|is|at|has|grows?|grew|growing)(?: to)?)?:?(?: \d{{1,9}}(?: \w+)?)?",
    re.IGNORECASE,
)
"""How one says that something waits, however long, and nothing else."""
_NOT_YET = late(rf"{_WHO}not (?:yet \w+|\w+ yet)", re.IGNORECASE)
"""How one says the same of what is not there, beside how long he has waited for it."""
_HEADING = late(r"(?:\w+ )?(?:deadline|sla)(?: (?:check|watch|monitor)\w*)?", re.IGNORECASE)
"""What is told before it of who looks after that."""
_AILS = late(
    r"\b(?:wrong|bad|invalid|illegal|cannot|null|nan|twice|double\w*|duplicate\w*|mismatch\w*|empty|unknown|missing|lost"
    r"|(?:reject|refus|drop|fail|corrupt|charg|pars|crash|break|broke|discard|den(?:y|i))\w*)\b|\w(?:Error|Exception)\b",
    re.IGNORECASE,
)
"""Words of what a program, or what it is given, gets wrong."""
_WILL = late(r"retr(?:y|ies)|back-?off|\bagain\b|attempt|\bnext\b|\bsleep|\b(?:before|until)\b", re.IGNORECASE)
"""Words beside how long something will wait from now on."""


def waited_before(view: View, workload: Workload, words: Marked) -> bool:
    """Tell whether a log says, after a release of its own, that most of what it tells of waits since before that."""
    came = workload.released_at
    if came is None:
        return False
    since = list(_since(view, workload, words, _WAITED))
    older = sum(began < came - SLACK for began in since)
    return older >= max(TWICE, MOSTLY * len(since))


def tells_of_a_wait(line: str) -> bool:
    """Tell whether all that a line says is that something waits, or was left undone; not how long it will wait."""
    told_of = (_bare(part) for part in _PARTS.split(_OF_LINE.sub(" , ", without_time(line))))
    parts = [part for part in told_of if _WORD.search(part) and not _HEADING.fullmatch(part)]
    whole = (_WAITS, _NOT_YET) if _WAITED.search(line) else (_WAITS,)
    if not parts or not all(any(how.fullmatch(part) for how in whole) and not _AILS.search(part) for part in parts):
        return False
    told = next((found for how in (_OVERDUE, _WAITED) if (found := how.search(line)) and _unit(found)), None)
    return (told is not None and not _may_be_to_come(told)) or not _WILL.search(line)


def _bare(part: str) -> str:
    return " ".join(part.split()).strip("'=:.* ")


def overdue_since(view: View, workload: Workload, words: Marked) -> datetime | None:
    """Return since when others leave undone what a log calls overdue; None: it does not, or nobody knows.

    The oldest of all may be one that was forgotten long ago. What the log begins with may have been told before.
    """
    since = sorted(_since(view, workload, words, _OVERDUE, WORK))
    return since[TWICE - 1] if words.since is not None and len(since) >= TWICE else None


def _since(
    view: View, workload: Workload, words: Marked, how: re.Pattern[str], least: timedelta = timedelta()
) -> Iterator[datetime]:
    """Yield when that began to wait of which a log tells, if it had waited so long then."""
    pods = [pod for pod in workload.live if pod.name in words.pods]
    lines = (line for log in view.logs_of(pods, previous=False) for line in log.lines)
    told = ((line, found) for line in lines if shape_of(line) == words.shape and (found := how.search(line)))
    return (began for line, found in told if (began := _began(line, found, least)) is not None)


def _began(line: str, found: re.Match[str], least: timedelta) -> datetime | None:
    """Return when that began to wait of which a line tells.

    None: it tells no unit, or not when, or what is to come, or has waited for less, or for longer than anything does.
    """
    at, unit = stamp(line), _unit(found)
    if at is None or not unit or (_may_be_to_come(found) and _WILL.search(line)):
        return None
    length = float(found["field"] or found["said"])
    if unit in ("ms", "millis"):
        waited = timedelta(milliseconds=length)
    else:
        waited = timedelta(minutes=length) if unit.startswith("min") else timedelta(seconds=length)
    return at - waited if least <= waited <= ENDLESS else None


def _unit(found: re.Match[str]) -> str:
    return (found["in"] or found["unit"] or found["of"] or "").lower()


def _may_be_to_come(found: re.Match[str]) -> bool:
    """Tell whether words are as well those of who will wait: wait=900s, waiting 900 s; not waited, or a field of it."""
    said = found[0].lower()
    past = not said.startswith("wait") or said.startswith("waited") or (said.startswith("waiting") and found["field"])
    return not past
