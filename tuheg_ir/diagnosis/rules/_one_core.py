"""A pooler of one thread that has used up one core, whatever its limit, since more is asked of it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._figures import felt
from tuheg_ir.diagnosis.rules._poolers import (
    ENOUGH,
    FRESH,
    MORE,
    QUEUE_US,
    databases_behind,
    is_busy,
    leads_away,
    minutes_told,
    otherwise,
)
from tuheg_ir.diagnosis.rules._sessions import clients, figure, label_of
from tuheg_ir.diagnosis.view.complaints import Complaint, complaints, kind_spoken_of
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.programs import image_name, role
from tuheg_ir.diagnosis.view.reading import items, oldest, text
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.usage import BUSY, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

OF_ONE_THREAD = ("pgbouncer",)
"""Poolers that use one core, however many they may; all others start a thread for each."""
CORE = (0.93, 1.1)
"""So much of one core is all of it; what uses more runs several processes."""
SLOWED = 3.0
"""So many times as long as before a statement takes that waits for the thread each time."""
WORKING = 0.5
"""A database that works at more of its sessions than this is busy, or slow, itself."""
IN_ITSELF = 0.5
"""Share of what a statement takes longer by that a database may have itself."""
_OF_DATABASE = late(r"database|datasource|dsn|postg|sql|maria|mongo|(?<![a-z])(?:db|pg|rds)", re.IGNORECASE)
"""Settings by which a client comes to a database, by their names or what they say."""
_STATES, _ACTIVE = "db_connections_by_state", {"state": "active"}
IDLE = 0.75
"""Who used more than so much of it before was always busy."""


class OneCore(NamedTuple):
    """Since when a pooler's core is used up, what shows it, who cannot reach it, and that sessions are not short."""

    since: datetime
    evidence: tuple[Evidence, ...]
    refused: tuple[Complaint, ...]
    sessions: tuple[Evidence, ...]


def one_core(view: View, pooler: Workload) -> OneCore | None:
    """Return that each pod of a pooler has used up its one core for more demand; None if something else holds it up.

    Its clients wait for it before they have a session: to connect, to greet, to log in. Or they are inside, each of
    their statements waits for its thread, and their own pools run out.
    """
    turns = [_used_up(view, pod.name, name) for name in _of_one_thread(pooler) for pod in pooler.live]
    since = oldest(turns)
    if since is None or not all(turns) or usage(view.figures, pooler, "cpu_share").most > BUSY:
        return None  # what its limit holds back is told by that
    unmet = (c for c in complaints(view, "connection_timeout") if _meant(view, c, pooler))
    waits = [c for c in unmet if felt(view, c.caller)]
    held_up = tuple(_inside(view, pooler))
    if held_up:
        inside = [c for c in complaints(view, "pool_exhausted") if c.caller in clients(view, pooler.ref)]
        waits += [c for c in inside if felt(view, c.caller)]
    asked = tuple(_asked(view, pooler))
    if sum(c.hit.count for c in waits) < OFTEN or not asked or otherwise(view, pooler, since):
        return None
    if any(is_busy(view, each) for each in databases_behind(view, pooler)) or _queue(view, pooler):
        return None
    used = Evidence("metrics", pooler.ref, "it has one thread, and uses all that one core gives", since)
    return OneCore(since, (used, *held_up, *asked), tuple(waits), tuple(_sessions_left(view, pooler)))


def _of_one_thread(pooler: Workload) -> Iterator[str]:
    """Yield the containers of a pooler whose program has one thread."""
    for each in items(pooler.template, "spec", "containers"):
        if image_name(text(each, "image")) in OF_ONE_THREAD:
            yield text(each, "name")


def _used_up(view: View, pod: str, container: str) -> datetime | None:
    """Return since when a container uses one whole core and no more, if it used less before."""
    least, most = CORE
    was, now = (ask("cpu_usage", pod=pod, container=container) for ask in (view.figures.first, view.figures.still))
    if was is None or now is None or was > IDLE or not least <= now <= most:
        return None
    return view.figures.crossed("cpu_usage", least, pod=pod, container=container)


