"""Errors that come so rarely that the first of a release came late: a neighbour's older log tells since when they are.

A log of new pods has only new words. That there were none before shows in who runs as he did, and misses since then
what does not come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._blames_another import OTHERS
from tuheg_ir.diagnosis.stamps import stamp, without_time
from tuheg_ir.diagnosis.view.complaints import kind_spoken_of
from tuheg_ir.diagnosis.view.hosts import hosts_named, is_address
from tuheg_ir.diagnosis.view.marked import Marked, complained, shape_of
from tuheg_ir.diagnosis.view.releases import BEFORE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited

RARELY = timedelta(hours=3)
"""What comes less often than this in the mean may as well have begun at any time."""
TIMES = 8
"""So many show how often it comes."""
SAME = 2
"""So many of the things that fail are those that a neighbour misses."""
_THING = late(r"(?<![\w.-])(?=[\w-]*\d)[\w-]{4,}(?![\w-])")
"""The number of an order, the name of an object: what has a digit, and is not short."""
_HOST = late(r"://(?:[^@/\s]*@)?([\w.-]+)")
"""The whole host of an address, of any protocol: the part of a name without its end may be anybody's."""
SETTINGS = ("ConfigMap", "Secret", "Service", "Ingress", "HTTPRoute", "NetworkPolicy", "HorizontalPodAutoscaler")
"""What else a person writes, after which a program may fail."""


def rarely_since(view: View, workload: Workload, words: Marked) -> Evidence | None:
    """Return the neighbour's warnings since a release which show that rare errors of it are of it; None if none does.

    Both began no later than they come again, and speak of the same things; nothing else was changed in between, and no
    error names anybody else.
    """
    released = workload.released_at
    if released is None or not _soon_for_its_pace(view, words, released) or _names_others(view, workload):
        return None
    lines = _lines(view, workload, words)
    if _names_one_away(view, lines):
        return None
    for neighbour in _neighbours(view, workload):
        for told in complained(view, neighbour):
            if told.since is None or not _soon_for_its_pace(view, told, released):
                continue
            if len(_things(lines) & _things(_lines(view, neighbour, told))) < SAME:
                continue
            if _as_it_was(view, neighbour, released) and not _changed_too(view, workload, released, told.since):
                fact = f"{told.count} lines since, and none in as long a time before: {told.line}"
                return Evidence("logs", neighbour.ref, fact, told.since)
    return None


def _names_one_away(view: View, lines: Sequence[str]) -> bool:
    """Tell whether lines name a host that is none of the namespace: that one may be ill since any time, unseen.

    An address alone may be a client's, unless it stands where somebody is asked.
    """
    named = {host for host in hosts_named(lines) if not is_address(host)}
    asked = {host.strip(".").lower() for line in lines for host in _HOST.findall(line)}
    return any("." in host and not view.graph.resolve(host) for host in named | asked)


def _lines(view: View, workload: Workload, words: Marked) -> list[str]:
    """Return all lines of some words, without their times."""
    return [without_time(line) for line in view.lines_of(workload) if shape_of(line) == words.shape]


def _things(lines: Sequence[str]) -> set[str]:
    """Return the numbers and names of things by which lines of the same words differ; what most have tells nothing."""
    told = Counter(each for line in lines for each in set(_THING.findall(line)))
    return {each for each, count in told.items() if 2 * count < len(lines)}


def _soon_for_its_pace(view: View, words: Marked, released: datetime) -> bool:
    """Tell whether words came first no later after a release than they come again in the mean."""
    if words.since is None or words.count < TIMES or words.since < released:
        return False
    pace = (view.now - words.since) / words.count
    return words.since - released <= pace <= RARELY


def _names_others(view: View, workload: Workload) -> bool:
    """Tell whether a workload complains of anybody by its name or kind: that one may be ill since any time."""
    told = view.hits_of(workload.ref, *OTHERS, "connection_timeout")
    return any(not hit.previous and (hit.hosts or kind_spoken_of(hit.line)) for hit in told)


def _neighbours(view: View, workload: Workload) -> Iterator[Workload]:
    """Yield who calls a workload or is called by it."""
    for each in view.serving:
        calls, called = view.graph.calls.get(workload.ref, set()), view.graph.calls.get(each.ref, set())
        if each is not workload and (each.ref in calls or workload.ref in called):
            yield each


def _as_it_was(view: View, neighbour: Workload, released: datetime) -> bool:
    """Tell whether the logs of all pods of a neighbour reach back before a release as long as it is in force."""
    logs = list(view.logs_of(neighbour.live, previous=False))
    starts = [next(filter(None, map(stamp, log.lines)), None) for log in logs]
    since = released - (view.now - released)
    return {log.pod for log in logs} == {pod.name for pod in neighbour.live} and all(
        at and at <= since for at in starts
    )


def _changed_too(view: View, workload: Workload, released: datetime, began: datetime) -> bool:
    """Tell whether anything else was released or written from shortly before a release until the warnings began."""
    times = [w.released_at for w in view.workloads.values() if w.changes and w is not workload]
    times += [edited(obj) for kind in SETTINGS for obj in view.snapshot.of(kind)]
    first = released - (began - released) + BEFORE
    return any(at is not None and first <= at <= began for at in times)
