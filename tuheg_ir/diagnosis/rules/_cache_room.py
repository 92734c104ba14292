"""How much room a template gives a cache: the memory that its program may fill with keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.programs import image_name, role_of_image
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.releases import releases, template_before
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SUSPECT = timedelta(hours=24)
"""By then a cache has seen the busiest hour of a day with its new room."""
LESS = 0.75
"""A cache of at least so much of its former room holds about what it held."""
_DEFAULT_MB = 64
"""What Memcached takes where nobody tells it; its plain figures are of megabytes, those of Redis of bytes."""
_UNIT = {"": 0, "b": 0, "k": 10, "m": 20, "g": 30, "t": 40}
_ROOM = late(
    r"(?:^|[\s,;=\"'])(?:-m|--memory-limit|-{0,2}max_?-?memory|\w*max_?memory|\w*cache_?size\w*|\w*memory_?limit\w*)"
    r"[\s=:\"']{0,4}(\d{1,15}(?:\.\d{1,6})?)\s?([kmgtb]?)i?b?(?![\w.])",
    re.IGNORECASE,
)
"""How flags and variables tell it: `-m 1024`, `--maxmemory 4gb`, `MEMCACHED_CACHE_SIZE=512`."""


class Less(NamedTuple):
    """The room of a cache before a release and since, in bytes."""

    before: float
    now: float

    def told(self) -> str:
        """Return it as a few words."""
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
    before, now = room_of(template_before(cache)), room_of(cache.template)
    return Less(before, now) if before and now and now <= LESS * before else None


def room_of(template: Mapping[str, Any]) -> float | None:
    """Return how many bytes the one cache of a template may hold, by its flags and variables; None for no limit."""
    caches = [each for each in items(template, "spec", "containers") if role_of_image(text(each, "image")) == "cache"]
    if len(caches) != 1:
        return None
    plain = 20 if image_name(text(caches[0], "image")).startswith("memcached") else 0
    found = list(_ROOM.finditer(" ".join(words_given(caches[0]))))
    if not found:
        return float(_DEFAULT_MB << 20) if plain else None
    amount, unit = found[-1].groups()  # a flag that is told twice holds as it is told last
    return float(amount) * 2 ** (_UNIT[unit.lower()] if unit else plain) or None
