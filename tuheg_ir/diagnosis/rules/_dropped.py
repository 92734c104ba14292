"""Readers whose channel the broker closed as they confirmed nothing for too long, and that never read again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._listed_queues import left_unread
from tuheg_ir.diagnosis.rules._well_again import well_again
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import speaks_of, tells
from tuheg_ir.diagnosis.view.marked import complains
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_CLOSED = late(
    r"(?:delivery acknowledgement|consumer ack(?:nowledgement)?)(?: on channel \d+)? timed out", re.IGNORECASE
)
"""How a client of RabbitMQ tells why its channel was closed: the broker's own words, in any language's client."""
_SPOKEN = ("delivery acknowledgement", "consumer ack")
_WAITED_FOR = late(r"\bqueue '([^']{1,200})'.{0,100}\btimed out waiting for\b", re.IGNORECASE)
"""How the broker tells whose reader it drops."""
_TOKEN = late(r"[\w./:-]{0,200}\w")
_SEPARATES = late(r"[._:/-]")
"""What stands between the parts of a name, and seldom in a word of a sentence."""
_CALLED = late(r"\bqueue(?:_?name)?\W{1,6}([\w./:-]{0,200}\w)", re.IGNORECASE)
"""How a sentence calls a queue by its name, which may be a word like any."""
_OTHERS = late(r"out|dead|dl[qx]|reply|retry|publish|target|dest|sink|exchange", re.IGNORECASE)
"""Names of settings that name a queue which somebody else reads."""
_WORD = late(r"[A-Za-z_]{3,}")
_ANYWAY = late(r"idle|health|alive|ready|ping|probe|metrics|heartbeat|stats|memory|\bgc\b", re.IGNORECASE)
"""Words of what a program tells whether it has work or not."""
_SOON = timedelta(minutes=10)
"""So near to the last of its readers that was dropped a queue is counted to have none."""
_MOMENT = timedelta(seconds=5)
"""Broker and client tell of one closing so near to each other."""
_HANGS = timedelta(minutes=15)
"""Who complained no longer ago than this still waited in vain as it was dropped."""
_WAITS = timedelta(minutes=30)
"""So long a broker waits by default: who complained twice in that time did so all along."""


class Dropped(NamedTuple):
    """Readers that were dropped, and that nobody reads their queue since; ``waits``: more waits in it since then.

    ``well``: what tells that those whom they waited for answer again, where it was not they who gave up to wait.
    """

    at: datetime
    closed: Evidence
    unread: Evidence
    waits: bool
    well: Evidence | None

    def evidence(self) -> Iterator[Evidence]:
        """Yield what tells of it."""
        yield from (self.closed, self.unread, *([self.well] if self.well else []))


class _Closing(NamedTuple):
    """A reader that was dropped: how it tells so, what hung until then, and what it tells since.

    ``ended``: what it waited for did, by its own complaint since.
    """

    at: datetime
    pod: str
    line: str
    hung: tuple[str, ...]
    ended: bool
    works: bool


def dropped(view: View, workload: Workload, away: Iterable[str]) -> Dropped | None:
    """Return that most pods of a reader were dropped, its queue has no reader, and what they waited for has ended.

    ``away``: troubles of what passes by itself. Each of them told of such a one when it gave up to wait, or until it
    was dropped, and that one is well again. Who still waits, or did for one message, would be dropped again.
    """
    away = tuple(away)
    closings = list(_closings(view, workload, away))
    if 2 * len(closings) <= len(workload.live):
        return None
    well = _well(view, workload, closings, away)
    over = [each for each in closings if each.ended or (each.hung and well is not None)]
    if not over:
        return None
    named = _named(view, over)
    names = named or {value.strip() for key, value in view.graph.settings(workload) if not _OTHERS.search(key)}
    if any(view.figures.now("queue_consumers", component=name) for name in names if name):
        return None  # who reads one of its queues was not dropped for good
    # A program that reads several queues goes on with the others: what is told of this one counts.
    found = over if named and _grow(view, names, over) else [each for each in over if not each.works]
    if not found or 2 * len(found) <= len(workload.live):
        return None
    first, last = min(found), max(found)
    listed = left_unread(view, names, last.at)
    unread = listed or _unread(view, workload, names, first.at, last.at)
    if unread is None:
        return None
    closed = Evidence("logs", f"Pod/{first.pod}", f"the broker dropped it: {first.line}", first.at)
    return Dropped(first.at, closed, unread, listed is not None, well)


def _closings(view: View, workload: Workload, away: tuple[str, ...]) -> Iterator[_Closing]:
    """Yield how each pod was dropped the last time, and whether what it asked was away until then, or ended since."""
    for log in view.logs_of(workload.live, previous=False):
        if not speaks_of(log, _SPOKEN):
            continue
        timed = [(at, line) for line in log.lines if (at := stamp(line))]
        closed = [(at, line.strip()) for at, line in timed if _CLOSED.search(line)]
        if not closed:
            continue
        at, said = closed[-1]
        told = [(when, line) for when, line in timed if any(tells(each, line) for each in away)]
        hung = tuple(line for when, line in told if at - _HANGS <= when < at)
        yield _Closing(at, log.pod, said, hung, _ended(told, at), _works_on(timed, at))


def _ended(told: Sequence[tuple[datetime, str]], closed: datetime) -> bool:
    """Tell whether a complaint since a time tells that what hung has ended.

    Who complained of the same all along tells of no end when he complains once more.
    """
    since = [line for when, line in told if when > closed]
    hosts = set(hosts_named(since))
    before = [(when, set(hosts_named([line]))) for when, line in told if closed - _WAITS <= when < closed]
    same = [when for when, named in before if not hosts or not named or named & hosts]
    goes_on = len(same) > 1 and max(same) >= closed - _HANGS
    return bool(since) and not goes_on


def _well(view: View, workload: Workload, closings: Sequence[_Closing], away: tuple[str, ...]) -> Evidence | None:
    """Return what tells that those for whom readers waited until they were dropped answer again, since all were."""
    hung = [line for each in closings for line in each.hung]
    return well_again(view, workload, hung, max(closings).at, away) if hung else None


def _named(view: View, closings: Sequence[_Closing]) -> set[str]:
    """Return the queues whose readers were dropped, as the client's own line or the broker's calls them."""
    measured = {each.labels.get("component", "") for each in view.figures.series("queue_consumers")} - {""}
    said = {name for each in closings for name in _in_line(each.line) & measured}
    for broker in of_role(view.workloads, "broker"):
        for log in view.logs_of(broker.live, previous=False):
            for line in log.lines if speaks_of(log, _SPOKEN) else ():
                found, at = _WAITED_FOR.search(line), stamp(line)
                if found and at and any(abs(at - each.at) <= _MOMENT for each in closings):
                    said.add(found[1])
    return said


def _in_line(line: str) -> set[str]:
    """Return what may be a queue's name in a line: a word by itself may as well be one of the sentence."""
    return {word for word in _TOKEN.findall(line) if _SEPARATES.search(word)} | set(_CALLED.findall(line))


