"""A cache that is full because it is one: it drops what is old for what comes, as evenly as ever."""

from __future__ import annotations

import re

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence
from tuheg_ir.diagnosis.rules._eviction import ANY_KEY, NO_KEY, POLICIES, policies_read, used_for_more
from tuheg_ir.diagnosis.rules._figures import is_well
from tuheg_ir.diagnosis.rules._pools import READINGS
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import items, text
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.usage import NEAR, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.wording import words
from tuheg_ir.diagnosis.view.workloads import Workload

OF_ROOM = late(
    r"evict|max_?memory|out.?of.{0,20}memory|cache.{0,30}full(?![a-z])"
    r"|memory.{0,20}(?:us(?:age|ed?)(?![a-z])|utili[sz]|full|high|limit|above|over|near)"
    r"|(?:us(?:age|es?|ing)|full|utili[sz]ation).{0,20}memory",
    re.IGNORECASE,
)
"""Words of an alert about the room that a cache has: how much is used, that it is full, that keys go."""
_OF_MORE = late(
    r"fragment|leak|grow|fork|over.?commit|author|access|persist|saved?(?![a-z])|snapshot|client|buffer|swap|(?-i:OOM)"
    r"|kill|replica|fail|error|refus|reject|denied|crash|down|restart|pods?.{0,12}evict|evict.{0,12}pod",
    re.IGNORECASE,
)
"""Words of what else may ail a cache's memory: an alert of that is not answered by how evenly it drops keys."""
_ALWAYS = frozenset({"memcached", "--cache_mode=true"})
"""A program, and a setting of Dragonfly, that throw out any key."""
EVEN = 1.5
"""Evictions of no more than so many times what they were are the ordinary turnover of a cache."""
SPARES = 0.8
"""A cache that has so large a share of what it is asked for is large enough, whatever it drops."""
FEWER = 0.02
"""A share of hits that is never smaller by so much than it was is as it was."""


def full_on_purpose(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The cache of the alert drops old keys by its own setting, as evenly as ever, and its container has room."""
    workload = next((w for w in of_role(view.workloads, "cache") if w.ref == ref), None)
    if workload is None or view.unheard or _OF_MORE.search(alert.said):
        return None  # that it refuses, or who suffers, is often told by logs alone
    policies, labels = _policies(view, workload), labels_of(view, ref, "cache_evictions")
    if not policies or NO_KEY & policies or not labels or not all(_even(view, label) for label in labels):
        return None
    if usage(view.figures, workload, "memory_share").most > NEAR or not is_well(view, view.graph.callers(ref)):
        return None
    how = ", ".join(sorted(policies))
    return Evidence("metrics", ref, f"{alert.name} fires; it is set to drop old keys ({how}), evenly as ever")


def spares_as_ever(view: View, alert: Alert, ref: str) -> Evidence | None:
    """The same of a critical alert: any key may go, none is more than a copy, and most that is asked for is there.

    An alert about room is as loud for a cache that loses what is nowhere else, or refuses; and a cache that misses more
    than before is too small for its users, who need not suffer yet. What it saves on a volume may go like all else.
    """
    cache = view.workloads.get(ref)
    if cache is None or not OF_ROOM.search(alert.said):
        return None
    shown = full_on_purpose(view, alert, ref)
    if shown is None or _policies(view, cache) - ANY_KEY - _ALWAYS or used_for_more(view, cache):
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


def _policies(view: View, workload: Workload) -> frozenset[str]:
    """Return all that tells a cache whether to drop keys, in its template and files: it may run by any of it."""
    containers = items(workload.template, "spec", "containers")
    own = {word.lower() for word in words(workload.template)} & (POLICIES | _ALWAYS)
    images = {each for each in _ALWAYS if any(each in text(container, "image") for container in containers)}
    return policies_read(view, workload) | own | images


def _all_the_time(view: View, signal: str, label: str) -> list[float]:
    """Return what is told of a cache up to now; nothing where that is too little to tell how it was all the time."""
    told = [[v for _, v in each.points] for each in view.figures.series(signal, component=label)]
    if view.figures.now(signal, component=label) is None or min(map(len, told), default=0) < READINGS:
        return []
    return [v for values in told for v in values]


def _even(view: View, label: str) -> bool:
    """Tell whether a cache drops keys all the time, about as many as where its figures begin: at none it may refuse."""
    was = view.figures.first("cache_evictions", component=label)
    values = _all_the_time(view, "cache_evictions", label)
    return was is not None and bool(values) and min(values) > 0 and max(values) <= EVEN * was


def _hits(view: View, label: str) -> float | None:
    """Return the least share of what is asked of a cache that it had at any time; None if that fell, or is not told."""
    was = view.figures.first("cache_hit_share", component=label)
    values = _all_the_time(view, "cache_hit_share", label)
    return min(values) if values and was is not None and min(values) >= was - FEWER else None
