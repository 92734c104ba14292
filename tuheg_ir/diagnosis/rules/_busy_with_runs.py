"""Runs of a schedule that overlap ever more on a data service until it has no processor left for anybody else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._asking import asker
from tuheg_ir.diagnosis.rules._helping import behind, not_for
from tuheg_ir.diagnosis.rules._holders import holders, measured_holders
from tuheg_ir.diagnosis.rules._saturated import Saturated, saturated
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.pods import Pod, controller
from tuheg_ir.diagnosis.view.reading import created, moment, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

DAY = timedelta(days=1)
"""What a schedule was made a day ago it may have borne at night, and bear no more when users come."""
MANY, MANY_BEFORE = 5, 3
"""So many runs at once, and so many before anything was slow, are no one run that a slow store lets last."""
FEW, FEW_BEFORE = 3, 2
"""Where its schedule was edited lately, so many are enough."""


def going_on(schedule: Workload) -> list[Pod]:
    """Return the pods of the runs that go on, one of each, the oldest first."""
    by_job = {controller(pod.obj): pod for pod in schedule.live if pod.node and pod.created}
    return sorted(by_job.values(), key=lambda pod: str(pod.created))


def busy_with_runs(view: View, schedule: Workload) -> Iterator[Match]:
    """Yield that runs of a schedule overlapped before a store that they ask had no processor left, and do ever more.

    Not where the release of another one of those who ask it, more users, or another one's long statements came with it.
    """
    for found in saturated(view):
        if schedule.ref not in clients(view, found.store.ref) or not found.since or found.released:
            continue
        runs, edit = going_on(schedule), _edited(view, schedule, found.since)
        before = _at_once(view, schedule, runs, found.since)
        many, some = (FEW, FEW_BEFORE) if edit else (MANY, MANY_BEFORE)
        if len(runs) >= many and before >= some and not _otherwise(view, schedule, found):
            yield _match(view, schedule, runs, before, found, edit)


def _edited(view: View, schedule: Workload, busy: datetime) -> datetime | None:
    """Return when a schedule was edited on this day, before a store had too much to do; None if it was not."""
    at = edited(schedule.obj)
    return at if at is not None and view.recent(at, DAY) and at < busy else None


def _at_once(view: View, schedule: Workload, runs: list[Pod], then: datetime) -> int:
    """Return how many runs went on at a time: those that still do, and those that were over later."""
    since = sum(pod.created is not None and pod.created <= then for pod in runs)
    jobs = (job for job in view.snapshot.of("Job") if controller(job) == schedule.ref)
    times = ((created(job), moment(job, "status", "completionTime")) for job in jobs)
    return since + sum(made is not None and over is not None and made <= then < over for made, over in times)


def _otherwise(view: View, schedule: Workload, found: Saturated) -> bool:
    """Tell whether somebody else may be why a store is busy, or the runs have sessions there that do nothing."""
    if any((traffic_growth(view, ref) or 1.0) >= MORE for ref in found.callers):
        return True
    asks = asker(view, found.store, found.since)
    if asks is not None and asks[0] != schedule.ref:
        return True
    told = [each for database in view.databases if database.ref == found.store.ref for each in holders(database)]
    own = [each for each in told or measured_holders(view, found.store.ref) if each.ref == schedule.ref]
    states = {session.state for each in own for session in each.sessions} - {""}
    return bool(states) and "active" not in states


def _match(
    view: View, schedule: Workload, runs: list[Pod], before: int, found: Saturated, edit: datetime | None
) -> Match:
    ref, began = found.store.ref, oldest(pod.created for pod in runs)
    fact = f"{len(runs)} runs of it go on, the first since {began:%H:%M} UTC; {before} did when {ref} became busy"
    edits = (Evidence("objects", schedule.ref, "it was edited within the day before that", edit),) if edit else ()
    suffer = behind(view, ref, but=schedule.ref)
    others = tuple(each for each in suffer if each != ref)
    return Match(
        component=schedule.ref,
        evidence=(Evidence("objects", schedule.ref, fact, began), *edits, *found.busy[:2], *found.hurts[:2]),
        certainty=0.7 if edit else 0.65,
        root_cause="configuration_error" if edit else "",
        since=oldest((began, found.began)),
        explains=suffer,
        excludes=(
            *not_for(others, f"the runs that pile up keep {ref} busy: nothing done to who asks it ends them"),
            *not_for((ref,), "a restart ends everybody's work, and the next runs come soon", ("restart_workload",)),
        ),
    )
