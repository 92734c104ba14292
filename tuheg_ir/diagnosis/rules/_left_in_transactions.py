"""Whether a release leaves transactions open, each with a connection of its pool, while its database has room.

Nothing ends such a transaction but the end of its pod: some of what a program is asked leaves one behind, and they add
up in steps until the pool is full. Who waits for a lock, for another service or for its own pool ends some time; who
hangs since one moment, as all do that were cut off, does so all at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence, Session
from tuheg_ir.diagnosis.moments import moment
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.rules._holders import measured_holders
from tuheg_ir.diagnosis.rules._left_lying import LEAST, LONG
from tuheg_ir.diagnosis.rules._opened_since import climbs
from tuheg_ir.diagnosis.rules._pools import BUSY_TOO, SAME, kept_waiting, taken_in
from tuheg_ir.diagnosis.rules._sessions import clients, label_of
from tuheg_ir.diagnosis.rules._taken_since import Points
from tuheg_ir.diagnosis.rules._waits_for_itself import taken_by_pods, works
from tuheg_ir.diagnosis.view.complaints import complaints, fresh
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.releases import served_long, since_release
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_STATES, _AGES, _OPEN = "db_connections_by_state", "db_transaction_age_by_state", "idle in transaction"
_ADDS_UP = timedelta(minutes=10)
"""What takes connections faster than this may be a rush, or all that hang on one answer."""
_FEW = 0.25
"""Share of those who idle in transactions: so few others of the same program may wait for what those have locked."""


class Left(NamedTuple):
    """Transactions that a release leaves open in a database: in which, what shows it, since when."""

    database: str
    shown: Evidence
    began: datetime


def left_in_transactions(view: View, workload: Workload) -> Left | None:
    """Return that nearly all that a release's pools have taken idles in transactions that nobody ends, ever more.

    The oldest was begun soon after the release and is open ever since, and the template before served much longer.
    """
    at = workload.released_at
    if at is None or workload.returned or workload.older_pods() or not workload.changed("image", "env", "command"):
        return None
    if not served_long(workload, (view.now - at).total_seconds()):
        return None
    if kept_waiting(view, workload):
        return None
    stores = (each.ref for each in view.called(workload.ref) if role(each) == "database")
    # Who waits for a lock does so within a statement, which is none of a transaction that does nothing.
    locked = bool(complaints(view, "lock_wait"))
    found = (_left(view, workload, each) for each in stores if not locked or _counted_as_its_own(view, workload, each))
    return next((left for left in found if left), None)


def _left(view: View, workload: Workload, database: str) -> Left | None:
    label = label_of(view, _STATES, database)
    series = view.figures.series(_STATES, component=label, state=_OPEN) if label else ()
    left = view.figures.now(_STATES, component=label, state=_OPEN) if label else None
    began = _oldest(view, database)
    if left is None or left < LEAST or began is None or not since_release(workload, began):
        return None
    if not _its_own(view, workload, database, left) or not any(
        _adds_up(run) for s in series for run in _runs(s.points)
    ):
        return None
    minutes = (view.now - began).total_seconds() / 60
    fact = f"{left:.0f} of its sessions idle in transactions, ever more of them, the oldest for {minutes:.0f} min"
    return Left(database, Evidence("metrics", database, fact, began), began)


def _counted_as_its_own(view: View, workload: Workload, database: str) -> bool:
    """Tell whether a database counts by client who idles in transactions, and hardly anybody but one workload does.

    That one has few sessions within a statement: of two connections that one request takes, the first idles for as long
    as the second one waits for somebody's lock. Nobody else has one for long: that may be what all wait for.
    """
    known = measured_holders(view, database)
    mine, others = ([h for h in known if (h.ref == workload.ref) is own] for own in (True, False))
    idle, theirs, at_work = (
        sum(h.of_state(state) for h in some) for some, state in ((mine, _OPEN), (others, _OPEN), (mine, "active"))
    )
    held = any(_may_lock(session) for h in others for session in h.sessions)
    return not held and idle >= LEAST and idle >= SAME * (idle + theirs) and at_work <= _FEW * idle


def _may_lock(session: Session) -> bool:
    """Tell whether a session may hold a lock for long: its transaction is old, or idles and nobody knows how old it is.

    Who waits for a lock is at work too, but not for long: of whom is at work an age that nobody knows tells nothing.
    """
    idles = session.state.startswith(_OPEN)
    old = session.age_s >= LONG.total_seconds() or (idles and not session.age_s)
    return old and (idles or session.state == "active")


def kept_from_by(view: View, workload: Workload, database: str) -> tuple[str, ...]:
    """Return who waits for the locks of transactions that a workload leaves open, with their callers."""
    told = {c.caller for c in complaints(view, "lock_wait") if database in (c.about, c.caller)}
    return behind(view, *(told - {workload.ref, database}), but=workload.ref)


def _oldest(view: View, database: str) -> datetime | None:
    """Return when the oldest transaction that does nothing was begun, if nobody comes back to it any more."""
    label = label_of(view, _AGES, database)
    age = view.figures.now(_AGES, component=label, state=_OPEN) if label else None
    return moment(view.now.timestamp() - age) if age and age >= LONG.total_seconds() else None


def _its_own(view: View, workload: Workload, database: str, left: float) -> bool:
    """Tell whether all transactions that are left are of one program, and it does little else with its connections.

    Who else uses a database may be seen nowhere: another namespace, or a person with a tool. Where nobody counts whose
    sessions they are, those that are at work or idle are those of the program, unless they are few.
    """
    taken = taken_by_pods(view, workload)
    if taken is not None:
        return SAME * taken <= left <= taken / SAME
    # Of what its pools have taken hardly any does something else.
    if left < SAME * sum(_told(view, workload).values()):
        return False
    if known := [each for each in measured_holders(view, database) if each.ref == workload.ref]:
        return sum(each.of_state(_OPEN) for each in known) >= SAME * left
    label = label_of(view, _STATES, database)
    at_work, idle = (view.figures.now(_STATES, component=label, state=each) or 0.0 for each in ("active", "idle"))
    return clients(view, database) == (workload.ref,) and not works(at_work, left) and left >= SAME * idle


def _told(view: View, workload: Workload) -> dict[str, int]:
    """Return how many connections each pod's pool tells to be taken, where it has none left."""
    hits = [hit for hit in view.hits_of(workload.ref, "pool_exhausted") if fresh(view, hit) and not hit.previous]
    live = {pod.name for pod in workload.live}
    found: dict[str, int] = {}
    for hit in hits:
        if hit.pod in live and (taken := taken_in(hit.line)) is not None:
            found[hit.pod] = max(taken, found.get(hit.pod, 0))
    return found


