"""A release left a cache far less room than it had: it throws out what is needed, and the store behind it has the load.

So do defaults of a chart that come back with an upgrade. An empty cache fills up by itself, one that is too small does
not, and more room for a database behind it only hides it. Where it had no bound at all, the first one shows when what
it holds has grown so far, hours later maybe, and whoever was released meanwhile looks guilty.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rule import RESTARTS, Match, Rule, Tier
from tuheg_ir.diagnosis.rules._cache_filler import filler
from tuheg_ir.diagnosis.rules._cache_room import Less, less_room
from tuheg_ir.diagnosis.rules._eviction import EVICTIONS, holds_more_than_copies, only_warms_up, used_for_more
from tuheg_ir.diagnosis.rules._helping import behind, not_for, spared
from tuheg_ir.diagnosis.rules._misses import SIGNAL, misses_more
from tuheg_ir.diagnosis.rules._sessions import clients
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.complaints import complaints, told
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.programs import image_name, of_role
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.releases import BEFORE, release_evidence, since_release
from tuheg_ir.diagnosis.view.trouble import labels_of, suffering, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_EVICTIONS = "cache_evictions"
TIMES = 2.0
"""Who threw out at least half as many before worked at its limit anyhow."""
SMEARED = timedelta(minutes=3)
"""So near to a release a rate tells of both sides."""
_ALONE = 0.5
"""Where nobody measures a cache, only one that has at most so much of its former room is suspect."""
LASTS = timedelta(minutes=10)
"""A cache that is only empty after its start has most of what is asked again by then."""


def when(view: View) -> Iterator[Match]:
    """A cache has far less room since its release, and lacks it; who asks it suffers since, and did not before."""
    for cache in of_role(view.workloads, "cache"):
        less = less_room(view, cache)
        if less is None or cache.released_at is None:
            continue
        users = behind(view, cache.ref, *spared(view, cache.ref), but=cache.ref)
        hurt = [(seen, at) for ref in users for seen, at in troubles(view, ref)]
        began = oldest(at for _, at in hurt)
        since = cache.released_at + BEFORE
        if began is not None and began < since:
            continue  # they suffered before
        seen = tuple(_lacks(view, cache, less, began))
        if less.new and not _reached(view, cache):
            continue
        told_of = (each for ref in users for each in suffering(view, ref))
        felt = [each for each, _ in hurt] or [each for each in told_of if each.time is None or each.time >= since]
        if seen and felt:
            yield _match(view, cache, less, began, seen, felt[0], outgrown=less.new and _outgrown(view, cache))


def _lacks(view: View, cache: Workload, less: Less, began: datetime | None) -> Iterator[Evidence]:
    """Yield that a cache lacks the room that it had: it throws out, misses or refuses since its release.

    Where nobody measures any of that, its users have to suffer since then, and for longer than it takes to fill up.
    """
    yield from told(view, [each for each in complaints(view, "cache_full") if cache.ref in (each.about, each.caller)])
    yield from _evicts(view, cache)
    users = view.graph.asked_by(cache.ref)
    missed = [found for ref in (cache.ref, *users) if (found := misses_more(view, ref))]
    yield from [each.shown for each in missed if since_release(cache, each.since)][:1]
    known = any(labels_of(view, cache.ref, signal) for signal in (SIGNAL, _EVICTIONS))
    lasts = began is not None and since_release(cache, began) and view.now - began >= LASTS
    if not known and lasts and not less.new and less.now <= _ALONE * less.before:
        yield Evidence("objects", cache.ref, "nobody measures it, and who asks it suffers since", cache.released_at)


def _reached(view: View, cache: Workload) -> bool:
    """Tell whether a cache is at a bound that it had not before, and was not brought there by the release of a user.

    Below it a bound does nothing. Where a user fills it since its own release, it would fill what it had before too.
    """
    full = [each.hit.first for each in complaints(view, "cache_full") if cache.ref in (each.about, each.caller)]
    seen = [*full, *(each.time for each in _evicts(view, cache))]
    return bool(seen) and filler(view, cache, oldest(seen)) is None


def _outgrown(view: View, cache: Workload) -> bool:
    """Tell whether users of a cache get far more requests: they may fill what it had before as well."""
    return any((traffic_growth(view, ref) or 1.0) >= MORE for ref in clients(view, cache.ref))


def _evicts(view: View, cache: Workload) -> Iterator[Evidence]:
    """Yield that a cache throws out many keys a second, and had thrown out far fewer before its release."""
    came = cache.released_at or view.now
    for label in labels_of(view, cache.ref, _EVICTIONS):
        now = view.figures.now(_EVICTIONS, component=label)
        was = view.figures.before(_EVICTIONS, came - SMEARED, component=label)
        if now is not None and now >= EVICTIONS and now >= TIMES * (was or 0.0):
            before = "" if was is None else f", {was:.1f} before"
            since = view.figures.crossed(_EVICTIONS, max(EVICTIONS, now / TIMES) * 0.999, component=label)
            yield Evidence("metrics", cache.ref, f"{now:.0f} evictions a second{before}", since)


def _match(
    view: View,
    cache: Workload,
    less: Less,
    began: datetime | None,
    seen: tuple[Evidence, ...],
    felt: Evidence,
    *,
    outgrown: bool,
) -> Match:
    """Return it; a person goes back where what lies in the cache is nowhere else: an older pod would not have it.

    And where users have outgrown it: the room before may be as full, and then it is none but a cache that is full.
    """
    users, stores = behind(view, cache.ref, but=cache.ref), spared(view, cache.ref)
    kept = outgrown or (not _forgets(cache) and _irreplaceable(view, cache))
    barred = (*RESTARTS, "scale_workload", *(("rollback_workload",) if kept else ()))
    why = f"{cache.ref} has less room since its release: nothing done to others gives it back"
    return Match(
        component=cache.ref,
        evidence=(
            Evidence("objects", cache.ref, less.told(), cache.released_at),
            *seen,
            felt,
            *release_evidence(cache, "command", "env"),
        ),
        certainty=0.3 if outgrown else 0.8 if any(each.source != "objects" for each in seen) else 0.6,
        remedy="page_human" if kept else "",
        since=began or cache.released_at,
        explains=(*users, *stores),
        excludes=(
            *not_for((cache.ref,), "new pods of this template have as little room, and begin empty", barred),
            *not_for(users, why),
            *not_for(stores, why, ("restart_workload", "rollback_workload", "scale_workload", "scale_database")),
        ),
    )


def _irreplaceable(view: View, cache: Workload) -> bool:
    """Tell whether a cache may hold what is nowhere else; a volume from which it starts warm does not tell it."""
    return used_for_more(view, cache) or (holds_more_than_copies(view, cache) and not only_warms_up(view, cache))


def _forgets(cache: Workload) -> bool:
    """Tell whether a program is one that keeps nothing beyond its own end, and throws out what it likes: Memcached."""
    images = (image_name(text(each, "image")) for each in items(cache.template, "spec", "containers"))
    return any(image.startswith("memcached") and "exporter" not in image for image in images)


RULE = Rule(
    name="cache_made_smaller",
    title="A release left a cache less room than what is asked of it needs",
    root_cause="configuration_error",
    remedy="rollback_workload",
    tier=Tier.STATED,
    when=when,
    why_not="no cache lacks the room that it had before its release",
)
