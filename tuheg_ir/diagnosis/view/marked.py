"""Errors by a program's own mark: lines that it calls an error itself, whatever they say."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.stamps import ASKED_AGAIN
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Pod, Workload

_TIME = r"\[?(?:\d{4}[-/]\d\d[-/]\d\d[T ])?\d\d:\d\d:\d\d\S*\s+"
"""A time with which a line begins, of a logger or of the kubelet; both may be there."""
_NO_FIGURE = r"(?!(?:rate|ratio|budget|count|code|page)s?\b)"
_LEVEL = r"(?:\b|_)(?:[Ll]evel|[Ss]everity|lvl|loglevel|LogLevel|log\.level)(?:_?[Nn]ame|_?[Tt]ext)?|\"@l"
"""The field of a level."""
_GELF = r"^(?:\d{4}-\d\d-\d\dT\S+ )?\{(?=.{0,300}\"short_message\")(?=.{0,300}\"host\").{0,300}\"level\" ?:"
"""The same of GELF, which numbers levels as syslog does; who numbers them otherwise has no such fields."""
_MARK = late(
    r"\b(?:ERROR|FATAL|CRITICAL|SEVERE|PANIC|EMERG|ERR(?! unknown (?:sub)?command))\b"
    rf"|\"s\": ?\"[EF]\"|{_GELF} ?[0-3]\b|\bPHP (?:Fatal|Parse) error:"
    r"|\[(?:\w+:)?(?:error|fatal|critical|crit|alert|emerg|panic) {0,5}\]"
    rf"|(?:{_LEVEL})[\"']?\s*[=:]\s*[\"']?"
    r"(?:[Ee]rror|err|eror|[Ff]atal|[Cc]rit|panic|5\d\b|60\b)"
    rf"|\bpanicked at\b|\bpanic serving |^(?:{_TIME}){{0,2}}(?:error|fatal|critical|fail|crit|panic): "
    rf"|^(?:{_TIME}){{1,2}}(?:error|fatal|critical)\s+{_NO_FIGURE}|^(?:\d{{4}}-\d\d-\d\dT\S+ )?"
    r"(?:E\d{4} \d\d:|Traceback \(most recent call last\)|Exception in thread"
    r"|(?:[\w.]+\.)?[A-Z]\w+(?:Error|Exception)\b)"
)
"""How loggers of many languages mark an error: a level, a letter, a heading; not how a Redis tells of a command."""
_WARNS = late(
    r"\bWARN(?:ING)?\b|\[warn(?:ing)? {0,5}\]"
    rf"|(?:{_LEVEL})[\"']?\s*[=:]\s*[\"']?(?:[Ww]arn|4\d\b)|\"s\": ?\"W\""
    rf"|{_GELF} ?4\b"
    rf"|^(?:{_TIME}){{0,2}}(?:warn|warning): |^(?:{_TIME}){{1,2}}warn\s|^(?:\d{{4}}-\d\d-\d\dT\S+ )?W\d{{4}} \d\d:"
)
"""How they mark a warning."""
_HINTS = (
    "level", "lvl", "sever", "err", "fatal", "crit", "panic", "fail", "emerg", "alert", "traceback", "exception",
    "warn", '"s"',
)  # fmt: skip
_KLOG = late(r"[ew]\d{4} ")
"""A line that neither holds one of these words nor begins so has no mark: cheaper to see."""
_VARYING = late(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b|\d+|\"[^\"]*\"|'[^']*'", re.IGNORECASE)
_NAMED = late(r"\S*#\S*")
"""A word that holds a figure is the name or the number of what is told of: the next line has another one."""
_MESSAGE = late(r"(?:\"(?:msg|(?:short_)?message|@mt?|Message|Body)\" ?: ?|\bmsg=)\"((?:[^\"\\]|\\.)+)\"")
"""The field of JSON, or of key=value, that tells what it is; without it all that such a logger tells would be alike."""
_EVENT = late(r"\"event\" ?: ?\"((?:[^\"\\]|\\.)+)\"")
"""What structlog calls it; others call so what their message is about."""
_FIELDS = late(r"^(?:\S+ )?\{|\b(?:level|lvl)=\w+ ")
_ERROR, _WARNING = "error", "warning"
_CALM = late(r"(?<![/\w.-])(?:info|debug|trace)(?![\w/-])", re.IGNORECASE)
_CALM_HEAD = 160
_HEAD = 400
"""A mark stands in the beginning of a line."""
_SHAPE = 200
"""So much of a line, without what varies, tells which message it is."""
LAST = 20
"""So many lines hold the last words of a container that ended."""
LATELY = timedelta(minutes=30)
"""What was last told longer ago than this is over."""
STILL = timedelta(minutes=15)
"""What is told now."""
OFTEN = 5
"""An error that is repeated less often is one of those that every system has."""
NEW = timedelta(hours=1)
"""What began longer ago is not new."""
MANY = 20
"""A warning that is new has to be repeated so often before nobody may call the system well."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Errors (or warnings, if not ``error``) of one shape that the live pods of a workload told lately.

    pods: how many each told; lately: of these the last quarter of an hour's. since: when the first came; None where
    no log reaches back before it.
    """

    shape: str
    error: bool
    pods: Mapping[str, int]
    lately: Mapping[str, int]
    line: str
    since: datetime | None

    @property
    def count(self) -> int:
        """Return how many lines all pods told."""
        return sum(self.pods.values())


@dataclass(slots=True)
class _Told:
    """What is gathered of one shape; ``firsts``: when each log told it first, None if that is all the log tells of."""

    error: bool
    line: str = ""
    late: bool = False
    pods: Counter[str] = field(default_factory=Counter)
    lately: Counter[str] = field(default_factory=Counter)
    firsts: dict[int, datetime | None] = field(default_factory=dict)


def marked(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the errors that a workload's live pods repeat lately, most told first."""
    return tuple(each for each in complained(view, workload) if each.error)


