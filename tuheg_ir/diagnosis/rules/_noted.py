"""What a note on a workload without pods says of why it rests and until when: whether that is over."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.reading import mapping, parse_moment, written
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ANY_ZONE = timedelta(hours=14)
"""A time whose zone nobody tells is over everywhere by then."""
_OF_TOOLS = ("kubernetes.io/", "k8s.io/", "helm.sh/", "argoproj.io/", "fluxcd.io/", "keda.sh/")
_REASON = late(
    r"\bpaus|maintenan|\bdo ?n[o']t\b|\bon hold\b|\bpurpose|\bfr[eo]e?ze|cut.?over|\bmigrat|\bstopped\b|\bdisabled\b"
    r"|\bscaled? (?:down|to (?:0|zero))|\bparked\b|\buntil\b",
    re.IGNORECASE,
)
"""Words of who writes down why a workload rests."""
_UNTIL = late(r"(?:(\d{4}-\d\d-\d\d)[T ])?(\d\d:\d\d)(?::\d\d)? ?(?:Z|UTC|GMT)\b", re.IGNORECASE)
"""A time of day whose zone is told; the last of a note is its end."""
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTH, _WEEKDAY = f"(?:{'|'.join(_MONTHS)})[a-z]*", f"(?:{'|'.join(_DAYS)})[a-z]*"
_DAY = late(
    r"\b(?:until|till?|back|again|resum\w*|return\w*|ends?|end(?:ing|s) on|over|through|to|on)\b[^.;\n]{0,24}?"
    rf"\b(?:(?P<iso>\d{{4}}-\d\d-\d\d)|(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\.? ?(?P<month>{_MONTH})\b"
    rf"|(?P<month_>{_MONTH}) (?P<day_>\d{{1,2}})\b(?!:)|(?P<week>{_WEEKDAY})(?=,? (?:at )?\d\d?:\d\d))"
    r"(?:,? ?(?:at |T)?(?P<time>\d\d?:\d\d)\b)?",
    re.IGNORECASE,
)
"""A day until which something lasts, as people write it: its date, or its name before a time of day."""


def still_noted(view: View, workload: Workload) -> Evidence | None:
    """Return the note on a workload that says why it rests; None: there is none, or the time that it names is over."""
    since = written(workload.obj)
    for key, value in mapping(workload.obj, "metadata", "annotations").items():
        said = str(value)[:500]
        if any(each in key for each in _OF_TOOLS) or not _REASON.search(said):
            continue
        end = _end(said, since)
        if end is None or end > view.now:
            return Evidence("objects", workload.ref, f"{key} says: {said[:160]}", since)
    return None


def _end(said: str, since: datetime | None) -> datetime | None:
    """Return the last time that a note names; one without a day is the first after the workload was scaled."""
    if since is None:
        return None
    times = list(_UNTIL.finditer(said))
    if not times:
        return max(_days(said, since), default=None)
    day = times[-1][1] or next((each[1] for each in reversed(times) if each[1]), None)
    end = parse_moment(f"{day or since.date().isoformat()}T{times[-1][2]}:00Z")
    return end + timedelta(days=1) if end is not None and not day and end < since else end


def _days(said: str, since: datetime) -> Iterator[datetime]:
    """Yield by when the days that a note names are over in any zone; what may be its beginning is no end."""
    for each in _DAY.finditer(said):
        day = _day(each, since.date())
        clock = each["time"] or ""
        told = parse_moment(f"{day.isoformat()}T{clock.zfill(5) if clock else '23:59'}:00Z") if day else None
        if told is not None and told - ANY_ZONE > since:
            yield told + ANY_ZONE


def _day(found: re.Match[str], since: date) -> date | None:
    """Return the day that is told; of one without its year, or by its name, the first since another day."""
    month, day = found["month"] or found["month_"], found["day"] or found["day_"]
    try:
        if found["iso"]:
            return date.fromisoformat(found["iso"])
        if not month:
            return since + timedelta(days=(_DAYS.index(found["week"][:3].lower()) - since.weekday()) % 7)
        told = date(since.year, _MONTHS.index(month[:3].lower()) + 1, int(day))
        return told if told >= since else told.replace(year=since.year + 1)
    except ValueError:
        return None
