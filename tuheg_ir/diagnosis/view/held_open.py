"""Requests that a service holds open while its clients want to wait for news: they take long, and nothing is slow."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.took import Answered, answered
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

AT_ONCE = 0.25
"""What is answered within so many seconds did not wait for anything."""
LONG = 5.0
"""Who lets clients wait for news lets them wait for so many seconds at least."""
PILE = 3
"""So many answers that end as the time is over show that it ends them."""
NEWS = 2
"""So many answers that come before show that waiting ends with news: who has none of late may have lost its source."""
LATELY = timedelta(minutes=10)
SPELLS = 3
"""So many times between two news tell how long one mostly waits for some, where they are seldom or few are logged."""
USUAL = 1.5
"""Whoever waits for no longer than so many times that has not lost its source of news, as far as one can know."""
EXACT = 0.02
LATE = 1.05
"""No answer comes later than so many times what a client is let wait."""
COARSE = 1.3
"""A figure made of classes of durations may tell so many times as much."""
_NEWS_OR_NOT = (204, 304)
"""How a server says that there was nothing new."""
_GIVEN_UP = 499
_WAITS = late(r"poll|event.?stream|\bsse|(?<![a-z])(?:hold|wait)(?![a-rt-z])", re.IGNORECASE)
"""Names of settings that say how long a client is let wait for news. A timeout says how long one waits in vain."""
_OTHER = late(
    r"interval|every|lock|pool|queue|retr|connect|shut|drain|grace|start|boot|ready|rate|limit|consumer|thread"
    r"|wait[_-]?for|minute|hour|day|records|(?<![a-z])count|size|kafka|sqs|broker|upstream|backend|database"
    r"|(?<![a-z])db(?![a-z])",
    re.IGNORECASE,
)
"""Names of settings by which the program itself waits for something, or that are of no seconds."""
_POLLS = late(r"poll|event.?stream|\bsse|_sse", re.IGNORECASE)
"""Names that tell of no other waiting: a program waits for whom it asks as well, and holds what is reserved."""
_SECONDS = late(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)?")
_LINE = late(
    r"^[ \t]{0,40}(?:- )?[\"']?(\w[\w.-]{0,60})[\"']?[ \t]?[:=][ \t]?[\"']?(\d{1,9}(?:\.\d{1,9})?)(ms|s)?"
    r"[\"']?,?[ \t\r]*(?:#|$)",
    re.MULTILINE,
)
_MOST = 20_000
"""Characters of a file of settings that are looked at."""
_ASKED = late(
    r"(?:\b(?:wait|hold|poll\w{0,12}|block)|[?&]timeout)(?:[_-]?(?:s|secs?|seconds|ms))?"
    r"[\"']?[=:][\"']?(\d{1,9})(?:ms|s)?\b",
    re.IGNORECASE,
)
"""How long a client wants to wait, in what it asks for or in a line about it; a timeout may be one of the program's."""
_WRITES = late(r"\b(?:POST|PUT|PATCH|DELETE)\b")
"""Of these an answer without content says nothing of news."""


def polls(view: View, workload: Workload) -> Iterator[tuple[str, float]]:
    """Yield of these settings those of which the name alone says that it is clients who wait, and for news."""
    yield from (each for each in waits(view, workload) if _POLLS.search(each[0]))


def waits(view: View, workload: Workload) -> Iterator[tuple[str, float]]:
    """Yield the settings that may say how long clients are let wait, and the seconds that they say."""
    for label, value in view.graph.settings(workload):
        whole = _SECONDS.fullmatch(value)
        told = [(label, whole[1], whole[2])] if whole else _LINE.findall(value[:_MOST]) if "\n" in value else []
        for key, number, unit in told:
            if _WAITS.search(key) and not _OTHER.search(key):
                thousandths = unit == "ms" or (not unit and re.search(r"_?ms$|millis", key, re.IGNORECASE))
                yield f"{key}={number}{unit or ''}", float(number) / (1000 if thousandths else 1)


