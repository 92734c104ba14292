"""A log calls overdue what waits since the minutes in which another one, who shares a store with it, was started."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._blames_another import blames_another
from tuheg_ir.diagnosis.rules._failed_before import failed_before
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._onset import near, others_written
from tuheg_ir.diagnosis.rules._waited_before import SLACK, overdue_since
from tuheg_ir.diagnosis.view.marked import Marked, complained, marked
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import release_cause, release_evidence, since_release, works_otherwise
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

NEAR = timedelta(minutes=3)
"""So far from the start of who leaves it undone was given to him what waits longest."""
SHOWN, STARTED = 0.4, 0.25
"""How sure: where all its pods tell of one error since their release, and where they were only started."""


def when(view: View) -> Iterator[Match]:
    """What a log calls overdue was given to somebody as all pods of one other workload were started, and since.

    That is older than a release of who tells it. Whoever leaves it undone says nothing of it, mostly: what was under
    way as its pods went may lie where the new ones do not look.
    """
    for teller in view.serving:
        words, since = _overdue(view, teller)
        if words is None or since is None or role(teller) in DATA:
            continue
        if teller.changes and teller.released_at is not None and teller.released_at < since + SLACK:
            continue
        started = [w for w in view.serving if w is not teller and not role(w) and _started_at(w, since)]
        if len(started) == 1 and _is_near(view, teller, started[0]):
            yield _match(view, teller, words, since, started[0])


def _overdue(view: View, teller: Workload) -> tuple[Marked | None, datetime | None]:
    found = ((words, overdue_since(view, teller, words)) for words in complained(view, teller))
    return next(((words, since) for words, since in found if since is not None), (None, None))


def _started_at(workload: Workload, moment: datetime) -> bool:
    """Tell whether all pods of a workload were started about then."""
    starts = [pod.started for pod in workload.live]
    return bool(starts) and all(at is not None and abs(at - moment) <= NEAR for at in starts)


def _is_near(view: View, one: Workload, other: Workload) -> bool:
    """Tell whether one of two asks the other, or both use one store or broker."""
    mine, its = (view.graph.calls.get(each.ref, set()) for each in (one, other))
    shared = (view.workloads[ref] for ref in mine & its if ref in view.workloads)
    return one.ref in its or other.ref in mine or any(role(each) in DATA for each in shared)


def _fails_since(view: View, workload: Workload) -> Marked | None:
    """Return the error that all newest pods repeat since their release, and that is none of others'.

    None where a setting was written with it too, which no rollback takes back.
    """
    if not works_otherwise(workload) or workload.returned or blames_another(view, workload, workload):
        return None
    if failed_before(view, workload) or any(each.ready < each.wanted for each in view.called(workload.ref)):
        return None
    came = workload.released_at
    if came is None or any(at is not None and near(at, came) for at in others_written(view)):
        return None
    newest = {pod.name for pod in workload.newest_pods()}
    told = (e for e in marked(view, workload) if set(e.pods) == newest and all(e.lately.get(pod) for pod in newest))
    return next((each for each in told if since_release(workload, each.since)), None)


def _match(view: View, teller: Workload, words: Marked, since: datetime, started: Workload) -> Match:
    fails = _fails_since(view, started)
    told = f"{words.count} lines tell of what waits since then: {words.line}"
    suffer = behind(view, teller.ref, but=started.ref)
    shown = (
        (
            Evidence("logs", started.ref, f"{fails.count} lines since its release: {fails.line}", fails.since),
            *release_evidence(started),
        )
        if fails
        else ()
    )
    came = min(pod.started for pod in started.live if pod.started is not None)
    return Match(
        component=started.ref,
        evidence=(
            Evidence("logs", teller.ref, told, since),
            Evidence("objects", started.ref, "all its pods were started, and nobody else's", came),
            *shown,
        ),
        certainty=SHOWN if fails else STARTED,
        root_cause=release_cause(view, started) if fails else "",
        remedy="rollback_workload" if fails else "",
        since=min(since, came),
        explains=tuple(ref for ref in suffer if ref in view.workloads),
        excludes=not_for((teller.ref,), f"what it calls overdue lies with {started.ref}, since before its own release"),
    )


RULE = Rule(
    name="overdue_since_a_start",
    title="What is overdue waits since another one was started",
    root_cause="service_crash",
    remedy="page_human",
    tier=Tier.PATTERN,
    when=when,
    why_not="nothing overdue waits since the one other workload was started that shares a store with who tells of it",
    follows=True,
)
