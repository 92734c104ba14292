"""Keys that a cache keeps for good: nobody gave them a lifetime, and they become ever more until its memory is full.

A cache that keeps nothing on a disk is empty after each end and fills again, each time for as long as before. So many
ends of such lives lead back to when the first began, though figures do not go back so far. The number of the database
in which the keys are tells by whom they may be: settings tell who asks for which.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Series
from tuheg_ir.diagnosis.rules._kept_for_clients import Kept, grows_in, near
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

MOST = 0.9
"""Share of all keys that came which have to be of this kind: nobody counts bytes, and a few others may be large."""
FIRST = "0"
"""The database that a client gets that asks for none."""
_COUNTS = late(r"\bDB (\d{1,4}): (\d{1,12}) keys \((\d{1,12}) volatile\) in \d{1,12} slots HT\b")
"""How Redis and its kin count keys at their talkative level, if not their exporter does."""
_IN_URL = late(r"\b(?:rediss?|valkeys?)(?:\+\w+)?://(?:[^@/\s'\"]*@)?([\w.-]+)(?::\d{1,5})?(?:/(\d{1,4}))?(?![\w/])")
_IN_QUERY = late(r"[?&]db=(\d{1,4})(?!\d)")
_NUMBER = late(r"(?:redis|valkey|cache)\w{0,60}(?:db|database)(?:_?(?:index|number|no|num))?$", re.IGNORECASE)
"""Names of settings whose value is the number of a database of a cache."""
_MAYBE = late(r"(?:db|database)(?:_?(?:index|number|no|num))?$", re.IGNORECASE)
"""Names of settings whose value may be one: of whatever program, or of what is kept there, as SESSION_STORE_DB."""

Counts = dict[tuple[str, bool], Series]
"""(number of a database, whether its keys are for good) -> how many keys it held."""


class ForGood(NamedTuple):
    """The keys without a lifetime that fill a cache, and the number of the database in which they are."""

    kept: Kept
    db: str


class Asked(NamedTuple):
    """The numbers of the databases of a cache that settings of a client tell; "" for a URL that tells none."""

    urls: set[str]
    numbers: set[str]
    maybe: set[str]

    def told(self) -> set[str]:
        """Return the databases that it asks for, as it gets the first one where its URL names none."""
        urls = {db or FIRST for db in self.urls}
        return self.numbers | (urls - {FIRST} if self.numbers else urls)

    def may_be(self, db: str) -> bool:
        """Tell whether it may ask for a database: what no setting tells may be in its code."""
        open_ = not self.numbers and (not self.urls or "" in self.urls)
        return open_ or db in {*self.urls, *self.numbers, *self.maybe}


def fills_for_good(view: View, cache: Workload, until: datetime) -> ForGood | None:
    """Return which keys without a lifetime filled the one pod of a cache until it ended; None if none did."""
    pods = [pod for pod in cache.live for c in pod.containers if c.ended and c.killed_for_memory]
    if role(cache) != "cache" or len(pods) != 1 or len(cache.live) != 1:
        return None
    counts = {of: life for of, one in _counted(view, cache).items() if (life := _life(one, pods[0], until)).points}
    growing = {of: _more(one) for of, one in counts.items()}
    most = max((of for of in growing if of[1]), key=lambda of: growing[of], default=None)
    if most is None or growing[most] < MOST * sum(more for more in growing.values() if more > 0):
        return None
    what = f"keys of db{most[0]} that have no lifetime"
    kept = grows_in(pods[0].name, what, counts[most], until)
    return ForGood(_led_back(kept, pods[0]), most[0]) if kept is not None else None


def may_write(view: View, cache: Workload, found: ForGood, clients: Sequence[Workload]) -> list[Workload]:
    """Return the clients that may have written the keys: who asks for their database, as far as settings tell."""
    asked = {client.ref: _asked_for(view, client, cache).told() for client in clients}
    all_tell = found.db != FIRST and any(found.db in each for each in asked.values())
    return [c for c in clients if found.db in asked[c.ref] or not (asked[c.ref] or all_tell)]


def not_ruled_out(view: View, cache: Workload, found: ForGood, clients: Sequence[Workload]) -> list[Workload]:
    """Return the clients of which nobody can say that they did not write the keys: no setting tells other numbers."""
    return [client for client in clients if _asked_for(view, client, cache).may_be(found.db)]


def _asked_for(view: View, client: Workload, cache: Workload) -> Asked:
    asked = Asked(set(), set(), set())
    for key, value in view.graph.settings(client):
        urls = {db for host, db in _IN_URL.findall(value) if view.graph.resolve(host) == cache.ref}
        asked.urls.update(urls)
        asked.numbers.update(_IN_QUERY.findall(value) if urls else ())
        if value.isdigit() and _MAYBE.search(key):
            (asked.numbers if _NUMBER.search(key) else asked.maybe).add(value)
    return asked


def _counted(view: View, cache: Workload) -> Counts:
    """Return how many keys each database of a cache held, by its figures, or else by its own log."""
    found: Counts = {}
    for label in labels_of(view, cache.ref, "cache_keys"):
        for each in view.figures.series("cache_keys", component=label):
            found[each.labels.get("db", "").removeprefix("db"), each.labels.get("lifetime") == "none"] = each
    return found or _told(view, cache)


def _told(view: View, cache: Workload) -> Counts:
    points: dict[tuple[str, bool], list[tuple[float, float]]] = defaultdict(list)
    for log in view.logs_of(cache.live):
        lines = log.lines if speaks_of(log, ("slots ht",)) else ()
        for said, at in ((_COUNTS.search(line), stamp(line)) for line in lines):
            if said is not None and at is not None:
                keys, volatile = int(said[2]), int(said[3])
                points[said[1], True].append((at.timestamp(), float(keys - volatile)))
                points[said[1], False].append((at.timestamp(), float(volatile)))
    return {of: Series({}, tuple(sorted(each))) for of, each in points.items()}


def _life(series: Series, pod: Pod, until: datetime) -> Series:
    """Return what was counted in the life of a container that ended for want of memory."""
    started = max((c.ended.started_at for c in _killed(pod) if c.ended and c.ended.started_at), default=None)
    first = started.timestamp() if started else 0.0
    return Series(series.labels, tuple((t, v) for t, v in series.points if first <= t < until.timestamp()))


def _killed(pod: Pod) -> Iterator[Container]:
    return (c for c in pod.containers if c.ended is not None and c.killed_for_memory)


def _led_back(kept: Kept, pod: Pod) -> Kept:
    """Return since when keys come, where a life that began empty is the last of some that were as long."""
    for container in _killed(pod):
        ended = container.ended
        if ended is None or ended.started_at is None or ended.at is None or container.restarts < 2:
            continue
        if near(kept.since, ended.started_at, kept.until):
            lived = (ended.at - ended.started_at) * container.restarts
            return kept._replace(since=ended.at - lived, seen=False, lives=container.restarts)
    return kept


def _more(series: Series) -> float:
    return series.points[-1][1] - series.points[0][1]
