"""Sessions that a program takes ever more of since its release, as figures of the database count them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import accumulate
from statistics import fmean

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._holders import Holder
from tuheg_ir.diagnosis.rules._memory import LOADED
from tuheg_ir.diagnosis.rules._pools import BUSY_TOO, EVEN, KEPT_S, READINGS, held_up
from tuheg_ir.diagnosis.rules._raised_pool import raised
from tuheg_ir.diagnosis.rules._sessions import Full, label_of, released_before
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.figures import summed
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

MOST = 0.5
"""Share of all sessions of a database that a client has to have: the others do not fill it."""
MANY = 0.4
"""Share of them that it may have where it is counted how few it had before its release."""
TIMES = 2.0
"""A client that had half as many before its release did not become another one by it."""
OTHERS = 0.1
"""Share of all sessions by which the others may have grown meanwhile."""
SOON_S = 900.0
"""What a release brings begins within so many seconds of it: its pods come one after the other."""
NOUGHT = 0.3
"""Share of what it has at last that a client may have had at its release, by the pace at which it took them."""
FOR_LONG_S = 2400.0
"""Nothing that is waited for has ever more of its callers wait for so many seconds, as many late as early."""
MORE = 1.25
"""What has grown by less within that time may be what comes and goes."""
SLOWER = 3.0
"""In the hours before it may have grown so many times more slowly: work of a morning is less than that of a noon."""
A_DAY_S = 86400.0
"""Whoever served for a whole day has been asked for all that is asked of it each day."""
TIMES_OVER = 3.0
"""And so many times it would have filled the database by then."""
_CLIENTS = "db_connections_by_client"
Points = Sequence[tuple[float, float]]


def taken_since_release(view: View, each: Full, holder: Holder) -> tuple[Evidence, ...]:
    """Return that a client took most sessions since its release and gave none back, and not for more to do.

    Most of them are asleep; where nobody tells what they do, its requests are measured. Where requests are not, its
    processor time tells what there is to do. Neither more replicas nor a larger pool in its template is the reason: of
    these other rules tell more.
    """
    client = view.workloads.get(holder.ref)
    if client is None or not each.usable or holder.count < MANY * each.usable:
        return ()
    if not released_before(view, client, each.since) or raised(client) or grown(view, client) is not None:
        return ()
    more_to_do = traffic_growth(view, client.ref) or ((work_growth(view, client) or 1.0) if _asleep(holder) else None)
    if more_to_do is None or held_up(view, client, each.since) or not (_asleep(holder) or _untold(holder)):
        return ()
    mine, others = counted(view, each, holder)
    if holder.count < MOST * each.usable and len(_before(client, mine)) < READINGS:
        return ()
    if len(mine) < READINGS or _rose(others) > OTHERS * each.usable:
        return ()
    told = _since(client, mine, each.since, more_to_do)
    if not told and _asleep(holder) and more_to_do < LOADED:
        told = _unlike_before(view, each, client, mine)
    if not told:
        return ()
    fact = f"{holder.name} holds {holder.count} of {each.usable} sessions, {told}"
    return (Evidence("metrics", each.ref, fact, client.released_at),)


def _asleep(holder: Holder) -> bool:
    """Tell whether most sessions of a client are asleep."""
    return 2 * (holder.of_state("idle") - holder.of_state("idle in transaction")) >= holder.count


def _untold(holder: Holder) -> bool:
    """Tell whether nobody tells what the sessions of a client do."""
    return not any(session.state for session in holder.sessions)


def counted(view: View, each: Full, holder: Holder) -> tuple[Points, Points]:
    """Return how many sessions a client of a database had, and all others, from one moment to the next."""
    label, names = label_of(view, _CLIENTS, each.ref), {(s.user, s.application) for s in holder.sessions}
    series = [s for s in view.figures.series(_CLIENTS) if s.labels.get("component") == label]
    own = [(s.labels.get("user", ""), s.labels.get("client", "")) in names for s in series]
    mine, others = (
        summed(s.points for s, is_its in zip(series, own, strict=True) if is_its == wanted) for wanted in (True, False)
    )
    return mine, others


def _rose(points: Points) -> float:
    return points[-1][1] - points[0][1] if points else 0.0


def _since(client: Workload, points: Points, full: datetime | None, more_to_do: float) -> str:
    """Return how it is known that sessions became many since a release; "" if it is not.

    Who was counted before it had few then, more soon after, and at last many more than there is more to do. Else the
    rise, that went on evenly until the database was full, began with it, or as its pods started: at its pace there were
    hardly any then.
    """
    came = client.released_at.timestamp() if client.released_at else None
    if came is None or not never_down([value for at, value in points if at >= came]):
        return ""
    before = _before(client, points)
    if len(before) >= READINGS:
        few = max(before)
        more = next((at for at, value in points if at >= came and value > 1 + few * (1 + EVEN)), None)
        soon = more is not None and more - came <= SOON_S
        many = points[-1][1] >= TIMES * few * max(1.0, more_to_do)
        return f"and had {few:.0f} before its release" if soon and many else ""
    climb = [(at, value) for at, value in points if full is None or at <= full.timestamp()]
    if len(climb) < READINGS or climb[-1][0] - climb[0][0] < KEPT_S or more_to_do >= LOADED or not evenly(climb):
        return ""
    (begin, low), *_, (end, high) = climb
    pace = (high - low) / (end - begin)
    at_release, at_starts = (low - pace * (begin - then) for then in (came, _started(client, came, begin)))
    if at_release > NOUGHT * high or at_starts < -BUSY_TOO * high:
        return ""
    return f"{low:.0f} at {datetime.fromtimestamp(begin, UTC):%H:%M}: the rise began with its release"


def _unlike_before(view: View, each: Full, client: Workload, points: Points) -> str:
    """Return how it is known that the image before lost no sessions, though a line leads back to after the release.

    What is done less in the morning loses fewer then. At this pace the image before would have filled the database
    within hours, again and again, and it served for days. What was written for the pods since may be the reason as
    well, and of pods that came later nobody knows what those before them held.
    """
    came, before = client.released_at, client.revisions[1:2]
    if came is None or not client.changed("image") or not before or before[0].again or before[0].created is None:
        return ""
    starts = [pod.created.timestamp() for pod in client.live if pod.created]
    climb = _to_its_most(points)
    if len(starts) < len(client.live) or max(starts, default=0.0) > came.timestamp() + SOON_S or not climb:
        return ""
    (begin, low), *_, (end, high) = climb
    pace, earlier = (high - low) / (end - begin), low / max(1.0, begin - came.timestamp())
    if high < MORE * low or not earlier <= pace <= SLOWER * earlier or begin <= came.timestamp():
        return ""
    served = (came - before[0].created).total_seconds()
    if served < max(A_DAY_S, TIMES_OVER * each.usable / pace) or any(
        at > came for _, at in outside_changes(view, client)
    ):
        return ""
    return (
        f"{low:.0f} at {datetime.fromtimestamp(begin, UTC):%H:%M}, evenly more and asleep: at this pace it takes all "
        f"in {each.usable / pace / 3600:.1f} h, and the image before served for {served / A_DAY_S:.0f} days"
    )


def _to_its_most(points: Points) -> Points:
    """Return the rise of counts to their most if it went on for long, as much early as late; () if it did not."""
    most = max((value for _, value in points), default=0.0)
    climb = points[: next((number for number, (_, value) in enumerate(points, 1) if value == most), 0)]
    if len(climb) < READINGS or climb[-1][0] - climb[0][0] < FOR_LONG_S or not evenly(climb):
        return ()
    return climb if never_down([value for _, value in points]) else ()


def _before(client: Workload, points: Points) -> list[float]:
    """Return what was counted before a client's release."""
    came = client.released_at
    return [value for at, value in points if came is not None and at < came.timestamp()]


