"""Who lacks threads of its own accuses all whom it asks: their answers lie there, and nobody is left to take them.

Whether one of these is well is told by others: by who asks it as well, or by its own log of requests.
"""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.state import ERRORS
from tuheg_ir.diagnosis.view.complaints import OFTEN, Complaint, fresh
from tuheg_ir.diagnosis.view.logs import Hit, times_near
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import serves_well, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_THREADS = late(r"\bevent ?loop (?:is |was )?blocked\b|\bthread ?pool starvation\b")
_TAKES = late(r"(?<![\w.])(\d{1,7}(?:\.\d{1,6})?)\s?(ms|s)\b")
_LATE_S = 1.0
"""Who answers within this keeps nobody waiting."""
_LATELY = timedelta(minutes=10)
_OF_OTHERS = ("connection_", "cache_", "upstream_", "database_", "pool_", "stuck")
"""Beginnings of the troubles of who waits for somebody."""


def lacks_threads(hit: Hit) -> bool:
    """Tell whether a line is of a process that says that its own threads are all taken."""
    return _THREADS.search(hit.line) is not None


def in_vain(view: View, said: Complaint) -> bool:
    """Tell whether who complains lacks threads of its own, and whom it accuses is well by another one's word."""
    caller = view.workloads.get(said.caller)
    return caller is not None and starves(view, caller) and vouched(view, said.about, said.caller) is not None


@once
def starves(view: View, workload: Workload) -> bool:
    """Tell whether most pods of a workload repeat that their own threads are all taken."""
    hits = [hit for hit in view.hits_of(workload.ref, "stuck") if lacks_threads(hit) and fresh(view, hit)]
    pods = {hit.pod for hit in hits if hit.count >= OFTEN and not hit.previous}
    return 2 * len(pods) > len(workload.live)


def vouched(view: View, ref: str, accuser: str) -> Evidence | None:
    """Return who tells that a workload is well, which another one accuses; None if nobody does."""
    accused = view.workloads.get(ref)
    if accused is None or accused.ready < accused.wanted or any(troubles(view, ref)):
        return None
    for other in view.serving:
        if other.ref not in (accuser, ref) and ref in view.graph.calls.get(other.ref, ()) and _content(view, other):
            return Evidence("logs", other.ref, f"it asks {ref} as well, and answers all its own requests")
    if not role(accused) and _answers_soon(view, accused):
        return Evidence("logs", ref, "by its own log it answers all requests within a second, as before")
    return None


def _content(view: View, workload: Workload) -> bool:
    """Tell whether a workload answers its requests well, and complains of nobody."""
    if any(fresh(view, hit) for hit in view.hits_of(workload.ref) if hit.trouble.startswith(_OF_OTHERS)):
        return False
    told = [each.status for each in _served(view, workload)]
    served = len(told) >= OFTEN and sum(status >= 500 for status in told) <= ERRORS * len(told)
    return serves_well(view, workload.ref) or (served and not any(troubles(view, workload.ref)))


def _answers_soon(view: View, workload: Workload) -> bool:
    """Tell whether the newest lines of a server's own log are of requests that were answered well and soon."""
    took = [each for each in _served(view, workload) if each.seconds is not None]
    return len(took) >= OFTEN and all(each.status < 500 and (each.seconds or 0.0) < _LATE_S for each in took)


class _Served(NamedTuple):
    """How a request was answered, and in which time, if its line tells."""

    status: int
    seconds: float | None


@once
def _served(view: View, workload: Workload) -> tuple[_Served, ...]:
    """Return the requests of late that the logs of a server tell of."""
    return tuple(
        _Served(status, _seconds(line))
        for log in view.logs_of(workload.live, previous=False)
        for at, line in zip(times_near(log.lines), log.lines, strict=True)
        if at is not None and view.recent(at, _LATELY) and (status := status_of(line))
    )


def _seconds(line: str) -> float | None:
    found = _TAKES.findall(line)
    return float(found[-1][0]) / (1000 if found[-1][1] == "ms" else 1) if found else None
