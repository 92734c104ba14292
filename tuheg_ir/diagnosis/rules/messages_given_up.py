"""A reader gives up what it takes: its messages lie in a dead letter queue, and are not waiting for anybody.

Neither more readers nor new ones help: what they do not get done, they give up as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._figures import Turn
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._keeper import keeper
from tuheg_ir.diagnosis.rules._readers import given_up, gives_up, grown, named_in, queues
from tuheg_ir.diagnosis.view.marked import complained
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

FEW = 10.0
"""So many more than lay there before begin a growth: what was given up stays, so each one counts."""


def when(view: View) -> Iterator[Match]:
    """A queue of messages that were given up grew."""
    for series in queues(view):
        grew = grown(view, series)
        own = given_up(view, series) if grew is not None else ""
        if grew is None or not own:
            continue
        workload, began = gives_up(view, series, own), _began(view, series, grew)
        ref = workload.ref if workload else keeper(view, named_in(series))
        lie = f"{grew.before:.0f} messages lay in {named_in(series)}, given up; now {grew.now:.0f}"
        seen = Evidence("metrics", ref, lie, began)
        if workload is None:
            yield Match(component=ref, evidence=(seen,), certainty=0.4, since=began)
        elif workload.ready:
            yield _of_reader(view, workload, seen, began)


def _of_reader(view: View, workload: Workload, seen: Evidence, began: datetime | None) -> Match:
    released = since_release(workload, began) and not _others_released(view, workload, began)
    more = "what it does not get done, further and new pods give up as well"
    return Match(
        component=workload.ref,
        evidence=(*(release_evidence(workload) if released else ()), seen, *_told(view, workload)),
        certainty=0.65 if released else 0.4,
        root_cause=release_cause(view, workload) if released else "",
        remedy="rollback_workload" if released else "",
        since=began,
        explains=behind(view, workload.ref, but=workload.ref),
        excludes=not_for((workload.ref,), more, (*RESTARTS, "scale_workload")),
    )


def _began(view: View, series: Series, grew: Turn) -> datetime | None:
    """Return when the first of the messages were given up."""
    return view.figures.alone("queue_depth", series).crossed("queue_depth", grew.before + FEW)


def _told(view: View, workload: Workload) -> Iterator[Evidence]:
    """Yield what all newest pods of a workload repeat, most told first."""
    newest = {pod.name for pod in workload.newest_pods()}
    for each in [each for each in complained(view, workload) if set(each.pods) == newest][:1]:
        yield Evidence("logs", workload.ref, f"{each.count} lines: {each.line}", each.since)


def _others_released(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether what sends the messages, or anything else, was released in the same minutes."""
    return any(w is not workload and role(w) not in DATA and since_release(w, began) for w in view.serving)


RULE = Rule(
    name="messages_given_up",
    title="A reader gives its messages up, and they pile up in a dead letter queue",
    root_cause="unknown",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="no dead letter queue is many times as long as it was",
    follows=True,
)
