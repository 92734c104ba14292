"""Releases whose settings take a program's cache from it: it asks for all anew that others kept for it before.

It is seldom meant: a value that is right in tests or at a desk came along. What is behind the cache gets many times the
requests, while users ask for no more, and nobody need count what the program misses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._in_between import PROVEN
from tuheg_ir.diagnosis.rules._misses import WARM
from tuheg_ir.diagnosis.rules._own_misses import AFTER, AROUND, is_sound, suffered_before
from tuheg_ir.diagnosis.rules._saturated import Saturated, saturated
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.changes import words_of
from tuheg_ir.diagnosis.view.demand import grew_then
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.releases import SOON, since_release, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WORD = late(r"(?:-D|-{1,2})?([A-Za-z][\w.-]{2,80})[=:] ?(\S{0,200})")
"""How a template sets something: NAME=value, --name=value, -Dname=value."""
_PARTS = late(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")
_CACHE = frozenset(("cache", "caches", "caching"))
_KINDS = frozenset(("store", "driver", "type", "backend", "provider", "engine", "adapter", "mode", "kind", "url"))
_SWITCHES = frozenset(("enabled", "enable", "active", "on", "use"))
_OFF_SWITCHES = frozenset(("disabled", "disable", "off", "bypass", "skip"))
_LASTS = frozenset(("ttl", "lifetime", "expiry", "expire", "expires", "expiration", "timeout", "age", "duration"))
_PLACES = frozenset(("host", "hosts", "url", "uri", "addr", "address", "server", "servers", "endpoint", "nodes"))
_OTHERS = frozenset(
    (
        *("negative", "dns", "browser", "static", "opcode", "asset", "assets", "build", "token", "tokens", "jwks"),
        *("template", "templates", "route", "routes", "config", "npm", "pip", "gradle", "maven", "image", "images"),
        *("session", "sessions", "connect", "connection", "socket", "read", "lock", "pool", "queue", "plan"),
        *("statement", "file", "local", "memory"),
    )
)
"""What else is kept or waited for under such a name: none of it spares a database most of what is asked of it."""
_NOTHING = late(r"array|null|nil|none|no-?op|no|off|dummy|disabled?|blackhole|void|:?null_store", re.IGNORECASE)
_OF_ITS_OWN = late(
    r"file|filesystem|:?file_store|:?memory_store|(?:in-?)?memory|local|loc-?mem|simple|simple_?cache|process|heap|apcu?",
    re.IGNORECASE,
)
"""What each pod keeps for itself alone is warm after a while."""
_DUMMY = late(r"\bdummy(?:cache)?://|DummyCache\b|NullCache\b|NoOpCache", re.IGNORECASE)
_LOCAL = late(r"\b(?:locmem(?:cache)?|memory|file(?:cache)?)://|(?:LocMem|FileBased|Simple)Cache\b", re.IGNORECASE)
_SHARED = late(r"redis|valkey|memcache|dalli|hazelcast|infinispan|couchbase|ignite|keydb|dragonfly", re.IGNORECASE)
_YES, _NO = frozenset(("true", "1", "yes", "on", "enabled")), frozenset(("false", "0", "no", "off", "disabled"))
_LONG = late(r"(?:PT)?(\d{1,12})(?:ms|[smhd])?", re.IGNORECASE)


class Off(NamedTuple):
    """What a release took a cache away with, what is overwhelmed since then, and the caches that are spared it."""

    shown: Evidence
    store: Saturated
    since: datetime
    caches: tuple[Workload, ...]


def cache_taken(view: View, workload: Workload) -> Off | None:
    """Return that a release took a program's cache from it, and a store that it asks has no processor left since.

    Not where users ask for more, where they suffered before, or where its cache failed it: then somebody may have done
    without on purpose. Nor where another that asks the same store was released later, up to when that began. Who keeps
    things for himself now has gathered them again after a while, which any restart would cost as well.
    """
    if not workload.changes or workload.returned or role(workload) in DATA or suffered_before(view, workload):
        return None
    taken = dict(_taken(workload))
    wholly = any(taken.values())
    for store in saturated(view) if taken else ():
        since = store.grew or store.began
        if since is None or role(store.store) == "cache" or not (wholly or view.now - since >= WARM):
            continue
        if workload not in store.released or store.store.ref not in view.graph.calls.get(workload.ref, ()):
            continue
        if since_release(store.store, since) or not since_release(workload, since, SOON):
            continue
        if grew_then(view, workload.ref, since, AROUND, AFTER, MORE) or _nearer(workload, store):
            continue
        called = view.graph.calls.get(workload.ref, set()) | set(_named_before(view, workload, taken))
        caches = tuple(each for each in of_role(view.workloads, "cache") if each.ref in called)
        if all(is_sound(view, cache, since) for cache in caches):
            return Off(_shown(workload, next(iter(taken))), store, since, caches)
    return None


def _nearer(workload: Workload, store: Saturated) -> bool:
    """Tell whether another that asks a store was released nearer to what befell it, or had not yet served well."""
    came = workload.released_at
    others = (each.released_at for each in store.released if each is not workload)
    return any(at is None or came is None or at > came - PROVEN for at in others)


def _named_before(view: View, workload: Workload, taken: Iterable[str]) -> Iterator[str]:
    """Yield the workloads that settings named which were taken away."""
    was = _settings(template_before(workload))
    for name in taken:
        yield from map(view.graph.resolve, hosts_in(name, was[name]))


def _shown(workload: Workload, name: str) -> Evidence:
    """Return as evidence how a setting of a cache was changed; the view's own words keep what is secret."""
    told = next((each.told() for each in workload.changes if each.name == name), name)
    return Evidence("objects", workload.ref, f"its cache is taken from it: {told}", workload.released_at)


