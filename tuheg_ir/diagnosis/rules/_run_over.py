"""A run of a schedule slowed everybody down, as it does each time, and is over: everything is as before since its end.

An alert may look back over hours and tell of it for as long, while a release that came amid it, an edit before it and
whatever warnings logs repeat are there to be suspected. The end of a run is the proof: users suffered within it only.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._still_fails import still_fails
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.batch import complete, ended, started
from tuheg_ir.diagnosis.view.marked import Marked, complains, is_marked
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import name
from tuheg_ir.diagnosis.view.silent import says
from tuheg_ir.diagnosis.view.trouble import ERRORS, SLOW_S, SLOWER, labels_of, serves_well, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

CLOCKS = timedelta(minutes=1)
AFTER = timedelta(minutes=3)
"""So long after a run what is measured over minutes is as before."""
PAST = timedelta(minutes=10)
"""What ended so long ago is over."""
BEFORE = timedelta(minutes=3)
"""What a log tells so long before anybody suffers is none of it."""
APART = timedelta(hours=2)
"""Of a schedule that comes oftener some run ends whenever a trouble does."""
AROUND = timedelta(minutes=5)
"""What is changed so near to an end may be what ended it."""
LATER = timedelta(minutes=15)
"""An alert that began so long after a trouble tells of another one."""
FORMER = 2
"""So many earlier runs tell what is usual."""
LONGER = 1.3
"""A run that takes no more than so many times as long as the longest of them is as ever."""
NORMAL = 1.3
"""A latency of so many times what it was is as it was."""


class Spell(NamedTuple):
    """How long users of a workload suffered, once, and what shows it."""

    ref: str
    began: datetime
    until: datetime
    told: Evidence


class RunOver(NamedTuple):
    """A run that is over, its schedule, and those whose users suffered while it lasted, since when."""

    schedule: str
    ended: datetime
    began: datetime
    evidence: tuple[Evidence, ...]


@once_a_view
def run_over(view: View) -> RunOver | None:
    """Return the one run with whose end all who suffered did so no more; None: there is none, or somebody does."""
    if any(any(troubles(view, workload.ref)) for workload in view.serving):
        return None
    found = [spell for workload in view.serving for spell in _spells(view, workload)]
    if not found or None in found:
        return None
    spells = [spell for spell in found if spell is not None]
    runs = [job for job in view.snapshot.of("Job") if _fits(view, job, spells)]
    end = ended(runs[0]) if len(runs) == 1 else None
    if end is None or not _as_ever(view, runs[0]) or _changed_then(view, end) or _a_stranger(view, runs[0], spells):
        return None
    schedule, began = controller(runs[0]), min(spell.began for spell in spells)
    if not _alerted(view, began, end):
        return None
    fact = f"{name(runs[0])} was done by then, as long as earlier runs, and users who suffered meanwhile are well since"
    return RunOver(
        schedule, end, began, (Evidence("objects", schedule, fact, end), *(each.told for each in spells[:4]))
    )


def beside_run(view: View, workload: Workload | None, line: str, since: datetime | None) -> bool:
    """Tell whether what a log complains of is none of what a run that is over did.

    It was told before anybody suffered, or is a warning, and no error, of who serves all well by now.
    """
    over = run_over(view)
    if over is None or workload is None or since is None:
        return False
    warns = complains(line) and not is_marked(line)
    return since < over.began - BEFORE or (warns and serves_well(view, workload.ref))


def ceased_with_run(view: View, workload: Workload, told: Marked) -> bool:
    """Tell whether a log told of something only while a run that is over lasted."""
    over, said = run_over(view), says(told)
    times = [stamp(line) for line in view.lines_of(workload) if said(line)] if over else []
    known = [at for at in times if at is not None]
    if over is None or not known or len(known) < len(times):
        return False
    return over.began - BEFORE <= min(known) and max(known) <= over.ended + AFTER


def _spells(view: View, workload: Workload) -> Iterator[Spell | None]:
    """Yield when users of a workload suffered, by its figures; None where it came again, or is not as it was."""
    for label in labels_of(view, workload.ref, "error_ratio"):
        until = view.figures.quiet_since("error_ratio", ERRORS, component=label)
        if until is not None:
            peak = view.figures.peak("error_ratio", component=label) or 0.0
            spell = _once(view, workload, label, "error_ratio", ERRORS, f"up to {peak:.1%} of requests failed")
            yield None if still_fails(view, workload, label, until) else spell
    for label in labels_of(view, workload.ref, "latency_p95"):
        was, now = (getattr(view.figures, each)("latency_p95", component=label) for each in ("first", "now"))
        limit = max(SLOW_S, SLOWER * (was or 0.0))
        if view.figures.quiet_since("latency_p95", limit, component=label) is not None:
            peak = view.figures.peak("latency_p95", component=label) or 0.0
            spell = _once(view, workload, label, "latency_p95", limit, f"95 of 100 took up to {peak:.2g} s")
            yield spell if was is not None and now is not None and now <= NORMAL * was else None


def _once(view: View, workload: Workload, label: str, signal: str, limit: float, what: str) -> Spell | None:
    """Return from when until when a figure was beyond a limit; None if it was so more than once."""
    began = view.figures.first_beyond(signal, limit, component=label)
    until = view.figures.quiet_since(signal, limit, component=label)
    if began is None or until is None or view.figures.episodes(signal, limit, component=label) != 1:
        return None
    return Spell(workload.ref, began, until, Evidence("metrics", workload.ref, f"{what}, until then", until))


def _fits(view: View, job: Obj, spells: list[Spell]) -> bool:
    """Tell whether a run of a schedule is done for a while, and all suffered within it, up to its end."""
    start, end = started(job), ended(job)
    if start is None or end is None or not complete(job) or not controller(job).startswith("CronJob/"):
        return False
    if view.now - end < PAST:
        return False
    return all(start - CLOCKS <= s.began <= end and end - CLOCKS <= s.until <= end + AFTER for s in spells)


def _as_ever(view: View, job: Obj) -> bool:
    """Tell whether earlier runs of the same schedule took as long, and none of them, or a later one, came just now."""
    start, end = started(job), ended(job)
    others = [each for each in view.snapshot.of("Job") if controller(each) == controller(job) and each is not job]
    if start is None or end is None or any(not complete(each) for each in others):
        return False
    times = [(one, last) for each in others if (one := started(each)) and (last := ended(each))]
    if len(times) < FORMER or any(start - last < APART for _, last in times):
        return False
    return end - start <= LONGER * max(last - one for one, last in times)


def _changed_then(view: View, end: datetime) -> bool:
    """Tell whether something was released as everybody was well again: that may be what mended it."""
    came = (workload.released_at for workload in view.workloads.values() if workload.changes)
    return any(at is not None and abs(at - end) <= AROUND for at in came)


def _alerted(view: View, began: datetime, end: datetime) -> bool:
    """Tell whether every alert began while users suffered, or soon after: then it is this that they tell of."""
    starts = [alert.starts_at for alert in view.alerts]
    return bool(starts) and all(at is not None and began - AROUND <= at <= end + LATER for at in starts)


def _a_stranger(view: View, job: Obj, spells: list[Spell]) -> bool:
    """Tell whether a run is known to ask others than those who suffered need."""
    asked = view.graph.calls.get(controller(job), set())
    refs = {spell.ref for spell in spells}
    return bool(asked) and not asked & refs.union(*(view.graph.needs(ref) for ref in refs))
