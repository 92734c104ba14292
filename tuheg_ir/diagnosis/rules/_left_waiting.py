"""What waits for the runs of a schedule, by its age in a program's log: it grows as the clock goes since the last one.

Where runs come, the oldest that waits is taken away again and again, and its age falls back with each of them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Excluded
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._makes_room import pace
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.reading import moment, text
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MISSED = 3
"""So many runs in a row that did not come are no pause between two."""
KEPT = 12
"""Runs take away what has waited for some time; what was older than so many of them at the last was left by it too."""
OFTEN, SPAN = 5, timedelta(minutes=10)
"""So often, and for so long, an age has to be told before it shows that it grows as the clock goes."""
MOSTLY = 0.8
"""Share of what is told of an age that has to be of one and the same thing; some may tell of a part of all alone."""
CLOCKS = 60.0
"""By so many seconds clocks, and what is rounded, differ."""
_FIELD = late(
    r"(?<![\w.-])(?P<of>[A-Za-z][\w.-]{2,60})[\"']?\s?[=:]\s?[\"']?(?P<n>\d{1,12}(?:\.\d{1,6})?)"
    r"\s?(?P<unit>[a-z]{1,7})?(?![\w.:-])"
)
"""A number that stands beside its name, perhaps with a unit: `oldest_refund=40min`, `"outbox_age_s":4500`."""
_SAID = late(
    r"\b(?P<of>oldest(?: [a-z][a-z_-]{1,30}){0,4}?)(?: (?:is|was|for|since|of|has|waits?|waiting|waited)\b){0,3}:? "
    r"(?P<n>\d{1,12}(?:\.\d{1,6})?) ?(?P<unit>[a-z]{1,7})\b",
    re.IGNORECASE,
)
"""The same in words: `oldest pending refund is 40 min old`."""
_UNITS = {"ms": 0.001, "msec": 0.001, "millis": 0.001, "s": 1.0, "sec": 1.0, "second": 1.0, "m": 60.0, "min": 60.0}
_UNITS |= {"minute": 60.0, "h": 3600.0, "hr": 3600.0, "hour": 3600.0}
_BARE = (1.0, 60.0, 0.001)
"""Units of an age that names none: only one of them makes it grow as the clock goes."""
_NO_WORK = late(r"up_?time|elapsed|lag\b|replic|session|transaction|lock", re.IGNORECASE)
"""Ages of what no run takes away: of a process, a connection, a replica."""
_AGE = late(r"(?<![a-z])(?:oldest|age|aged|wait|waits|waiting|waited|overdue|delay|since)(?![a-z])", re.IGNORECASE)
_WORD = late(r"[A-Z]?[a-z]{3,}|[A-Z]{3,}")
_ENDING = late(r"(?:es|s|e)$")
_ANYBODY = late(
    r"jobs?|cron|cronjobs?|runs?|runner|workers?|tasks?|services?|server|app|api|hourly|daily|nightly|weekly|monthly"
    r"|minutes?|hours?|days?|data|old|oldest|ages?|stale|free|clean(?:up|er)?|purge[rs]?|release[rs]?|expire[drs]?|expiry"
    r"|deleter?|removed?|sweep(?:er)?|send(?:er)?|process(?:or)?|sync|updater?|refresh|check(?:er)?|retry|the|for|and"
    r"|queued?|logs?|batch|new|wait(?:ing)?|info|warn(?:ing)?|error|level|time|msg|message",
)
"""Words that name no thing which waits: what is done with it, how often, or what any program is called."""


class Waits(NamedTuple):
    """Who tells of what waits for runs that are missed, since when it does, who suffers with it, and what shows it."""

    teller: str
    since: datetime
    suffer: tuple[str, ...]
    evidence: tuple[Evidence, ...]


class _Told(NamedTuple):
    """An age that a line tells: when, how much of which units (0: none is named)."""

    at: datetime
    value: float
    unit: float
    line: str


def left_waiting(view: View, schedule: Workload, last: datetime | None) -> Waits | None:
    """Return whose log tells that what a schedule is called after has waited since its last run; None if none does.

    People were called since then, for who tells so or who calls it; no other schedule that is called so goes on, and
    nobody behind it is ill, for whom all might wait.
    """
    each_time = pace(text(schedule.obj, "spec", "schedule"))
    if last is None or each_time is None or view.now - last < MISSED * each_time:
        return None
    for teller in view.serving:
        things = _words(schedule.name) - _words(teller.name)
        if not things or _goes_on_otherwise(view, schedule, things, last + each_time):
            continue
        if any(any(troubles(view, ref)) for ref in view.graph.needs(teller.ref)):
            continue
        suffer = behind(view, teller.ref)
        called = tuple(_called(view, suffer, last))
        shown = next(_stand(view, teller, things, last, each_time), None) if called else None
        if shown is not None:
            return Waits(teller.ref, last + each_time, suffer, (shown, *called[:2]))
    return None


def of_waiting(schedule: str, waits: Waits) -> tuple[Excluded, ...]:
    """Return what helps nobody while something waits for runs: whoever is started anew finds it as it is."""
    return not_for(waits.suffer, f"{waits.teller} tells of what waits for runs of {schedule}: it goes on to wait")


def _called(view: View, suffer: Sequence[str], last: datetime) -> Iterator[Evidence]:
    for alert in view.alerts:
        ref = view.about_alert(alert)
        if ref in suffer and alert.starts_at is not None and alert.starts_at > last:
            yield alert.fires(ref)


def _goes_on_otherwise(view: View, schedule: Workload, things: set[str], due: datetime) -> bool:
    """Tell whether another schedule that is called after the same things has begun a run since one was missed."""
    others = (w for w in view.workloads.values() if w.kind == "CronJob" and w.ref != schedule.ref)
    begun = (moment(each.obj, "status", "lastScheduleTime") for each in others if _words(each.name) & things)
    return any(at is not None and at > due for at in begun)


def _words(said: str) -> set[str]:
    """Return the things that a name or a line speaks of, be they one or several."""
    return {_ENDING.sub("", word.lower()) for word in _WORD.findall(said) if not _ANYBODY.fullmatch(word.lower())}


def _stand(view: View, teller: Workload, things: set[str], last: datetime, each_time: timedelta) -> Iterator[Evidence]:
    """Yield the ages that grow as the clock goes, of what has waited since about the last run."""
    for of, told in _ages(view, teller, things).items():
        lately = [each for each in told if each.at > last]
        if len(lately) < OFTEN or lately[-1].at - lately[0].at < SPAN or not view.recent(lately[-1].at, STILL):
            continue
        for unit in (lately[-1].unit,) if lately[-1].unit else _BARE:
            began = median(each.at.timestamp() - unit * each.value for each in lately)
            same = sum(_of_one(each, unit, began) for each in lately)
            since = datetime.fromtimestamp(began, view.now.tzinfo)
            left = last - KEPT * each_time <= since <= last + each_time
            if same < MOSTLY * len(lately) or not left:
                continue
            if any(each.at < last - each_time and _of_one(each, unit, began) for each in told):
                continue  # former runs left it as well
            often = f"{of} grows as the clock goes, since {since:%H:%M} UTC, in {len(lately)} lines"
            yield Evidence("logs", teller.ref, f"{often}: {lately[-1].line[-120:]}", lately[0].at)


def _of_one(told: _Told, unit: float, began: float) -> bool:
    return abs(told.at.timestamp() - unit * told.value - began) <= CLOCKS + unit


def _ages(view: View, teller: Workload, things: set[str]) -> Mapping[str, list[_Told]]:
    """Return names of ages of such things in a workload's logs -> what is told of them, in order.

    The name tells the thing itself, or that it is an age, and the line tells of what.
    """
    found = defaultdict[str, list[_Told]](list)
    for line in view.lines_of(teller):
        numbers = [each for each in (*_FIELD.finditer(line), *_SAID.finditer(line)) if not _NO_WORK.search(each["of"])]
        at = stamp(line) if numbers and _words(line) & things else None
        if at is None:
            continue
        for each in numbers:
            unit = (each["unit"] or "").lower()
            known = _UNITS.get(unit) or _UNITS.get(unit.removesuffix("s")) or 0.0
            if (_words(each["of"]) & things or _AGE.search(each["of"].replace("_", " "))) and (known or not unit):
                found[each["of"]].append(_Told(at, float(each["n"]), known, line.strip()))
    return {of: sorted(told, key=lambda each: each.at) for of, told in found.items()}
