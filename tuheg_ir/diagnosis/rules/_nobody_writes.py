"""A replica that is late only by the clock: nobody writes, and it has replayed all that its primary ever wrote.

Who takes the time since the last transaction that was replayed for lateness counts on while there is none to replay.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from tuheg_ir.diagnosis.model import Alert, Evidence, Series
from tuheg_ir.diagnosis.rules._delayed import of_lag_alone
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.logs import times_around
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import newest
from tuheg_ir.diagnosis.view.trouble import MINUTE, labels_of
from tuheg_ir.diagnosis.view.view import View

FOR = timedelta(minutes=5)
"""A replica that counts on for so long, and misses nothing all the while, had nothing to replay."""
A_PAGE = 8192.0
"""What a primary writes while nobody else does: a mark of some dozens of bytes now and then, less than a page."""
FEWER = 0.5
"""Fewer requests than this share of the former ones are no calm hour."""
_LAG, _LEFT = "db_replication_lag", "db_replay_left_bytes"


def late_by_the_clock(view: View, ref: str) -> Evidence | None:
    """Return that a lag grows by a second each second since one moment, and nothing is left to replay; None: not so.

    One primary has to tell it of each pod that may be the late one, by name or by address, for all that time: whom it
    does not know follows it no more. And it tells of nobody else for whom more is left: that was written.
    """
    workload = view.workloads.get(ref)
    databases = {each.ref for each in of_role(view.workloads, "database")}
    if workload is None or ref not in databases:
        return None
    if any(view.hits_of(each, "replication", "replication_stopped", "replication_broken") for each in databases):
        return None
    lags = [series for label in labels_of(view, ref, _LAG) for series in view.figures.series(_LAG, component=label)]
    since = _one_moment(view, lags[0]) if len(lags) == 1 else None
    told = view.figures.series(_LEFT)
    primaries = {view.component(series.labels.get("component", "")) for series in told}
    if since is None or len(primaries) != 1 or not primaries <= databases:
        return None
    if any(left > A_PAGE for series in told for _, left in _lately(view, series)):
        return None
    done = [pod for pod in workload.live if _all_done(view, (series for series in told if _is_of(series, pod)))]
    # Among the pods of a primary one is that itself, and follows nobody.
    if len(done) < max(1, len(workload.live) - (ref in primaries)):
        return None
    fact = "its lag grows by a second each second, and its primary tells that nothing is left for it to replay"
    return Evidence("metrics", ref, fact, since)


def nobody_writes(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return that the replica of an alert that speaks of lateness alone is late by the clock only; None: not so.

    Where those who use a database are asked much less than before, or one of them stands still since then, that may be
    why nobody writes, and is not well.
    """
    late = late_by_the_clock(view, ref) if of_lag_alone(alert) else None
    users = {user for each in of_role(view.workloads, "database") for user in view.graph.callers(each.ref)}
    if late is None or any(_asked_less(view, user) or _stands_still(view, user, late.time) for user in sorted(users)):
        return None
    return late._replace(fact=f"{alert.name} fires; {late.fact}")


def _asked_less(view: View, user: str) -> bool:
    growth = traffic_growth(view, user)
    return growth is not None and growth < FEWER


def _stands_still(view: View, user: str, since: datetime | None) -> bool:
    """Tell whether the logs of a workload all end about then."""
    workload = view.workloads.get(user)
    logs = view.logs_of(workload.live, previous=False) if workload else ()
    last = newest(times_around(log.lines)[0][-1] for log in logs if log.lines)
    return last is not None and since is not None and abs(last - since) <= FOR


def _one_moment(view: View, series: Series) -> datetime | None:
    """Return the one moment since which a lag counts the time, all the while; None where there is none.

    Exporters are asked once a minute or more often: by so much what they count may be off.
    """
    points = _lately(view, series)
    since = [at - lag for at, lag in points]
    if not points or max(since) - min(since) > MINUTE.total_seconds() or min(lag for _, lag in points) <= 0:
        return None
    if min(since) <= 0:
        return None  # no lag is older than the time of computers
    grown, passed = points[-1][1] - points[0][1], points[-1][0] - points[0][0]
    even = abs(grown - passed) <= MINUTE.total_seconds()
    return datetime.fromtimestamp(min(since), UTC) if even and grown > 0 else None


def _all_done(view: View, found: Iterable[Series]) -> bool:
    """Tell whether a primary tells of a follower, for all the time, that it has replayed everything but marks.

    Those it replays at once: where something is left all the while, though it be little, a change waits.
    """
    told = [[left for _, left in _lately(view, series)] for series in found]
    return bool(told) and all(left and min(left) <= 0 and max(left) <= A_PAGE for left in told)


def _lately(view: View, series: Series) -> list[tuple[float, float]]:
    """Return the points of the time that counts; none where a series does not cover it, or has ended."""
    now, since = view.now.timestamp(), (view.now - FOR).timestamp()
    points = [each for each in series.points if each[0] >= since]
    slack = MINUTE.total_seconds()
    covers = bool(points) and points[0][0] <= since + slack and points[-1][0] >= now - slack
    return points if covers else []


def _is_of(series: Series, pod: Pod) -> bool:
    return pod.name == series.labels.get("client") or bool(pod.address and pod.address == series.labels.get("address"))
