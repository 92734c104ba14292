"""What waits in a queue whose only reader somebody scaled to nought.

A worker mostly has no Service and no caller that fails: who sends goes on, and only the queue tells of it. An
autoscaler counts nothing and does nothing while there are no pods, whatever its minimum is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._readers import (
    LEAST,
    given_up,
    groups_of,
    grown,
    name_of,
    named_in,
    queues,
    queues_of,
    reader,
    waiting,
    works_on_messages,
)
from tuheg_ir.diagnosis.view.reading import whole, written
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.scaling import autoscaler, held_at_nought, may_go_to_nought
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(days=3)
"""What is taken down before a weekend is missed after it; what rests for longer was given up."""
NEAR = 0.95
"""A queue that nobody reads is about as long as it ever was."""
LONG = 4


def waits_in_vain(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that messages wait since somebody took the pods of their only reader, as figures or an alert tell."""
    since = written(workload.obj)
    if since is None or not view.recent(since, LATELY):
        return
    if may_go_to_nought(view, workload.ref) or held_at_nought(view, workload.ref):
        return
    known = [each for each in queues(view) if reader(view, each) is workload and not given_up(view, each)]
    seen = [found for each in known if (found := _unread(view, workload, each, since)) is not None]
    yield from seen
    # What figures tell of a queue says more than an alert that names it.
    names = _own(view, workload) - ({name_of(each) for each in known} if not seen else set())
    for alert in view.alerts:
        if alert.starts_at is not None and alert.starts_at >= since and (queue := _named(alert, names)):
            yield alert.fires(workload.ref, f" of {queue}, which it reads")


def meant_to_run(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield that the autoscaler of a workload is to keep pods of it, and does nothing as there are none."""
    scaler = autoscaler(view, workload.ref)
    if scaler is not None and scaler.most > 0:
        least = whole(scaler.obj, "spec", "minReplicas") or 1
        fact = f"it is to keep {least} replicas at least, and does nothing while there are none"
        yield Evidence("objects", scaler.ref, fact, scaler.blind_since)


def _unread(view: View, workload: Workload, series: Series, since: datetime) -> Evidence | None:
    """Return that a queue grows and nobody reads it; where it grew before that, who took the reader away knew why."""
    readers, turn = counted(view, series), grown(view, series)
    if readers or read_by_another(view, workload, series):
        return None
    # What waits for a group waits for nobody else.
    if turn is None and (readers == 0 or _group(series)):
        turn = _always_longer(series, since)
    if turn is None or (turn.since is not None and turn.since < since + BEFORE):
        return None
    return waiting(series, workload.ref, turn)


def _always_longer(series: Series, since: datetime) -> Turn | None:
    """Return that a queue was long when figures begin, all of them since then, and was never worked off."""
    if not series.points or series.points[0][0] < since.timestamp():
        return None
    first, now, most = series.points[0][1], series.points[-1][1], max(value for _, value in series.points)
    return Turn(first, now, None) if now >= LEAST and now > first and now >= NEAR * most else None


def _group(series: Series) -> str:
    return series.labels.get("consumergroup", "")


def counted(view: View, series: Series) -> float | None:
    """Return how many readers of a queue its broker counts; None: it does not tell."""
    group = _group(series)
    wanted = {"consumergroup": group} if group else {"component": named_in(series)}
    return view.figures.now("queue_consumers", **wanted)


def read_by_another(view: View, workload: Workload, series: Series) -> bool:
    """Tell whether somebody else who has pods reads under the name of a group, or is told to read the queue."""
    if group := _group(series):
        return any(group in groups_of(view, each) for each in view.serving if each.wanted and each is not workload)
    return _told_another(view, workload, name_of(series))


def _told_another(view: View, workload: Workload, queue: str) -> bool:
    others = (each for each in view.serving if each.wanted and each is not workload and works_on_messages(view, each))
    return any(queue in queues_of(each.template) for each in others)


def _own(view: View, workload: Workload) -> set[str]:
    """Return the queues that a workload alone is told to read, but those whose names are words like any."""
    named = {each for each in queues_of(workload.template) if len(each) >= LONG}
    own = named if works_on_messages(view, workload) else set()
    return {each for each in own if not _told_another(view, workload, each)}


def _named(alert: Alert, names: set[str]) -> str:
    """Return the queue that an alert is about: a label is its name, or a sentence has it."""
    labels = {str(value) for value in alert.labels.values()}
    words = set(re.findall(r"[\w.:/-]*\w", " ".join(map(str, alert.annotations.values()))))
    return next(iter(sorted(names & labels) or sorted(names & words)), "")
