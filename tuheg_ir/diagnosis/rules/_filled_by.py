"""Whose release fills the memory of a store that ends for want of it: one client, for which it keeps ever more.

The client's log says who makes so much, the store's figures since when; each of both is enough where the other is not
there, and where both are they have to agree.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._kept_for_clients import Kept, counted, grows, near
from tuheg_ir.diagnosis.rules._keys_for_good import fills_for_good, may_write, not_ruled_out
from tuheg_ir.diagnosis.rules._makes_clients import Made, makes_clients
from tuheg_ir.diagnosis.rules._memory import LOADED, told_by_program
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.figures import rose_before
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.reading import created, moment, oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, SOON, releases
from tuheg_ir.diagnosis.view.trouble import began
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload
from tuheg_ir.diagnosis.view.written import edited, outside_changes, reached
from tuheg_ir.named import NamedTuple

SUSPECT = timedelta(hours=24)
"""So long after a release what it fills may be full."""
FEW = 10
"""What was started again so often has ended for longer than anybody can tell by its pods."""
MEASURED = timedelta(minutes=3)
"""What was counted for so long before a release tells how it stood."""
EMPTY = 0.1
"""Share of the most that a store kept later: with less than this before, it was far from full."""
AROSE = 2.0
"""What a store keeps grows by so much as its clients come back to it after a start."""


class Filled(NamedTuple):
    """A client that fills a store, what shows that it does, and how and since when the store ends of it."""

    client: Workload
    made: Made | None
    kept: Kept | None
    ended: tuple[Evidence, ...]
    since: datetime

    @property
    def certainty(self) -> float:
        """Return how sure that is: the one says who, the other since when."""
        return 0.8 if self.made and self.kept else 0.6


@once
def filled_by(view: View, store: Workload) -> Filled | None:
    """Return the one client since whose release a store fills until it ends for want of memory."""
    ended = _ended(view, store)
    since = oldest((*(each.time for each in ended), began(view, store))) if ended else None
    if since is None or releases(view, store, SUSPECT):
        return None
    if any(since - SUSPECT <= at <= since for _, at in outside_changes(view, store)):
        return None  # how long it keeps what may be another setting of its own
    found = _filled(view, store, ended, since)
    return found if found is not None and _had_room(view, store, found, since) else None


def _ended(view: View, store: Workload) -> tuple[Evidence, ...]:
    """Return that a store was killed for memory, told as it ended that it has none, or repeats that."""
    found = crashes(view, store)
    killed = tuple(crash.evidence() for crash in found if crash.container.killed_for_memory)
    pods = {crash.pod.name for crash in found}
    told = {*(h for h in view.hits_of(store.ref, "out_of_memory") if h.pod in pods), *told_by_program(view, store)}
    said = tuple(view.hit_evidence(hit) for hit in sorted(told, key=lambda hit: (hit.pod, hit.previous)))
    return (*killed, *said, *(crash.evidence() for crash in found)) if killed or said else ()


def _filled(view: View, store: Workload, ended: tuple[Evidence, ...], since: datetime) -> Filled | None:
    """Return the one client that fills a store; None if nobody or several may."""
    callers = [w for ref, w in view.workloads.items() if store.ref in view.graph.calls.get(ref, ())]
    callers = [w for w in callers if role(w) not in DATA]
    asking = [w for w in callers if w.kind not in BATCH]
    making = [(w, made) for w in asking if (made := makes_clients(view, w, store, since))]
    mine = {w.ref: made for w, made in making if _since_its_release(w, made)}
    came = [w for w in asking if _released(view, w, since)]
    kept, keys = grows(view, store, since), fills_for_good(view, store, since)
    others: list[Workload] = []
    if keys is not None:
        kept = keys.kept
        able = [w for w in may_write(view, store, keys, asking) if w in came and kept.with_release(w)]
        others = not_ruled_out(view, store, keys, callers)
    elif kept is None:
        able = [] if counted(view, store) or len(making) > 1 else [w for w in came if w.ref in mine]
    else:
        able = [w for w in came if kept.with_release(w)]
        able = [w for w in able if w.ref in mine] or [w for w in able if not making]
        others = [] if making else callers  # their own words tell who it is
    if len(able) != 1 or (kept and any(w not in able and _turned(view, w, kept) for w in others)):
        return None
    return Filled(able[0], mine.get(able[0].ref), kept, ended, since)


def _turned(view: View, client: Workload, kept: Kept) -> bool:
    """Tell whether a client may have begun to fill a store as well: by another release, an edit, a start or requests.

    A run that was over before the store ended is none that filled it until then.
    """
    over = moment(client.obj, "status", "completionTime")
    if over is not None and over < kept.until:
        return False
    if kept.with_release(client) or (traffic_growth(view, client.ref) or 1.0) >= LOADED:
        return True
    starts = (created(client.obj), moment(client.obj, "status", "startTime"), oldest(p.created for p in client.live))
    edits = (at for ref, at in outside_changes(view, client) if reached(client, ref, at))
    turns = (*starts, edited(client.obj), *edits)
    return any(at is not None and near(at, kept.since, kept.until) for at in turns)


def _released(view: View, client: Workload, since: datetime) -> bool:
    """Tell whether a client was released in the hours before, and is not asked for more by its own users."""
    at = client.released_at
    if at is None or at >= since or client.returned or not releases(view, client, SUSPECT):
        return False
    return (traffic_growth(view, client.ref) or 1.0) < LOADED


def _since_its_release(client: Workload, made: Made) -> bool:
    """Tell whether a pod that makes clients is of the newest release."""
    at, mine = client.released_at, {pod.name for pod in client.newest_pods()}
    return made.pod in mine and at is not None and made.first >= at + BEFORE


def _had_room(view: View, store: Workload, found: Filled, since: datetime) -> bool:
    """Tell whether a store lived before a client's release for longer than since then, and filled no faster.

    Where all its pods were made anew since that release, as people do with a store that ends, none of them tells.
    """
    at = found.client.released_at
    if at is None:
        return False
    series = [s for pod in store.live for s in view.figures.series("memory_bytes", pod=pod.name)]
    series += [each for _, each in counted(view, store)]
    if any(rose_before(each, at, since) for each in series):
        return False
    lived = max(since - at, SOON)
    if any(first is not None and at - first >= lived for pod in store.live for first in _ran_from(pod)):
        return True
    return found.made is not None and _was_empty(view, store, at) and _made_anew(store, at, lived)


def _was_empty(view: View, store: Workload, at: datetime) -> bool:
    """Tell whether the pods before, of the same names, kept hardly any of it for a while until a moment.

    Who had only been started then, or whose clients had just come, would have kept hardly any as well.
    """
    for _, each in counted(view, store):
        early = [(t, v) for t, v in each.points if t < at.timestamp()]
        most = max(v for _, v in each.points)
        if not early or at.timestamp() - early[0][0] < MEASURED.total_seconds():
            return False
        if max(v for _, v in early) > EMPTY * most or early[0][1] * AROSE < early[-1][1]:
            return False
    return bool(counted(view, store))


def _made_anew(store: Workload, at: datetime, lived: timedelta) -> bool:
    """Tell whether all pods of a store that is older came after a moment."""
    made, first = [pod.created for pod in store.live], created(store.obj)
    return first is not None and at - first >= lived and all(each is not None and each > at for each in made)


def _ran_from(pod: Pod) -> Iterator[datetime | None]:
    """Yield since when the containers of a pod run, ran to their last end, or are there at all if they ended rarely."""
    for container in pod.containers:
        yield container.started_at
        yield container.ended.started_at if container.ended else None
        yield pod.created if container.restarts <= FEW else None
