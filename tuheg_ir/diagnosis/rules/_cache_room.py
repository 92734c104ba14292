"""How much room a template gives a cache: the memory that its program may fill with keys."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from math import inf
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._tighter import is_hidden
from tuheg_ir.diagnosis.seal import is_secret_name
from tuheg_ir.diagnosis.view.changes import keys_of, reads, volumes_of, words_given
from tuheg_ir.diagnosis.view.programs import image_name, role_of_image
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.releases import BEFORE, releases, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=24)
"""By then a cache has seen the busiest hour of a day with its new room."""
LESS = 0.75
"""A cache of at least so much of its former room holds about what it held."""
_DEFAULT_MB = 64
"""What Memcached takes where nobody tells it; its plain figures are of megabytes, those of Redis of bytes."""
_LONG = 100_000
"""No file of settings is read further than this."""
_UNIT = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_ROOM = late(
    r"(?:^|[\s,;=\"'])(?:-m|--memory-limit|-{0,2}max_?-?memory|\w{0,40}max_?memory"
    r"|\w{0,40}cache_?size\w{0,40}|\w{0,40}memory_?limit\w{0,40})"
    r"[\s=:\"']{0,4}(\d{1,15}(?:\.\d{1,6})?)\s?([kmgtb]?)i?b?(?![\w.])",
    re.IGNORECASE,
)
"""How flags and variables tell it: `-m 1024`, `--maxmemory 4gb`, `MEMCACHED_CACHE_SIZE=512`.

Names are short: a file of one long word would else be read once for each of its letters.
"""


class Less(NamedTuple):
    """The room of a cache before a release and since, in bytes; ``new``: it had no bound of its own before."""

    before: float
    now: float
    new: bool = False

    def told(self) -> str:
        """Return it as a few words."""
        if self.new:
            had = "" if self.before == inf else f", of the {self.before / 2**20:.4g} MiB that its container may have"
            return f"its release bounds what it keeps to {self.now / 2**20:.4g} MiB{had}: no bound was told before"
        return f"its release left it {self.now / 2**20:.4g} of {self.before / 2**20:.4g} MiB of room for what it keeps"


def less_room(view: View, cache: Workload) -> Less | None:
    """Return that the newest release of a cache gave it far less room; None where it did not, or nobody can tell."""
    if (
        cache.returned
        or not cache.changed("command", "env")
        or not releases(view, cache, SUSPECT)
        or cache.older_pods()
    ):
        return None
    former = template_before(cache)
    before, now = room_of(former), room_of(cache.template)
    if before is None and now and _had_no_bound(view, cache, former):
        held = number(mapping(_caches(former)[0], "resources", "limits").get("memory")) or inf
        return Less(held, now, new=True) if now <= LESS * held else None
    return Less(before, now) if before and now and now <= LESS * before else None


def _had_no_bound(view: View, cache: Workload, former: Mapping[str, Any]) -> bool:
    """Tell whether a cache could take what its container may have: neither its template nor a file named a bound.

    A bound that moved from a file to a flag is none that is new; nobody knows what a file named that is gone, or that
    was written with the release. Of what is sealed or secret only the names are seen: it may have named one.
    """
    if len(_caches(former)) != 1 or cache.released_at is None:
        return False
    maps = dict(view.maps_read(former))
    if {label for kind, label in reads(former) if kind == "ConfigMap"} - maps.keys():
        return False
    if any(is_hidden(obj) for obj in maps.values()) or not all(map(is_secret_name, _secret_keys(view, former))):
        return False
    came = cache.released_at
    if any(ref.startswith("ConfigMap/") and at >= came + BEFORE for ref, at in outside_changes(view, cache)):
        return False
    files = (str(value) for obj in maps.values() for value in mapping(obj, "data").values())
    return not any(_ROOM.search(file[:_LONG]) for file in files)


def _secret_keys(view: View, template: Mapping[str, Any]) -> Iterator[str]:
    """Yield the names of what a template reads of Secrets; "" where nobody knows all of one that it takes whole."""
    yield from (key for kind, _, key, _ in keys_of(template) if kind == "Secret" and key)
    whole = {label for kind, label, _ in volumes_of(template) if kind == "Secret"}
    whole |= {label for kind, label, key, _ in keys_of(template) if kind == "Secret" and not key}
    for label in sorted(whole):
        yield from mapping(view.objects("Secret").get(label), "data") or ("",)


def _caches(template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [each for each in items(template, "spec", "containers") if role_of_image(text(each, "image")) == "cache"]


def room_of(template: Mapping[str, Any]) -> float | None:
    """Return how many bytes the one cache of a template may hold, by its flags and variables; None for no limit."""
    caches = _caches(template)
    if len(caches) != 1:
        return None
    plain = 20 if image_name(text(caches[0], "image")).startswith("memcached") else 0
    found = list(_ROOM.finditer(" ".join(words_given(caches[0]))))
    if not found:
        return float(_DEFAULT_MB << 20) if plain else None
    amount, unit = found[-1].groups()  # a flag that is told twice holds as it is told last
    return float(amount) * 2 ** (_UNIT[unit.lower()] if unit else plain) or None