def new_warnings(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the errors and warnings that a workload repeats very often since less than an hour."""
    found = complained(view, workload)
    return tuple(each for each in found if each.count >= MANY and each.since and view.recent(each.since, NEW))


@once
def complained(view: View, workload: Workload) -> tuple[Marked, ...]:
    """Return the errors and warnings that a workload's live pods repeat lately, most told first."""
    return tuple(sorted(_found(view, workload), key=lambda m: (-m.count, m.shape)))


def _found(view: View, workload: Workload) -> Iterator[Marked]:
    told: dict[str, _Told] = {}
    for number, log in enumerate(view.logs_of(workload.live, previous=False)):
        _gather(view, log, number, told)
    for shape, each in told.items():
        if each.late and each.pods.total() >= OFTEN:
            times = each.firsts.values()
            since = None if None in times else min(time for time in times if time is not None)
            yield Marked(shape, each.error, each.pods, each.lately, each.line, since)


def _gather(view: View, log: Log, number: int, told: dict[str, _Told]) -> None:
    """Add what a log says, the ``number``-th of the workload's logs."""
    meant = [(at, mark == _ERROR) for at, line in enumerate(log.lines) if (mark := _mark_of(line))]
    if not meant:
        return
    upto, until = times_around(log.lines)
    for at, error in meant:
        line = log.lines[at]
        each = told.setdefault(shape_of(line), _Told(error))
        each.firsts.setdefault(number, upto[at] if at else None)
        each.line = line.strip()
        each.pods[log.pod] += 1
        age = view.now - (until[at] or view.now)
        each.late = each.late or age <= LATELY
        each.lately[log.pod] += age <= STILL


@lru_cache(maxsize=ASKED_AGAIN)
def shape_of(line: str) -> str:
    """Return what a line has in common with others that tell the same: of fields it is the message."""
    found = (_MESSAGE.search(line) or _EVENT.search(line)) if _FIELDS.search(line) else None
    return _VARYING.sub("#", found[1] if found else line)[:_SHAPE]


def kind_of(line: str) -> str:
    """Return what lines of one kind have in common: a word with a figure is a name or a number, another in each."""
    return _NAMED.sub("#", shape_of(line))


def is_marked(line: str) -> bool:
    """Tell whether a program calls a line an error itself."""
    return _mark_of(line) == _ERROR


def complains(line: str) -> bool:
    """Tell whether a program calls a line an error or a warning itself."""
    return _mark_of(line) != ""


def is_calm(line: str) -> bool:
    """Tell whether a line says that it tells of nothing bad: who gets his answer at the next try."""
    return _CALM.search(line, 0, _CALM_HEAD) is not None and not complains(line)


def last_errors(view: View, pods: Iterable[Pod]) -> Iterator[str]:
    """Yield what the ends of the logs of some pods call an error: the last words of those that ended."""
    return (line for log in view.logs_of(pods) for line in log.lines[-LAST:] if is_marked(line))


@lru_cache(maxsize=ASKED_AGAIN)
def _mark_of(line: str) -> str:
    """Return what a program calls a line itself, an error or a warning; "" for neither."""
    head = line[:_HEAD]
    lowered = head.lower()
    if not any(hint in lowered for hint in _HINTS) and not _KLOG.match(lowered):
        return ""
    if _MARK.search(head):
        return _ERROR
    return _WARNING if _WARNS.search(head) and "deprecat" not in lowered else ""
