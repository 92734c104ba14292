"""A client whose release made its pools larger, and which has filled a database with them only by and by.

Pools open a session when one more is asked for, and keep it: they may take an hour. By then others were released as
well; it is told apart by what is counted, and by what its pools of before could have held.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime

from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._holders import Holder, held_by, owners_told
from tuheg_ir.diagnosis.rules._raised_pool import TIMES, sizes
from tuheg_ir.diagnosis.rules._sessions import FULL, Full, label_of, released_before
from tuheg_ir.diagnosis.view.demand import MUCH_MORE, traffic_growth
from tuheg_ir.diagnosis.view.figures import RECENT_S
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_BY_CLIENT = "db_connections_by_client"
SAME = 1.3
"""So many times the sessions of before are about the same."""


def filled_late(view: View, each: Full) -> tuple[Workload, Evidence] | None:
    """Return the client with most sessions if it took them since its release made its pools larger, and what shows it.

    It has to have more than its former pools could have held, most of them idle, and the rest has to have room without
    those. Not where others took more too, it has more to do or more replicas, or something keeps statements waiting.
    """
    held = held_by(view, each)
    client = view.workloads.get(held[0].ref) if held else None
    if client is None or client.returned or not each.usable or each.since is None:
        return None
    if not released_before(view, client, each.since) or not _idles(held[0]):
        return None
    before = _held_before(client, held[0].count)
    if before is None or held[0].count < TIMES * before or each.used - held[0].count + before >= FULL * each.usable:
        return None
    if _asked_more(view, client) or _waits(view, each) or _started_since(view, each, client):
        return None
    shown = _rose(view, each, client, before)
    return (client, shown) if shown else None


def _held_before(client: Workload, held: int) -> int | None:
    """Return how many sessions the former pools of all pods could have held.

    A pod whose processes each have a pool has as many times what its setting tells as it takes to hold what it does.
    """
    found, pods = sizes(client), len(client.live)
    if found is None or not pods:
        return None
    was, now = found
    return was * pods * math.ceil(held / (now * pods))


def _idles(holder: Holder) -> bool:
    """Tell whether most of a client's sessions do nothing, and hold nothing: what waits has another reason."""
    return 2 * holder.of_state("idle") > holder.count and 2 * holder.forgotten < holder.count


def _asked_more(view: View, client: Workload) -> bool:
    """Tell whether a client may have more to do than before: it has to be measured, in requests or processor time."""
    own = [each for each in (traffic_growth(view, client.ref), _work(view, client)) if each is not None]
    above = [traffic_growth(view, ref) or 1.0 for ref in view.graph.callers(client.ref)]
    return not own or grown(view, client) is not None or max(*own, *above, 1.0) >= MUCH_MORE


def _work(view: View, client: Workload) -> float | None:
    """Return how many times its processor time of before a client uses; who has no limit has no share of it."""
    used = (view.figures.growth("cpu_usage", pod=pod.name) for pod in client.live)
    return work_growth(view, client) or min((each for each in used if each is not None), default=None)


def _waits(view: View, each: Full) -> bool:
    """Tell whether a database told often of locks before it was full. Who waits for slow statements is not idle."""
    told = (hit for hit in view.hits_of(each.ref, "lock_wait") if hit.count >= OFTEN)
    return any(hit.first is None or each.since is None or hit.first <= each.since for hit in told)


def _started_since(view: View, each: Full, client: Workload) -> bool:
    """Tell whether a database was started after a release: all clients open their sessions anew then."""
    server, came = view.workloads.get(each.ref), client.released_at
    began = newest(c.started_at or pod.created for pod in server.live for c in pod.containers) if server else None
    return began is not None and (came is None or began >= came)


def _rose(view: View, each: Full, client: Workload, before: int) -> Evidence | None:
    """Return that a client's sessions rose until a database was full, and those of the others did not.

    What is counted may not reach back to its release.
    """
    label = label_of(view, _BY_CLIENT, each.ref)
    series = view.figures.series(_BY_CLIENT, component=label) if label else ()
    owners = owners_told(view, each.ref, [one.labels for one in series])
    mine = [one for one, owner in zip(series, owners, strict=True) if owner == client.ref]
    others = [one for one, owner in zip(series, owners, strict=True) if owner != client.ref]
    counted = sorted({at for one in mine for at, _ in one.points})
    came, end = (at.timestamp() if at else 0.0 for at in (client.released_at, each.since))
    earlier = [at for at in counted if at <= came]
    times = [*earlier[-1:], *(at for at in counted if came < at <= end)]
    if len(times) < 2:
        return None
    low, high = (_sum(mine, at) or 0.0 for at in (times[0], times[-1]))
    was, then, now = (_sum(others, at) for at in (times[0], times[-1], counted[-1]))
    if was is None or then is None or now is None:
        return None
    if high < TIMES * max(low, 1.0) or max(then, now) > SAME * max(was, 1.0):
        return None
    fact = (
        f"{client.name} held {low:.0f} sessions, and {high:.0f} as it was full; its former pools had {before} at most"
    )
    return Evidence("metrics", each.ref, fact, datetime.fromtimestamp(times[0], UTC))


def _sum(held: Sequence[Series], moment: float) -> float | None:
    """Return how many sessions series count at a moment, each by its last value up to it; None where none counts any.

    They need not be read in the same seconds. One that has ended by then counts no more.
    """
    upto = [(one, [value for at, value in one.points if at <= moment]) for one in held]
    found = [
        values[-1]
        for one, values in upto
        if values and (one.points[-1][0] > moment or moment - one.points[-1][0] <= RECENT_S)
    ]
    return sum(found) if found else None
