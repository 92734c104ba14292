"""A run fills a queue that its readers, just released, had no trouble with until then; and what is left of it."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._hands_work import shares_its_queue
from tuheg_ir.diagnosis.rules._helping import not_for
from tuheg_ir.diagnosis.rules._in_line import JOB_TIME
from tuheg_ir.diagnosis.rules._job_times import SLOWER, Near, took_most
from tuheg_ir.diagnosis.rules._publishing import EARLY, publishes
from tuheg_ir.diagnosis.rules._readers import LEAST, name_of, queues_of
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

AT_ONCE = timedelta(minutes=5)
"""So soon a run fills a queue that nothing else filled before it."""
CALM = timedelta(minutes=5)
"""Readers that kept a queue short for so long as they are now do not fill it of themselves."""
SOON_OVER, LATELY = timedelta(minutes=15), timedelta(minutes=10)
"""What is worked off so soon, at the pace of so long a time, is over before more pods would help."""


def filled_by_run(view: View, consumer: Workload, series: Series, grew: Turn) -> Evidence | None:
    """Return that a run, over by now or not, began just as a queue did to grow, and tells that it publishes to it.

    None where its readers were released so short a time before that nobody knows how they did without the run, or take
    longer for a job since.
    """
    if grew.since is None or not _calm(consumer, series, grew):
        return None
    longer = _longer(view, consumer, grew)
    if longer is not None and longer > SLOWER:
        return None
    for run in view.workloads.values():
        made = [pod.created for pod in run.pods if pod.created] if run.kind in BATCH else []
        if not any(-EARLY <= grew.since - at <= AT_ONCE for at in made):
            continue
        line = publishes(view, run.pods)
        if line and (shares_its_queue(view, run, consumer) or _names(run, name_of(series), line)):
            fact = f"it began as the queue did to grow, and publishes: {line.strip()[:160]}"
            return Evidence("logs", run.ref, fact, min(made))
    return None


def as_before_release(view: View, consumer: Workload, grew: Turn) -> bool:
    """Tell whether figures from before a release show that its jobs take no longer since, those of the run as well.

    The log of its pods begins with it. A mean says nothing of jobs that were but a small part of the work until then.
    """
    longer = _longer(view, consumer, grew)
    if longer is None or longer > SLOWER or grew.since is None:
        return False
    was, now = _took(view, consumer, grew.since, CALM), _took(view, consumer, view.now, CALM)
    if not was or not now:
        return False
    return now <= SLOWER * was or took_most(view, consumer, grew.since, Near.of(now))


def _longer(view: View, consumer: Workload, grew: Turn) -> float | None:
    """Return how many times as long as before its release a job took just before a queue grew; None: nobody knows."""
    if consumer.released_at is None or grew.since is None:
        return None
    was, then = _took(view, consumer, consumer.released_at), _took(view, consumer, grew.since, CALM)
    return then / was if was and then else None


def _took(view: View, consumer: Workload, moment: datetime, within: timedelta | None = None) -> float | None:
    labels = labels_of(view, consumer.ref, JOB_TIME)
    found = (view.figures.before(JOB_TIME, moment, within, component=label) for label in labels)
    return next((each for each in found if each), None)


def _names(run: Workload, queue: str, line: str) -> bool:
    """Tell whether a run names a queue in its settings, or as it tells that it publishes."""
    named = rf"(?<![\w.-]){re.escape(queue)}(?![\w-]|\.\w)"
    return bool(queue) and (queue in queues_of(run.template) or bool(re.search(named, line)))


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