def _taken(workload: Workload) -> Iterator[tuple[str, bool]]:
    """Yield (name, wholly) of the settings by which the newest template of a workload takes a shared cache from it.

    ``wholly``: nothing is kept at all; else each pod may keep its own.
    """
    was, now = (_settings(template) for template in (template_before(workload), workload.template))
    for name, before in was.items():
        after = now.get(name)
        words = [part.lower() for part in _PARTS.findall(name)]
        if after == before or _OTHERS.intersection(words):
            continue
        if after is None:
            if _is_place(words, before) and not _elsewhere(workload, before, now):
                yield name, False
        elif _CACHE.intersection(words):
            wholly = _wholly({*words}, words[-1] in _CACHE, before, after)
            if wholly is not None:
                yield name, wholly


def _settings(template: Mapping[str, Any]) -> dict[str, str]:
    found = (_WORD.fullmatch(word) for word in words_of(template))
    return {said[1]: said[2].strip("\"'") for said in found if said}


def _elsewhere(workload: Workload, place: str, now: Mapping[str, str]) -> bool:
    """Tell whether a program may be told of a place under another name, or by what its template refers to."""
    refers = workload.changed("mounts") or any(each.field == "envFrom" for each in workload.changes)
    return bool(refers) or any(place in value for value in now.values())


def _is_place(words: list[str], value: str) -> bool:
    """Tell whether a setting says where a shared cache is."""
    return bool(_PLACES.intersection(words)) and _SHARED.search(" ".join((*words, value))) is not None


def _wholly(words: set[str], bare: bool, before: str, after: str) -> bool | None:
    """Return whether nothing is kept at all, or each pod keeps its own; None where a cache is as it was, or unknown.

    ``bare``: the setting is called after the cache alone.
    """
    was, became = before.lower(), after.lower()
    if words & _OFF_SWITCHES:
        return True if was in _NO and became in _YES else None
    if (bare or words & _SWITCHES) and was in _YES and became in _NO:
        return True
    if words & _LASTS and (lasted := _LONG.fullmatch(before)) and (lasts := _LONG.fullmatch(after)):
        return True if int(lasted[1]) and not int(lasts[1]) else None
    if not (bare or words & _KINDS) or not _SHARED.search(before) or _SHARED.search(after):
        return None
    if _NOTHING.fullmatch(after) or _DUMMY.search(after):
        return True
    return False if _OF_ITS_OWN.fullmatch(after) or _LOCAL.search(after) else None
