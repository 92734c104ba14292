"""The first run of a release, hours after it came: a program that waits for its hour, and has its work only then.

Most such programs run all the time and keep the hour themselves. That what is done now was not done since the release
has to be told: by a log that reaches back to it, or by the schedule in their settings. Days of a schedule are not
looked at: it may rest on some, and has then run less lately.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._comes_in_waves import changed_between
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.batch import ended, started
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.marked import complains, kind_of
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.reading import oldest, ref
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

A_DAY = timedelta(days=1)
"""What has its hour each day has had it since an older release."""
QUIET = timedelta(minutes=20)
"""So long a log tells of none of the work before."""
SOON = timedelta(minutes=10)
"""So long after its hour a run may find what it meets, and after its release a program tells its first word."""
_CLOCKS = timedelta(minutes=1)
LEAST = 10
"""So many lines of work show what is done."""
AGAIN = 3
MOSTLY = 0.5
"""Share of what is told since then that is of work which was not told before."""
_FIELD = r"[\d*?/,L#A-Z-]{1,40}"
_PLAN = late(rf"(?:^|=)[\"']?((?:{_FIELD} ){{4,5}}{_FIELD})[\"']?$")
"""A schedule as cron has it: of five fields, or of six where seconds come first."""
_HOURS, _MINUTES = 24, 60


def first_by_plan(view: View, workload: Workload, began: datetime) -> Evidence | None:
    """Return that a program works since a time for the first time since its release, and nothing else was changed."""
    came = workload.released_at
    if not workload.changes or workload.returned or came is None or not timedelta(0) < began - came <= A_DAY:
        return None
    since = _new_work_since(view, workload, began)
    if since is None or changed_between(view, workload, came, began) or migrated(view, workload, came, began):
        return None
    logs = [list(filter(None, map(stamp, log.lines))) for log in view.logs_of(workload.live, previous=False)]
    first = oldest(min(times) for times in logs if times)
    if first is not None and first - came <= SOON:
        fact = "its log reaches back to its release, and tells of no such work before"
    elif (plan := _rested_since(workload, came, since)) is not None:
        fact = f"it is the first run since its release, by its schedule {plan}"
    else:
        return None
    return Evidence("logs", workload.ref, fact, since)


def _new_work_since(view: View, workload: Workload, began: datetime) -> datetime | None:
    """Return since when all that a program tells is mostly of work of which it told nothing for long before."""
    before, after = set[str](), Counter[str]()
    times: list[datetime] = []
    starts: dict[str, datetime] = {}
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            at = None if complains(line) else stamp(line)
            if at is None:
                continue
            times.append(at)
            if at < began - SOON:
                before.add(kind_of(line))
            else:
                after[kind := kind_of(line)] += 1
                starts.setdefault(kind, at)
    new = {kind for kind, count in after.items() if kind not in before and count >= AGAIN}
    told = sum(after[kind] for kind in new)
    if not before or min(times) > began - QUIET or told < max(LEAST, MOSTLY * after.total()):
        return None
    since = min(starts[kind] for kind in new)
    return since if since <= began + _CLOCKS else None


def migrated(view: View, workload: Workload, came: datetime, began: datetime) -> bool:
    """Tell whether a Job that no schedule made was at work on what a program needs: plans may be others since then."""
    needed = view.graph.needs(workload.ref)
    jobs = (job for job in view.snapshot.of("Job") if not controller(job) and needed & view.graph.needs(ref(job)))
    return any(at is not None and came <= at <= began for job in jobs for at in (started(job), ended(job)))


def _rested_since(workload: Workload, came: datetime, since: datetime) -> str | None:
    """Return the schedule by which a program has its hour then, and had none since its release; None if it is not so.

    Of several each may be that of the work.
    """
    plans = [found[1] for word in words_of(workload.template) if (found := _PLAN.search(word))]
    hours = sorted({at for plan in plans for at in _hours(plan, since)})
    last = max((at for at in hours if at <= since + _CLOCKS), default=None)
    if last is None or since - last > SOON or any(came <= at < last for at in hours):
        return None
    return next(plan for plan in plans if last in _hours(plan, since))


def _hours(plan: str, until: datetime) -> Iterator[datetime]:
    """Yield when a schedule has its hour within the day before a time, and in the minutes after it."""
    minute, hour = plan.split()[-5:-3]
    minutes, hours = _numbers(minute, _MINUTES), _numbers(hour, _HOURS)
    midnight = until.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in (midnight - A_DAY, midnight):
        yield from (day + timedelta(hours=h, minutes=m) for h in sorted(hours) for m in sorted(minutes))


def _numbers(field: str, end: int) -> set[int]:
    """Return the numbers that a field of a schedule stands for; all where it cannot be read: then it runs often."""
    found = set[int]()
    for part in field.split(","):
        read = re.fullmatch(r"(?:[*?]|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", part)
        if read is None:
            return set(range(end))
        first = int(read[1] or 0)
        last = int(read[2]) if read[2] else first if read[1] and not read[3] else end - 1
        found.update(range(first, last + 1, int(read[3] or 1) or 1))
    return {number for number in found if number < end}