def _runs(points: Points) -> Iterator[Points]:
    """Yield the parts of a count between its falls: a pod that ends takes with it what it has left."""
    begin, most = 0, 0.0
    for n, (_, value) in enumerate(points):
        if most - value > max(1.0, BUSY_TOO * most):
            yield points[begin:n]
            begin, most = n, 0.0
        most = max(most, value)
    yield points[begin:]


def _adds_up(run: Points) -> bool:
    """Tell whether a count goes up by several, evenly and for long, from its least to nearly its most."""
    rise = rise_of(run)
    return rises_long(rise, times=1.0) and max(value for _, value in run) - rise[0][1] >= LEAST


def rise_of(run: Points) -> Points:
    """Return a count from its last least to nearly its most.

    What is full wavers: a few of its requests come to an end, and others begin.
    """
    most = max(value for _, value in run)
    full = most - max(1.0, BUSY_TOO * most)
    until = run[: next(n for n, (_, value) in enumerate(run) if value >= full) + 1]
    least = min(value for _, value in until)
    return until[max(n for n, (_, value) in enumerate(until) if value == least) :]


def rises_long(rise: Points, times: float) -> bool:
    """Tell whether a rise is even, too slow for a rush, and to at least so many times what it began with."""
    return rise[-1][0] - rise[0][0] >= _ADDS_UP.total_seconds() and climbs(rise, times)
