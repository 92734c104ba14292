"""The time zone that a template gives a program, and lines that refuse for what the day, or the hour, is there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import after_time
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.named import NamedTuple

_CALLED = late(r"(?:^|_|\.)(?:TZ|TIME[-_.]?ZONE(?:[-_.]?(?:ID|NAME))?)$|[a-z_]TimeZone(?:Id)?$", re.IGNORECASE)
"""How a variable is called that holds a time zone."""
_GIVEN = late(
    r"(?:user\.timezone|--?time[-_]?zone|--?tz|date\.timezone)(?:=| )[\"']?([A-Z][\w+-]{1,30}(?:/[\w+-]{1,30}){0,2})",
    re.IGNORECASE,
)
"""How options and words of a command give one: the JVM's, PHP's and those of most programs."""
UNSET = "UTC"
"""A container has this zone where nobody gives it another."""
_NOWHERE = late(r"(?:Etc/)?(?:UTC|UCT|GMT[+-]?0?|Zulu|Universal|Greenwich)", re.IGNORECASE)
"""The zone of programs, which many houses give to all of theirs: nobody lives by it."""
_REFUSES = late(
    r"refus|reject|declin|denied|forbidden|not (?:allowed|accepted|permitted|valid|available|open)|invalid|unacceptable"
    r"|violat|closed|outside|\b(?:400|403|409|412|422)\b",
    re.IGNORECASE,
)
_AHEAD = late(
    r"future|not[ _-]?yet|too early|tomorrow|post-?dated|ahead of|(?:later than|after|beyond|greater than|newer than) "
    r".{0,20}(?:today|now|current)|must (?:be|lie) (?:on or )?before|start(?:s|ed)? later",
    re.IGNORECASE,
)
_PAST = late(
    r"expired|in the past|already (?:over|passed|ended|closed)|yesterday|too late|no longer|outdated|elapsed"
    r"|(?:earlier than|before|older than|less than) .{0,20}(?:today|now|current)|must (?:be|lie) (?:on or )?after",
    re.IGNORECASE,
)
_PLAINLY = late(r"in the (?:future|past)|\btoday|(?:future|past|current) date", re.IGNORECASE)
"""Words for a day that is a mistake by itself: much else is not yet done, or over, as it should be."""
_TODAY = (
    r"(?<![a-z])(?:today(?:['’]s date)?|(?:current|server|system)[-_ ]?(?:date|day)|now)"
    r"(?:[-_ ]?(?:is|was|being)\b)?[\s\"'=:(\[]{1,4}"
)
"""What stands before the day that a program takes for today's."""
_FORMS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y"),
    *("%d %b %Y", "%d-%b-%Y", "%b %d, %Y", "%d %B %Y", "%B %d, %Y"),
)
"""How programs write a day."""
_CLOCK = late(r"(?<![\d:.])([01]?\d|2[0-4]):([0-5]\d)(?::[0-5]\d(?:\.\d{1,9})?)?(?![\d:])")
_OWN = late(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
NEAR_S = 120.0
"""A program reckons with the moment at which it writes, or with one shortly before."""
_DAY_M = 24 * 60


class Zones(NamedTuple):
    """Two time zones: that before a release, and that since."""

    was: ZoneInfo
    now: ZoneInfo

    def differ(self, at: datetime) -> bool:
        """Tell whether clocks of both differ at a time."""
        return at.astimezone(self.was).utcoffset() != at.astimezone(self.now).utcoffset()

    def names(self) -> tuple[str, str]:
        return str(self.was), str(self.now)


class Refused(NamedTuple):
    """A line that refuses since it is another day, or hour, where a program takes its time from now.

    ``tomorrow``: what it refuses is of a day that has not come there. Nobody asks for that by coming late.
    """

    at: datetime
    line: str
    tomorrow: bool


def zone_given(container: Mapping[str, Any]) -> str | None:
    """Return the name of the time zone that a container is given; None: nobody gives it one, "": from elsewhere."""
    given = [text(each, "value") for each in items(container, "env")]
    for said in (*given, " ".join(words_given(container))):
        if found := _GIVEN.search(said):
            return found[1]
    named = [each for each in items(container, "env") if _CALLED.search(text(each, "name"))]
    return text(named[0], "value").removeprefix(":") if named else None


def zone_of(container: Mapping[str, Any]) -> ZoneInfo | None:
    """Return the time zone that a container has by its template; None where that does not tell it."""
    given = zone_given(container)
    return _zone(UNSET if given is None else given)


def lived_by(zone: ZoneInfo) -> bool:
    """Tell whether a zone is that of a place, where users may live."""
    return _NOWHERE.fullmatch(str(zone)) is None


def zones_changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Zones | None:
    """Return the zones of the first container that two templates give another one; None: there is none."""
    olds = {text(each, "name"): each for each in items(before, "spec", "containers")}
    for each in items(after, "spec", "containers"):
        old = olds.get(text(each, "name"))
        was, now = (zone_of(old), zone_of(each)) if old is not None else (None, None)
        if was is not None and now is not None and str(was) != str(now):
            return Zones(was, now)
    return None


def _zone(name: str) -> ZoneInfo | None:
    with suppress(KeyError, ValueError, OSError):
        return ZoneInfo(name) if name else None
    return None


def refused(zones: Zones, at: datetime, line: str) -> Refused | None:
    """Return that a line refuses for a day, or an hour, of the new zone, which the former one would have taken."""
    if not zones.differ(at):
        return None
    said = _OWN.sub(lambda found: "" if _is_its_own(found[0], at) else found[0], after_time(line))
    was, now = (at.astimezone(each) for each in zones)
    if was.date() != now.date() and _names(said, was.date()):
        tomorrow = was.date() > now.date()
        # Of two days one may be of anything. Who says that it is still the former zone's day does not go by the new.
        by_new, by_former = (_names(said, each.date(), _TODAY) for each in (now, was))
        for_it = by_new or (not by_former and bool((_AHEAD if tomorrow else _PAST).search(said)))
        if for_it and (_REFUSES.search(said) or (_PLAINLY.search(said) and complains(line))):
            return Refused(at, line, tomorrow)
    return Refused(at, line, False) if _REFUSES.search(said) and _out_of_hours(said, was, now) else None


def _is_its_own(found: str, at: datetime) -> bool:
    """Tell whether a time in a line is that at which it was written, which many keep in a field."""
    with suppress(ValueError):
        told = datetime.fromisoformat(found.replace(",", "."))
        return abs((told if told.tzinfo else told.replace(tzinfo=at.tzinfo)) - at) <= timedelta(seconds=2)
    return False


def _names(said: str, day: date, after: str = r"(?<!\d)") -> bool:
    """Tell whether a line names a day, behind words that are given."""
    forms = (day.strftime(form) for form in _FORMS)
    found = (rf"{after}{re.escape(form)}(?!\d)" for form in forms if form in said)
    return any(re.search(each, said, re.IGNORECASE) for each in found)


def _out_of_hours(said: str, was: datetime, now: datetime) -> bool:
    """Tell whether a line names the hour of the new zone and hours which that is out of, and that of the former not."""
    clocks = list(_clocks(said))
    mine = [at for at, clock in enumerate(clocks) if _apart(clock, _minutes(now)) * 60 <= NEAR_S]
    others = [clock for at, clock in enumerate(clocks) if at not in mine]
    if len(mine) != 1 or len(others) != 2:
        return False
    opens, closes = others
    return not _within(_minutes(now), opens, closes) and _within(_minutes(was), opens, closes)


def _clocks(said: str) -> Iterator[int]:
    return (int(found[1]) * 60 + int(found[2]) for found in _CLOCK.finditer(said))


def _minutes(at: datetime) -> int:
    return at.hour * 60 + at.minute


def _apart(one: int, other: int) -> int:
    apart = abs(one - other) % _DAY_M
    return min(apart, _DAY_M - apart)


def _within(clock: int, opens: int, closes: int) -> bool:
    return opens <= clock < closes if opens <= closes else clock >= opens or clock < closes
