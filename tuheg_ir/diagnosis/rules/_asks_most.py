"""Which caller's release multiplied the requests to a service, by what the service itself counts and logs.

Figures of an edge count what comes in by it alone, and who asks from within is not among that: what the pods of the
service count is more. And a worker, whom nobody asks, has no requests of its own that would tell. The access log of who
is asked names those who ask, or gives their addresses.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime, timedelta
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._by_pods import MOMENT_S, of_pods, on_both_sides, summed
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._named_backends import by_address
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.askers import answer_of, of_probe, program_of
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MOST = 0.5
"""Share of what a service is asked that nobody else can have as well."""
TOLD, KNOWN = 20, 8
"""So many lines tell who asks now, and how much of it was whose before."""
WINDOW = timedelta(minutes=1)
"""A rate of so soon after a release is mostly of before it: it tells at most too much for that time."""
_APART = late(r"[^a-z0-9]+")


class Asks(NamedTuple):
    """How many times as often a caller asks since a moment, at least, what shows it, and the share it had before."""

    times: float
    shown: Evidence
    had: float


def grew_since(view: View, callee: Workload, came: datetime | None) -> Turn | None:
    """Return how what the pods of a workload count by themselves grew since a moment, as a release of another.

    What the edge counts for it is left out: that is asked by users, and who calls from within is not in it.
    """
    points = _from_within(view, callee, came) if came is not None else []
    if came is None or not points:
        return None
    start = came.timestamp()
    before = [value for at, value in points if at < start]
    first = [value for at, value in points if start <= at <= start + WINDOW.total_seconds()]
    # Figures that begin with the release are of both sides: the least of them is at most too much for before.
    was = median(before) if before else min(first, default=None)
    if was is None:
        return None
    figures = view.figures.alone("request_rate", Series({}, tuple(points)))
    now = figures.now("request_rate")
    if now is None or now <= was:
        return None
    limit = was + (now - was) / 3
    return Turn(was, now, figures.crossed("request_rate", limit * 0.999))


def _from_within(view: View, callee: Workload, came: datetime) -> list[tuple[float, float]]:
    """Return (when, how many requests a second) the pods of a workload counted beyond what an edge did; [] if none.

    Only those that were counted on both sides of a release: one that is counted since is no more that is asked.
    """
    counted, door = of_pods(view, callee), dict[int, float]()
    both = on_both_sides(counted, came.timestamp(), WINDOW.total_seconds())
    own = summed(both)
    for label in labels_of(view, callee.ref, "request_rate")[:1]:
        for each in view.figures.series("request_rate", component=label):
            door |= {int(at // MOMENT_S): value for at, value in each.points}
    if not counted:
        return sorted((float(at * MOMENT_S), rate) for at, rate in door.items())
    if not own:
        return []
    # Of what the edge brings a part of the pods gets a part.
    last, part = max(own), min(1.0, len(both) / max(len(callee.live), 1))
    door = {at: rate * part for at, rate in door.items()}
    edge = door if door.get(last, 0.0) < MOST * own[last] else {}
    return sorted((float(at * MOMENT_S), max(rate - edge.get(at, 0.0), 0.0)) for at, rate in own.items())


def asks_most(view: View, callee: Workload, by: Workload, grew: Turn, since: datetime | None = None) -> Asks | None:
    """Return how much more often a caller asks since its release, if most of that is its, as the log tells.

    ``since``: another moment to ask about. Where no line is of before, it is taken to have been all of it: then it asks
    at least so much more often.
    """
    came = since or by.released_at
    told = _told(view, callee)
    after = [who for at, who in told if came is not None and at >= came.timestamp()]
    before = [who for at, who in told if came is not None and at < came.timestamp()]
    mine = after.count(by.ref)
    if len(after) < TOLD or mine < MOST * len(after):
        return None
    # Whose address is nobody's any more may have been a pod of it.
    had = sum(who in (by.ref, "") for who in before) / len(before) if len(before) >= KNOWN else 1.0
    share = mine / len(after)
    was = f", {had:.0%} before" if len(before) >= KNOWN else ""
    then = "then" if since else "its release"
    fact = f"{share:.0%} of what its access log tells of is asked by {by.ref} since {then}{was}"
    times = grew.now / max(grew.before, 1e-9) * share / max(had, 1 / TOLD)
    return Asks(times, Evidence("logs", callee.ref, fact, came), had)


@once
def _told(view: View, callee: Workload) -> tuple[tuple[float, str], ...]:
    """Return (when, Kind/name of who asked; "" for nobody of ours) of the lines of a workload's access log.

    A name that leads to several is nobody's: a canary calls itself as the one beside it does.
    """
    called = ((w, (w.name, *(each.name for each in view.leading_to(w.ref)))) for w in view.serving)
    leads = defaultdict[str, set[str]](set)
    for w, each in called:
        for name in each:
            leads[_plain(name)].add(w.ref)
    names = {name: next(iter(refs)) for name, refs in leads.items() if len(refs) == 1}
    pods = {address: owner.ref for address, (_, owner) in by_address(view).items() if owner.ref != callee.ref}
    return tuple(
        (at.timestamp(), _asker(line, names, (pods[each] for each in ADDRESS.findall(line) if each in pods)))
        for line in view.lines_of(callee)
        if answer_of(line) and not of_probe(line) and (at := stamp(line)) is not None
    )


def _asker(line: str, names: dict[str, str], addresses: Iterable[str]) -> str:
    program = re.split(r"[/ (]", program_of(line), maxsplit=1)[0]
    return names.get(_plain(program), "") or next(iter(addresses), "")


def _plain(name: str) -> str:
    return _APART.sub("", name.lower())
