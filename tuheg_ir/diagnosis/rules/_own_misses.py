"""A program that does not find in its cache, since its release, what it found there: it asks for all of it anew.

A key that holds what is never the same, a time to live of nothing, another prefix, a cache that is not asked any more:
the cache itself is as it was, and whoever answers what is missed gets many times the requests.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rules._eviction import EVICTIONS
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._misses import Misses, misses_more
from tuheg_ir.diagnosis.rules._users import MORE, as_before, released_user
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.demand import grew_then
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

AROUND = timedelta(minutes=15)
AFTER = timedelta(minutes=8)
"""Before what is missed is felt, and asked again, the requests that come tell whether users ask for more."""
_CACHE_FAILS = (*UNANSWERED, "cache_full", "cache_busy")


class Found(NamedTuple):
    """What a program misses, and the caches that it asks."""

    misses: Misses
    caches: tuple[Workload, ...]


@once
def misses_since_release(view: View, workload: Workload) -> Found | None:
    """Return that a program misses in its cache what it had there before its release; None if it is not that release.

    By its own count, or by that of a cache of which it is the one released user. Not where the cache was started anew,
    throws keys out, or is complained of, nor where the program was asked for far more in the same
    minutes, or users suffered before.
    """
    if not workload.changes or workload.returned or role(workload) in DATA:
        return None
    called = view.graph.calls.get(workload.ref, ())
    caches = tuple(cache for cache in of_role(view.workloads, "cache") if cache.ref in called)
    own = misses_more(view, workload.ref)
    if own is None:
        shared = ((cache, misses_more(view, cache.ref)) for cache in caches)
        own = next((m for cache, m in shared if m and released_user(view, cache, m.since) is workload), None)
    if (
        own is None
        or not since_release(workload, own.since)
        or grew_then(view, workload.ref, own.since, AROUND, AFTER, MORE)
    ):
        return None
    if suffered_before(view, workload):
        return None
    return Found(own, caches) if all(is_sound(view, cache, own.since) for cache in caches) else None


def suffered_before(view: View, workload: Workload) -> bool:
    """Tell whether users of a program, or of those that ask it, suffered before its release."""
    began = oldest(at for ref in behind(view, workload.ref) for _, at in troubles(view, ref))
    return began is not None and workload.released_at is not None and began < workload.released_at + BEFORE


def is_sound(view: View, cache: Workload, since: datetime) -> bool:
    """Tell whether a cache is as it was, as far as anything tells: what is not found in it was not lost by it."""
    refs = {each.about for each in complaints(view, *_CACHE_FAILS)} | {
        each.caller for each in complaints(view, "cache_full")
    }
    evicts = any(
        (view.figures.now("cache_evictions", component=label) or 0.0) >= EVICTIONS
        for label in labels_of(view, cache.ref, "cache_evictions")
    )
    return as_before(cache, since) and not since_release(cache, since) and not evicts and cache.ref not in refs
