"""Warnings that are none of a release: they were told before it came, or tell of work that is done as well as ever."""

from __future__ import annotations

import re
from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._asks_it import who_asks
from tuheg_ir.diagnosis.rules._behind_a_queue import behind_a_queue
from tuheg_ir.diagnosis.rules._concerned import bystanders
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.marked import Marked, complains, shape_of
from tuheg_ir.diagnosis.view.programs import DATA, role
from tuheg_ir.diagnosis.view.trouble import serves_well, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_CLOCKS, AGAIN = timedelta(seconds=30), 2
"""What a log tells so long before a release, and more than once, is none of it."""
_LEVEL = late(r"\b(?:debug|info(?:rmation)?|notice|warn(?:ing)?)\b", re.IGNORECASE)

_OF_REQUESTS = late(
    r"probe|unreachable|reached from outside|5xx|\b50\d\b|error.?(?:rate|ratio|budget)"
    r"|latency|slow|time.?outs?\b|timed out",
    re.IGNORECASE,
)
"""Words of an alert about requests that fail or are slow."""


def told_before(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether a log told the same again and again just before a release: clocks are not that far apart."""
    at = released.released_at
    if at is None:
        return False
    same = (line for line in view.lines_of(workload) if shape_of(line) == words.shape and complains(line))
    return sum(time is not None and time < at - _CLOCKS for time in map(stamp, same)) >= AGAIN


def answers_well(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether the released answers all in good time, and warns of its usual work, or another misses a queue's.

    Or a store tells it, of whose other users some do not: its words are of what those ask.
    """
    if not serves_well(view, released.ref):
        return False
    if released is workload:
        same = [line for line in view.lines_of(workload) if _unlevelled(line) == _unlevelled(words.line)]
        return not words.error and sum(not complains(line) for line in same) > len(same) / 2
    if role(workload) in DATA and _others_suffer(view, workload, released):
        return True
    return behind_a_queue(view, workload, words.line, words.since) is not None


def _others_suffer(view: View, store: Workload, released: Workload) -> bool:
    """Tell whether figures show that who asks a store suffers, and has nothing to do with the released."""
    others = set(who_asks(view, store.ref)) - {released.ref, *view.graph.callers(released.ref)}
    return any(any(troubles(view, ref)) for ref in others)


def of_no_concern(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether nobody who suffers has to do with who tells words or with the released, and they hurt nobody.

    A new version has new warnings, and goes on warning for weeks. An error may be of what nobody here knows that the
    others need, unless figures show that who tells it answers all. Where an alert names nobody, but speaks of requests
    that fail or are slow, it is not about those whom figures show to answer all.
    """
    well = serves_well(view, workload.ref)
    if words.error and not well:
        return False
    of_others = well and serves_well(view, released.ref) and not words.error
    but = [alert for alert in view.alerts if of_others and _OF_REQUESTS.search(alert.said)]
    return bystanders(view, workload.ref, released.ref, but=but)


def _unlevelled(line: str) -> str:
    """Return the shape of a line without its level: what is told as usual now and then is no news at another one."""
    return shape_of(" ".join(_LEVEL.sub("#", line, count=1).split()))