@once
def held_open(view: View, workload: Workload) -> str:
    """Return that all requests that take long are held open for news, as a setting says and as they end; "" if not so.

    Those without news end when the time is over, well and not by a failure, others before, with news; whatever is not
    held is answered at once, and nothing is complained of.
    """
    told = answered(view, workload)
    long = [each for each in told if each.seconds >= AT_ONCE]
    if len(long) < PILE + NEWS or len(long) == len(told) or {each.pod for each in told} != _names(workload):
        return ""
    if any(each.status >= 500 for each in told) or view.hits_of(workload.ref) or marked(view, workload):
        return ""
    for setting, seconds in waits(view, workload):
        if seconds >= LONG and (over := _over(view, long, seconds)) and _measured(view, workload) <= COARSE * seconds:
            return (
                f"{over} of {len(told)} requests took {seconds:.3g} s and ended well without news, as it lets "
                f"clients wait ({setting}); what is not held is answered at once"
            )
    return ""


def _over(view: View, long: list[Answered], seconds: float) -> int:
    """Return how many requests ended as their time was over, where that and news are the ends of all of a kind.

    Where more clients give up than wait to the end, who stands before it may let them wait for less.
    """
    lasts = max(each.seconds for each in long)
    if not seconds * (1 - EXACT) <= lasts <= LATE * seconds or any(400 <= each.status != _GIVEN_UP for each in long):
        return 0
    over = [each for each in long if _at_its_end(each, seconds)]
    left = [each for each in long if each.status == _GIVEN_UP]
    news = [each for each in long if each.seconds < seconds * (1 - EXACT) and each.status < 300]
    alike = {each.way for each in long} == {each.way for each in over}
    still = sum(view.recent(each.at, LATELY) for each in news) >= NEWS or _as_seldom_as_ever(view, news, over, seconds)
    return len(over) if alike and len(over) >= max(PILE, len(left)) and still else 0


def _as_seldom_as_ever(view: View, news: list[Answered], over: list[Answered], seconds: float) -> bool:
    """Tell whether the time since the last news, until the newest request without any, is one that is usual.

    What several get while one of them would have waited is one piece of news.
    """
    came: list[datetime] = []
    spells: list[float] = []
    for at in sorted(each.at for each in news if each.at is not None):
        if came and at - came[-1] > timedelta(seconds=seconds):
            spells.append((at - came[-1]).total_seconds())
        came.append(at)
    last = newest(each.at for each in over)
    if len(spells) < SPELLS or last is None or not view.recent(last, LATELY):
        return False
    return (last - came[-1]).total_seconds() <= USUAL * median(spells)


def _measured(view: View, workload: Workload) -> float:
    """Return how long requests last by the figures, as far as they tell: logs do not tell of all of them."""
    found = [view.figures.now("latency_p95", component=e) for e in view.labelled("latency_p95").get(workload.ref, ())]
    by_pod = view.figures.latest("latency_p95_by_pod", "pod")
    found += [by_pod.get(pod.name) for pod in workload.live]
    return max((each for each in found if each is not None), default=0.0)


def may_hold_open(view: View, workload: Workload, seconds: float | None) -> bool:
    """Tell whether a latency may be of clients who wait for news: it is as long as settings let them, or some do so."""
    if seconds is None:
        return False
    told = answered(view, workload)
    longer = [each for _, each in waits(view, workload) if each >= LONG and seconds <= COARSE * each]
    return any(each / 2 <= seconds or sum(_at_its_end(one, each) for one in told) >= PILE for each in longer)


def _at_its_end(each: Answered, seconds: float) -> bool:
    """Tell whether a request ended when its time was over, as one does that wanted to wait for so long."""
    if abs(each.seconds - seconds) > EXACT * seconds:
        return False
    if each.status in _NEWS_OR_NOT and not _WRITES.search(each.line):
        return True
    asked = (float(number) for number in _ASKED.findall(each.line))
    return each.status < 300 and any(number in (seconds, 1000 * seconds) for number in asked)


def _names(workload: Workload) -> set[str]:
    return {pod.name for pod in workload.live}
