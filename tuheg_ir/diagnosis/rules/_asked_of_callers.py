"""What the callers of a service are asked themselves, and whether that tells why they ask it for more."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from tuheg_ir.diagnosis.rules._by_pods import by_pods
from tuheg_ir.diagnosis.rules._readers import queues, reader
from tuheg_ir.diagnosis.rules._same_key import asks_one_outside
from tuheg_ir.diagnosis.rules._work_in_a_cache import finds_work_in_a_cache
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

PROBED = 1.0
"""Requests a second that the probes of each pod make at most."""
FEW = 0.05
"""Callers that together get no more than this share bring half as much again, if they ask ten times for each."""
_FOR_EACH = 10.0
"""So many times a single caller asks at most for each request that it gets, or so many times what all ask for each."""


def asked_more(view: View, ref: str, callers: Collection[str], before: float) -> float:
    """Return how many times its former requests a workload may get by what its callers get; 1 if nobody knows.

    As many times as the one of them that grew most. Where all are counted each is weighed by what it may have brought
    before: of few requests twice as many are not twice what all of them ask. Where none that asks it itself is counted,
    those further ahead tell what reaches it.
    """
    near = telling(view, callers, before)
    direct = {each: grown for each in near if (grown := _grew(view, each)) is not None}
    if direct and len(direct) == len(near) and all(_is_measured(view, each) for each in near):
        return _weighed(view, direct, before)
    if direct:
        return max(1.0, *direct.values())
    ahead = [each for each in view.graph.callers(ref) - {ref, *callers} if _grew(view, each) is not None]
    return max([1.0, *(_grew(view, each) or 1.0 for each in telling(view, ahead, before))])


def _weighed(view: View, grown: Mapping[str, float], before: float) -> float:
    """Return how many times as much callers may bring: as much as can be is taken to be of those that grew most."""
    had = {each: (_gets(view, each) or 0.0) / max(times, 1e-9) for each, times in grown.items()}
    had |= {each: max(rate, (by_pods(view, view.workloads[each]) or (0.0,))[0]) for each, rate in had.items()}
    whole, left, brought = min(before, sum(had.values())), 1.0, 0.0
    for each in sorted(grown, key=lambda ref: -grown[ref]):
        share = min(left, _FOR_EACH * had[each] / max(whole, 1e-9))
        brought, left = brought + share * max(grown[each], 1.0), left - share
    return brought + left


def _grew(view: View, ref: str) -> float | None:
    """Return how many times its former requests a workload gets, by the edge or by its own pods; None: nobody knows.

    The edge does not count who asks from within. Hardly more than probes make tell nothing.
    """
    own = by_pods(view, view.workloads[ref]) if ref in view.workloads else None
    told = own is not None and own[0] > 0 and own[1] > PROBED * max(len(view.workloads[ref].live), 1)
    known = (traffic_growth(view, ref), own[1] / own[0] if own is not None and told else None)
    return max((each for each in known if each is not None), default=None)


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
    known = max((each for each in found if each is not None), default=None)
    own = by_pods(view, view.workloads[ref]) if ref in view.workloads else None
    return known if known is None or own is None else max(known, own[1])


def measured(view: View, by: Workload) -> bool:
    """Tell whether the requests to a workload are counted, and tell what it is given to do.

    Of one that takes its work from a broker as many as probes make are no measure of that.
    """
    if not labels_of(view, by.ref, "request_rate"):
        return False
    return not takes_from_a_broker(view, by) or (_gets(view, by.ref) or 0.0) > PROBED * max(len(by.live), 1)


def _is_measured(view: View, ref: str) -> bool:
    return ref in view.workloads and measured(view, view.workloads[ref])


@once
def takes_from_a_broker(view: View, caller: Workload) -> bool:
    """Tell whether a workload may be given work by a broker, run here or outside: no requests to it count that.

    So may one for which work lies in a cache, or that is known to read a queue, whoever keeps it.
    """
    if any(role(each) == "broker" for each in view.called(caller.ref)) or asks_one_outside(view, caller):
        return True
    return finds_work_in_a_cache(view, caller) or any(reader(view, each) is caller for each in queues(view))
