"""What a release of a service brought to few requests of its callers at first, and to more as they ask otherwise.

One caller's share of failed requests tells since when; words of it may come much later: from a caller that meets it
seldom, or from the new pods of one that was released in the meantime, whose former pods failed as well.
"""

from __future__ import annotations

from datetime import datetime

from tuheg_ir.diagnosis.view.logs import times_near
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import BEFORE, since_release
from tuheg_ir.diagnosis.view.trouble import errors, labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TIMES = 3
"""A share of failed requests that is so many times that of before is another one."""


def fails_since(view: View, called: Workload, caller: Workload) -> datetime | None:
    """Return since when requests to a caller fail, if that began with a service's release, and not with its own.

    It has to be measured that they did not before.
    """
    found, came = errors(view, caller.ref), called.released_at
    began = found[1] if found and found[0].source == "metrics" else None
    if began is None or came is None or not since_release(called, began) or since_release(caller, began):
        return None
    for label in labels_of(view, caller.ref, "error_ratio"):
        was = view.figures.before("error_ratio", came, component=label)
        now = view.figures.now("error_ratio", component=label)
        if was is not None and now is not None and now >= TIMES * was:
            return began
    return None


def tells_late(view: View, called: Workload, caller: Workload, first: datetime) -> bool:
    """Tell whether what a caller tells only since a moment may be of a service's release, where another fails since it.

    Its requests failed before its own release, or it was not released and its log reaches back to when it told nothing.
    """
    if fails_since(view, called, caller) is not None:
        return True
    came = called.released_at
    return came is not None and not since_release(caller, first) and _heard_at(view, caller, came)


def _heard_at(view: View, caller: Workload, came: datetime) -> bool:
    """Tell whether the logs of all pods of a workload reach back to a moment."""
    began = [oldest(times_near(log.lines)) for log in view.logs_of(caller.live, previous=False)]
    return bool(began) and all(at is not None and at <= came + BEFORE for at in began)
