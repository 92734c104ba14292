"""Readers leave some of what they are handed unacknowledged since a release, until they are handed nothing more.

A broker keeps count of what a consumer has not acknowledged, and stops at the most that it allows: what was left lies
with it and comes back to whoever is started next. Until then the consumer keeps up, so nobody sees it coming.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._fell_silent import LEFT, LONG, ended, fell_silent, told_at
from tuheg_ir.diagnosis.rules._held_up import held_up_by
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._kept_unacked import NEARLY
from tuheg_ir.diagnosis.rules._opened_since import climbs
from tuheg_ir.diagnosis.rules._pools import kept_waiting
from tuheg_ir.diagnosis.rules._quick_beside import ails
from tuheg_ir.diagnosis.rules._readers import (
    IDLE,
    READS_AS,
    given_up,
    groups_of,
    grown,
    name_of,
    queues,
    reader,
    told_to,
    waiting,
)
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, served_long, since_release
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LEAST = 20
"""So few messages are what a handful of workers have in work at once."""
FILLS = timedelta(minutes=10)
"""What takes a hand faster than this may be a rush, or all that hang on one answer."""
FLAT = timedelta(minutes=5)
"""A hand that is full counts the same for so long."""
CLOCKS = timedelta(minutes=2)
"""A queue grows only once the hand is full, but for what lies between two counts."""
PART = 0.5
"""What is left is so small a share of what comes, and what is done so large a share of what is told.

Where all that comes is kept, its readers hang, or are slow.
"""
LITTLE = 0.1
"""Share of a full hand that is ordinary; and of a climb's time by which its beginning may be told too early."""


class Full(NamedTuple):
    """A hand that filled up: how many messages are in it, when it began to fill, and since when it is full."""

    held: float
    began: datetime
    since: datetime


def when(view: View) -> Iterator[Match]:
    """A queue grows since its reader's hand is full, which filled up evenly since a release while it kept up."""
    yield from full_hands(view)


@once_a_view
def full_hands(view: View) -> tuple[Match, ...]:
    """Return the readers whose hands are full of what they leave: more of them would share one hand."""
    return tuple(_full_hands(view))


def _full_hands(view: View) -> Iterator[Match]:
    for series in queues(view):
        grew = grown(view, series)
        consumer = reader(view, series) if grew is not None and not given_up(view, series) else None
        if grew is None or grew.since is None or consumer is None or role(consumer) or not _may(view, consumer):
            continue
        full = _full(view, series)
        if full is None or grew.since < full.since - CLOCKS or not with_release(consumer, full):
            continue
        if shared(view, series, consumer) or not _handed_no_more(view, consumer, full):
            continue
        if _leaves_a_part(view, series, full) and not others_fault(view, consumer, full):
            yield _match(view, consumer, full, (waiting(series, consumer.ref, grew), _told(consumer, series, full)))


def _may(view: View, consumer: Workload) -> bool:
    """Tell whether a consumer has all its pods, of a release that changed what it does, and none of them hangs alone.

    One that hangs among others that work keeps its own share of what comes.
    """
    if consumer.returned or consumer.older_pods() or not consumer.changed("image", "env", "command"):
        return False
    silent = fell_silent(view, consumer, LONG, IDLE)
    return bool(consumer.ready) and consumer.ready >= consumer.wanted and len(silent) in (0, len(consumer.live))


def _full(view: View, series: Series) -> Full | None:
    """Return how a hand filled up, if it did so evenly and for long, and counts the same ever since."""
    labels = dict(series.labels)
    known = view.figures.series("queue_unacked", **labels)
    known = known or view.figures.series("queue_unacked", component=name_of(series))
    points = known[0].points if len(known) == 1 else ()
    held = points[-1][1] if points else 0.0
    if not points or view.figures.alone("queue_unacked", known[0]).now("queue_unacked") is None:
        return None  # nobody knows how it stands since it was counted last
    first = next((n for n, (_, count) in enumerate(points) if count == held), 0)
    flat, rise = [count for _, count in points[first:]], rise_to(points[: first + 1], held)
    if held < LEAST or max(count for _, count in points) > held or sum(c == held for c in flat) < NEARLY * len(flat):
        return None
    since = points[first][0]
    if points[-1][0] - since < FLAT.total_seconds() or since - rise[0][0] < FILLS.total_seconds():
        return None
    if not climbs(rise, times=1.0):
        return None
    # What was in it at the first count came at the same pace: nobody may have counted the beginning.
    took = held * (since - rise[0][0]) / (held - rise[0][1])
    return Full(held, datetime.fromtimestamp(since - took, UTC), datetime.fromtimestamp(since, UTC))


