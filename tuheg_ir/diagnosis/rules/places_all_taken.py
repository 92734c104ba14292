"""A worker counts that all its places are taken, and more waits than it has in them: what waits is not even looked at.

Those in the places end as often as ever: it is their number that is too large, and another worker brings places.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import PEAK
from tuheg_ir.diagnosis.rules._fed_by import OLD
from tuheg_ir.diagnosis.rules._held_up import few_of_its_lines, held_up_by
from tuheg_ir.diagnosis.rules._in_line import JOBS_DONE, remedy_in_line
from tuheg_ir.diagnosis.rules._outage_over import LATE
from tuheg_ir.diagnosis.rules._readers import name_of, queues, reader
from tuheg_ir.diagnosis.rules._slackened import SLACK
from tuheg_ir.diagnosis.rules._worked_off import NEARLY_S, OF_QUEUES, falls, left_s, quarters
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

LONG = timedelta(minutes=15)
"""Places that are taken for so long were not filled by a burst."""
MOSTLY = 0.9
"""A place that was left at a moment between two jobs is none that nobody wants."""
SOME = 10.0
"""So few wait between the moments at which the one counts what waits, and the other what it has in work."""
LEFT = "places_left"


def when(view: View) -> Iterator[Match]:
    """No place is left for long, what waits finds none, those that have one end as ever, and somebody misses it."""
    for worker in view.serving:
        if role(worker) or not (taken := _all_taken(view, worker)) or _changed(view, worker):
            continue
        waits = next((each for each in queues(view) if reader(view, each) is worker and _waits(each)), None)
        does = _does_on(view, worker)
        missed = _missed(view, worker)
        if waits is None or does is None or not missed:
            continue
        remedy, seen, barred = remedy_in_line(view, worker)
        many = waits.points[-1][1]
        why = "what has a place begins anew, and there are no more of them than before"
        yield Match(
            component=worker.ref,
            evidence=(
                taken,
                Evidence("metrics", worker.ref, f"{many:.0f} wait for one in {name_of(waits) or 'line'}"),
                does,
                worker.standing(),
                *missed[:2],
                *seen,
            ),
            certainty=0.5,
            remedy=remedy,
            since=taken.time,
            excludes=(*barred, *excluding(worker.ref, why, *RESTARTS, "rollback_workload")),
        )


def _all_taken(view: View, worker: Workload) -> Evidence | None:
    """Return that a worker has no place left for long; a moment now and then between two jobs is no end of it."""
    labels, since = labels_of(view, worker.ref, LEFT), []
    for label in labels:
        for each in view.figures.series(LEFT, component=label):
            last = [value for _, value in _lately(each)]
            if len(last) < 2 or view.figures.now(LEFT, component=label) is None or last[-1] >= 1.0:
                return None
            if sum(value < 1.0 for value in last) < MOSTLY * len(last):
                return None
            since.append(view.figures.crossed(LEFT, 1.0, below=True, component=label))
    began = max((at for at in since if at), default=None)
    fact = "it has no place left for a further job, by its own count"
    return Evidence("metrics", worker.ref, fact, began) if since else None


def _lately(series: Series) -> list[tuple[float, float]]:
    """Return the points of the last minutes; [] where a series does not go back so far."""
    if not series.points or series.points[-1][0] - series.points[0][0] < LONG.total_seconds():
        return []
    return [point for point in series.points if point[0] >= series.points[-1][0] - LONG.total_seconds()]


def _waits(series: Series) -> bool:
    """Tell whether more waited all the time than can lie between two counts, and will in minutes."""
    last = _lately(series)
    over = falls([value for _, value in series.points]) and left_s(series) <= NEARLY_S
    return bool(last) and min(value for _, value in last) >= SOME and not over


def _does_on(view: View, worker: Workload) -> Evidence | None:
    """Return that a worker ends jobs all the time, a good part of as many as before, and fails at few.

    Where those that have a place wait in vain, or for somebody who is slow, hardly any end: further places would only
    hold more of them.
    """
    if errors(view, worker.ref) or held_up_by(view, worker) or not few_of_its_lines(view, worker, None):
        return None
    for label in labels_of(view, worker.ref, JOBS_DONE):
        for each in view.figures.series(JOBS_DONE, component=label):
            means = quarters([value for _, value in each.points])
            if means and min(means) > SLACK * means[0] > 0:
                return Evidence("metrics", worker.ref, f"it ends {means[3]:.2g} jobs a second, {means[0]:.2g} before")
    return None


def _changed(view: View, worker: Workload) -> bool:
    """Tell whether a worker, or what it reads, is not what it was at the last peak: it may have had more places."""
    return releases(view, worker, PEAK) or any(view.recent(at, PEAK) for _, at in outside_changes(view, worker))


def _missed(view: View, worker: Workload) -> tuple[Evidence, ...]:
    """Return the alerts that tell that something waits or is late; what is full to its limit may be just well used."""
    return tuple(
        Evidence("alerts", view.about_alert(alert) or worker.ref, f"alert {alert.name} fires", alert.starts_at)
        for alert in view.alerts
        if any(words.search(alert.said) for words in (LATE, OLD, OF_QUEUES))
    )


RULE = Rule(
    name="places_all_taken",
    title="A worker has no place left for what waits",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no worker counts that all its places are taken while more waits",
    follows=True,
)
