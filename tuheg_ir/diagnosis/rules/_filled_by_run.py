"""A run fills a queue that its readers, just released, had no trouble with until then; and what is left of it."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._publishing import EARLY, publishes
from tuheg_ir.diagnosis.rules._readers import LEAST
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

AT_ONCE = timedelta(minutes=5)
"""So soon a run fills a queue that nothing else filled before it."""
CALM = timedelta(minutes=5)
"""Readers that kept a queue short for so long as they are now do not fill it of themselves."""
SOON_OVER, LATELY = timedelta(minutes=15), timedelta(minutes=10)
"""What is worked off so soon, at the pace of so long a time, is over before more pods would help."""


def filled_by_run(view: View, consumer: Workload, series: Series, grew: Turn) -> Evidence | None:
    """Return that a run, over by now or not, began just as a queue did to grow, and tells that it publishes.

    None where its readers were released so short a time before that nobody knows how they did without the run.
    """
    if grew.since is None or not _calm(consumer, series, grew):
        return None
    for run in view.workloads.values():
        made = [pod.created for pod in run.pods if pod.created] if run.kind in BATCH else []
        if not any(-EARLY <= grew.since - at <= AT_ONCE for at in made):
            continue
        if line := publishes(view, run.pods):
            fact = f"it began as the queue did to grow, and publishes: {line.strip()[:160]}"
            return Evidence("logs", run.ref, fact, min(made))
    return None


def _calm(consumer: Workload, series: Series, grew: Turn) -> bool:
    """Tell whether readers kept their queue short between their release and when it began to grow."""
    if consumer.released_at is None or grew.since is None or grew.since - consumer.released_at < CALM:
        return False
    start, end = consumer.released_at.timestamp(), (grew.since - EARLY).timestamp()
    between = [value for at, value in series.points if start <= at <= end]
    return bool(between) and max(between) < LEAST


def nearly_empty(series: Series) -> bool:
    """Tell whether a queue becomes shorter so fast that it is empty soon."""
    last, now = series.points[-1]
    lately = [(at, value) for at, value in series.points if last - at <= LATELY.total_seconds()]
    first, was = lately[0]
    return now < was and now * (last - first) <= (was - now) * SOON_OVER.total_seconds()


def left_of_run(consumer: Workload, grew: Turn, told: tuple[Evidence, ...]) -> Match:
    """Return that what a run has left in a queue is soon worked off: nothing has to be done for it."""
    why = "it has nearly worked off what a run sent: further pods come when that is over"
    return Match(
        component=consumer.ref,
        evidence=told,
        certainty=0.4,
        remedy="page_human",
        since=grew.since,
        excludes=not_for((consumer.ref,), why, ("scale_workload", "rollback_workload")),
    )
