"""A broker forgot where a group of readers had stopped, and they read again from the start what they have read.

Kafka forgets a group that nobody is a member of for days. Whichever version comes back finds no place, begins anew, and
sends again what was sent. What it has read since stands as its place now: going back or starting anew goes on with it.
"""

from __future__ import annotations

import re
from bisect import bisect_left, insort
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log, Series
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._readers import LEAST
from tuheg_ir.diagnosis.stamps import has_near, stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(days=1)
"""Who began anew longer ago has read much since, or somebody has looked."""
FIRST = timedelta(minutes=5)
"""What waits for a group is counted so soon after it came."""
SOON = timedelta(minutes=1)
"""So soon a client that found no place takes another one; it may tell that first."""
AT_ONCE = timedelta(seconds=2)
"""So soon a client asks for the places of all partitions that it was given."""
_OF_GROUP = r"(?:\bgroupId=(?P<group>[\w.-]{1,249})\].{0,40})"
_NO_PLACE = late(rf"{_OF_GROUP}\bfound no committed offset for partition (?P<part>[\w.-]{{1,260}})", re.IGNORECASE)
"""How the client of Kafka tells that a broker knows no place of its group."""
_FROM_START = late(
    rf"{_OF_GROUP}?\bresetting offset for partition (?P<part>[\w.-]{{1,260}}) to "
    r"(?:earliest offset|offset 0\b|position FetchPosition\{offset=0,)",
    re.IGNORECASE,
)
_PLACE = late(
    rf"{_OF_GROUP}?\bsetting offset for partition (?P<part>[\w.-]{{1,260}}) to the committed offset", re.IGNORECASE
)
"""How it tells that a broker knows one. Some lines do not name the group."""
_FORGOTTEN = late(r"\bgroup (?P<group>[\w.-]{1,249}) transitioned to dead in generation [1-9]", re.IGNORECASE)
"""How a broker tells that it forgets a group that had members before: one without a generation never had any."""


_Dead = tuple[datetime, str, str]
"""When a broker forgot a group, the line that tells it, and the broker."""


class _Anew(NamedTuple):
    """A group that began anew: when, and the lines of its broker and of its reader that tell it."""

    group: str
    forgotten: datetime
    told: str
    broker: str
    since: datetime
    line: str


def when(view: View) -> Iterator[Match]:
    """A reader found no place of its group, which a broker had forgotten before, and much waits for it at once."""
    forgotten: dict[str, list[_Dead]] = {}
    for group, dead in _forgotten(view):
        insort(forgotten.setdefault(group, []), dead)
    for workload in view.serving if forgotten else ():
        found = None if role(workload) else _anew(view, workload, forgotten)
        if found is not None and _felt_since(view, found.since) and (much := _much(view, found)):
            yield _match(view, workload, found, much)


def _forgotten(view: View) -> Iterator[tuple[str, _Dead]]:
    """Yield the groups that brokers tell they forgot."""
    for broker in of_role(view.workloads, "broker"):
        for log in view.logs_of(broker.live):
            for line in log.lines if speaks_of(log, ("transitioned to dead",)) else ():
                said, at = _FORGOTTEN.search(line), stamp(line)
                if said is not None and at is not None:
                    yield said["group"], (at, line, broker.ref)


def _anew(view: View, workload: Workload, forgotten: Mapping[str, Sequence[_Dead]]) -> _Anew | None:
    """Return that a reader's group began from the start after its broker had forgotten it."""
    logs = [log for log in view.logs_of(workload.live) if speaks_of(log, ("found no committed offset",))]
    for group, at, line in sorted((each for log in logs for each in _without_place(log)), key=lambda e: e[1]):
        dead = forgotten.get(group, ())
        before = bisect_left(dead, (at,))
        if before and view.recent(at, LATELY) and not _given(workload, group):
            then, told, broker = dead[before - 1]
            return _Anew(group, then, told, broker, at, line)
    return None


def _given(workload: Workload, group: str) -> bool:
    """Tell whether a workload got a group by its newest template: the one before may have its place still."""
    return any(group in each.after and group not in each.before for each in workload.changes)


def _without_place(log: Log) -> Iterator[tuple[str, datetime, str]]:
    """Yield when a reader found no place of its group, and began a partition from the start for want of it.

    Not where it found one of another partition in that moment: its group is not forgotten, the partition is new.
    """
    begun: dict[str, list[datetime]] = {}
    for group, part, at, _ in _of_parts(log, _FROM_START):
        insort(begun.setdefault(f"{group} {part}", []), at)
    placed: dict[str, list[datetime]] = {}
    for group, _, at, _ in _of_parts(log, _PLACE):
        insort(placed.setdefault(group, []), at)
    for group, part, at, line in _of_parts(log, _NO_PLACE):
        known = any(has_near(placed.get(other, ()), at, AT_ONCE) for other in ("", group))
        if not known and any(has_near(begun.get(f"{other} {part}", ()), at, SOON) for other in ("", group)):
            yield group, at, line


def _of_parts(log: Log, words: re.Pattern[str]) -> Iterator[tuple[str, str, datetime, str]]:
    """Yield what a client tells of partitions: of which group ("" unnamed), of which one, when, the line."""
    for line in log.lines:
        said = words.search(line)
        at = stamp(line) if said is not None else None
        if said is not None and at is not None:
            yield said["group"] or "", said["part"], at, line


def _felt_since(view: View, since: datetime) -> bool:
    """Tell whether people were called for what came since then, and for nothing before it."""
    fired = [alert.starts_at for alert in view.alerts]
    return bool(fired) and all(at is not None and at >= since for at in fired)


def _much(view: View, found: _Anew) -> tuple[Evidence, ...]:
    """Return what waited for a group as it came; () if that is little. Where nobody counts it, its start tells it."""
    known = view.figures.series("queue_depth", consumergroup=found.group)
    if not known:
        return (Evidence("logs", found.group, "it begins with the oldest message that is kept", found.since),)
    most = max(_first(each, found.since) for each in known)
    if most < LEAST:
        return ()
    return (Evidence("metrics", found.group, f"{most:.0f} messages waited for it at once", found.since),)


def _first(series: Series, since: datetime) -> float:
    """Return the most that waited in the minutes since a moment, or what was counted first after these."""
    begun, upto = since.timestamp(), (since + FIRST).timestamp()
    later = [(at, value) for at, value in series.points if at >= begun]
    return max((value for at, value in later if at <= upto), default=later[0][1] if later else 0.0)


def _match(view: View, workload: Workload, found: _Anew, much: tuple[Evidence, ...]) -> Match:
    asked = [each.ref for each in view.called(workload.ref) if role(each) not in DATA]
    why = f"what {found.group} has read since is its place now: it goes on with the old messages, in any version"
    kept = "the place is forgotten for good: it has to be set by hand"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", found.broker, found.told[:240], found.forgotten),
            Evidence("logs", workload.ref, found.line, found.since),
            *much,
        ),
        certainty=0.75,
        since=found.since,
        explains=tuple(dict.fromkeys((*asked, *behind(view, workload.ref, *asked, but=workload.ref)))),
        excludes=(
            *not_for((workload.ref,), why, ON_CALLERS),
            *not_for(asked, "it is asked for what was asked long ago", ("restart_workload", "scale_workload")),
            *not_for((found.broker,), kept, ("restart_workload", "rollback_workload")),
        ),
    )


RULE = Rule(
    name="place_forgotten",
    title="A broker forgot where a group of readers had stopped, and they begin anew",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no group of readers began anew after its broker had forgotten it",
)