def _grow(view: View, names: Iterable[str], closings: Sequence[_Closing]) -> bool:
    """Tell whether more waits in one of some queues than did before their readers were dropped."""
    first = min(closings).at
    found = ((view.figures.before("queue_depth", first, component=n), n) for n in names)
    return any(was is not None and (view.figures.now("queue_depth", component=n) or 0) > was for was, n in found)


def _works_on(timed: Sequence[tuple[datetime, str]], closed: datetime) -> bool:
    """Tell whether a log says since a time what it said before it: no complaint, nor what is told without work too."""
    said = [(at > closed, line) for at, line in timed if not complains(line) and not _ANYWAY.search(line)]
    before, since = (
        {tuple(_WORD.findall(without_time(line))) for later, line in said if later is side} for side in (False, True)
    )
    return bool(before & since)


def _unread(view: View, workload: Workload, names: set[str], first: datetime, last: datetime) -> Evidence | None:
    """Return that a queue which had readers by figures has none since the last of its readers was dropped."""
    for name in sorted(names - {""}):
        gone = view.figures.crossed("queue_consumers", 0.5, below=True, component=name)
        had = view.figures.before("queue_consumers", first, component=name)
        if had and gone is not None and first <= gone <= last + _SOON:
            return Evidence("metrics", workload.ref, f"nobody reads {name}", gone)
    return None
