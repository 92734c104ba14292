"""A cache from which its own release or an edit took the leave to throw out what is least used: full, it refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.view.changes import reads, volumes_of, words_of
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import image_name
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import releases, template_before
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.wording import words, words_in, words_read
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import slept

SUSPECT = timedelta(days=7)
"""A cache that is empty when it starts may take days until it is full for the first time."""
EVICTIONS = 1.0
"""So many evictions a second cost more than they spare; who throws out so many works at its limit."""
ANY_KEY = frozenset({"allkeys-lru", "allkeys-lfu", "allkeys-lrm", "allkeys-random"})
"""Policies of Redis and its kin by which every key may be thrown out: nothing in the cache is irreplaceable."""
NO_KEY = frozenset({"noeviction"})
_SOME_KEYS = NO_KEY | {"volatile-lru", "volatile-lfu", "volatile-lrm", "volatile-random", "volatile-ttl"}
POLICIES = ANY_KEY | _SOME_KEYS
_LONG = 100_000
"""No file of settings is read further than this."""
_SPAN = 3
"""So many points tell how it stood before a start, and since."""
_SMEARED = timedelta(minutes=10)
"""A rate still tells for so long of what was counted before."""
_KEPT = late(
    r"broker|queue|celery|sidekiq|resque|session|limiter|rate[_-]?limit|bull(?:mq)?(?![a-z])"
    r"|(?<![a-z])(?:jobs?|rq|carts?|baskets?|lock(?:s|er|ing)?|leases?)(?![a-z])",
    re.IGNORECASE,
)
"""Words of who has lie in a cache what is nowhere else: work until somebody does it, sessions, carts, locks, counts."""
_EACH_WRITE, _NO_WRITE = (
    late(rf"(?:append[_-]?only|AOF_ENABLED)\W{{0,4}}{word}\b", re.IGNORECASE) for word in ("yes", "no")
)
"""How flags, files and variables tell that each write is kept, or is not."""
_WORKER = late(r"(?<![a-z.])(?<!--)workers?(?![a-z_])", re.IGNORECASE)
"""Who is called so, or starts such a program, works off what lies in a queue; any server is told how many it has."""


def keeps_all_since_release(view: View, cache: Workload) -> bool:
    """Tell whether a release told a cache to keep keys of which it was free to throw out any before.

    Where neither template nor a ConfigMap names a policy any more, that is what the program does by itself.
    """
    if not cache.changed("command", "env") or not releases(view, cache, SUSPECT) or cache.older_pods():
        return False
    now = words_read(view, cache.template)
    told = bool(now & _SOME_KEYS) or not any(kind in ("ConfigMap", "Secret") for kind, _ in reads(cache.template))
    return bool(words(template_before(cache)) & ANY_KEY) and not now & ANY_KEY and told


def keeps_all_since_start(view: View, cache: Workload, *, surely: bool) -> tuple[Evidence, ...]:
    """Return the edited ConfigMap since whose first reading a cache throws out nothing; () where it is not that.

    It worked at its limit until it was started anew and has thrown out no key since, however long it took to fill up:
    what it was told at that start is why it refuses. Settings that leave it free, or let it take some, are not.
    ``surely``: only where they are seen to forbid it.
    """
    edits, started = slept(view, cache)
    told_by_template = words(cache.template) & POLICIES
    if started is None or told_by_template or not _evicted_until(view, cache, started):
        return ()
    policies = policies_read(view, cache)
    if policies - NO_KEY or (surely and not policies):
        return ()
    fact = f"{cache.ref} reads it as it was changed since its start at {started:%d %b %H:%M}, and evicts nothing since"
    found = [Evidence("objects", ref, fact, at) for ref, at in edits if ref.startswith("ConfigMap/")]
    return tuple(found) if len(found) == 1 else ()


def policies_read(view: View, cache: Workload) -> frozenset[str]:
    """Return the policies that the ConfigMaps of a cache name; none where a snapshot hides what they hold."""
    return frozenset().union(*(policies_of(obj) for _, obj in view.maps_read(cache.template)))


def policies_of(obj: Obj) -> frozenset[str]:
    """Return the policies that a ConfigMap names, as a file, flags or a value of its own; comments do not."""
    return frozenset(word.lower() for line in lines_of(obj) for word in words_in(line)) & POLICIES


def lines_of(obj: Obj) -> Iterator[str]:
    """Yield the lines of what a ConfigMap holds but for comments, each value whole where it is one line."""
    lines = (line for value in mapping(obj, "data").values() for line in str(value)[:_LONG].splitlines())
    return (line for line in lines if not line.lstrip().startswith("#"))


def _evicted_until(view: View, cache: Workload, started: datetime) -> bool:
    """Tell whether a cache threw out keys up to a start, and has thrown out none since."""
    start = started.timestamp()
    for label in labels_of(view, cache.ref, "cache_evictions"):
        for series in view.figures.series("cache_evictions", component=label):
            before = [v for t, v in series.points if t < start]
            since = [v for t, v in series.points if t > start + _SMEARED.total_seconds()]
            if min(len(before), len(since)) >= _SPAN and median(before) >= EVICTIONS and not any(since):
                return True
    return False


def holds_more_than_copies(view: View, cache: Workload) -> bool:
    """Tell whether a cache keeps what it holds on a volume, or a user of it has there what may be nowhere else."""
    return keeps_data(view, cache) or used_for_more(view, cache)


def only_warms_up(view: View, cache: Workload) -> bool:
    """Tell whether what a cache has on a volume is there to start warm: it might throw out any key all along.

    So has who takes a picture of it now and then. Who has each write kept means to lose none, whatever the policy is;
    another image, or other mounts, may not find or read what the one in force has written.
    """
    if cache.changed("image", "mounts") or mapping(view.snapshot.services.get(cache.name), "database"):
        return False
    return all(_may_lose_any(view, template) for template in (cache.template, template_before(cache)))


def _may_lose_any(view: View, template: Mapping[str, Any]) -> bool:
    """Tell whether a template lets its program throw out any key, and nothing of it that is unseen may keep each."""
    maps = dict(view.maps_read(template))
    if any(kind == "ConfigMap" and name not in maps for kind, name in reads(template)):
        return False
    if any(kind == "Secret" for kind, *_ in volumes_of(template)):
        return False
    policies = frozenset(map(str.lower, words_read(view, template))) & POLICIES
    told = (" ".join(words_of(template)), *(line for obj in maps.values() for line in lines_of(obj)))
    keeps = any(map(_EACH_WRITE.search, told)) or (_by_bitnami(template) and not any(map(_NO_WRITE.search, told)))
    return bool(policies) and policies <= ANY_KEY and not keeps


def _by_bitnami(template: Mapping[str, Any]) -> bool:
    """Tell whether an image is one that keeps each write unless it is told not to."""
    return any("bitnami" in text(each, "image") for each in items(template, "spec", "containers"))


def used_for_more(view: View, cache: Workload) -> bool:
    """Tell whether a user of a cache has there what may be nowhere else.

    The setting that holds the address of a cache seldom tells what for: the user has to, by all that is known of it.
    """
    users = set(view.graph.asked_by(cache.ref))
    users |= {each.caller for each in complaints(view, "cache_full") if each.about == cache.ref}
    known = (view.workloads[ref] for ref in users if ref in view.workloads)
    return any(_speaks_of_more(view, user, cache) for user in known)


def _speaks_of_more(view: View, user: Workload, cache: Workload) -> bool:
    settings = list(view.graph.settings(user))
    images = (image_name(text(each, "image")) for each in items(user.template, "spec", "containers"))
    runs = (user.name, *images, *(value for key, value in settings if not key))
    told = (f"{key} {value}" for key, value in settings if not leads_to_others(view, key, value, cache))
    return any(_WORKER.search(each) for each in runs) or any(_KEPT.search(each) for each in (*runs, *told))


def leads_to_others(view: View, key: str, value: str, cache: Workload) -> bool:
    """Tell whether a setting names hosts, all of others than a cache: what it speaks of is there."""
    hosts = hosts_in(key, value)
    return bool(hosts) and all(view.graph.resolve(h) not in ("", cache.ref) or view.graph.is_away(h) for h in hosts)
