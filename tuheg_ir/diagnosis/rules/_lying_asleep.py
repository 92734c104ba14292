"""Sessions that a program opened one after the other, that are asleep, and that it never gives back.

Where nobody tells what the sessions of one client do, the database tells how many of all are asleep: whoever has far
more than all that are awake sleeps with most of his. A pool that finds one of its own idle opens no other; one that
opens ever more while nearly all of them sleep, and is asked for no more, has lost them. Whether it is refused itself
does not matter: it may have all that it uses.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import UNUSED, Holder
from tuheg_ir.diagnosis.rules._memory import LOADED
from tuheg_ir.diagnosis.rules._pools import BUSY_TOO, KEPT_S, READINGS, kept_waiting
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.rules._sessions import Full, label_of, released_before
from tuheg_ir.diagnosis.rules._taken_since import Points, counted, evenly, never_down
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MOST = 0.5
"""Share of all sessions of a database that a client has to have: without it there would be room."""
ASLEEP = 0.8
"""Share of its own sessions that sleep at least, if all that are awake are taken to be its own."""
TIMES = 1.5
"""A client that has so many times what it had at first is another than it was."""
ITS_OWN = 0.8
"""Share of what came to the database meanwhile that is of the one client."""
STANDS = timedelta(minutes=5)
"""Sessions that a rush has opened are in use again, or closed, sooner."""
_STATES = "db_connections_by_state"
_ASLEEP = ("sleep", "idle")


def lying_asleep(view: View, each: Full, holder: Holder) -> tuple[Evidence, ...]:
    """Return that a client has most of a full database's sessions, became it by and by, and sleeps with nearly all."""
    client = view.workloads[holder.ref]
    if holder.count < MOST * each.usable or any(session.state for session in holder.sessions):
        return ()  # what its own sessions do tells more, where it is known
    asleep = _asleep(view, each, holder)
    if asleep is None or asleep < ASLEEP * holder.count:
        return ()
    climb = _climb(view, each, holder)
    if not climb or _for_a_reason(view, each, client, climb):
        return ()
    began = datetime.fromtimestamp(climb[0][0], UTC)
    fact = (
        f"{holder.name} holds {holder.count} of {each.usable} sessions, {climb[0][1]:.0f} at {began:%H:%M}; "
        f"at least {asleep} of them are asleep"
    )
    return (Evidence("metrics", each.ref, fact, began),)


def _asleep(view: View, each: Full, holder: Holder) -> int | None:
    """Return how many sessions of a client sleep at least; None where nobody counts what the sessions do.

    What is counted by state may be fewer than there are, as some have just come: these are taken to be awake, and so is
    who is idle in a transaction, where a database tells that apart.
    """
    label = label_of(view, _STATES, each.ref)
    told = list(view.figures.standing(_STATES, component=label)) if label else []
    asleep = sum(count for labels, count in told if labels.get("state", "").lower() in _ASLEEP)
    if not asleep:
        return None
    awake = max(each.used, sum(count for _, count in told)) - asleep
    return max(0, holder.count - int(awake))


def _climb(view: View, each: Full, holder: Holder) -> Points:
    """Return how a client's sessions became many: evenly, for long, nearly alone, none given back since."""
    mine, _ = counted(view, each, holder)
    most = max((value for _, value in mine), default=0.0)
    if len(mine) < READINGS or not never_down([value for _, value in mine]):
        return ()
    end = next(number for number, (_, value) in enumerate(mine) if value >= (1 - BUSY_TOO / 2) * most)
    start = max(number for number, (_, value) in enumerate(mine) if value <= mine[0][1])
    climb = mine[start : end + 1]
    if len(climb) < READINGS or climb[-1][0] - climb[0][0] < KEPT_S or not evenly(climb):
        return ()
    if climb[-1][1] < TIMES * climb[0][1] or view.now.timestamp() - climb[-1][0] < STANDS.total_seconds():
        return ()
    came = _came(view, each, climb[0][0], climb[-1][0])
    return climb if came is not None and climb[-1][1] - climb[0][1] >= ITS_OWN * came else ()


def _came(view: View, each: Full, start: float, end: float) -> float | None:
    """Return by how many sessions a database has more at one moment than at another one; None: nobody counts them."""
    label = label_of(view, "db_connections", each.ref)
    for series in view.figures.series("db_connections", component=label) if label else ():
        held = [value for at, value in series.points if start <= at <= end]
        if held:
            return held[-1] - held[0]
    return None


def _for_a_reason(view: View, each: Full, client: Workload, climb: Points) -> bool:
    """Tell whether a client may want more sessions than before, or be kept from giving them back.

    More to do, more replicas, a larger pool, a release of it, pods that have just come, what it waits for, or a lock.
    What it has to do has to be known: by its requests, or by its processor time where nobody counts those.
    """
    began = datetime.fromtimestamp(climb[0][0], UTC)
    if any(pod.created is None or began - pod.created < UNUSED for pod in client.live):
        return True
    if released_before(view, client, each.since) or raised(client) or grown(view, client) is not None:
        return True
    to_do = traffic_growth(view, client.ref) or work_growth(view, client)
    if to_do is None or to_do >= LOADED or kept_waiting(view, client, each.since):
        return True
    return any({client.ref, each.ref} & {c.caller, c.about} for c in complaints(view, "lock_wait"))
