"""What the callers of a service are asked themselves, and whether that tells why they ask it for more."""

from __future__ import annotations

from collections.abc import Collection

from tuheg_ir.diagnosis.rules._same_key import asks_one_outside
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PROBED = 1.0
"""Requests a second that the probes of each pod make at most."""
FEW = 0.05
"""Callers that together get no more than this share bring half as much again, if they ask ten times for each."""


def asked_more(view: View, ref: str, callers: Collection[str], before: float) -> float:
    """Return how many times its former requests a caller of a workload gets at most; 1 if nobody knows.

    Where none that asks it itself is counted, those further ahead tell what reaches it.
    """
    direct = [grown for each in telling(view, callers, before) if (grown := traffic_growth(view, each)) is not None]
    if direct:
        return max(1.0, *direct)
    ahead = [each for each in view.graph.callers(ref) - {ref, *callers} if _gets(view, each) is not None]
    return max([1.0, *(traffic_growth(view, each) or 1.0 for each in telling(view, ahead, before))])


def telling(view: View, callers: Collection[str], before: float) -> list[str]:
    """Return the callers of whose requests it tells something that they grew: not those that get hardly any of all.

    A handful more is many times as many there. Of who takes work from a broker what is counted is not what it does.
    ``before``: how many who is asked got. Where all callers are counted and get less, it is a share of theirs.
    """
    gets = {each: _gets(view, each) for each in callers}
    known = [(rate, each) for each, rate in gets.items() if rate is not None]
    left = FEW * (min(before, sum(rate for rate, _ in known)) if len(known) == len(gets) else before)
    few = set()
    for rate, each in sorted(known):
        left -= rate
        if left < 0:
            break  # it and all that get fewer, together, are not few
        if each not in view.workloads or not takes_from_a_broker(view, view.workloads[each]):
            few.add(each)
    return [each for each in callers if each not in few]


def _gets(view: View, ref: str) -> float | None:
    """Return how many requests a second a workload gets; None if nobody counts them."""
    found = (view.figures.now("request_rate", component=label) for label in labels_of(view, ref, "request_rate"))
    return max((each for each in found if each is not None), default=None)


def measured(view: View, by: Workload) -> bool:
    """Tell whether the requests to a workload are counted, and tell what it is given to do.

    Of one that takes its work from a broker as many as probes make are no measure of that.
    """
    if not labels_of(view, by.ref, "request_rate"):
        return False
    return not takes_from_a_broker(view, by) or (_gets(view, by.ref) or 0.0) > PROBED * max(len(by.live), 1)


def takes_from_a_broker(view: View, caller: Workload) -> bool:
    """Tell whether a workload may be given work by a broker, run here or outside: no requests to it count that."""
    return any(role(each) == "broker" for each in view.called(caller.ref)) or asks_one_outside(view, caller)
