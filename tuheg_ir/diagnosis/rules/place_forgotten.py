"""A broker forgot where a group of readers had stopped, and they read again from the start what they have read.

Kafka forgets a group that nobody is a member of for days. Whichever version comes back finds no place, begins anew, and
sends again what was sent. What it has read since stands as its place now: going back or starting anew goes on with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.rules._readers import LEAST
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(days=1)
"""Who began anew longer ago has read much since, or somebody has looked."""
FIRST = timedelta(minutes=5)
"""What waits for a group is counted so soon after it came."""
_NO_PLACE = late(
    r"\bgroupId=(?P<group>[\w.-]{1,249})\].{0,40}\bfound no committed offset for partition\b", re.IGNORECASE
)
"""How the client of Kafka tells that a broker knows no place of its group."""
_FROM_START = late(
    r"\bresetting offset for partition \S+ to (?:earliest offset|offset 0\b|position FetchPosition\{offset=0,)",
    re.IGNORECASE,
)
_FORGOTTEN = late(r"\bgroup (?P<group>[\w.-]{1,249}) transitioned to dead in generation [1-9]", re.IGNORECASE)
"""How a broker tells that it forgets a group that had members before: one without a generation never had any."""


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
    forgotten = list(_forgotten(view))
    for workload in view.serving if forgotten else ():
        found = None if role(workload) else _anew(view, workload, forgotten)
        if found is not None and _felt_since(view, found.since) and (much := _much(view, found)):
            yield _match(view, workload, found, much)


def _forgotten(view: View) -> Iterator[tuple[str, datetime, str, str]]:
    """Yield the groups that brokers tell they forgot: group, when, the line, the broker."""
    for broker in of_role(view.workloads, "broker"):
        for log in view.logs_of(broker.live):
            for line in log.lines if speaks_of(log, ("transitioned to dead",)) else ():
                said, at = _FORGOTTEN.search(line), stamp(line)
                if said is not None and at is not None:
                    yield said["group"], at, line, broker.ref


def _anew(view: View, workload: Workload, forgotten: list[tuple[str, datetime, str, str]]) -> _Anew | None:
    """Return that a reader's group began from the start after its broker had forgotten it."""
    logs = [log for log in view.logs_of(workload.live) if speaks_of(log, ("found no committed offset",))]
    if not any(_FROM_START.search(line) for log in logs for line in log.lines):
        return None
    for group, at, line in sorted((each for log in logs for each in _without_place(log)), key=lambda e: e[1]):
        before = [each for each in forgotten if each[0] == group and each[1] < at]
        if before and view.recent(at, LATELY):
            _, then, told, broker = before[-1]
            return _Anew(group, then, told, broker, at, line)
    return None


def _without_place(log: Log) -> Iterator[tuple[str, datetime, str]]:
    """Yield when a reader found no place of its group."""
    for line in log.lines:
        said, at = _NO_PLACE.search(line), stamp(line)
        if said is not None and at is not None:
            yield said["group"], at, line


def _felt_since(view: View, since: datetime) -> bool:
    """Tell whether people were called for what came since then, and for nothing before it."""
    fired = [alert.starts_at for alert in view.alerts]
    return bool(fired) and all(at is not None and at >= since for at in fired)


def _much(view: View, found: _Anew) -> tuple[Evidence, ...]:
    """Return what waited for a group as it came; () if that is little. Where nobody counts it, its start tells it."""
    known = view.figures.series("queue_depth", consumergroup=found.group)
    if not known:
        return (Evidence("logs", found.group, "it begins with the oldest message that is kept", found.since),)
    upto = (found.since + FIRST).timestamp()
    first = max((value for each in known for at, value in each.points if at <= upto), default=0.0)
    most = max(first, *(each.points[0][1] for each in known if each.points), 0.0)
    if most < LEAST:
        return ()
    return (Evidence("metrics", found.group, f"{most:.0f} messages waited for it at once", found.since),)


def _match(view: View, workload: Workload, found: _Anew, much: tuple[Evidence, ...]) -> Match:
    asked = [each.ref for each in view.called(workload.ref) if role(each) not in DATA]
    why = f"what {found.group} has read since is its place now: it goes on with the old messages, in any version"
    kept = "the place is forgotten for good: it has to be set by hand"
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("logs", found.broker, found.told[:240], found.forgotten),
            Evidence("logs", workload.ref, found.line[:240], found.since),
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
