"""Whose pods opened the connections of which a store has none left, where nobody counts them by client.

A cache tells how many clients it has, and not whose they are. The files and sockets that a pod holds open tell it: a
connection that is never closed stays there as well, pod by pod, as a straight line from the release that brought it.
"""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import accumulate

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import held_by
from tuheg_ir.diagnosis.rules._led_back import led_back
from tuheg_ir.diagnosis.rules._pools import BUSY_TOO, LONG, READINGS, kept_waiting
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.rules._sessions import Full, clients, label_of, released_before
from tuheg_ir.diagnosis.rules._taken_since import Points, evenly
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.releases import works_otherwise
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import BATCH, Workload

OPEN = "pod_open_files"
MOST = 0.7
"""Share of what came to a store that one client has to have opened; files that are none come on top of it."""
TIMES = 1.6
"""More than so many times what came to a store leads elsewhere as well: users who stay take one for themselves each."""
OTHERS = 0.2
"""Share of it by which the open files of all others may have grown meanwhile."""
FEW = 0.2
"""Share of what came to a store since a release that may have come to it in the same hour before."""
LEAST = 30
"""Fewer files than this come and go with the work."""
NONE = 0.99
"""Share of its connections from which on a store has none for who asks now."""
STANDS_S = 300.0
"""Who opens ever more would have opened many more within so many seconds."""
BUSIER = 2.0
"""Who works so many times as much may have as many more users, each with a connection of its own."""


def opened_since_release(view: View, each: Full) -> list[tuple[Workload, tuple[Evidence, ...]]]:
    """Return the one client whose pods opened most of what filled a store since its release, and closed none of it."""
    if each.since is None or any(holder.ref for holder in held_by(view, each)):
        return []  # whose they are is told, by who knows it
    found = [
        (client, shown)
        for ref in clients(view, each.ref)
        if (client := view.workloads.get(ref)) and (shown := _opened(view, each, client, each.since))
    ]
    return found if len(found) == 1 else []


def _opened(view: View, each: Full, client: Workload, full: datetime) -> tuple[Evidence, ...]:
    """Return that the open files of a client climb since its release, as the connections of a store do."""
    if client.kind in (*BATCH, "Pod") or client.returned or not works_otherwise(client):
        return ()
    if wants_more(view, client, full):
        return ()
    return _from_their_start(view, each, client, full) or _from_amid(view, each, client, full)


def _from_their_start(view: View, each: Full, client: Workload, full: datetime) -> tuple[Evidence, ...]:
    """Return that what the pods of a client hold open climbs since they came with its release."""
    found = _mine(view, each, client, full) if released_before(view, client, full) else ()
    if not found or not all(map(climbs, found)):
        return ()
    low, high = (sum(count[end][1] for count in found) for end in (0, -1))
    alike = _alike(view, each, client, full, (low, high))
    fact = f"its pods held {low:.0f} files and sockets open as they came, and at last {high:.0f}, evenly more {alike}"
    began = datetime.fromtimestamp(found[0][0][0], UTC)
    return (Evidence("metrics", client.ref, fact, began),) if alike else ()


def _from_amid(view: View, each: Full, client: Workload, full: datetime) -> tuple[Evidence, ...]:
    """Return the same where figures go back to less than that: until nothing was left, as the last part takes long."""
    label = label_of(view, "db_connections", each.ref)
    left = view.figures.crossed("db_connections", NONE * each.usable, component=label) if label else None
    until = max(left, full) if left else full
    return led_back(view, each, client, _mine(view, each, client, until), until, (MOST, TIMES))


def _mine(view: View, each: Full, client: Workload, until: datetime) -> tuple[Points, ...]:
    """Return how many files each pod of a client had open until a time, if they are many more, and those of no other.

    All its pods are counted, or none is.
    """
    counts = tuple(counts_of(view, pod, until) for pod in client.newest_pods())
    if not all(counts):
        return ()
    more = sum(count[-1][1] - count[0][1] for count in counts)
    return () if more < LEAST or _others(view, each, client) > OTHERS * more else counts


def _alike(view: View, each: Full, client: Workload, full: datetime, held: tuple[float, float]) -> str:
    """Return how what a client opened since its release is known to be of a store; "" if it is not."""
    low, high = held
    came = _came(view, each, client.released_at) if client.released_at else None
    if came is not None:
        return f"as {came:.0f} came to {each.ref}" if MOST * came <= high - low <= TIMES * came else ""
    return "" if each.used or not _stops(view, client, full, high) else f"until {each.ref} refused more"


def wants_more(view: View, client: Workload, full: datetime) -> bool:
    """Tell whether a client may want more connections than before: for more work, more replicas, a larger pool."""
    if raised(client) or grown(view, client) is not None or kept_waiting(view, client, full):
        return True
    return (work_growth(view, client) or 1.0) >= BUSIER


def counts_of(view: View, pod: Pod, until: datetime) -> Points:
    """Return how many files a pod had open from its start on, until a store was full: then no more can come."""
    born = pod.created.timestamp() if pod.created else 0.0
    every = (point for series in view.figures.series(OPEN, pod=pod.name) for point in series.points)
    return [(at, value) for at, value in every if born <= at <= until.timestamp() and value]


def climbs(counts: Points, times: float = 2.0) -> bool:
    """Tell whether counts go up for long, as much early as late, and down by no more than a few that are busy.

    ``times``: they are at last at least so many times what they were.
    """
    if len(counts) < READINGS or counts[-1][0] - counts[0][0] < LONG.total_seconds() or not evenly(counts):
        return False
    values = [value for _, value in counts]
    highest = accumulate(values, max)
    return times * values[0] <= values[-1] and all(
        top - value <= BUSY_TOO * max(values) for value, top in zip(values, highest, strict=True)
    )


def _came(view: View, each: Full, released: datetime) -> float | None:
    """Return how many connections came to a store since a release; 0 if they did before it as well.

    None: nobody counts them, or not from before.
    """
    label = label_of(view, "db_connections", each.ref)
    first = view.figures.first("db_connections", component=label) if label else None
    before = view.figures.before("db_connections", released, component=label) if label else None
    if first is None or before is None or not each.used:
        return None
    more = each.used - before
    return more if abs(before - first) <= FEW * more else 0.0


def _others(view: View, each: Full, client: Workload) -> float:
    """Return by how much the open files of the other clients of a store have grown, where they are counted."""
    others = [view.workloads[ref] for ref in clients(view, each.ref) if ref in view.workloads and ref != client.ref]
    counts = [counts_of(view, pod, view.now) for other in others for pod in other.live]
    return sum(float(max(0, found[-1][1] - found[0][1])) for found in counts if found)


def _stops(view: View, client: Workload, full: datetime, high: float) -> bool:
    """Tell whether what a client holds open grows no more since a store refuses further connections."""
    now = sum(view.figures.now(OPEN, pod=pod.name) or 0.0 for pod in client.newest_pods())
    return (view.now - full).total_seconds() >= STANDS_S and now <= (1 + OTHERS / 2) * high