def rise_to(points: Points, held: float) -> Points:
    """Return the part of a count that leads from its ordinary value, or from the first count, up to a full hand."""
    low = [n for n, (_, count) in enumerate(points) if count <= LITTLE * held]
    return points[low[-1] :] if low else points


def with_release(consumer: Workload, full: Full) -> bool:
    """Tell whether a hand filled up since a release, and the template before had far longer to do so and did not."""
    at = consumer.released_at
    if at is None or full.since <= at or not served_long(consumer, (full.since - at).total_seconds()):
        return False
    return began_with(consumer, full)


def began_with(workload: Workload, full: Full) -> bool:
    """Tell whether a hand began to fill with a release of somebody, as far as its pace tells that."""
    slack = CLOCKS + LITTLE * (full.since - full.began)
    return any(since_release(workload, began) for began in (full.began, full.began + slack))


def shared(view: View, series: Series, consumer: Workload) -> bool:
    """Tell whether somebody else takes from the same queue, or under the same name: what is counted is of both."""
    groups = {series.labels[key] for key in READS_AS if series.labels.get(key)}
    same = [w for w in view.serving if groups & groups_of(view, w)] if groups else told_to(view, name_of(series))
    return any(each is not consumer and each.wanted for each in same)


def _handed_no_more(view: View, consumer: Workload, full: Full) -> bool:
    """Tell whether work is seen to end as a hand is full: who works on has that much in work, and too much to do.

    Where nobody counts the jobs that are done, a main kind of what its pods tell has to end then. Others go on: what
    was left is handed out, and left, again and again.
    """
    if labels := labels_of(view, consumer.ref, "job_rate"):
        return all(_done_no_more(view, label, full) for label in labels)
    told = [
        (times, sum(full.since - FILLS <= at <= full.since for at in times)) for times in told_at(view, consumer.live)
    ]
    most = max((lately for _, lately in told), default=0)
    return any(
        0 < PART * most <= lately and times[-1] <= full.since + CLOCKS and ended(view, times, FLAT - CLOCKS)
        for times, lately in told
    )


def _done_no_more(view: View, label: str, full: Full) -> bool:
    was = view.figures.before("job_rate", full.since, FLAT, component=label)
    now = view.figures.now("job_rate", component=label)
    return was is not None and now is not None and now <= LEFT * was > 0


def _leaves_a_part(view: View, series: Series, full: Full) -> bool:
    """Tell whether a hand filled much more slowly than its queue grows since: the others were worked off meanwhile."""
    depth = view.figures.alone("queue_depth", series)
    before, now = depth.before("queue_depth", full.since), depth.now("queue_depth")
    took, lasts = (full.since - full.began).total_seconds(), (view.now - full.since).total_seconds()
    if before is None or now is None:
        return False
    return full.held / took <= PART * (now - before) / lasts


def others_fault(view: View, consumer: Workload, full: Full) -> bool:
    """Tell whether somebody else may keep a consumer from its word: what it asks fails or is late, or more comes.

    Whom it asks need not be complained of: it may only take ever longer, since a release of its own.
    """
    blamed = (*held_up_by(view, consumer), *blames_another(view, consumer, consumer))
    if blamed or kept_waiting(view, consumer):
        return True
    return any(ails(view, each) or began_with(each, full) for each in view.called(consumer.ref))


def _told(consumer: Workload, series: Series, full: Full) -> Evidence:
    minutes = (full.since - full.began).total_seconds() / 60
    fact = f"{full.held:.0f} messages of {name_of(series)} are handed out and not acknowledged, ever the same number"
    return Evidence("metrics", consumer.ref, f"{fact}; it took {minutes:.0f} min to get there", full.since)


def _match(view: View, consumer: Workload, full: Full, seen: tuple[Evidence, ...]) -> Match:
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
