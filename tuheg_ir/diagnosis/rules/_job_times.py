"""How long a worker's jobs of one kind took by its own log, at one time and at another."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._held_up import fails_in
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.marked import shape_of
from tuheg_ir.diagnosis.view.took import seconds_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TOLD = 5
"""So many jobs have to be told before they say how long one takes."""
SLOWER = 1.3
"""What takes more than so many times as long as before is held up by something."""
SHORTER = 0.7
"""Jobs that take less than so large a part of the time of before may be over so soon since they fail."""
MORE = 1.2
"""A kind of job that is so many times as large a part of all makes them longer at a mean."""
_TAKES = late(r"(?<![\w.:])(\d{1,7}(?:\.\d{1,18})?)\s?(ms|s)\b")
_OF_SIDEKIQ = late(r"\bjid[\"']?\s?[=:].{1,160}?\b(?:elapsed|duration)[\"']?\s?[=:]\s?\"?(\d{1,6}\.\d{1,9})\b")
"""How Sidekiq tells that a job is done, in plain words or in JSON: in seconds."""
_KIND = late(
    r"\b(?:class|job(?:_?(?:class|name|type))?|task(?:_?(?:name|type))?|handler|wrapped)[\"']?\s?[=:]\s?[\"']?"
    r"([A-Za-z_][\w.:/]{1,80})",
    re.IGNORECASE,
)
"""How a line of fields names the kind of a job."""
_NUMBERED = late(r"(?<![\w-])[\w-]{0,80}\d[\w-]{0,80}")
_WAITED = late(
    r"\b(?:queued|wait(?:ed|ing|s)?|delay(?:ed)?|lag(?:ged)?|behind)(?:_\w{1,20})?[\"']?\s?[=: ]\s?[\"']?"
    r"(?:for |by |after )?\d{1,9}(?:\.\d{1,18})?(?:\s?m?s\b)?",
    re.IGNORECASE,
)
"""How long a job waited before it was begun: that grows with its queue, however quick the job is."""
_SHAPE = 120


class Near(NamedTuple):
    """From how many seconds to how many a job surely takes: what takes much less is no whole job, but a part of it."""

    least: float
    most: float

    @classmethod
    def of(cls, seconds: float) -> Near:
        """Return what is as long as a job takes at a mean."""
        return cls(SHORTER * seconds, SLOWER * seconds)


def alike(was: float, now: float) -> bool:
    """Tell whether jobs take as long as before, and not so much less that they may fail."""
    return SHORTER * was <= now <= SLOWER * was


def as_quick(view: View, consumer: Workload, began: datetime, start: datetime, near: Near) -> float:
    """Return how long a job took by the log before one time, if those after another one take as long; 0: not so.

    A log tells of much that takes its time beside jobs: how long one waits for the next, what a page took. Only a
    kind of line whose times are near those of a job speaks for them; one of longer times may speak against.
    """
    return _as_quick(*_by_kind(view, consumer, began, start), near)


def of_another_kind(view: View, consumer: Workload, began: datetime, near: Near) -> bool:
    """Tell whether jobs take longer at a mean since a time only as more of them are of a kind that always did.

    Of all that a log tells the time of, that kind has to be a larger part than before.
    """
    before, after = _by_kind(view, consumer, began, began)
    if not _as_quick(before, after, near):
        return False
    jobs = _kinds_near(after, near)
    was, now = (sum(len(each[kind]) for kind in jobs if kind in each) / _many(each) for each in (before, after))
    return now >= MORE * was


def took_most(view: View, consumer: Workload, began: datetime, near: Near) -> bool:
    """Tell whether jobs of the kinds that take so long since a time were most of the work before it.

    Only then a mean tells how long those took.
    """
    before, after = _by_kind(view, consumer, began, began)
    all_of_it = sum(map(sum, before.values()))
    return 0 < all_of_it <= 2 * sum(sum(before.get(kind, ())) for kind in _kinds_near(after, near))


def _kinds_near(kinds: Mapping[str, list[float]], near: Near) -> list[str]:
    return [kind for kind, times in kinds.items() if len(times) >= TOLD and near.least <= median(times) <= near.most]


def _many(kinds: Mapping[str, list[float]]) -> int:
    return max(sum(map(len, kinds.values())), 1)


def _by_kind(
    view: View, consumer: Workload, began: datetime, start: datetime
) -> tuple[dict[str, list[float]], dict[str, list[float]]]:
    """Return how long lines of each kind say that something took, before one time and after another."""
    before, after = defaultdict[str, list[float]](list), defaultdict[str, list[float]](list)
    for kind, at, seconds in _times(view, consumer):
        if at < began:
            before[kind].append(seconds)
        elif at >= start:
            after[kind].append(seconds)
    return dict(before), dict(after)


def _as_quick(before: Mapping[str, list[float]], after: Mapping[str, list[float]], near: Near) -> float:
    known = [
        (median(times), median(after[kind]))
        for kind, times in before.items()
        if len(times) >= TOLD and len(after.get(kind, ())) >= TOLD
    ]
    if any(now >= near.least and now > SLOWER * was for was, now in known):
        return 0.0
    jobs = [(was, now) for was, now in known if near.least <= now <= near.most]
    return max((was for was, _ in jobs), default=0.0) if all(alike(*each) for each in jobs) else 0.0


def _times(view: View, consumer: Workload) -> Iterator[tuple[str, datetime, float]]:
    """Yield which kind of a consumer's lines told when that something took how long: the first time in it."""
    fails = fails_in(view, consumer)
    for log in view.logs_of(consumer.live, previous=False):
        for line in log.lines:
            seconds = _seconds(line)
            at = stamp(line) if seconds and not fails(line) else None
            if seconds and at is not None:
                yield _kind_of(line), at, seconds


def _kind_of(line: str) -> str:
    """Return what lines of jobs of one kind have in common, whatever their numbers and of whichever process."""
    named = _KIND.search(line)
    return f"{shape_of(_NUMBERED.sub('#', without_time(line)))[:_SHAPE]} {named[1] if named else ''}"


def _seconds(line: str) -> float | None:
    line = _WAITED.sub("", line)
    named = seconds_of(line)
    if named is not None:
        return named
    if found := _OF_SIDEKIQ.search(line):
        return float(found[1])
    found = _TAKES.search(line)
    return float(found[1]) / (1000 if found[2] == "ms" else 1) if found else None
