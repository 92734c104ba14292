"""Whose release filled a cache that had room for all before: it holds more and more since then."""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.rules._onset import near
from tuheg_ir.diagnosis.rules._users import released_user
from tuheg_ir.diagnosis.view.figures import climbs_since, rose_before
from tuheg_ir.diagnosis.view.programs import role_of_image
from tuheg_ir.diagnosis.view.reading import newest, oldest, text
from tuheg_ir.diagnosis.view.releases import soon_after
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def filler(view: View, cache: Workload, began: datetime | None) -> Workload | None:
    """Return the one user whose release filled a cache: soon, or by and by since its very minutes.

    None where it would be full by now without the release, or nobody measured how full it was before. Nor where it
    was started anew just before the release: then it fills since its own start.
    """
    labels = labels_of(view, cache.ref, "cache_memory_share")
    found = [s for label in labels for s in view.figures.series("cache_memory_share", component=label)]
    if not found or began is None:
        return None
    user = released_user(view, cache, began)
    if user is None:
        climbs = oldest(climbs_since(series, began) for series in found)
        user = released_user(view, cache, climbs)
        if user is None or climbs is None or not near(user.released_at, climbs):
            return None
    released, began_at = user.released_at, started(cache)
    if released is None or soon_after(released, began_at):
        return None
    found += [_since_start(series, began_at) for series in found if began_at]
    return None if any(rose_before(series, released, began) for series in found) else user


def started(cache: Workload) -> datetime | None:
    """Return since when a cache holds what it does: the start of its own program where that runs for longest.

    What only runs beside it, as an exporter, holds nothing; and who replaces one of many leaves what the others hold.
    """
    starts = []
    for pod in cache.live:
        own = [c.started_at for c in pod.containers if role_of_image(text(c.spec, "image")) == "cache"]
        starts.append(newest(own) or pod.started)
    return oldest(starts)


def _since_start(series: Series, started: datetime) -> Series:
    """Return what was measured of the present process: what the one before it held tells not how this one fills."""
    return series._replace(points=tuple((t, v) for t, v in series.points if t > started.timestamp()))
