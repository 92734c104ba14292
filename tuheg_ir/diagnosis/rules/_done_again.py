"""Pieces of work that were done by one and dealt out again meanwhile, as the logs of those who do them tell."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._got_through import DIGITS
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

CLOCKS = timedelta(seconds=1)
"""Logs tell whole seconds, some of them."""
_BEGINS = late(
    r"\b(?:received|reserv(?:ed|ing)|start(?:s|ed|ing)?|beg[iau]n\w{0,5}|processing|picked up|running|executing"
    r"|perform(?:s|ing)|dequeued|claimed|leased|consuming|handling|working on)\b",
    re.IGNORECASE,
)
_DONE = late(r"\b(?:succe\w{2,10}|done|completed?|finished|processed|performed|acked|acknowledged)\b", re.IGNORECASE)
_GIVEN_BACK = late(
    r"\bfail|\bretr(?:y|ies|ied|ying)\b|\brequeu|\bnack|\breject|\breleas|\brevok|\babort|\bcancel|\brais"
    r"|\btime[ds]? ?out|\bexpir|\binterrupt|\bshut|\blost\b|\bnot\b",
    re.IGNORECASE,
)
"""Words of what was not done: it is dealt out again on purpose."""
_NUMBER = late(r"(?<![\w.-])(?=[\w-]{4,64}(?![\w-]))[\w-]{0,63}?\d[\w-]{0,63}")
_DIGITS = late(r"\d+")
_MOMENT = late(r"1[6-9]\d{8}(?:\d{3})?")
"""A time as a number of seconds or of thousandths."""
Key = frozenset[str]


class Again(NamedTuple):
    """A piece of work: when it was begun, by when that one had done it, when it was begun again, and that line."""

    begun: datetime
    done: datetime
    again: datetime
    line: str


class _Told(NamedTuple):
    """A line that tells of a piece of work: when, which pod, by which numbers it names it, and in which words."""

    at: datetime
    pod: str
    numbers: Key
    words: str
    line: str


def done_again(view: View, workload: Workload, after: timedelta) -> tuple[Again, ...]:
    """Return the pieces of work that took longer than a time, were done all the same, and were begun again after it.

    Not what anybody gave back, or told to be in progress only.
    """
    told = list(_told(view, workload))
    begun = [each for each in told if _BEGINS.search(each.line)]
    by_key: dict[Key, list[_Told]] = defaultdict(list)
    keys_of: dict[str, set[Key]] = defaultdict(set)
    for each in begun:
        by_key[each.numbers].append(each)
        for number in each.numbers:
            keys_of[number].add(each.numbers)
    found: dict[str, Again] = {}
    for key, begins in by_key.items():
        # Who asked for it, or what it is about, has more pieces of work than one.
        own = {n for n in key if all(key <= other or other <= key for other in keys_of[n])}
        spread = max(each.at for each in begins) - min(each.at for each in begins)
        if own and spread >= after - CLOCKS and (again := _again(begins, _of(told, own), after)):
            found.setdefault(min(own), again)
    return _apart(found.values())


def _apart(found: Iterable[Again]) -> tuple[Again, ...]:
    """Return one of those that are told of the same piece by several lines: they begin and end together."""
    by_end = {each.done: each for each in sorted(found)}
    return tuple(sorted(by_end.values()))


def _of(told: list[_Told], own: set[str]) -> list[_Told]:
    return [each for each in told if each.numbers & own]


def _again(begins: list[_Told], told: list[_Told], after: timedelta) -> Again | None:
    """Return that a piece of work was done by who began it, in more than a time, and was begun again after that time.

    By another pod, or by the same one when it had done it; in the same words: what is done next to it has others.
    """
    if any(_GIVEN_BACK.search(each.line) or complains(each.line) for each in told):
        return None
    begins, told = (sorted(lines, key=_moment) for lines in (begins, told))
    ends = [each for each in told if _DONE.search(each.line) and not _BEGINS.search(each.line)]
    for first in begins:
        end = next((each for each in ends if each.pod == first.pod and each.at > first.at), None)
        if end is None or end.at - first.at < after - CLOCKS:
            continue
        for later in begins:
            elsewhere = later.pod != first.pod or later.at >= end.at
            if elsewhere and later.words == first.words and later.at - first.at >= after - CLOCKS:
                return Again(first.at, end.at, later.at, later.line)
    return None


def _moment(told: _Told) -> datetime:
    return told.at


def _told(view: View, workload: Workload) -> Iterator[_Told]:
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            at = stamp(line)
            words = without_time(line).replace(log.pod, "") if at is not None else ""
            numbers = frozenset(each for each in _NUMBER.findall(words) if _names(each))
            if at is not None and numbers:
                yield _Told(at, log.pod, numbers, _DIGITS.sub("0", _NUMBER.sub("", words)), line)


def _names(number: str) -> bool:
    return sum(map(str.isdigit, number)) >= DIGITS and not _MOMENT.fullmatch(number)
