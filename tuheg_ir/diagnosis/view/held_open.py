"""Requests that a service holds open while its clients want to wait for news: they take long, and nothing is slow."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.once import once
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
"""So many answers that come before show that waiting ends with news: who never has any may have lost its source."""
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
    r"interval|every|lock|pool|queue|retr|connect|shut|drain|grace|start|boot|ready|rate|limit|consumer|thread",
    re.IGNORECASE,
)
"""Names of settings by which the program itself waits for something."""
_SECONDS = late(r"(\d{1,9}(?:\.\d{1,9})?)(ms|s)?")
_LINE = late(
    r"^[ \t]{0,40}(?:- )?(\w[\w.-]{0,60})[\"']?[ \t]?[:=][ \t]?[\"']?(\d{1,9}(?:\.\d{1,9})?)(ms|s)?[\"']?[ \t]*(?:#|$)",
    re.MULTILINE,
)
_MOST = 20_000
"""Characters of a file of settings that are looked at."""
_ASKED = late(
    r"\b(?:wait|hold|timeout|poll\w{0,12}|block)(?:[_-]?(?:s|secs?|seconds|ms))?[\"']?[=:][\"']?(\d{1,9})(?:ms|s)?\b",
    re.IGNORECASE,
)
"""How long a client wants to wait, in what it asks for or in a line about it."""


def waits(view: View, workload: Workload) -> Iterator[tuple[str, float]]:
    """Yield the settings that say how long clients are let wait, and the seconds that they say."""
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
    held is answered at once.
    """
    told = answered(view, workload)
    long = [each for each in told if each.seconds >= AT_ONCE]
    if len(long) < PILE + NEWS or len(long) == len(told) or {each.pod for each in told} != _names(workload):
        return ""
    if any(each.status >= 500 for each in told):
        return ""
    for setting, seconds in waits(view, workload):
        if seconds < LONG or not all(_within(each, seconds) for each in long):
            continue
        over = [each for each in long if _at_its_end(each, seconds)]
        news = [each for each in long if each.seconds < seconds * (1 - EXACT) and each.status < 300]
        if len(over) >= PILE and len(news) >= NEWS and {each.way for each in long} == {each.way for each in over}:
            return (
                f"{len(over)} of {len(told)} requests took {seconds:.3g} s and ended well without news, as it lets "
                f"clients wait ({setting}); what is not held is answered at once"
            )
    return ""


def may_hold_open(view: View, workload: Workload, seconds: float | None) -> bool:
    """Tell whether a latency is about what the settings of a workload let its clients wait for news."""
    if seconds is None:
        return False
    return any(each >= LONG and each / 2 <= seconds <= COARSE * each for _, each in waits(view, workload))


def _within(each: Answered, seconds: float) -> bool:
    return each.seconds <= LATE * seconds and (each.status < 400 or each.status == _GIVEN_UP)


def _at_its_end(each: Answered, seconds: float) -> bool:
    """Tell whether a request ended when its time was over, as one does that wanted to wait for so long."""
    if abs(each.seconds - seconds) > EXACT * seconds:
        return False
    asked = (float(number) for number in _ASKED.findall(each.line))
    return each.status in _NEWS_OR_NOT or (each.status < 300 and any(n in (seconds, 1000 * seconds) for n in asked))


def _names(workload: Workload) -> set[str]:
    return {pod.name for pod in workload.live}
