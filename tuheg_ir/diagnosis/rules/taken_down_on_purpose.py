"""Services were taken down by hand for work on their data: to bring them back would let them write into it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._at_rest import AtRest, at_rest, bases, ended
from tuheg_ir.diagnosis.rules._helping import ON_CALLERS, behind, not_for
from tuheg_ir.diagnosis.state import signs_of_trouble
from tuheg_ir.diagnosis.view.batch import failed_runs, verdict
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.reading import whole
from tuheg_ir.diagnosis.view.scaling import held_at_nought
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LATELY = timedelta(minutes=10)
"""A run whose log is silent for longer may hang."""


def when(view: View) -> Iterator[Match]:
    """Services rest since moments before a run by hand on their data, or since another was put in their place.

    Nothing is wrong only where several were taken down, their users sent elsewhere, or an autoscaler told to hold each
    at nought, the run tells that it gets on, and nobody else suffers. Else whoever took them down has to say what is to
    be done.
    """
    for each in at_rest(view):
        refs = [workload.ref for workload in each.workloads]
        alerted = [ref for ref in (view.about_alert(alert) for alert in view.alerts) if ref in refs]
        working = [told for run in each.runs if (told := _gets_on(view, run))]
        meant = len(refs) > 1 or bool(each.instead) or all(held_at_nought(view, ref) for ref in refs)
        calm = meant and bool(working) and not failed_runs(view) and _nothing_else(view, each)
        if not calm and not any(signs_of_trouble(view)):
            continue  # nobody misses them
        component = (alerted or sorted(refs))[0]
        yield Match(
            component=component,
            root_cause="no_fault" if calm else "",
            remedy="no_action" if calm else "",
            evidence=(*_rests(each), *(seen for told in working for seen in told), *_of(view, alerted)),
            certainty=0.65 if calm else 0.5,
            since=each.since,
            explains=tuple(ref for ref in _explained(view, each) if ref != component),
            excludes=not_for(refs, _why(each), ON_CALLERS),
        )


def _gets_on(view: View, run: Workload) -> tuple[Evidence, ...]:
    """Return that a run is at work and told so a moment ago; () if it is over, complains, or nobody can tell."""
    if not whole(run.obj, "status", "active") or ended(run) or crashes(view, run) or view.hits_of(run.ref):
        return ()
    for log in view.logs_of(run.live, previous=False):
        last = times_around(log.lines)[0][-1] if log.lines else None
        if last is not None and view.recent(last, LATELY) and not marked(view, run):
            return (
                Evidence("objects", run.ref, "it was begun by hand since, and is at work", run.live[0].created),
                Evidence("logs", f"Pod/{log.pod}", log.lines[-1], last),
            )
    return ()


def _nothing_else(view: View, each: AtRest) -> bool:
    """Tell whether all that is wrong is of those at rest, or a page that says so by an error.

    What is worked on may be slow and say so; nobody wants it to lose pods, or alerts to tell of it.
    """
    worked_on = {ref for run in each.runs for ref in bases(view, run)}
    serving = {ref for _, refs in each.instead for ref in refs}
    known = {*(workload.ref for workload in each.workloads), *serving}
    others = (sign for sign in signs_of_trouble(view) if sign.object not in known)
    return all(sign.object in worked_on and sign.source in ("metrics", "logs") for sign in others)


def _explained(view: View, each: AtRest) -> tuple[str, ...]:
    """Return all that suffers, or was changed, because services were taken down."""
    down = behind(view, *(workload.ref for workload in each.workloads))
    instead = [ref for route, refs in each.instead for ref in (route.object, *refs)]
    runs = [run.ref for run in each.runs if not verdict(run.obj)[0]]  # one that failed has a cause of its own
    return (*down, *runs, *instead)


def _rests(each: AtRest) -> Iterator[Evidence]:
    for workload in each.workloads[:4]:
        yield Evidence("objects", workload.ref, "it was scaled to 0 replicas", each.since)
    yield from (seen for seen, _ in each.instead[:1])
    for run in each.runs:
        if done := ended(run):
            yield Evidence("objects", run.ref, "it was begun by hand since, and is done", done)


def _of(view: View, alerted: list[str]) -> Iterator[Evidence]:
    for alert in view.alerts:
        if view.about_alert(alert) in alerted:
            yield alert.fires(view.about_alert(alert))


def _why(each: AtRest) -> str:
    """Return why nobody may bring those at rest back without being told to."""
    run = next((run.ref for run in each.runs if not ended(run)), "")
    return f"it was taken down for {run}, which is not done" if run else "it was taken down on purpose"


RULE = Rule(
    name="taken_down_on_purpose",
    title="Services were taken down for work on their data, or with another in their place",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no services were scaled to nothing for a run on their data or with another put in their place",
)
