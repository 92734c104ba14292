"""A program reckons with a day, or an hour of one, that the calendar does not have.

It fails since today, and heals with tomorrow, or as far ahead as it looks. Where clocks are put forward an hour is left
out, in some countries that of midnight. Or it means a day that there is, and gives it the year of its week.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier, excluding
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._weeks_year import of_its_week
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.trouble import OFTEN, all_told
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

A_DAY = timedelta(hours=26)
"""What began with a day began no longer ago than this, wherever on Earth the day turned."""
WELL = timedelta(hours=1)
"""A log that is silent of it for so long before shows that it is new, and no user's misspelt date."""
AT_MIDNIGHT = timedelta(minutes=10)
"""What is told first so soon after a day turned came with the day."""
EVENING = timedelta(minutes=15)
"""Then so long a silence before it is enough."""
SERVED = timedelta(minutes=5)
"""What was released so long before the day turned has served, and was well."""


def when(view: View) -> Iterator[Match]:
    """All pods of a workload that was not released tell since today of a date that does not exist, or of its week's."""
    for workload in view.serving:
        turned = of_its_week(view, workload)
        if turned is not None and not _by_release(workload, turned.began):
            said = all_told(view, workload.ref)
            yield from [_match(view, workload, turned.evidence(), said, turned.began)] if said else []
            continue
        hits = [hit for hit in view.hits_of(workload.ref, "calendar") if not hit.previous]
        if sum(hit.count for hit in hits) < OFTEN or not _all_tell(view, workload, hits):
            continue
        began, last, silent = _told(view, workload)
        if began is None or not view.recent(began, A_DAY) or not view.recent(last, STILL):
            continue
        if silent < (EVENING if _turned(began) else WELL) or _asked_anew(view, workload, began):
            continue
        said = all_told(view, workload.ref)
        if said and not _by_release(workload, began):
            yield _match(view, workload, (_heard(view, hit, began) for hit in hits[:2]), said, began)


def _by_release(workload: Workload, began: datetime) -> bool:
    """Tell whether it may be a release of the workload that reckons so."""
    released = workload.released_at
    return bool(workload.changes) and (released is None or began - released <= WELL)


def _turned(began: datetime) -> datetime | None:
    """Return when the day turned (UTC) with which it began; None if it began amid one."""
    turned = began.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return turned if began - turned <= AT_MIDNIGHT else None


def _asked_anew(view: View, workload: Workload, began: datetime) -> bool:
    """Tell whether who calls it was released shortly before, and may ask for such days since.

    One that was well until the day turned with which it began does not.
    """
    turned = _turned(began)
    callers = (view.workloads[ref] for ref in view.graph.callers(workload.ref) if ref in view.workloads)
    released = (each.released_at for each in callers if each.changes)
    return any(
        at is None or (BEFORE <= began - at <= WELL and (turned is None or turned - at < SERVED)) for at in released
    )


def _all_tell(view: View, workload: Workload, hits: list[Hit]) -> bool:
    """Tell whether every pod with a log tells of it: the calendar is the same for all."""
    heard = {log.pod for log in view.logs_of(workload.live, previous=False) if len(log.lines) >= OFTEN}
    return heard <= {hit.pod for hit in hits}


def _told(view: View, workload: Workload) -> tuple[datetime | None, datetime | None, timedelta]:
    """Return when it was told first and last, and for how long a log was silent of it before.

    The line that names it may be the last of a stack that only begins with a time; a date to come is none.
    """
    starts: list[datetime] = []
    told: list[datetime] = []
    for log in view.logs_of(workload.live, previous=False):
        now = None
        for line in log.lines:
            at = _past(view, stamp(line))
            if now is None and at is not None:
                starts.append(at)
            now = at or now
            if now is not None and tells("calendar", line):
                told.append(now)
    if not told:
        return None, None, timedelta(0)
    return min(told), max(told), min(told) - min(starts)


def _past(view: View, at: datetime | None) -> datetime | None:
    """Return a time that has been, by any clock: a later one is that which may not exist, and none of a line."""
    return None if at is None or at - view.now > WELL else at


def _match(view: View, workload: Workload, heard: Iterable[Evidence], said: list[Evidence], began: datetime) -> Match:
    too = sorted({hit.component for hit in view.hits if hit.trouble == "calendar"} - {workload.ref})
    older = Evidence("objects", workload.ref, "its own template is older", workload.released_at)
    return Match(
        component=workload.ref,
        evidence=(*heard, *said[:2], older),
        certainty=0.6,
        since=began,
        explains=tuple(dict.fromkeys((*behind(view, workload.ref, but=workload.ref), *too))),
        excludes=excluding(
            workload.ref,
            "it is the date: every start and every release so far reckons the same",
            *RESTARTS,
            "rollback_workload",
            "scale_workload",
        ),
    )


def _heard(view: View, hit: Hit, began: datetime) -> Evidence:
    """Return what a pod tells; the only time in the end of a stack may be the one that does not exist."""
    seen = view.hit_evidence(hit)
    return seen if seen.time and seen.time - view.now <= WELL else seen._replace(time=began)


RULE = Rule(
    name="day_that_does_not_exist",
    title="A program reckons with a date that does not exist",
    root_cause="code_defect",
    remedy="page_human",
    tier=Tier.STATED,
    when=when,
    why_not="no workload tells since today, without a release, of a date that does not exist or has its week's year",
)
