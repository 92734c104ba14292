"""A service all of whose workers are busy with more than it ever did: what it gets waits in line, and is given up.

It need not be at its processor limit: a line that is longer than its callers wait is enough. Who merely waits for
somebody else has all its workers busy as well, and does no more than before.
"""

from __future__ import annotations

import re
from datetime import datetime

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._demand import SLACK, TIMES
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.trouble import OFTEN
from tuheg_ir.diagnosis.view.usage import usage, work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_SHARE, _FULL = "workers_busy_share", 0.9
"""The signal of how many workers of a pod are busy, and how many are nearly all."""
_ALL_BUSY = late(
    # `busy 200/200`, `threads_busy=16/16`, `workers in use: 8 of 8`
    r"(?<![\w.-])(?:(?:(?P<who>threads?|workers?)|slots?)[ _-])?(?:busy|in[ _-]use)"
    r"(?:[ _-](?:(?P<whose>threads?|workers?)|slots?))?"
    r"[\"']?[=: ] ?[\"']?(?P<busy>\d{1,6})(?: ?/ ?| of )(?P=busy)(?![\w.])",
    re.IGNORECASE,
)
"""How a server tells with a request that all its workers are at work."""
_HELD = (
    r"(?:(?<!threads)(?<!thread)(?<!thread[ _-])(?<!worker)(?<!workers)(?<!worker[ _-])pool|conn|session|jdbc|redis"
    r"|permit|semaphore|(?<![a-z])db(?![a-z]))"
)
_OF_OTHERS = late(rf"(?<!/){_HELD}", re.IGNORECASE)
"""What is held of others may be all in use as well: a pool of connections, whose name stands anywhere before that."""
_OF_CLIENT = late(
    r"\bclient\b[^;,]{0,40}?\bconnection\b|\bconnection\b[^;,]{0,30}\b(?:by|from) (?:the )?(?:client|peer)\b",
    re.IGNORECASE,
)
"""The way of whoever asked, and nothing that is held."""
_OF_OTHERS_NEXT = late(rf"[\"']? (?:\w{{2,12}} )?{_HELD}", re.IGNORECASE)


def queued_up(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether most pods of a workload have no worker left since a time, and it works many times as much."""
    if (work_growth(view, workload) or 1.0) < TIMES:
        return False
    return _counted(view, workload, since) or _told(view, workload, since)


def _counted(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether its server counts so, and that most were idle before."""
    full = usage(view.figures, workload, _SHARE)
    was = [view.figures.before(_SHARE, since - SLACK, pod=pod) for pod in full.beyond(_FULL)]
    return full.widely(_FULL) and all(share is not None and share < _FULL for share in was)


def _told(view: View, workload: Workload, since: datetime) -> bool:
    """Tell whether the logs of most pods say so again and again, until now, and not before."""
    full = 0
    for log in view.logs_of(workload.live, previous=False):
        times = [at for line in log.lines if _all_busy(line) and (at := stamp(line)) is not None]
        often = len(times) >= OFTEN and view.recent(times[-1], STILL)
        full += often and times[0] >= since - 2 * SLACK
    return 2 * full > len(workload.live)


def _all_busy(line: str) -> bool:
    """Tell whether a line tells that all workers are busy: by their name, or where nothing else is spoken of."""
    return any(found["who"] or found["whose"] or not _is_of_others(line, found) for found in _ALL_BUSY.finditer(line))


def _is_of_others(line: str, found: re.Match[str]) -> bool:
    before = _OF_CLIENT.sub("", line[: found.start()])
    return bool(_OF_OTHERS.search(before) or _OF_OTHERS_NEXT.match(line, found.end()))
