"""How much of what is asked of a cache it has not: what it misses goes by it to whoever is behind it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

SIGNAL = "cache_hit_share"
TIMES = 2.0
"""So many times the misses of before are as many more requests to whoever is behind the cache."""
FELL = 0.2
"""A share of few requests varies by less than this from one minute to the next."""
WARM = timedelta(minutes=8)
"""What is asked most is in a cache again by then, if all that happened is that it was emptied."""
AT_FIRST = timedelta(minutes=3)
"""So long after a turn a rate still tells of both sides, and an empty cache misses all."""
RECOVERS = 0.1
"""A cache that has so much more at last than at first fills up again by itself."""
ENOUGH = 3
"""So many points tell how it stood."""


_TOLD = late(
    r"\bhit[_ -]?(?:ratio|rate|share|pct|percent(?:age)?)[\"']?\s{0,2}[=:]?\s{0,2}[\"']?"
    r"(\d{1,3}(?:\.\d{1,9})?)\s?(%?)(?![\w.])",
    re.IGNORECASE,
)
"""How programs tell now and then of the caches that they ask: `"hit_ratio":0.97`, `hit rate: 96.8%`."""


class Misses(NamedTuple):
    """The share of what is asked that a cache had and has, since when it has less, and what shows it."""

    before: float
    now: float
    since: datetime
    shown: Evidence


@once_by_name
def misses_more(view: View, ref: str) -> Misses | None:
    """Return that a cache, or a service by its own count of one, misses far more than before and goes on so.

    None while it may only be warming up, or does. Where nobody measures it, what it tells of it now and then counts.
    """
    labels = labels_of(view, ref, SIGNAL)
    found = [each for label in labels for each in view.figures.series(SIGNAL, component=label)]
    source = "metrics" if found else "logs"
    turns = (_turn(view, each) for each in found or _told(view, ref))
    for was, now, since in filter(None, turns):
        told = f"its cache had {was:.0%} of what was asked of it, and has {now:.0%} since"
        return Misses(was, now, since, Evidence(source, ref, told, since))
    return None


def finds_less(view: View, ref: str) -> bool | None:
    """Tell whether a cache, or a service by its own count of one, has less than at first of what is asked of it.

    It may have so for a moment only. None where nobody measures it.
    """
    found = [each for label in labels_of(view, ref, SIGNAL) for each in view.figures.series(SIGNAL, component=label)]
    alone = [view.figures.alone(SIGNAL, each) for each in found]
    known = [(each.first(SIGNAL), each.now(SIGNAL)) for each in alone]
    fell = [was - now >= FELL for was, now in known if was is not None and now is not None]
    return any(fell) if fell else None


def _turn(view: View, series: Series) -> tuple[float, float, datetime] | None:
    """Return what a series was, what it is, and since when, if it fell to far more misses and does not recover."""
    figures = view.figures.alone(SIGNAL, series)
    was, now = figures.first(SIGNAL), figures.now(SIGNAL)
    if was is None or now is None or was - now < FELL or 1 - now < TIMES * (1 - was):
        return None
    since = figures.crossed(SIGNAL, (was + now) / 2, below=True)
    if since is None or view.now - since < WARM or _recovers(series, since):
        return None
    return was, now, since


def _recovers(series: Series, since: datetime) -> bool:
    """Tell whether a cache has more and more again since it had less, or nobody can tell yet."""
    values = [value for at, value in series.points if at >= (since + AT_FIRST).timestamp()]
    third = len(values) // 3
    return third < ENOUGH or median(values[-third:]) - median(values[:third]) > RECOVERS


def _told(view: View, ref: str) -> list[Series]:
    """Return the share that all pods of a workload tell of in their logs."""
    workload, points = view.workloads.get(ref), []
    for log in view.logs_of(workload.live, previous=False) if workload else ():
        for line in log.lines if speaks_of(log, ("hit",)) else ():
            said, at = _TOLD.search(line), stamp(line)
            if said is not None and at is not None:
                share = float(said[1]) / (100 if said[2] or float(said[1]) > 1 else 1)
                points.append((at.timestamp(), share))
    return [Series({}, tuple(sorted(points)))] if points else []