def _started(client: Workload, came: float, counted: float) -> float:
    """Return when the pods of a release started, on average: what one held is given back as another takes its place.

    Where most of its first pods are gone, or one came while sessions were counted, only the release itself tells.
    """
    starts = [pod.created.timestamp() for pod in client.newest_pods() if pod.created]
    first = [start for start in starts if start <= came + SOON_S]
    if 2 * len(first) < max(1, len(starts)) or max(starts) > counted:
        return came
    return max(came, fmean(starts))


def never_down(values: Sequence[float]) -> bool:
    """Tell whether counts never go down by more than a few that are busy now and then."""
    highest = accumulate(values, max)
    return all(top - value <= max(1, BUSY_TOO * top) for value, top in zip(values, highest, strict=True))


def climbs_on(points: Points) -> bool:
    """Tell whether counts at least double in a rise that goes on for long, early as late, and hardly ever down."""
    most = max((value for _, value in points), default=0.0)
    full = next((number for number, (_, value) in enumerate(points) if value == most), 0)
    climb = points[: full + 1]
    if len(climb) < READINGS or climb[-1][0] - climb[0][0] < FOR_LONG_S:
        return False
    return 2 * climb[0][1] <= most and never_down([value for _, value in points]) and evenly(climb)


def evenly(climb: Points) -> bool:
    """Tell whether each half of the time brought its share of a rise."""
    low, middle, high = climb[0][1], climb[len(climb) // 2][1], climb[-1][1]
    return EVEN * (high - low) <= middle - low <= (1 - EVEN) * (high - low)
