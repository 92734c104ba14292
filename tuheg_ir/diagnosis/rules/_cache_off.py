"""Releases whose settings take a program's cache from it: it asks for all anew that others kept for it before.

It is seldom meant: a value that is right in tests or at a desk came along, or one in another unit, by which things are
kept for next to no time. What is behind the cache gets many times the requests, while users ask for no more, and nobody
need count what the program misses.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._in_between import PROVEN
from tuheg_ir.diagnosis.rules._kept_shorter import kept_shorter
from tuheg_ir.diagnosis.rules._misses import WARM, finds_less
from tuheg_ir.diagnosis.rules._own_misses import AFTER, AROUND, is_sound, suffered_before
from tuheg_ir.diagnosis.rules._saturated import Saturated, saturated
from tuheg_ir.diagnosis.rules._users import MORE
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.demand import grew_then
from tuheg_ir.diagnosis.view.graph import hosts_in
from tuheg_ir.diagnosis.view.name_words import words_in_name
from tuheg_ir.diagnosis.view.programs import DATA, of_role, role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import SOON, since_release, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_WORD = late(r"(?:-D|-{1,2})?([A-Za-z][\w.-]{2,80})[=:] ?(\S{0,200})")
"""How a template sets something: NAME=value, --name=value, -Dname=value."""
_CACHE = frozenset(("cache", "caches", "caching"))
_KINDS = frozenset(("store", "driver", "type", "backend", "provider", "engine", "adapter", "mode", "kind", "url"))
_SWITCHES = frozenset(("enabled", "enable", "active", "on", "use"))
_OFF_SWITCHES = frozenset(("disabled", "disable", "off", "bypass", "skip"))
_QUALIFIERS = frozenset(
    (
        *("query", "queries", "app", "application", "page", "pages", "response", "responses", "result", "results"),
        *(
            "object",
            "objects",
            "data",
            "model",
            "models",
            "entity",
            "view",
            "views",
            "fragment",
            "db",
            "database",
            "sql",
        ),
        *("api", "http", "second", "level", "server", "spring", "django", "rails", "laravel", "hibernate", "symfony"),
        *("redis", "valkey", "memcache", "memcached", "distributed", "remote", "shared", "global", "is"),
    )
)
"""What beside the cache itself the name of its switch may say: of what it is, and where. Others switch one trait."""
_LASTS = frozenset(("age", "maxage"))
"""For how long a thing is kept: of an age none is zero. A lifetime of zero lasts for ever in half of all libraries."""
_PLACES = frozenset(("host", "hosts", "url", "uri", "addr", "address", "server", "servers", "endpoint", "nodes"))
_OTHERS = frozenset(
    (
        *("negative", "dns", "browser", "static", "opcode", "asset", "assets", "build", "token", "tokens", "jwks"),
        *("template", "templates", "route", "routes", "config", "npm", "pip", "gradle", "maven", "image", "images"),
        *("session", "sessions", "connect", "connection", "socket", "read", "lock", "pool", "queue", "plan"),
        *("statement", "file", "local", "memory", "metrics", "stats", "log", "debug", "trace"),
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
_SHARED = late(
    r"redis|valkey|memcache|dalli|hazelcast|infinispan|couchbase|ignite|keydb|dragonfly|elasti-?cache|memorystore"
    r"|\.cache\.amazonaws\.",
    re.IGNORECASE,
)
_YES, _NO = frozenset(("true", "1", "yes", "on", "enabled")), frozenset(("false", "0", "no", "off", "disabled"))
_LONG = late(r"(?:PT)?(\d{1,12})(?:ms|[smhd])?", re.IGNORECASE)


class Off(NamedTuple):
    """What a release took a cache away with, what is overwhelmed since then, and the caches that are spared it."""

    shown: Evidence
    store: Saturated
    since: datetime
    caches: tuple[Workload, ...]


class _Setting(NamedTuple):
    """A setting of a container that takes a cache from it, as it was; ``wholly``: nothing is kept at all.

    Else each pod may keep its own, or things are kept for far less long: ``how`` tells.
    """

    container: str
    name: str
    before: str
    wholly: bool
    how: str = "its cache is taken from it"


def cache_taken(view: View, workload: Workload) -> Off | None:
    """Return that a release took a program's cache from it, and a store that it asks has no processor left since.

    Not where users ask for more, of it or of others that ask the store, where they suffered before, or where its cache
    failed it: then somebody may have done without on purpose. Nor where another that asks the same store was released
    later, up to when that began, or where the cache that it had is gone: a rollback would ask nobody. Who keeps things
    for himself now has gathered them again after a while, which any restart would cost as well.
    """
    if not workload.changes or workload.returned or role(workload) in DATA or suffered_before(view, workload):
        return None
    taken = [*_taken(workload)] or [*_shortened(view, workload)]
    if _is_gone(view, workload):
        return None
    wholly = any(each.wholly for each in taken)
    for store in saturated(view) if taken else ():
        since = store.grew or store.began
        if since is None or role(store.store) == "cache" or not (wholly or view.now - since >= WARM):
            continue
        if workload not in store.released or store.store.ref not in view.graph.calls.get(workload.ref, ()):
            continue
        if since_release(store.store, since) or not since_release(workload, since, SOON):
            continue
        asking = {workload.ref, *store.callers}
        if any(grew_then(view, ref, since, AROUND, AFTER, MORE) for ref in asking) or _nearer(workload, store):
            continue
        called = view.graph.calls.get(workload.ref, set()) | set(_named_before(view, taken))
        caches = tuple(each for each in of_role(view.workloads, "cache") if each.ref in called)
        if all(is_sound(view, cache, since) for cache in caches):
            return Off(_shown(workload, taken[0]), store, since, caches)
    return None


def _nearer(workload: Workload, store: Saturated) -> bool:
    """Tell whether another that asks a store was released nearer to what befell it, or had not yet served well."""
    came = workload.released_at
    others = (each.released_at for each in store.released if each is not workload)
    return any(at is None or came is None or at > came - PROVEN for at in others)


def _named_before(view: View, taken: Iterable[_Setting]) -> Iterator[str]:
    """Yield the workloads that settings named which were taken away."""
    for each in taken:
        yield from map(view.graph.resolve, hosts_in(each.name, each.before))


def _is_gone(view: View, workload: Workload) -> bool:
    """Tell whether a place of a shared cache that a release set otherwise leads to nobody here any more."""
    now = _settings(workload.template)
    for container, settings in _settings(template_before(workload)).items():
        for name, before in settings.items():
            if now.get(container, {}).get(name) != before and _is_place(words_in_name(name), before):
                hosts = hosts_in(name, before)
                if hosts and not any(map(view.graph.resolve, hosts)):
                    return True
    return False


def _shown(workload: Workload, taken: _Setting) -> Evidence:
    """Return as evidence how a setting of a cache was changed; the view's own words keep what is secret."""
    mine = (each for each in workload.changes if (each.container, each.name) == (taken.container, taken.name))
    told = next((each.told() for each in mine), taken.name)
    return Evidence("objects", workload.ref, f"{taken.how}: {told}", workload.released_at)


