"""Whose sessions a database counts by a user: those of the one program whose pools count as many, and grew alike.

A user may be called as nobody is. Two pools of one size are soon equally large; two that become larger and larger by
the same numbers at the same times are one and the same.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.rules._pools import READINGS, SAME, taken_in
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import STILL
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_IDLE = late(r"\b(?:num_?)?idle(?:[ _-]?conn(?:ection)?s?)?[\"']?\s*[:=]\s*(\d+)", re.IGNORECASE)
"""What a pool has open beside those that are taken."""
_NUMBERS = late(r"\d+")
LEAST = 10
"""Fewer sessions than this any program may have."""
GREW = 1.5
"""By so much both have to become more: what stays as it is may be equal by chance."""
FEW = 3
"""So many sessions are opened, closed or counted twice between two readings."""
MOMENTS = 5
"""At so many times both are compared, from the first to the last."""
_SIGNAL = "db_connections_by_client"

_Course = Sequence[tuple[float, float]]


def owners_by_pools(
    view: View, label: str, able: Sequence[str], told: Sequence[Mapping[str, str]], owners: Sequence[str]
) -> list[str]:
    """Return the workload of each series that counts the sessions of clients, with those that only pools tell.

    ``label``: of the database; ``able``: who may be its clients. Who is known to have other sessions has not these.
    """
    users = {labels.get("user", "") for labels, owner in zip(told, owners, strict=True) if _nobodys(labels, owner)}
    users -= {labels.get("user", "") for labels, owner in zip(told, owners, strict=True) if owner} | {""}
    others = [view.workloads[ref] for ref in able if ref in view.workloads and ref not in owners] if users else []
    pools = {each.ref: _pools(view, each) for each in others if not role(each)}
    found: dict[str, list[str]] = {
        user: [ref for ref, counts in pools.items() if counts and _alike(view, counts, _counted(view, label, user))]
        for user in users
    }
    sure = {user: refs[0] for user, refs in found.items() if len(refs) == 1}
    taken = [ref for refs in found.values() for ref in refs]
    sure = {user: ref for user, ref in sure.items() if taken.count(ref) == 1}
    return [
        sure.get(labels.get("user", ""), "") if _nobodys(labels, owner) else owner
        for labels, owner in zip(told, owners, strict=True)
    ]


def _nobodys(labels: Mapping[str, str], owner: str) -> bool:
    return not owner and not labels.get("client")


def _counted(view: View, label: str, user: str) -> list[_Course]:
    """Return how many sessions of a user a database has counted, of each state."""
    series = view.figures.series(_SIGNAL, component=label)
    return [s.points for s in series if s.labels.get("user") == user and not s.labels.get("client") and s.points]


def _pools(view: View, workload: Workload) -> list[_Course]:
    """Return how many connections the pools of each pod have open, by its log or else figures; [] if one is silent.

    Where one of them is of another database they are more than this one counts.
    """
    found: list[_Course] = []
    for pod in workload.live:
        logged = [each for log in view.logs_of((pod,), previous=False) for each in _in_log(log)]
        figures = [s.points for s in view.figures.series("pool_in_use", pod=pod.name) if len(s.points) >= READINGS]
        if not logged and not figures:
            return []
        found += logged or figures
    return found


def _in_log(log: Log) -> list[_Course]:
    counts: dict[str, list[tuple[float, float]]] = {}
    for line in log.lines:
        taken = taken_in(line)
        at = stamp(line) if taken is not None else None
        if taken is not None and at is not None:
            idle = _IDLE.search(line)
            told = (at.timestamp(), taken + (int(idle[1]) if idle else 0.0))
            counts.setdefault(_NUMBERS.sub("0", line), []).append(told)
    return [sorted(each) for each in counts.values() if len(each) >= READINGS]


def _alike(view: View, pools: Sequence[_Course], counted: Sequence[_Course]) -> bool:
    """Tell whether pools have as many connections open as a database counts, at all times, and ever more of them."""
    if not counted:
        return False
    courses = (*pools, *counted)
    first, last = max(each[0][0] for each in courses), min(each[-1][0] for each in courses)
    if first >= last or view.now.timestamp() - last > STILL.total_seconds():
        return False
    times = [first + (last - first) * n / (MOMENTS - 1) for n in range(MOMENTS)]
    ours, theirs = ([sum(_at(each, time) for each in some) for time in times] for some in (pools, counted))
    if theirs[-1] < LEAST or theirs[-1] < GREW * max(theirs[0], 1.0) or ours[-1] < GREW * ours[0]:
        return False
    return all(abs(a - b) <= max(FEW, (1 - SAME) * b) for a, b in zip(ours, theirs, strict=True))


def _at(course: _Course, time: float) -> float:
    """Return what was counted at a time, on the way from one reading to the next."""
    after = bisect_right([at for at, _ in course], time)
    if after in (0, len(course)):
        return course[min(after, len(course) - 1)][1]
    (begins, low), (ends, high) = course[after - 1], course[after]
    return low + (high - low) * (time - begins) / (ends - begins)
