"""Readers leave some of what they are handed unacknowledged since a release, until they are handed nothing more.

A broker keeps count of what a consumer has not acknowledged, and stops at the most that it allows: what was left lies
with it and comes back to whoever is started next. Until then the consumer keeps up, so nobody sees it coming.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._fell_silent import LONG, fell_silent
from tuheg_ir.diagnosis.rules._held_up import held_up_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._kept_unacked import NEARLY
from tuheg_ir.diagnosis.rules._opened_since import climbs
from tuheg_ir.diagnosis.rules._pools import kept_waiting
from tuheg_ir.diagnosis.rules._readers import IDLE, given_up, grown, name_of, queues, reader, waiting
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, served_long, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LEAST = 20
"""So few messages are what a handful of workers have in work at once."""
FILLS = timedelta(minutes=10)
"""What takes a hand faster than this may be a rush, or all that hang on one answer."""
FLAT = timedelta(minutes=5)
"""A hand that is full counts the same for so long."""
CLOCKS = timedelta(minutes=2)
"""A queue grows only once the hand is full, but for what lies between two counts."""
PART = 0.5
"""What is left is so small a share of what comes: where all of it is kept, its readers hang, or are slow."""
LITTLE = 0.1
"""Share of a full hand that is ordinary; and of a climb's time by which its beginning may be told too early."""


class _Full(NamedTuple):
    """A hand that filled up: how many messages are in it, when it began to fill, and since when it is full."""

    held: float
    began: datetime
    since: datetime


def when(view: View) -> Iterator[Match]:
    """A queue grows since its reader's hand is full, which filled up evenly since a release while it kept up."""
    for series in queues(view):
        grew = grown(view, series)
        consumer = reader(view, series) if grew is not None and not given_up(view, series) else None
        if grew is None or grew.since is None or consumer is None or role(consumer) or not _may(view, consumer):
            continue
        full = _full(view, series)
        if full is None or grew.since < full.since - CLOCKS or not _with_release(consumer, full):
            continue
        if _leaves_a_part(view, series, full) and not _others_fault(view, consumer):
            yield _match(view, consumer, full, (waiting(series, consumer.ref, grew), _told(consumer, series, full)))


def _may(view: View, consumer: Workload) -> bool:
    """Tell whether a consumer has all its pods, of a release that changed what it does, and none of them hangs alone.

    One that hangs among others that work keeps its own share of what comes.
    """
    if consumer.returned or consumer.older_pods() or not consumer.changed("image", "env", "command"):
        return False
    silent = fell_silent(view, consumer, LONG, IDLE)
    return bool(consumer.ready) and consumer.ready >= consumer.wanted and len(silent) in (0, len(consumer.live))


def _full(view: View, series: Series) -> _Full | None:
    """Return how a hand filled up, if it did so evenly and for long, and counts the same ever since."""
    labels = dict(series.labels)
    known = view.figures.series("queue_unacked", **labels)
    known = known or view.figures.series("queue_unacked", component=name_of(series))
    points = known[0].points if len(known) == 1 else ()
    held = points[-1][1] if points else 0.0
    first = next((n for n, (_, count) in enumerate(points) if count == held), 0)
    flat, rise = [count for _, count in points[first:]], _rise(points[: first + 1], held)
    if held < LEAST or max(count for _, count in points) > held or sum(c == held for c in flat) < NEARLY * len(flat):
        return None
    since = points[first][0]
    if view.now.timestamp() - since < FLAT.total_seconds() or since - rise[0][0] < FILLS.total_seconds():
        return None
    if not climbs(rise, times=1.0):
        return None
    # What was in it at the first count came at the same pace: nobody may have counted the beginning.
    took = held * (since - rise[0][0]) / (held - rise[0][1])
    return _Full(held, _moment(view, since - took), _moment(view, since))


def _rise(points: Points, held: float) -> Points:
    """Return the part of a count that leads from its ordinary value, or from the first count, up to a full hand."""
    low = [n for n, (_, count) in enumerate(points) if count <= LITTLE * held]
    return points[low[-1] :] if low else points


def _moment(view: View, at: float) -> datetime:
    return view.now - timedelta(seconds=view.now.timestamp() - at)


def _with_release(consumer: Workload, full: _Full) -> bool:
    """Tell whether a hand filled up since a release, and the template before had far longer to do so and did not."""
    at = consumer.released_at
    if at is None or full.since <= at or not served_long(consumer, (full.since - at).total_seconds()):
        return False
    slack = CLOCKS + LITTLE * (full.since - full.began)
    return any(since_release(consumer, began) for began in (full.began, full.began + slack))


def _leaves_a_part(view: View, series: Series, full: _Full) -> bool:
    """Tell whether a hand filled much more slowly than its queue grows since: the others were worked off meanwhile."""
    depth = view.figures.alone("queue_depth", series)
    before, now = depth.before("queue_depth", full.since), depth.now("queue_depth")
    took, lasts = (full.since - full.began).total_seconds(), (view.now - full.since).total_seconds()
    if before is None or now is None:
        return False
    return full.held / took <= PART * (now - before) / lasts


def _others_fault(view: View, consumer: Workload) -> bool:
    """Tell whether somebody else may keep a consumer from its word: what it asks fails or is late, or more comes."""
    blamed = (*held_up_by(view, consumer), *blames_another(view, consumer, consumer))
    return bool(blamed) or kept_waiting(view, consumer)


def _told(consumer: Workload, series: Series, full: _Full) -> Evidence:
    minutes = (full.since - full.began).total_seconds() / 60
    fact = f"{full.held:.0f} messages of {name_of(series)} are handed out and not acknowledged, ever the same number"
    return Evidence("metrics", consumer.ref, f"{fact}; it took {minutes:.0f} min to get there", full.since)


def _match(view: View, consumer: Workload, full: _Full, seen: tuple[Evidence, ...]) -> Match:
    why = "the broker hands it nothing more until what it keeps is acknowledged: new pods are handed the same again"
    return Match(
        component=consumer.ref,
        evidence=(*seen, *release_evidence(consumer)),
        certainty=0.75,
        root_cause=release_cause(view, consumer),
        since=full.since,
        explains=behind(view, consumer.ref, but=consumer.ref),
        excludes=not_for((consumer.ref,), why, (*RESTARTS, "scale_workload")),
    )


RULE = Rule(
    name="hand_full_since_release",
    title="Readers leave messages unacknowledged since a release until they are handed no more",
    root_cause="code_defect",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no count of unacknowledged messages rose evenly since a release of their reader to where it stays",
)