def _taken(workload: Workload) -> Iterator[_Setting]:
    """Yield the settings by which the newest template of a workload takes a shared cache from one of its containers.

    What comes or goes beside a program has settings of its own.
    """
    was, now = (_settings(template) for template in (template_before(workload), workload.template))
    own = frozenset(words_in_name(workload.name))
    for container in (each for each in was if each in now):
        for name, before in was[container].items():
            after, words = now[container].get(name), words_in_name(name)
            if after == before or _OTHERS.intersection(words):
                continue
            if after is None:
                if _is_place(words, before) and not _elsewhere(workload, before, now):
                    yield _Setting(container, name, before, wholly=False)
            elif _CACHE.intersection(words):
                wholly = _wholly(name, own, before, after)
                if wholly is not None:
                    yield _Setting(container, name, before, wholly)


def _shortened(view: View, workload: Workload) -> Iterator[_Setting]:
    """Yield the settings by which a workload's cache keeps things for next to no time since its newest template.

    Not where caches are counted, its own or those that it asks, and none has less than before of what is asked of it.
    """
    called = view.graph.calls.get(workload.ref, ())
    caches = (each.ref for each in of_role(view.workloads, "cache") if each.ref in called)
    counted = [less for ref in (workload.ref, *caches) if (less := finds_less(view, ref)) is not None]
    if counted and not any(counted):
        return
    was, now = (_settings(template) for template in (template_before(workload), workload.template))
    for container in (each for each in was if each in now):
        for name in kept_shorter(was[container], now[container], missed=any(counted)):
            if not _OTHERS.intersection(words_in_name(name)):
                before = was[container].get(name, "")
                yield _Setting(container, name, before, wholly=False, how="its cache keeps things far less long")


def _settings(template: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return container -> name -> value of what a template sets."""
    found: dict[str, dict[str, str]] = {}
    for container in items(template, "spec", "containers"):
        said = filter(None, map(_WORD.fullmatch, words_given(container)))
        found[text(container, "name")] = {each[1]: each[2].strip("\"'") for each in said}
    return found


def _elsewhere(workload: Workload, place: str, now: Mapping[str, Mapping[str, str]]) -> bool:
    """Tell whether a program may be told of a place under another name, or by what its template refers to.

    It may be the same one, or one to which the cache has moved.
    """
    refers = workload.changed("mounts") or any(each.field == "envFrom" for each in workload.changes)
    told = [(name, value) for settings in now.values() for name, value in settings.items()]
    return bool(refers) or any(place in value or _is_place(words_in_name(name), value) for name, value in told)


def _is_place(words: list[str], value: str) -> bool:
    """Tell whether a setting says where a shared cache is."""
    return bool(_PLACES.intersection(words)) and _SHARED.search(" ".join((*words, value))) is not None


def _switches_it(name: str, own: frozenset[str]) -> bool:
    """Tell whether a switch is one of the cache as a whole, and of no trait of it.

    ``own``: how the program itself is called. So begins the name of a property, with the program's or its maker's.
    """
    first, dot, rest = name.partition(".")
    words = words_in_name(rest if dot and "." in rest and not _CACHE.intersection(words_in_name(first)) else name)
    return own.union(_QUALIFIERS, _CACHE, _SWITCHES, _OFF_SWITCHES).issuperset(words)


def _wholly(name: str, own: frozenset[str], before: str, after: str) -> bool | None:
    """Return whether nothing is kept at all, or each pod keeps its own; None where a cache is as it was, or unknown."""
    was, became, said = before.lower(), after.lower(), words_in_name(name)
    words, bare = frozenset(said), said[-1] in _CACHE  # called after the cache alone
    if words & _OFF_SWITCHES:
        return True if was in _NO and became in _YES and _switches_it(name, own) else None
    if (bare or words & _SWITCHES) and was in _YES and became in _NO:
        return True if _switches_it(name, own) else None
    if words & _LASTS and (lasted := _LONG.fullmatch(before)) and (lasts := _LONG.fullmatch(after)):
        return True if int(lasted[1]) and not int(lasts[1]) else None
    if not (bare or words & _KINDS) or not _SHARED.search(before) or _SHARED.search(after):
        return None
    if _NOTHING.fullmatch(after) or _DUMMY.search(after):
        return True
    return False if _OF_ITS_OWN.fullmatch(after) or _LOCAL.search(after) else None
