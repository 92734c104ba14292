"""A service was short of a pod, out of reach or held up for a moment long ago, and is whole since.

A node was emptied, a program was started anew, a network was cut, a disk stood still: nothing of that holds for longer
than it took. What goes on since is kept going by something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import chain

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._stood_still import stood_still
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.builds import another_build
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.trouble import MINUTE
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.diagnosis.view.written import outside_changes

_NEAR = timedelta(minutes=10)
"""So shortly before many requests came something was away, if they came of that."""
_BEFORE = timedelta(hours=1)
"""So long after somebody wrote what a program reads it may be started for that."""
_LATE = timedelta(minutes=2)
"""Rates are that late: what came so shortly after them may be why they are counted."""
_OVER = timedelta(minutes=10)
"""What has run, or was not told of, for so long is no part of what goes on now."""
_CUT = late(
    r"connection refused|ECONNREFUSED|no route to host|EHOSTUNREACH|network is unreachable|ENETUNREACH|no such host"
    r"|ENOTFOUND|name resolution|no healthy upstream",
    re.IGNORECASE,
)
"""How a caller tells that it finds nobody: who is merely slow is left after a while instead."""


def left_a_moment(view: View, caller: Workload, callee: Workload, since: datetime) -> Evidence | None:
    """Return that a workload lost a pod, was not found by its caller or was held up as it got many requests.

    And that it is whole now.
    """
    whole = len(callee.live) >= callee.wanted and all(_serves(view, pod, since) for pod in callee.live)
    if not whole or is_another(view, callee, since):
        return None
    seen = next(chain(_made_anew(callee, since), _not_found(view, caller, callee, since)), None)
    return seen or stood_still(view, callee, since)


def is_another(view: View, callee: Workload, since: datetime) -> bool:
    """Tell whether a workload may answer otherwise since: by what it reads, by another build, or as one of more pods.

    Who starts its pods anew often does so for what they read anew; and one more pod was none that had been away.
    """
    if any(-_BEFORE <= at - since <= _LATE for _, at in outside_changes(view, callee)):
        return True
    more = grown(view, callee)
    if more is not None and (more.at is None or more.at - since <= _LATE):
        return True
    return another_build(view, callee, {pod.name for pod in _started(callee, since)}) is not None


def _started(callee: Workload, since: datetime) -> list[Pod]:
    return [pod for pod in callee.live if pod.started is not None and -_NEAR <= pod.started - since <= _LATE]


def _serves(view: View, pod: Pod, since: datetime) -> bool:
    """Tell whether a pod runs for a while and has served: what gets too much may answer its probes too late since."""
    if pod.started is None or view.recent(pod.started, _OVER) or any(c.state == "waiting" for c in pod.containers):
        return False
    return pod.ready or (pod.unready_since is not None and pod.unready_since - max(pod.started, since) > MINUTE)


def _made_anew(callee: Workload, since: datetime) -> Iterator[Evidence]:
    """Yield the pods that were started as many requests came: each came for one that was away."""
    for pod in _started(callee, since):
        yield Evidence("objects", f"Pod/{pod.name}", "it was started anew, and runs since", pod.started)


def _not_found(view: View, caller: Workload, callee: Workload, since: datetime) -> Iterator[Evidence]:
    """Yield that a caller did not find a workload for a moment, and does since."""
    told = sorted(_cuts(view, caller, callee))
    if not told or view.recent(told[-1][0], _OVER) or told[-1][0] - told[0][0] > _NEAR:
        return
    first, pod, line = told[0]
    if -_NEAR <= first - since <= _LATE:
        yield Evidence("logs", f"Pod/{pod}", f"it was not found for a moment ({len(told)} lines): {line}", first)


def _cuts(view: View, caller: Workload, callee: Workload) -> Iterator[tuple[datetime, str, str]]:
    """Yield (when, pod, line) of what the log of a caller tells of a workload that it does not find."""
    for log in view.logs_of(caller.live, previous=False):
        for line in log.lines:
            at = stamp(line) if _CUT.search(line[:600]) else None
            if at is not None and callee.ref in map(view.graph.resolve, hosts_named([line])):
                yield at, log.pod, line
