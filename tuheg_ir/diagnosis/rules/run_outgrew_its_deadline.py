"""Runs of a CronJob take longer than they may (activeDeadlineSeconds), as the last ones that were well nearly did.

What a run works on grows, its deadline does not: one night it is ended short of its end, and each night after that. A
run that hangs tells itself apart: those before it were done long before the deadline.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rule import Match, Rule, Tier
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.view.batch import LATELY, complete, ended, started, verdict
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import moment, name, newest, ref, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

NEARLY = 0.75
"""A run that took such a share of the deadline was near it."""
LAST = 3
"""So many runs that were well tell how long one takes."""
DAYS = timedelta(days=3)
"""What has failed for longer is not what somebody was called for now."""
SLACK = timedelta(minutes=2)
"""An alert may begin so long before the cluster has noted a failure."""
_REASON = "DeadlineExceeded"


class _Outgrown(NamedTuple):
    """The runs that were ended at their deadline (seconds), the oldest first, and how long the well ones took."""

    failed: tuple[Obj, ...]
    deadline: int
    took: tuple[float, ...]
    goes_on: tuple[Obj, ...]


def when(view: View) -> Iterator[Match]:
    """All runs since the last that was well were ended at their deadline, which that one nearly reached; it is felt."""
    for workload in view.workloads.values():
        found = _outgrown(view, workload) if workload.kind == "CronJob" else None
        if found is None:
            continue
        first, last = (verdict(found.failed[n])[1] for n in (0, -1))
        missed = tuple(_missed(view, workload, first)) if first else ()
        if view.recent(last, LATELY) or (missed and view.recent(last, DAYS)):
            yield _match(view, workload, found, missed, first)


def _outgrown(view: View, workload: Workload) -> _Outgrown | None:
    """Return the runs of a CronJob that took too long, as far as those before tell that they had to; None if not so."""
    runs = [job for job in view.snapshot.of("Job") if controller(job) == workload.ref]
    runs.sort(key=lambda job: (started(job) or view.now, name(job)))
    well = [job for job in runs if complete(job)]
    done = newest([moment(workload.obj, "status", "lastSuccessfulTime"), *(ended(job) for job in well)])
    since = [job for job in runs if verdict(job)[0] and done is not None and (started(job) or done) >= done]
    took = tuple(spent for job in well[-LAST:] if (spent := _took(job)))
    deadline = min((whole(job, "spec", "activeDeadlineSeconds") for job in since), default=0)
    if not since or not deadline or max(took, default=0.0) < NEARLY * deadline or not all(map(_in_one_go, since)):
        return None
    goes_on = tuple(job for job in runs if started(job) and ended(job) is None and whole(job, "status", "active"))
    return _Outgrown(tuple(since), deadline, took, goes_on)


def _took(job: Obj) -> float:
    begun, over = started(job), ended(job)
    return (over - begun).total_seconds() if begun and over else 0.0


def _in_one_go(job: Obj) -> bool:
    """Tell whether a run was ended at its deadline as its pods worked: retries use it up otherwise."""
    at_once = whole(job, "spec", "parallelism") or 1
    return verdict(job)[0].startswith(_REASON) and whole(job, "status", "failed") <= at_once


def _missed(view: View, workload: Workload, first: datetime) -> Iterator[Evidence]:
    """Yield the alerts that are about the runs, or began since the first of them was ended."""
    for alert in view.alerts:
        about = view.about_alert(alert) or workload.ref
        if about == workload.ref or (alert.starts_at is not None and alert.starts_at >= first - SLACK):
            yield alert.fires(about)


def _match(
    view: View, workload: Workload, found: _Outgrown, missed: tuple[Evidence, ...], first: datetime | None
) -> Match:
    newest_run = found.failed[-1]
    why, at = verdict(newest_run)
    ends = f"{len(found.failed)} runs in a row" if len(found.failed) > 1 else "the run"
    minutes = ", ".join(f"{spent / 60:.0f}" for spent in found.took)
    before = f"the last runs that were well took {minutes} minutes, and it may take {found.deadline / 60:.0f}"
    going = (
        Evidence("objects", ref(job), "it goes on, and may take no longer", started(job))
        for job in found.goes_on
        if whole(job, "spec", "activeDeadlineSeconds") == found.deadline
    )
    others = (w for w in view.serving if share_a_store(view, workload, w))
    return Match(
        component=workload.ref,
        evidence=(
            Evidence("objects", ref(newest_run), f"{ends} failed: {why}", at),
            Evidence("objects", workload.ref, before, first),
            *going,
            *missed[:2],
        ),
        certainty=0.7,
        since=first,
        explains=tuple(sorted({*(w.ref for w in others), *behind(view, workload.ref, but=workload.ref)})),
        excludes=not_for((workload.ref,), "a further run may take no longer than this one", ("restart_workload",)),
    )


RULE = Rule(
    name="run_outgrew_its_deadline",
    title="Runs take longer than they may, as the last good ones nearly did",
    root_cause="configuration_error",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no run was ended at a deadline that the runs before had nearly reached",
    follows=True,
)
