"""A worker counts that all its places are taken, and more waits than it has in them: what waits is not even looked at.

Those in the places end as often as ever: it is their number that is too large, and another worker brings places.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._capacity import PEAK
from tuheg_ir.diagnosis.rules._concerned import about
from tuheg_ir.diagnosis.rules._fed_by import OLD
from tuheg_ir.diagnosis.rules._hands_work import shares_its_queue
from tuheg_ir.diagnosis.rules._held_up import few_of_its_lines, held_up_by
from tuheg_ir.diagnosis.rules._in_line import EXPLAINED, JOB_TIME, JOBS_DONE, JOBS_IN_WORK, remedy_in_line
from tuheg_ir.diagnosis.rules._job_times import Near, alike, of_another_kind
from tuheg_ir.diagnosis.rules._keeper import keeper
from tuheg_ir.diagnosis.rules._outage_over import LATE
from tuheg_ir.diagnosis.rules._readers import name_of, named_in, queues, reader
from tuheg_ir.diagnosis.rules._slackened import SLACK
from tuheg_ir.diagnosis.rules._unread_queue import labelled
from tuheg_ir.diagnosis.rules._worked_off import NEARLY_S, OF_QUEUES, falls, left_s, quarters
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

LONG = timedelta(minutes=15)
"""Places that are taken for so long were not filled by a burst."""
MOSTLY = 0.9
"""A place that was left at a moment between two jobs is none that nobody wants."""
SOME = 10.0
"""So few wait between the moments at which the one counts what waits, and the other what it has in work."""
MORE = 1.2
"""Where places were free jobs that take as long as ever fill them only if clearly more of them end than before."""
FLAT = 0.05
"""What waits, and changes by less than so large a part of itself within the hour, is neither more nor less."""
LEFT = "places_left"
_LATENCY = late(r"latenc(?:y|ies)", re.IGNORECASE)
"""How long requests take, of whoever it is: only of a worker that is how late it comes to what waits."""


def when(view: View) -> Iterator[Match]:
    """No place is left for long, what waits finds none, those that have one end as ever, and somebody misses it."""
    for worker in view.serving:
        if role(worker) or worker.ready < worker.wanted:
            continue  # what is pending may be its pods: more of them would not come up either
        if not (taken := _all_taken(view, worker)) or _changed(view, worker):
            continue
        reads = [each for each in queues(view) if reader(view, each) is worker]
        waits = next((each for each in reads if _waits(each) and not _as_ever(taken, each)), None)
        if waits is None or not (does := _does_on(view, worker)) or not (missed := _missed(view, worker, reads)):
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


def _as_ever(taken: Evidence, waits: Series) -> bool:
    """Tell whether as many wait as an hour ago, and no place was left then either: so it goes all the time."""
    means = quarters([value for _, value in waits.points])
    flat = bool(means) and max(means) - min(means) <= FLAT * max(means)
    return flat and taken.time is not None and taken.time <= datetime.fromtimestamp(waits.points[0][0], UTC)


def _does_on(view: View, worker: Workload) -> Evidence | None:
    """Return that a worker ends jobs all the time, a good part of as many as before, and fails at few.

    Where those that have a place wait in vain, or for somebody who is slow, hardly any end, or each takes longer:
    further places would only hold more of them, and ask more of whom they wait for.
    """
    if errors(view, worker.ref) or held_up_by(view, worker) or not few_of_its_lines(view, worker, None):
        return None
    needs = (view.workloads[ref] for ref in view.graph.needs(worker.ref) if ref in view.workloads and ref != worker.ref)
    if any(starving(view, each) for each in needs) or _takes_longer(view, worker):
        return None
    more = _more_to_fill(view, worker)
    for means in _means(view, worker, JOBS_DONE):
        if min(means) > SLACK * means[0] > 0 and means[3] >= more * means[0]:
            return Evidence("metrics", worker.ref, f"it ends {means[3]:.2g} jobs a second, {means[0]:.2g} before")
    return None


def _means(view: View, worker: Workload, signal: str) -> list[list[float]]:
    """Return the means of the quarters of an hour of each series of a worker's signal."""
    series = (s for label in labels_of(view, worker.ref, signal) for s in view.figures.series(signal, component=label))
    return [means for each in series if (means := quarters([value for _, value in each.points]))]


def _takes_longer(view: View, worker: Workload) -> bool:
    """Tell whether a worker's jobs do not take as long as an hour ago, though they are of the kinds that came then."""
    for means in _means(view, worker, JOB_TIME):
        if all(alike(means[0], each) for each in means):
            continue
        if not of_another_kind(view, worker, view.now - LONG, Near.of(means[3])):
            return True
    return False


def _more_to_fill(view: View, worker: Workload) -> float:
    """Return how many times as many jobs have to end as an hour ago if nothing but their number took the places.

    So many are in work as end in a time, times what each takes. Where no place was left then either it is 0.
    """
    if not any(means[0] >= 1.0 for means in _means(view, worker, LEFT)):
        return 0.0
    busy = (means[3] / means[0] for means in _means(view, worker, JOBS_IN_WORK) if means[0] > 0)
    return max((EXPLAINED * each for each in busy), default=MORE)


def _changed(view: View, worker: Workload) -> bool:
    """Tell whether a worker, or what it reads, is not what it was at the last peak: it may have had more places."""
    return releases(view, worker, PEAK) or any(view.recent(at, PEAK) for _, at in outside_changes(view, worker))


def _missed(view: View, worker: Workload, reads: list[Series]) -> tuple[Evidence, ...]:
    """Return the alerts that tell that something waits or is late; what is full to its limit may be just well used."""
    return tuple(
        alert.fires(view.about_alert(alert) or worker.ref)
        for alert in view.alerts
        if _tells_of_it(view, alert, worker, reads)
    )


def _tells_of_it(view: View, alert: Alert, worker: Workload, reads: list[Series]) -> bool:
    """Tell whether an alert tells that something waits or is late for want of a worker, which reads some queues.

    It has to be about that one, what keeps those queues, who may send to them, or nobody who is known, and name none of
    others' queues.
    """
    subject = about(view, alert)
    said = alert.said if subject == worker.ref else _LATENCY.sub("", alert.said)
    if not any(words.search(said) for words in (LATE, OLD, OF_QUEUES)):
        return False
    if subject != worker.ref and (named := labelled(alert)) and named.isdisjoint(map(name_of, reads)):
        return False
    if subject in ("", worker.ref, *(keeper(view, named_in(each)) for each in reads)):
        return True
    other = view.workloads.get(subject)
    sends = other is not None and not role(other) and shares_its_queue(view, other, worker)
    return sends or subject in view.graph.callers(worker.ref)


RULE = Rule(
    name="places_all_taken",
    title="A worker has no place left for what waits",
    root_cause="capacity",
    remedy="scale_workload",
    tier=Tier.SYMPTOM,
    when=when,
    why_not="no worker counts that all its places are taken while more waits",
    follows=True,
    heard=True,
)