def _meant(view: View, complaint: Complaint, pooler: Workload) -> bool:
    """Tell whether a complaint is about a pooler: it names it, or a database that one comes to by the pooler alone.

    Drivers speak of a database whoever answers for it, and many of them name no host that they could not reach.
    """
    if complaint.about == pooler.ref:
        return True
    if complaint.hosts or complaint.hit.hosts or kind_spoken_of(complaint.hit.line) != "database":
        return False
    caller = view.workloads.get(complaint.caller)
    if caller is None or leads_away(view, caller, _OF_DATABASE):
        return False
    return [each.ref for each in view.called(caller.ref) if role(each) in ("database", "pooler")] == [pooler.ref]


def _asked(view: View, pooler: Workload) -> Iterator[Evidence]:
    """Yield that more is asked of a pooler than before: by its clients' requests."""
    for ref in clients(view, pooler.ref):
        growth = traffic_growth(view, ref)
        if growth is not None and growth >= MORE:
            yield Evidence("metrics", ref, f"traffic has grown {growth:.1f} times")


def _inside(view: View, pooler: Workload) -> Iterator[Evidence]:
    """Yield that statements take far longer through a pooler than before, while its database has little to do.

    A database that is slow itself works at nearly all sessions that its pooler has of it, or, where others have idle
    ones, at as many times more than before as a statement takes longer.
    """
    databases = [each.ref for each in databases_behind(view, pooler)]
    more = [_works_more(view, ref) for ref in databases]
    shares = [_working(view, ref) for ref in databases]
    if not databases or any(share is None or share > WORKING for share in shares):
        return
    for log in view.logs_of(pooler.live, previous=False):
        minutes = minutes_told(log)
        if len(minutes) < 2 * ENOUGH or not view.recent(minutes[-1].at, FRESH):
            continue
        was, now = (median(m.query for m in some) for some in (minutes[:ENOUGH], minutes[-ENOUGH:]))
        if was and now >= SLOWED * was and all(each is not None and each <= IN_ITSELF * now / was for each in more):
            fact = f"a statement takes {now / 1000:.3g} ms through it ({was / 1000:.3g} ms before)"
            yield Evidence("logs", pooler.ref, f"{fact}, and its database works at few of its sessions")
            return


def _working(view: View, ref: str) -> float | None:
    """Return at which share of its sessions a database works; None if nobody knows."""
    taken, active = (figure(view, s, ref, **more) for s, more in (("db_connections", {}), (_STATES, _ACTIVE)))
    return active / taken if taken and active is not None else None


def _works_more(view: View, ref: str) -> float | None:
    """Return at how many times as many sessions as before a database works; None if nobody knows."""
    label = label_of(view, _STATES, ref)
    was, now = (ask(_STATES, component=label, **_ACTIVE) for ask in (view.figures.first, view.figures.now))
    return now / was if label and was and now is not None else None


def _waits(view: View, pooler: Workload) -> list[float]:
    """Return how long who has come in waits for a session of late, in microseconds: of each log that tells."""
    told = [minutes for log in view.logs_of(pooler.live, previous=False) if (minutes := minutes_told(log))]
    return [minutes[-1].wait for minutes in told if view.recent(minutes[-1].at, FRESH)]


def _queue(view: View, pooler: Workload) -> bool:
    """Tell whether those who have come in wait for a session: then sessions are short, or held by somebody.

    Of each instance one may be seen at any moment on its way to a session, and so many as ever are no new queue.
    """
    if any(wait >= QUEUE_US for wait in _waits(view, pooler)):
        return True
    label = label_of(view, "pool_waiting", pooler.ref)
    was, now = (ask("pool_waiting", component=label) or 0 for ask in (view.figures.first, view.figures.now))
    return bool(label) and now > max(len(pooler.live), MORE * was)


def _sessions_left(view: View, pooler: Workload) -> Iterator[Evidence]:
    """Yield that whoever comes in has a session at once: further instances share these, and need no more of them."""
    waits = _waits(view, pooler)
    if waits:
        yield Evidence("logs", pooler.ref, f"who has come in waits {max(waits) / 1e6:.2g} s for a session")
    elif (waiting := figure(view, "pool_waiting", pooler.ref)) is not None and waiting <= 1:
        yield Evidence("metrics", pooler.ref, "nobody who has come in waits for a session")
