"""Another server of a database was made the primary: who tells of it, and who leads since."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.logs import Hit

_MOVE = late(
    r"fail(?:ed|ing)?[ -]?over|switch(?:ed|ing)?[ -]?over|promot"
    r"|primary ?switch|switch(?:ed|ing)? (?:the )?(?:primary|master|leader)\b",
    re.IGNORECASE,
)
"""How operators tell that they make another server the primary."""
WRITES = late(r"read_only\b.{0,8}(?:=|\bto\b) ?(?:(OFF|0)|ON|1)\b", re.IGNORECASE)
"""How MySQL tells that it takes writes (found) or takes them no more."""
_FOLLOWED = late(r"\bStart (?:semi-sync )?binlog_dump to \w", re.IGNORECASE)
"""How a server of MySQL or MariaDB tells that another one follows it."""
_NEAR = timedelta(minutes=10)
"""A switch takes no longer: what a server does as part of it is told so near to it."""


def moves(view: View) -> Iterator[Event]:
    """Yield the events of late that tell of another primary."""
    for event in view.events:
        if _MOVE.search(f"{event.reason} {event.message}") and view.recent(event.last):
            yield event


def leads_since(view: View, stopped: Hit) -> bool:
    """Tell whether a server stopped following because it was made the primary: what it followed follows it now.

    That others follow it is no sign alone: a replica may have replicas of its own.
    """
    at, workload = stopped.last, view.workloads.get(stopped.component)
    if at is None or workload is None or stopped.previous:
        return False
    told = [event.last for event in moves(view)]
    told += [hit.last for hit in view.hits_of(stopped.component, "failover")]
    if not any(each is not None and abs(each - at) <= _NEAR for each in told):
        return False
    pods = [pod for pod in workload.pods if pod.name == stopped.pod]
    lines = (line for log in view.logs_of(pods, previous=False) for line in log.lines)
    after = [line for line in lines if (since := stamp(line)) is not None and since >= at]
    writes = [said for line in after if (said := WRITES.search(line))]
    return bool(writes[-1][1]) if writes else any(map(_FOLLOWED.search, after))
