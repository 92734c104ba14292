"""Today's date in the year of its week: a few days around each turn of the year have another one than the calendar's.

A pattern that asks for it (``YYYY`` in Java, ``%G`` elsewhere) is right for all the rest of the year, and nobody who
tested it saw more. Then a row, an index or a file of a day that is a year away is asked for, and there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Log
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.marked import complains, is_marked
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

NEAR = timedelta(days=4)
"""Days that logs tell of."""
YEAR, ABOUT = timedelta(days=365), timedelta(days=1)
"""By another clock it is the day before or after; and each fourth year is longer by one."""
FAR = timedelta(days=300)
"""What is so far away is a date that a line has, and not when it was told."""
LATELY = timedelta(hours=1)
WELL = timedelta(minutes=5)
"""For so long at least a log is silent of it before."""
_DAY = late(r"(?<!\d)(20\d\d)([-/._]?)(\d\d)\2(\d\d)(?!\d)")
_SATURDAY = 5


class OfItsWeek(NamedTuple):
    """Refusals of today with another year: how many, the first and its pod, the day that it means and when it came."""

    times: int
    pod: str
    line: str
    day: date
    began: datetime

    def evidence(self) -> Iterator[Evidence]:
        """Yield what tells of it."""
        told = f"{self.times} lines since have {self.day:%d.%m.} with the year of its week: {self.line}"
        yield Evidence("logs", f"Pod/{self.pod}", told, self.began)


@once_a_view
def _days(view: View) -> dict[date, date]:
    """Return a wrong date -> the right one, of these days: by any clock on Earth."""
    near = (view.now.date() + timedelta(days=n) for n in range(-NEAR.days, 2))
    return {day.replace(year=year): day for day in near for year in _years(day) if year != day.year}


def _years(day: date) -> tuple[int, int]:
    """Return the year of a day's week, where weeks begin with Monday and where they begin with Sunday.

    A week belongs to the year that has most of its days; in America to that which begins within it.
    """
    return day.isocalendar().year, (day + timedelta(days=(_SATURDAY - day.weekday()) % 7)).year


def of_its_week(view: View, workload: Workload) -> OfItsWeek | None:
    """Return that all pods of a workload are refused, or refuse, today's date with the year of its week.

    Not where a caller has that date of his own, or may have since a release: then it is he who reckons so. Nor where
    other days are refused for the year after: who may not order so far ahead asks for today's day every day.
    """
    if not _days(view) or role(workload) in DATA:
        return None
    logs = [log for log in view.logs_of(workload.live, previous=False) if len(log.lines) >= OFTEN]
    lines = sorted((at, log.pod, line, day) for log in logs for at, line, day in _told(view, log))
    all_tell = {pod for _, pod, *_ in lines} == {log.pod for log in logs}
    if len(lines) < OFTEN or not all_tell or not {day for *_, day in lines} <= set(_days(view).values()):
        return None
    began, pod, line, day = lines[0]
    begins = min((at for log in logs for each in log.lines[:OFTEN] if (at := _at(view, each))), default=began)
    if not view.recent(lines[-1][0], STILL) or began - begins < WELL:
        return None
    callers = [view.workloads[ref] for ref in view.graph.callers(workload.ref) if ref in view.workloads]
    if any(_may_reckon(view, each, began) for each in callers if each is not workload):
        return None
    return OfItsWeek(len(lines), pod, line, day, began)


def _told(view: View, log: Log) -> Iterator[tuple[datetime, str, date]]:
    """Yield when a log has an error, or what follows it without a time of its own, with a date about a year away.

    And the day that it means, where it is of the year of its week; else that date.
    """
    now, error = None, False
    for line in log.lines:
        at = _at(view, line)
        if at is not None:
            now, error = at, is_marked(line)
        if now is None or not error:
            continue
        day = next((day for day in _dates(line) if abs(abs(day - now.date()) - YEAR) <= 2 * ABOUT), None)
        if day is not None:
            right = _days(view).get(day, day)
            yield now, line.strip(), right if abs(right - now.date()) <= ABOUT else day


def _at(view: View, line: str) -> datetime | None:
    """Return when a line was told; a date of a year before or after is that which it tells of."""
    at = stamp(line)
    return at if at is not None and abs(view.now - at) < FAR else None


def _meant(view: View, line: str) -> Iterator[date]:
    """Yield the right dates for the wrong ones that a line has."""
    days = _days(view)
    yield from (days[day] for day in _dates(line) if day in days)


def _dates(line: str) -> Iterator[date]:
    for found in _DAY.finditer(line):
        try:
            yield date(int(found[1]), int(found[3]), int(found[4]))
        except ValueError:
            continue


def _may_reckon(view: View, caller: Workload, began: datetime) -> bool:
    """Tell whether a caller may have made the date: he has it where nothing is refused, or is of a release since.

    One who tells the right date of what is refused to him does not.
    """
    lines = [line for log in view.logs_of(caller.live, previous=False) for line in log.lines]
    if any(not complains(line) and any(_meant(view, line)) for line in lines):
        return True
    came = caller.released_at
    if not caller.changes or (came is not None and not BEFORE <= began - came <= LATELY):
        return False
    since = (line for line in lines if complains(line) and (at := _at(view, line)) and at >= began - MINUTE)
    right = set(_days(view).values())
    return sum(len(days) > 1 and set(days) <= right for line in since if (days := list(_dates(line)))) < OFTEN
