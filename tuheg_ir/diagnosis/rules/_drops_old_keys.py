"""A cache that is full because it is one: it drops what is old for what comes, as evenly as ever."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._eviction import used_for_more
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import NEAR, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OF_ROOM = late(r"memory|evict|cache.{0,30}full(?![a-z])", re.IGNORECASE)
"""Words of an alert about the room that a cache has."""
_DROPS = late(r"maxmemory[-_]policy\W{1,4}(?:allkeys|volatile)-\w+|--cache_mode=true", re.IGNORECASE)
"""Settings by which a store drops old keys to make room for new ones."""
_SOME_ONLY = "volatile-"
"""Of such a store only keys that have a lifetime may go: once the others fill it, it refuses."""
EVEN = 1.5
"""Evictions of no more than so many times what they were are the ordinary turnover of a cache."""
SPARES = 0.8
"""A cache that has so large a share of what it is asked for is large enough, whatever it drops."""
FEWER = 0.02
"""A share of hits that is never smaller by so much than it was is as it was."""


def full_on_purpose(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The cache of the alert drops old keys by its own setting, as evenly as ever, and its container has room."""
    workload = next((w for w in of_role(view.workloads, "cache") if w.ref == ref), None)
    dropping = _drops(view, workload) if workload else ""
    labels = labels_of(view, ref, "cache_evictions")
    if workload is None or not dropping or not labels or not all(_even(view, label) for label in labels):
        return None
    if usage(view.figures, workload, "memory_share").most > NEAR or not is_well(view, view.graph.callers(ref)):
        return None
    return Evidence("metrics", ref, f"{alert.name} fires; it is set to drop old keys ({dropping[:60]}), evenly as ever")


def spares_as_ever(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The same of a critical alert: any key may go, none is more than a copy, and most that is asked for is there.

    An alert about room is as loud for a cache that loses what is nowhere else, or refuses; and a cache that misses more
    than before is too small for its users, who need not suffer yet. What it saves on a volume may go like all else.
    """
    cache = view.workloads.get(ref)
    if cache is None or not OF_ROOM.search(alert.said):
        return None
    shown = full_on_purpose(view, alert, ref)
    if shown is None or _SOME_ONLY in _drops(view, cache).lower() or used_for_more(view, cache):
        return None
    if any(ref in (each.about, each.caller) for each in complaints(view, "cache_full")):
        return None
    shares = [_hits(view, label) for label in labels_of(view, ref, "cache_hit_share")]
    least = min((share for share in shares if share is not None), default=0.0)
    if least < SPARES or None in shares:
        return None
    return Evidence(
        shown.source, shown.object, f"{shown.fact}, and has {least:.0%} of what it is asked for all the time"
    )


def _drops(view: View, workload: Workload) -> str:
    """Return the setting by which a cache drops what is old; memcached always does."""
    containers = items(workload.template, "spec", "containers")
    images = " ".join(text(each, "image") for each in containers)
    given = words_of(workload.template)
    maps = view.maps_read(workload.template)
    files = [str(value) for _, found in maps for value in mapping(found, "data").values()]
    words = [" ".join(given), *files, "--cache_mode=true" if "memcached" in images else ""]
    return next((found[0] for each in words if (found := _DROPS.search(each))), "")


def _even(view: View, label: str) -> bool:
    """Tell whether a cache drops about as many keys as where its figures begin, and did so all the time."""
    was = view.figures.first("cache_evictions", component=label)
    worst = view.figures.peak("cache_evictions", component=label)
    return was is not None and worst is not None and worst <= EVEN * was


def _hits(view: View, label: str) -> float | None:
    """Return the least share of what is asked of a cache that it had at any time; None if that fell, or is not told."""
    was = view.figures.first("cache_hit_share", component=label)
    values = [v for each in view.figures.series("cache_hit_share", component=label) for _, v in each.points]
    if was is None or not values or view.figures.now("cache_hit_share", component=label) is None:
        return None
    return min(values) if min(values) >= was - FEWER else None
