"""Hosts outside that are asked through a gateway of the namespace: what binds only its callers closes no way to them.

Where pods may ask nobody outside but the gateway may, an edit of that policy is the first suspect whenever a host does
not answer. Answers that the gateway has passed on since then are the proof that it is not it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._reach import closed_to_the_outside, lets_through, newest_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, Complaint, began, complaints
from tuheg_ir.diagnosis.view.logs import speaks_of
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

SOON = timedelta(minutes=15)
"""Who is cut off fails with the next thing that he asks for."""
_ANSWERED = late(
    r"\" [1-5]\d\d \S{1,40} via_upstream\b|\bTCP_(?:TUNNEL|MISS)\w{0,20}/[1-5]\d\d .{1,200}\bHIER_DIRECT/\S"
)
"""How Envoy and Squid tell that an answer, whatever it says, is that of whom they asked."""
_ADDRESS = late(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")


def barred(view: View, ref: str, host: str, said: Iterable[Complaint], space: str = "") -> bool:
    """Tell whether policies leave a workload no way to a host that it misses, be it through a gateway or not."""
    closing = closed_to_the_outside(view, ref, space)
    mine = [each for each in said if each.caller == ref and host in each.hosts]
    return bool(closing) and not _led_round(view, ref, host, mine, newest_of(closing)[1])


def led_round(view: View, each: Complaint) -> bool:
    """Tell whether all hosts that a complaint names answer its caller through a gateway since policies bind him."""
    closing = closed_to_the_outside(view, each.caller)
    hosts = [host for host in each.hosts if "." in host]
    at = newest_of(closing)[1] if closing else None
    return bool(closing and hosts) and all(_led_round(view, each.caller, host, [each], at) for host in hosts)


def let_out_since(view: View, workload: Workload) -> bool:
    """Tell whether a host that a workload misses answers it through a gateway since policies bind the workload."""
    missed = complaints(view, *UNANSWERED)
    return any(each.caller == workload.ref and not each.about and led_round(view, each) for each in missed)


def _led_round(view: View, ref: str, host: str, said: Iterable[Complaint], at: datetime | None) -> bool:
    """Tell whether a gateway passed on answers of a host since a policy was written, and has done so for the caller.

    It names the caller's pod, or the caller went on for long since the policy before it missed the host.
    """
    workload = view.workloads[ref]
    own = {pod.address for pod in workload.live}
    late_on = _went_on(view, ref, said, at)
    for gateway, when, addresses in passed_on(view, host):
        other = view.workloads[gateway]
        since = at is None or when > at
        if gateway != ref and since and (late_on or own & addresses) and not lets_through(view, workload, other):
            return True
    return False


@once_by_name
def passed_on(view: View, host: str) -> tuple[tuple[str, datetime, frozenset[str]], ...]:
    """Return which workloads that may go out passed on an answer of a host, when, and which addresses they name."""
    whole = re.compile(rf"(?<![\w.-]){re.escape(host)}(?![\w-]|\.\w)", re.IGNORECASE)
    logs = (log for log in view.snapshot.logs if not log.previous and speaks_of(log, (host,)))
    going_out = ((view.owner_of(log.pod), log) for log in logs)
    return tuple(
        (owner, at, frozenset(_ADDRESS.findall(line)))
        for owner, log in going_out
        if owner in view.workloads and not closed_to_the_outside(view, owner)
        for line in log.lines
        if whole.search(line) and _ANSWERED.search(line) and (at := stamp(line)) is not None
    )


def _went_on(view: View, ref: str, said: Iterable[Complaint], at: datetime | None) -> bool:
    """Tell whether a caller whose logs reach back to when a policy was written began to complain only long after it."""
    first = began(said)
    if at is None or first is None or first - at <= SOON:
        return False
    logs = view.logs_of(view.workloads[ref].live, previous=False)
    heard = oldest(next((told for line in log.lines if (told := stamp(line))), None) for log in logs)
    return heard is not None and heard <= at
