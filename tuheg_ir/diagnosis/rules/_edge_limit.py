"""How full an edge is of connections: by its own figures, by the counts in its access log, or as it says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Obj
from tuheg_ir.diagnosis.rules._helping import HOURS
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.logs import ADDRESS
from tuheg_ir.diagnosis.view.reading import created, mapping, newest, oldest
from tuheg_ir.diagnosis.view.trouble import OFTEN, slow
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import edited
from tuheg_ir.named import NamedTuple

SHARE = "connections_share"
FULL = 0.97
"""So large a share of a limit is all of it: who leaves makes room for a moment."""
LEFT = 1.2
"""So many times what they were shows that connections have begun to climb."""
LINES, ENDS = 30, 10
"""Fewer lines of an access log tell nothing; so many of its first and last ones tell how it was and how it is."""
_COUNTS = late(
    r" (?P<to>[^\s/]+)/\S+ [-\d/]+ \d+ \d+ \S+ \S+ [A-Za-z-]{4} (?P<process>\d+)/(?P<way>\d+)/(?P<back>\d+)/\d+/"
)
"""A backend, and the connections of the process, of its way in and to that backend, as a line of HAProxy tells them."""
_LIMIT = late(r"(?<![a-z])max-?conn(?:ections)?\b\W{1,4}(\d+)", re.IGNORECASE)
"""How HAProxy and its controllers are told how many connections there may be."""
_MAP = late(r"^--?configmap(?:[= ](?:[^\s/]+/)?(?P<name>[\w.-]+))?$")
"""How controllers are told where their settings stand; the namespace before it may be left to a variable."""
_OF_CONNECTIONS = late(r"worker_connections|connection limit|concurrent connections|client connections", re.IGNORECASE)
"""Of the lines in which a server tells that it serves no more at once: those that speak of connections."""


_HELD_UP = ("connection_timeout", "connection_refused", "upstream_failure")
"""How an edge tells that those behind it do not answer: connections then pile up at it, however many it may have."""


class Taken(NamedTuple):
    """An edge that has all the connections it may have: what shows it, since when, when they began to climb.

    ``grown``: how many times as many they are as at first, None where nobody knows. ``held_by``: to what most of them
    lead, as its log calls it, "" where that is not known. ``crowd``: no address makes most of them, as far as known.
    """

    evidence: tuple[Evidence, ...]
    since: datetime | None
    rose: datetime | None
    grown: float | None
    held_by: str = ""
    crowd: bool = True


class _Count(NamedTuple):
    """What a line of an access log tells: whose, to what, and how many connections there are."""

    who: str
    to: str
    process: int
    way: int
    back: int
    at: datetime | None


def taken(view: View, edge: Workload) -> Taken | None:
    """Return that all pods of an edge have as many connections as they may; None if one has room, or nobody knows."""
    counts = {log.pod: told for log in view.logs_of(edge.live, previous=False) if (told := _counts(log.lines))}
    counted, said = _measured(view, edge) or _counted(view, edge, counts), _said(view, edge)
    found = counted or said
    if counted and said:
        found = counted._replace(
            evidence=(*counted.evidence, *said.evidence), since=oldest((counted.since, said.since))
        )
    if found is None or not counts:
        return found
    of_late = [each for lines in counts.values() for each in lines[-len(lines) // 2 :]]
    clients = Counter(each.who for each in of_late if each.who)
    crowd = not clients or 2 * max(clients.values()) <= len(of_late)
    return found._replace(held_by=_held_by(of_late), crowd=crowd)


def _measured(view: View, edge: Workload) -> Taken | None:
    pods = [pod.name for pod in edge.live]
    shares = {pod: view.figures.still(SHARE, pod=pod) for pod in pods}
    known = {pod: share for pod, share in shares.items() if share is not None}
    if not known or len(known) < len(pods) or min(known.values()) < FULL:
        return None
    was = max(view.figures.first(SHARE, pod=pod) or 0.0 for pod in known)
    since = oldest(view.figures.crossed(SHARE, FULL, pod=pod) for pod in known)
    rose = oldest(view.figures.crossed(SHARE, LEFT * was, pod=pod) for pod in known) if was else None
    fact = f"each of {len(known)} pods has {min(known.values()):.0%} of the connections it may have, {was:.0%} at first"
    if not was:  # who counts only whom it turns away does not tell how many it had
        fact = f"each of {len(known)} pods turns connections away: it has all that it may have"
    return Taken((Evidence("metrics", edge.ref, fact, since),), since, rose, 1 / was if was else None)


def _counts(lines: Sequence[str]) -> list[_Count]:
    found = []
    for line in lines:
        if told := _COUNTS.search(line):
            who = ADDRESS.search(line)
            process, way, back = (int(told[group]) for group in ("process", "way", "back"))
            found.append(_Count(who[0] if who else "", told["to"], process, way, back, stamp(line)))
    return found if len(found) >= LINES else []


def _counted(view: View, edge: Workload, counts: dict[str, list[_Count]]) -> Taken | None:
    """Return it by the counts in the access logs, which stand at a limit that is written for the edge."""
    pods = {pod.name for pod in edge.live}
    limits = sorted(limits_of(view, edge), reverse=True) if pods and pods <= counts.keys() else []
    for limit in limits:
        for field in ("process", "way"):
            now = [median(getattr(each, field) for each in counts[pod][-ENDS:]) for pod in pods]
            if min(now) >= FULL * limit and max(now) <= limit:
                return _at(edge, limit, {pod: [(c.at, getattr(c, field)) for c in counts[pod]] for pod in pods})
    return None


def _at(edge: Workload, limit: int, told: dict[str, list[tuple[datetime | None, int]]]) -> Taken:
    was = max(median(count for _, count in found[:ENDS]) for found in told.values())
    full = [_first(found, FULL * limit) for found in told.values()]
    rose = oldest(_first(found, LEFT * was) for found in told.values())
    fact = f"its logs count all connections that it may have, {limit} a pod, in each of {len(told)}; {was:.0f} at first"
    grown = limit / was if was else None
    return Taken((Evidence("logs", edge.ref, fact, oldest(full)),), oldest(full), rose, grown)


def _first(told: Sequence[tuple[datetime | None, int]], least: float) -> datetime | None:
    """Return when a count first came so high; a line may bear the time at which its request began, long before."""
    times: list[datetime | None] = []
    for at, count in told:
        times.append(at)
        if count >= least:
            return newest(times)
    return None


def limits_of(view: View, edge: Workload) -> set[int]:
    """Return the numbers of connections that are written for an edge: in its settings, or its ConfigMap."""
    said = [word for _, word in view.graph.commands(edge)]
    said += [f"{key}={value}" for key, value in view.graph.settings(edge)]
    for obj in maps_of(view, edge):
        said += [f"{key}={value}" for key, value in mapping(obj, "data").items()]
    return {int(found[1]) for text in said for found in _LIMIT.finditer(text)}


def maps_of(view: View, edge: Workload) -> Iterator[Obj]:
    """Yield the ConfigMaps that an edge reads: controllers are told the name of theirs by an argument."""
    yield from (obj for _, obj in view.maps_read(edge.template))
    words = [word for _, word in view.graph.commands(edge)]
    for word, after in zip(words, [*words[1:], ""], strict=False):
        if told := _MAP.match(word):
            named = view.objects("ConfigMap").get(told["name"] or after.rpartition("/")[2])
            if named is not None:
                yield named


def _held_by(counts: Sequence[_Count]) -> str:
    """Return the backend to which most of all connections lead; "" if there is none."""
    most = max(counts, key=lambda each: each.back)
    return most.to if 2 * most.back > most.process else ""


def _said(view: View, edge: Workload) -> Taken | None:
    """Return it as the edge says it itself, from most of its pods and again and again."""
    hits = [h for h in view.hits_of(edge.ref, "workers_busy") if not h.previous and fresh(view, h)]
    hits = [h for h in hits if _OF_CONNECTIONS.search(h.line)]
    if sum(h.count for h in hits) < OFTEN or 2 * len({h.pod for h in hits}) <= len(edge.live):
        return None
    since = oldest(h.first for h in hits)
    return Taken(tuple(view.hit_evidence(h) for h in hits[:2]), since, since, None)


def written_before(view: View, edge: Workload, began: datetime | None, *kinds: str) -> bool:
    """Tell whether settings of an edge, or an object of some kinds, were written within hours before it filled."""
    found = [*maps_of(view, edge), *view.snapshot.of(*kinds)]
    times = [at for each in found for at in (edited(each), created(each)) if at is not None]
    return began is not None and any(at <= began <= at + HOURS for at in times)


def held_up(view: View, edge: Workload, led: Sequence[str]) -> bool:
    """Tell whether those behind an edge are slow, or it tells again and again that they do not answer."""
    if any(slow(view, ref) for ref in led):
        return True
    hits = [h for h in view.hits_of(edge.ref, *_HELD_UP) if not h.previous and fresh(view, h)]
    return sum(h.count for h in hits if "worker_connections" not in h.line) >= OFTEN
