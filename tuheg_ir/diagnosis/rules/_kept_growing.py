"""Readers that leave a part of what they are handed unacknowledged since a release, and are handed all that comes.

Where nobody limits how much a reader may hold, its hand is never full: it keeps up, its queue looks empty, and what it
left fills the broker hours later. As that takes nothing more, they have nothing left to do, and acknowledge none of it:
who is only slow would work it off now.
"""

from __future__ import annotations

from datetime import UTC, datetime

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._alarmed import Alarm
from tuheg_ir.diagnosis.rules._fell_silent import worked
from tuheg_ir.diagnosis.rules._kept_unacked import Kept
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._opened_since import climbs
from tuheg_ir.diagnosis.rules._outrun import ELSEWHERE, MANY, MOST, needs_are_there, untroubled
from tuheg_ir.diagnosis.rules._readers import QUIET, name_of, queues, queues_of, reader
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.rules.hand_full_since_release import (
    LITTLE,
    Full,
    began_with,
    others_fault,
    rise_to,
    shared,
    with_release,
)
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

SEEN = 0.1
"""Share of the time in which a hand filled that has to be measured: its pace tells when that began."""


def kept_growing(view: View, alarm: Alarm) -> Kept | None:
    """Return the reader in whose hands nearly all lies that fills a broker, evenly more since its release."""
    series = _fullest(view)
    consumer = reader(view, series) if series else None
    if series is None or consumer is None or alarm.since is None or not _may(view, alarm, consumer):
        return None
    filled = _filled(series.points, alarm.since)
    if filled is None or not with_release(consumer, filled) or _let_go(view, series.points, filled):
        return None
    if (
        shared(view, series, consumer)
        or _named_to_others(view, series, consumer)
        or _others_may(view, alarm, consumer, filled)
    ):
        return None
    if not _worked_until(view, consumer, alarm.since):
        return None
    return Kept(consumer, filled.began, _evidence(consumer, series, filled))


def _fullest(view: View) -> Series | None:
    """Return how many messages are handed out of the queue of which nearly all are that a broker keeps."""
    counted = _known(view, "queue_unacked", view.figures.series("queue_unacked"))
    every = sum(_last(each) for each in (*counted, *_known(view, "queue_depth", queues(view))))
    most = max(counted, key=_last, default=None)
    return most if most is not None and _last(most) >= max(MANY, MOST * every) else None


def _last(series: Series) -> float:
    return series.points[-1][1]


def _known(view: View, signal: str, counted: tuple[Series, ...]) -> list[Series]:
    """Return the counts of queues of a broker that go on until now."""
    of_brokers = (s for s in counted if not ELSEWHERE & s.labels.keys() and s.points)
    return [s for s in of_brokers if view.figures.alone(signal, s).now(signal) is not None]


def _may(view: View, alarm: Alarm, consumer: Workload) -> bool:
    """Tell whether a release of a consumer may have changed what it acknowledges, and nothing ails it.

    Who is told of the alarm may wait to publish, and works nothing off for that.
    """
    if role(consumer) or consumer.returned or consumer.older_pods() or consumer.ref in alarm.tellers:
        return False
    if not consumer.changed("image", "env", "command"):
        return False
    return needs_are_there(view, consumer) and untroubled(view, consumer)


def _filled(points: Points, alarm: datetime) -> Full | None:
    """Return how a hand filled up until an alarm, if it did so evenly and enough of that was counted."""
    until = [point for point in points if point[0] <= alarm.timestamp()]
    rise = rise_to(until, until[-1][1]) if until else until
    if not rise or rise[-1][1] <= rise[0][1] or not climbs(rise, times=1.0):
        return None
    (first, low), (last, high) = rise[0], rise[-1]
    took = high * (last - first) / (high - low)
    if last - first < SEEN * took:
        return None
    return Full(high, datetime.fromtimestamp(last - took, UTC), datetime.fromtimestamp(last, UTC))


def _let_go(view: View, points: Points, filled: Full) -> bool:
    """Tell whether readers acknowledge of what they hold since nothing more comes, or nobody can tell yet."""
    lasts, took = view.now - filled.since, filled.since - filled.began
    least = min(value for at, value in points if at >= filled.since.timestamp())
    return lasts < QUIET or filled.held - least > LITTLE * filled.held * (lasts / took)


def _named_to_others(view: View, series: Series, consumer: Workload) -> bool:
    """Tell whether somebody else has the name of a queue in his settings: who takes requests may read it as well."""
    others = (each for each in view.serving if each is not consumer and each.wanted)
    return any(name_of(series) in queues_of(each.template) for each in others)


def _others_may(view: View, alarm: Alarm, consumer: Workload, filled: Full) -> bool:
    """Tell whether somebody else may keep a consumer from its word, or what it reads was written with its release.

    Who was released then as well, of those who ask the same broker, may send what is left.
    """
    beside = (view.workloads.get(ref) for ref in {alarm.broker.ref, *alarm.clients(view)} - {consumer.ref})
    if others_fault(view, consumer, filled) or any(began_with(each, filled) for each in beside if each is not None):
        return True
    released = consumer.released_at
    return any(released is not None and near(at, released) for _, at in outside_changes(view, consumer))


def _worked_until(view: View, consumer: Workload, alarm: datetime) -> bool:
    """Tell whether each pod of a consumer told of its work until an alarm: who hangs is handed it and does nothing."""
    return all((told := worked(view, pod)) and told[-1] >= alarm - QUIET for pod in consumer.live)


def _evidence(consumer: Workload, series: Series, filled: Full) -> tuple[Evidence, ...]:
    queue, hours = name_of(series), (filled.since - filled.began).total_seconds() / 3600
    held = (
        f"{filled.held:.0f} messages of {queue} are handed out and not acknowledged, nearly all that the broker keeps"
    )
    pace = f"at the pace at which they became more it took {hours:.1f} h to get there"
    flat = f"as nothing more comes to {queue}, none of them is acknowledged either: nobody has them in work"
    return (
        Evidence("metrics", consumer.ref, f"{held}; {pace}", filled.began),
        Evidence("metrics", consumer.ref, flat, filled.since),
    )
