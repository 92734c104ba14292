"""What a program does with most of its work since it read its settings anew, and did with none of it until then.

A limit whose decimal point slipped, a list turned round: it does as it is told, calls it no error, and as much work
comes as ever. Only who has to do with what it does now finds that it is far too much.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._worked_before import worked_before
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import STILL, complains, kind_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OFTEN = 10
"""What is told less often may be chance."""
_SPREAD = timedelta(minutes=2)
"""A mounted file reaches one pod so much later than another."""
_MOSTLY, _LEFT = 0.5, 0.5
"""A share of the work that is most of it; and what is left of a number is less than this where it fell."""
_MORE = 2.0
"""Where so many times as much is told as before, it is other work, or another logger."""
_LEVELS = frozenset(
    (
        *("info", "debug", "trace", "notice", "level", "time", "stamp", "timestamp", "message", "event", "logger"),
        *("thread", "main", "true", "false", "null", "none"),
    )
)
"""Words that any line may hold."""
_PHRASE = late(r"\"([A-Za-z][a-z]+(?: [\w'/-]{1,40}){1,12})\"")
"""A text of some words, in a line of fields whose message has a name of its own."""
_WORDS = late(r"[A-Za-z]{4,40}")
_LONGEST = 2000


class _Said(NamedTuple):
    """A line of plain news: when it was told, by which pod, of which kind it is, and the line."""

    at: datetime
    pod: str
    kind: str
    line: str


def does_otherwise(view: View, workload: Workload, read: datetime) -> Evidence | None:
    """Return what most pods of a workload tell of most of their work since they read their settings, and never before.

    It takes the place of what they told of most of it until then, of which far less is told: who only tells more than
    before does as ever. And it is about the same things, of which as many come.
    """
    logs = [[*_said(log)] for log in view.logs_of(workload.live, previous=False)]
    # That of a proxy beside it may begin later.
    known = [each for log in logs if worked_before(sorted(each.at for each in log), read) for each in log]
    was, now = [each for each in known if each.at < read], [each for each in known if each.at >= read + _SPREAD]
    before, since = Counter(each.kind for each in was), Counter(each.kind for each in now)
    if not before or not since:
        return None
    usual, told = before.most_common(1)[0], since.most_common(1)[0]
    mine = [each for each in known if each.kind == told[0] and each.at >= read]
    heard = {each.pod for log in logs for each in log}
    if told[0] in before or told[1] < OFTEN:
        return None
    if usual[1] < _MOSTLY * len(was) or told[1] < _MOSTLY * len(now) or not _of_the_same(usual[0], told[0]):
        return None
    if 2 * len({each.pod for each in mine}) <= len(heard) or not view.recent(max(each.at for each in mine), STILL):
        return None
    if not near(read, min(mine).at) or not _instead(view, was, read, usual[1], told[1], since[usual[0]]):
        return None
    first = min(mine)
    fact = f"{told[1]} of {len(now)} lines of its work since, and none before: {first.line[:160]}"
    return Evidence("logs", workload.ref, fact, first.at)


def _said(log: Log) -> Iterator[_Said]:
    upto, _ = times_around(log.lines)
    for at, line in zip(upto, log.lines, strict=True):
        if at is not None and not complains(line) and (kind := _kind(line[:_LONGEST])):
            yield _Said(at, log.pod, kind, line.strip())


def _kind(line: str) -> str:
    """Return what lines that tell the same have in common; "" where nothing tells what a line is about."""
    kind = kind_of(without_time(line))
    if {*_words(kind)}:
        return kind
    phrase = _PHRASE.search(line)
    return phrase[1] if phrase else ""


def _words(kind: str) -> Iterator[str]:
    return (word for each in _WORDS.findall(kind) if (word := each.lower()) not in _LEVELS)


def _of_the_same(one: str, other: str) -> bool:
    """Tell whether two kinds of lines are about the same things, by a word that both of them hold."""
    return bool({*_words(one)} & {*_words(other)})


def _instead(view: View, was: list[_Said], read: datetime, usual: int, told: int, left: int) -> bool:
    """Tell whether one kind of line took the place of another: together they come about as often as that one did."""
    span = (read - min(each.at for each in was)).total_seconds()
    rest = (view.now - read - _SPREAD).total_seconds()
    if span <= 0 or rest <= 0:
        return False
    rate, new, still = usual / span, told / rest, left / rest
    return still < _LEFT * rate and _LEFT * rate <= new + still <= _MORE * rate
