"""A program that fills a cache for others, and since its release with far less: what was there before ran out later.

Nothing fails in it, and for as long as the keys last nobody feels anything: what was written before the release is
found until then. Its own settings say for how long it keeps things, and that is how far the two are apart. Who asks the
cache finds little since, and asks a database for all of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._comes_in_waves import changed_between
from tuheg_ir.diagnosis.rules._first_by_plan import migrated
from tuheg_ir.diagnosis.rules._helping import behind, spared
from tuheg_ir.diagnosis.rules._kept_shorter import lasting
from tuheg_ir.diagnosis.rules._misses import Misses, misses_more
from tuheg_ir.diagnosis.rules._own_misses import AFTER, AROUND, is_sound
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.demand import grew_then
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.name_words import words_in_name
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import mapping, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, template_before
from tuheg_ir.diagnosis.view.trouble import labels_of, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LEFT = 0.3
"""Of the keys of before no more than this share is left."""
RUNS_OUT = 0.9
"""As many of them are there until the first run out; their number sways by less."""
EVEN = 1.3
EARLY = timedelta(minutes=15)
"""So long before its release the last round began of what a program does again and again; by half its time at most."""
LATE = timedelta(minutes=5)
"""A pod of the former template writes until the roll-out is over."""
SHORTEST = timedelta(minutes=2)
_SETTING = late(r"(?:-D|-{1,2})?([A-Za-z][\w.-]{2,80})[=:] ?[\"']?([\w.]{1,20})[\"']?")
_LASTS = frozenset(("ttl", "ttls", "lifetime", "expire", "expires", "expiry", "expiration"))
_NOT = frozenset(("token", "tokens", "session", "sessions", "jwt", "dns", "lock", "lease", "login", "auth", "negative"))
"""What else lasts for a time: none of it is what others find in a cache."""


class Less(NamedTuple):
    """A cache, what is missed in it since then, what shows that its keys ran out, who asks it, and who suffers."""

    cache: Workload
    misses: Misses
    shown: tuple[Evidence, ...]
    readers: tuple[str, ...]
    felt: tuple[Evidence, ...]


@once
def fills_less(view: View, workload: Workload) -> Less | None:
    """Return that what a program wrote to a cache before its release has run out, and little has come since.

    Not where the cache lost it, its readers were released or ask for more, or suffered before, where the program tells
    that it cannot do its work, or anything that it asks was changed as well.
    """
    came = workload.released_at
    if not workload.changes or workload.returned or came is None or role(workload) in DATA:
        return None
    if view.hits_of(workload.ref) or marked(view, workload) or workload.ready < workload.wanted:
        return None
    called = view.graph.calls.get(workload.ref, ())
    for cache in (each for each in of_role(view.workloads, "cache") if each.ref in called):
        misses = misses_more(view, cache.ref)
        ran_out = _ran_out(view, cache) if misses else None
        kept = next((each for each in _lifetimes(view, workload) if ran_out and _fits(came, ran_out, each)), None)
        if misses is None or ran_out is None or kept is None:
            continue
        readers = tuple(sorted(view.graph.callers(cache.ref) - {workload.ref}))
        felt = tuple(seen for ref in behind(view, *readers) for seen, _ in troubles(view, ref))
        if felt and _nothing_else(view, workload, cache, readers, (came, ran_out, misses.since)):
            told = f"its keys ran out from then on, {_minutes(ran_out - came)} after the release of {workload.ref}"
            fact = f"{told}, which keeps each for {_minutes(kept)}, and so many have not come since"
            return Less(cache, misses, (Evidence("metrics", cache.ref, fact, ran_out), misses.shown), readers, felt)
    return None


def stands_in(view: View, store: Workload) -> bool:
    """Tell whether a store has to answer what ran out in a cache, which somebody fills with less since a release.

    It is busy with that: who asks the store and was released in those minutes is none of its reasons.
    """
    caches = {less.cache.ref for workload in view.serving if (less := fills_less(view, workload))}
    return any(store.ref in spared(view, cache) for cache in caches)


def _nothing_else(
    view: View, workload: Workload, cache: Workload, readers: tuple[str, ...], times: tuple[datetime, ...]
) -> bool:
    """Tell whether nobody else was changed as a release came, asks for more, or suffered before the keys ran out.

    What was changed later has no part in it: what ran out first would have had to be written anew before that.
    """
    came, ran_out, missed = times
    if not is_sound(view, cache, missed) or not readers:
        return False
    if changed_between(view, workload, came, came + LATE, EARLY) or migrated(view, workload, came - EARLY, came + LATE):
        return False
    for reader in (view.workloads[ref] for ref in readers if ref in view.workloads):
        if reader.changes and reader.released_at and came - EARLY <= reader.released_at <= came + LATE:
            return False
        if grew_then(view, reader.ref, missed, AROUND, AFTER, MORE):
            return False
    began = oldest(at for ref in behind(view, *readers) for _, at in troubles(view, ref))
    return began is None or began >= ran_out + BEFORE


def _fits(came: datetime, ran_out: datetime, kept: timedelta) -> bool:
    """Tell whether what ran out first was written last as a release came."""
    written = ran_out - kept
    return ran_out > came and came - min(EARLY, kept / 2) <= written <= came + LATE


def _ran_out(view: View, cache: Workload) -> datetime | None:
    """Return since when the keys with a lifetime of a cache, as many as ever until then, run out; None: they do not."""
    found = [
        each
        for label in labels_of(view, cache.ref, "cache_keys")
        for each in view.figures.series("cache_keys", component=label, lifetime="some")
    ]
    most = max(found, key=lambda each: max((value for _, value in each.points), default=0.0), default=None)
    return _turn(view, most) if most else None


def _turn(view: View, series: Series) -> datetime | None:
    figures = view.figures.alone("cache_keys", series)
    was, now = figures.first("cache_keys"), figures.now("cache_keys")
    if not was or now is None or now > LEFT * was:
        return None
    since = figures.crossed("cache_keys", RUNS_OUT * was, below=True)
    before = [value for at, value in series.points if since and at < since.timestamp()]
    return since if before and max(before) <= EVEN * median(before) else None


def _lifetimes(view: View, workload: Workload) -> Iterator[timedelta]:
    """Yield for how long a program kept things before its release, as its settings say."""
    for name, value in _settings(view, template_before(workload)):
        words = set(words_in_name(name))
        if not (words & _LASTS or {"time", "live"} <= words) or words & _NOT:
            continue
        if (long := lasting(name, value)) is not None and timedelta(seconds=long[0]) >= SHORTEST:
            yield timedelta(seconds=long[0])


def _settings(view: View, template: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a template sets itself, and what the ConfigMaps hold that it reads."""
    for word in words_of(template):
        if said := _SETTING.fullmatch(word):
            yield said[1], said[2]
    for _, obj in view.maps_read(template):
        yield from ((str(key), str(value)) for key, value in mapping(obj, "data").items())


def _minutes(time: timedelta) -> str:
    return f"{time.total_seconds() / 60:.0f} minutes"
