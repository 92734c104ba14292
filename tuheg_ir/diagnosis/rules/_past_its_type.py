"""A column whose type ends where the numbers that count up have come to: whatever is new cannot be written any more.

That a number is too big, as a database says, may be of a form that a user filled in, or of a release that writes
something else. A count that came up to the end of a type, and goes on beyond it, is neither. Hashes, sizes, telephone
numbers and times are anywhere: of such there are numbers far beyond the end as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.stamps import without_time
from tuheg_ir.diagnosis.view.complaints import Complaint, began, complaints
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.named import NamedTuple

TROUBLE = "database_range"
ENDS = (2_147_483_647, 4_294_967_295)
"""The last numbers of types of four bytes, with a sign and without; about those of smaller ones stand any amounts."""
NEAR, FAR = 0.001, 0.05
"""A count that is no further than this part of an end from it may have passed it of late, and is not yet far beyond."""
FEW = 3
"""So many lines are no form that one user filled in."""
TWO = 2
"""One number beyond an end may be any; a count goes through more of them."""
LAG = timedelta(minutes=10)
"""So long what was numbered may wait until somebody writes it where there is no room for it."""
STEPS = 5
"""Fewer numbers are no climb."""
_UP = 0.9
"""So large a part of a climb's steps goes up: what two wrote at once may be told the other way round."""
_LEFT = 0.25
"""So far, as a part of what it was seen to climb, a count may be carried on at the same pace."""
BESIDE = timedelta(minutes=1)
"""So long after the first refusal somebody may still tell of what he stored before it."""
_NUMBER = late(r"(?<![\w.])(?:2[12]\d{8}|4[2-5]\d{8})(?!\w|\.\d)")
"""Whole numbers about the ends."""


class Past(NamedTuple):
    """Who tells that numbers are too big, and what shows that they count up."""

    told: tuple[Complaint, ...]
    shown: Evidence


class _Read(NamedTuple):
    """A number in a workload's log, and the last time told up to it."""

    number: int
    ref: str
    at: datetime | None


def past_its_type(view: View, store: str) -> Past | None:
    """Return that numbers which are written into a store have passed the end of a type of late; None if none have.

    They came up to it before anybody was refused, or there are several just beyond it and nobody was released before,
    who may have given them. Whoever only tells of what could be written never names one beyond it: at its pace the
    count came to the end when the refusals began.
    """
    told = tuple(each for each in complaints(view, TROUBLE) if store in (each.about, each.caller))
    since = began(told)
    if since is None or sum(each.hit.count for each in told) < FEW:
        return None
    read = list(_numbers(view, {store, *(each.caller for each in told)} | view.graph.callers(store)))
    for end in ENDS:
        near = list(_near(read, end))
        if shown := _came_up(near, end, since) or _arrived(near, end, since) or _beyond(view, near, end, told, since):
            return Past(told, shown)
    return None


def _near(read: Collection[_Read], end: int) -> Iterator[_Read]:
    """Yield the numbers near an end; none where there are some far beyond it, which are no count.

    The end itself is written for what has no limit, and the number after it is a size: 2 GiB or 4 GiB.
    """
    if any(NEAR * end < each.number - end <= FAR * end for each in read):
        return
    for each in read:
        if abs(each.number - end) <= NEAR * end and each.number not in (end, end + 1):
            yield each


def _came_up(near: Sequence[_Read], end: int, since: datetime) -> Evidence | None:
    """Return that there were numbers up to an end before, and beyond it only since, or hardly before."""
    before = [each for each in near if each.number <= end and each.at is not None and each.at < since]
    beyond = [each for each in near if each.number > end]
    if not before or not beyond or any(each.at is not None and each.at < since - LAG for each in beyond):
        return None
    last = max(before, key=lambda each: each.number)
    first = min(beyond, key=lambda each: each.number)
    fact = f"numbers come up to {last.number} before, and to {first.number} since: the type ends at {end}"
    return Evidence("logs", first.ref, fact, first.at or since)


def _arrived(near: Sequence[_Read], end: int, since: datetime) -> Evidence | None:
    """Return that one log's numbers climbed, and at their pace were at an end when the refusals began; none is beyond.

    A count that goes on below the end after that has not come to it: what is too big is something else.
    """
    if any(each.number > end for each in near):
        return None
    timed = sorted((each.at, each.number, each.ref) for each in near if each.at is not None)
    for ref in sorted({ref for *_, ref in timed}):
        before = [(at, number) for at, number, of in timed if of == ref and at < since]
        due, last = _due(before, end), max((number for _, number in before), default=end)
        if due is None or abs(due - since) > LAG or any(at > since + BESIDE and n > last for at, n, _ in timed):
            continue
        fact = f"numbers go up from {before[0][1]} to {last} and end there: the type does at {end}"
        return Evidence("logs", ref, fact, since)
    return None


def _due(before: Sequence[tuple[datetime, int]], end: int) -> datetime | None:
    """Return when numbers that climb come to an end; None if they do not climb, or are far from it as yet."""
    if len({number for _, number in before}) < STEPS:
        return None
    (begun, first), (last_at, last) = before[0], before[-1]
    steps = list(pairwise(number for _, number in before))
    if sum(a <= b for a, b in steps) < _UP * len(steps) or end - last > _LEFT * (last - first) or last_at <= begun:
        return None
    return last_at + (last_at - begun) * ((end - last) / (last - first))


def _beyond(
    view: View, near: Sequence[_Read], end: int, told: Collection[Complaint], since: datetime
) -> Evidence | None:
    """Return that one who is refused names several numbers just beyond an end, and nobody was released before."""
    if any(since_release(workload, since) for workload in view.serving):
        return None
    numbers: Mapping[str, set[int]] = defaultdict(set)
    for each in near:
        if each.number > end:
            numbers[each.ref].add(each.number)
    for ref in sorted({each.caller for each in told} & numbers.keys()):
        found = numbers[ref]
        if len(found) >= TWO:
            fact = f"what it names goes from {min(found)} to {max(found)}: the type ends at {end}"
            return Evidence("logs", ref, fact, since)
    return None


def _numbers(view: View, refs: Collection[str]) -> Iterator[_Read]:
    """Yield the numbers about an end in the logs of some workloads."""
    for ref in sorted(refs & view.workloads.keys()):
        for log in view.logs_of(view.workloads[ref].pods, previous=False):
            upto, _ = times_around(log.lines)
            for line, at in zip(log.lines, upto, strict=True):
                for found in _NUMBER.findall(without_time(line[:1000])):
                    yield _Read(int(found), ref, at)
