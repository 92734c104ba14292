"""A database whose data has outgrown its volume by and by, with nobody to blame for it.

More room is what helps there, and nothing else. It only delays the end where something else fills the volume: a log of
changes that a replica or an archive does not take, temporary files, a run, a release that writes more, or what nobody
takes away any more. So data has to be most of what is there and has to grow as the volume fills, so slowly that it took
more than a week, evenly, and with nothing that began, or was written, within the last one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._full_store import Full
from tuheg_ir.diagnosis.rules._larger_claim import may_grow
from tuheg_ir.diagnosis.rules._makes_room import LOG_FULL, MISSED, cleans, pace
from tuheg_ir.diagnosis.rules._sessions import figure, label_of
from tuheg_ir.diagnosis.rules._spills import TEMPORARY
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.pods import controller
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import created, moment, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes

WEEK = timedelta(days=7)
"""What would fill a whole volume within this time fills a larger one within days; what began within it may be why."""
KNOWN = 10
"""Fewer points do not tell how fast something grew."""
LAST = 0.99
"""With less of a volume used it is a limit of a file that is reached."""
DATA, BY_DATA = 0.8, 0.7
"""Share of a volume that is data at least, and of what it fills by."""
EVENLY = (0.25, 0.75)
"""Share of its growth that has to have come by half of the time."""
FASTER = 1.5
"""So many times as fast fills what a release fills."""
FELLOW = 0.9
"""Where less of another pod's volume is used data is not spread alike, or something else fills the one."""
OPEN_S = 3600.0
"""A transaction that is open for so long keeps what others took out."""
Points = list[tuple[float, float]]
"""(when, how much), the first one first."""
_USED, _DATA = "volume_used_share", "db_data_bytes"


def outgrown_volume(view: View, store: Workload, found: Full) -> tuple[Evidence, ...]:
    """Return what shows that the data of a database has outgrown a volume that can be enlarged; () if it may not."""
    told = [*found.lines, *(each.hit for each in found.told)]
    full = oldest(hit.first for hit in told)
    if role(store) != "database" or len(found.claims) != 1 or full is None:
        return ()
    claim, size = found.claims[0], may_grow(view, found.claims[0])
    if size is None or any(pattern.search(hit.line) for hit in told for pattern in (LOG_FULL, TEMPORARY)):
        return ()
    filled = next(iter(view.figures.series(_USED, persistentvolumeclaim=claim)), None)
    if (
        filled is None
        or not _alone(view, store, claim)
        or (figure(view, "db_transaction_age", store.ref) or 0) > OPEN_S
    ):
        return ()
    grown, data = _until(filled, full), _data(view, store, full, size.has)
    if not _is_slow(grown) or data is None or not _of_data(grown, data, size.has):
        return ()
    if any(_may_have_filled(view, each, grown, full) for each in view.workloads.values()):
        return ()
    ref = f"PersistentVolumeClaim/{claim}"
    return (
        Evidence("metrics", store.ref, f"{data[1] / size.has:.0%} of the volume is data, which grows as it fills"),
        Evidence("metrics", ref, f"it filled evenly, by {_pace(grown) * WEEK.total_seconds():.1%} of it a week"),
        Evidence("objects", ref, f"it has {size.told}, and can be enlarged: StorageClass {size.of} allows it"),
    )


def _until(series: Series, full: datetime) -> Points:
    return [(t, v) for t, v in series.points if t <= full.timestamp()]


def _pace(points: Points) -> float:
    """Return by how much something grew each second."""
    return (points[-1][1] - points[0][1]) / max(1.0, points[-1][0] - points[0][0])


def _step(points: Points) -> float:
    """Return the largest step by which something grew: files of a database are made larger by many pages at once."""
    return max((now - was for (_, was), (_, now) in pairwise(points)), default=0.0)


def _is_slow(points: Points) -> bool:
    """Tell whether a volume filled to its end, evenly, and so slowly that it took more than a week."""
    if len(points) < 2 * KNOWN or max(v for _, v in points) < LAST:
        return False
    rose = points[-1][1] - points[0][1]
    if rose <= 0 or _pace(points) * WEEK.total_seconds() > 1:
        return False
    least, most = EVENLY
    if _step(points) > least * rose:
        return False
    return least <= (points[len(points) // 2][1] - points[0][1]) / rose <= most


def _data(view: View, store: Workload, full: datetime, has: float) -> tuple[float, float] | None:
    """Return how much data a database had at first and as its volume got full; None if nobody knows."""
    label = label_of(view, _DATA, store.ref)
    kept = view.figures.series(_DATA, component=label) if label else ()
    points = _until(kept[0], full) if len(kept) == 1 else []
    # More than the volume has is that of several instances, or of other volumes as well.
    return (points[0][1], points[-1][1]) if len(points) >= KNOWN and points[-1][1] <= has else None


def _of_data(grown: Points, data: tuple[float, float], has: float) -> bool:
    was, now = data
    return now >= DATA * has and now - was >= BY_DATA * (grown[-1][1] - grown[0][1]) * has


def _alone(view: View, store: Workload, claim: str) -> bool:
    """Tell whether no other volume of the same kind has room: that of another pod of the set."""
    shares, kind = view.figures.latest(_USED, "persistentvolumeclaim"), claim.rstrip("0123456789")
    others = (each for each in claims_of(store) if each.rstrip("0123456789") == kind)
    return all(shares.get(each, 1.0) >= FELLOW for each in others)


def _may_have_filled(view: View, workload: Workload, grown: Points, full: datetime) -> bool:
    """Tell whether a program may write more than it did, or take less away, since a time within the last week."""
    begun = created(workload.obj)
    by_plan = workload.kind == "Job" and controller(workload.obj).startswith("CronJob/")
    if begun is not None and full - WEEK <= begun <= full and not by_plan:
        return True
    at = workload.released_at if workload.changes else None
    if at is not None and full - WEEK <= at <= full and not _as_before(grown, at):
        return True
    if any(full - WEEK <= each <= full for each in _edits(view, workload)):
        return True
    return workload.kind == "CronJob" and cleans(view, workload) and not _is_kept(workload, full)


def _as_before(grown: Points, at: datetime) -> bool:
    """Tell whether a volume filled no faster since a release, but for a step, as far as both times are measured."""
    early = [(t, v) for t, v in grown if t <= at.timestamp()]
    late = [(t, v) for t, v in grown if t >= at.timestamp()]
    if len(early) < KNOWN or len(late) < KNOWN:
        return False
    rose, took = late[-1][1] - late[0][1], late[-1][0] - late[0][0]
    return rose - _step(late) <= FASTER * max(0.0, _pace(early)) * took


def _edits(view: View, workload: Workload) -> Iterator[datetime]:
    """Yield when somebody wrote what a program reads, or when it runs; Secrets tell nobody how long data is kept."""
    yield from (at for ref, at in outside_changes(view, workload) if ref.startswith("ConfigMap/"))
    if workload.kind == "CronJob" and (at := edited(workload.obj)) is not None:
        yield at


def _is_kept(schedule: Workload, full: datetime) -> bool:
    """Tell whether the runs that take away what is old come and are well."""
    last, each = moment(schedule.obj, "status", "lastSuccessfulTime"), pace(text(schedule.obj, "spec", "schedule"))
    if text(schedule.obj, "spec", "suspend").lower() == "true" or last is None or each is None:
        return False
    return full - last <= MISSED * each
