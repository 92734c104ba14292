"""Whether one match is the reason of another's trouble: pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from tuheg_ir.diagnosis.rule import Held, Match, Tier
from tuheg_ir.diagnosis.rules._blames_another import blameless_code, blames_itself
from tuheg_ir.diagnosis.rules._innocent_image import long_run
from tuheg_ir.diagnosis.rules.scaled_down import lost
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.demand import requests_grew
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import healthy_older, never_ready, since_release, soon_after
from tuheg_ir.diagnosis.view.split import by_revision
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, measured, rises_with, serves_well, troubles
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

BESIDE = 0.5
"""A second finding has to be as likely as this: two faults at once are rare."""
NEAR = timedelta(seconds=90)
"""So far apart is seen to begin what begins in one minute: a caller's figures, and those of whom it calls."""
SAME = 1.3
"""So many times the requests of before are about as many."""
_ILL = ("dependency_failure", "service_crash", "unknown")
"""What is said of who is ill where nobody knows why."""
EARLIER = timedelta(minutes=5)
"""A symptom that began so long before its supposed cause is no symptom of it."""
MOSTLY = 10
"""Who tells so many times as often of his own code as of all else suffers by that."""
_OWN_CODE = "code_crash"
_INTRUSION = "security_incident"


def nearness(held: Held) -> tuple[object, ...]:
    """Order matches: nearer to the cause first, what is hardly likely last of all, and so among that."""
    return (*_likely(held), held.rule.name, held.match.component, held.target)


def nearness_at_one(held: Held) -> tuple[object, ...]:
    """Order the matches of one component: of two as likely the one that tells more than who is ill is nearer."""
    return (*_likely(held), held.root_cause in _ILL, *nearness(held))


def _likely(held: Held) -> tuple[float, float, float]:
    tier = held.rule.tier if held.confidence >= BESIDE else Tier.SYMPTOM
    return -tier, -held.confidence, -held.rule.tier


def _is_nearer(one: Held, other: Held) -> bool:
    """Tell whether a match is nearer to the cause than another; none is that is hardly likely itself."""
    return one.confidence >= BESIDE and nearness(one) < nearness(other)


def is_reason(view: View, cause: Held, symptom: Held) -> bool:
    """Tell whether one match is the reason of another's trouble; that strangers work somewhere is no symptom."""
    if symptom.root_cause == _INTRUSION != cause.root_cause:
        return False
    presses = _presses(view, cause, symptom)
    if presses or _presses(view, symptom, cause):
        return presses
    return _explains(view, cause, symptom)


def _explains(view: View, cause: Held, symptom: Held) -> bool:
    """Tell whether a trouble comes of a cause by who says so, who needs whom, or the minute in which both began."""
    if _stumbles_by_itself(view, cause, symptom):
        return False
    named = symptom.match.component in cause.match.explains
    if not symptom.rule.follows and not (named and cause.rule.tier >= symptom.rule.tier):
        return False
    needed = _behind(view, cause, symptom)
    if not named and not needed:
        return _in_the_same_minute(view, cause, symptom)
    if cause.match.component in symptom.match.explains and (not named or _is_nearer(symptom, cause)):
        return False  # the other says expressly that it is the reason; where both do, the nearer one is
    if not named and symptom.rule.tier > Tier.SYMPTOM and all(serves_well(view, each) for each in needed):
        return False  # what still serves everybody as before makes nobody suffer
    if cause.rule.follows and not named and symptom.match.component in view.graph.needs(cause.match.component):
        return cause.confidence > symptom.confidence  # each calls the other: the surer one is the cause
    if symptom.rule.tier > Tier.SYMPTOM and cause.confidence < min(BESIDE, symptom.confidence):
        return False  # what is hardly likely explains nothing that is likelier
    began, came = symptom.match.since, cause.match.since
    return named or began is None or came is None or came - began <= EARLIER


def _stumbles_by_itself(view: View, cause: Held, symptom: Held) -> bool:
    """Tell whether a likely release stumbles in its own code since it came, and hardly tells of anything else.

    The cause is another fault, which began minutes before or after: who is served no more tells so.
    """
    workload = view.workloads.get(symptom.match.component)
    began, came = symptom.match.since, cause.match.since
    if workload is None or symptom.remedy != "rollback_workload" or symptom.confidence < BESIDE:
        return False
    released = workload.released_at
    if began is None or came is None or released is None or abs(began - came) <= EARLIER:
        return False
    told = [hit for hit in view.hits_of(workload.ref) if not hit.previous and fresh(view, hit)]
    own = [hit for hit in told if hit.trouble == _OWN_CODE]
    crashes, others = (sum(hit.count for hit in hits) for hits in (own, [hit for hit in told if hit not in own]))
    first = oldest(hit.first for hit in own)
    soon = first is not None and timedelta(0) <= first - released <= EARLIER
    return soon and crashes >= max(OFTEN, MOSTLY * others) and blames_itself(view, workload)


def _behind(view: View, cause: Held, symptom: Held) -> set[str]:
    """Return what a symptom's component needs of a cause: where it is, or who suffers by the object there.

    A workload suffers by its autoscaler, its Service, its settings or its node, and who calls it by it, not by them.
    """
    at, needed = cause.match.component, view.graph.needs(symptom.match.component)
    if at in view.workloads:
        return needed & {at}
    if _suspect(view, symptom, cause.match.since):
        return set()
    return {each for each in needed.intersection(cause.match.explains) if _suffers(view, each)}


def _presses(view: View, release: Held, load: Held) -> bool:
    """Tell whether a release that users feel, and they ask no more of it than before, brought the load behind it.

    What is behind it has too much to do since the release, for whatever that asks, and is itself as it was: neither
    released nor started anew, and with as many replicas. What a log states that it has no more of (numbers, room) is
    used up by nobody's load.
    """
    released, behind = view.workloads.get(release.target), view.workloads.get(load.match.component)
    if released is None or behind is None or behind is released:
        return False
    if load.root_cause != "capacity" or load.rule.tier == Tier.STATED:
        return False
    if release.remedy != "rollback_workload" or release.rule.tier != Tier.PATTERN or release.confidence < BESIDE:
        return False
    if released.ref not in view.graph.callers(behind.ref):
        return False
    began = load.match.since
    if not since_release(released, began) or not _as_it_was(view, behind, began):
        return False
    mine = requests_grew(view, released.ref, released.released_at)
    return mine is not None and not _others_press(view, released, behind, began)


def _others_press(view: View, released: Workload, behind: Workload, began: datetime | None) -> bool:
    """Tell whether a load may be of others: they get more requests, were released or grew as well, or a run began."""
    above = [view.workloads[ref] for ref in sorted(view.graph.callers(behind.ref)) if ref in view.workloads]
    if any((requests_grew(view, each.ref, released.released_at) or 1.0) >= SAME for each in above):
        return True
    if any(since_release(each, began) for each in above if each is not released):
        return True
    # Who is slow by a release gets more replicas for that, and so do those who wait for it.
    slowed = {released.ref, *view.graph.callers(released.ref)}
    return long_run(view, began) or any(grown(view, each) is not None for each in above if each.ref not in slowed)


def _as_it_was(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether a workload was neither released nor started anew before a trouble, and has all its replicas."""
    starts = [pod.started for pod in workload.live]
    anew = any(began is not None and at is not None and at <= began and soon_after(began, at) for at in starts)
    return not anew and not since_release(workload, began) and not any(lost(view, workload))


def _suffers(view: View, ref: str) -> bool:
    """Tell whether a workload answers nobody, or users feel a trouble of it."""
    workload = view.workloads.get(ref)
    return workload is not None and ((workload.wanted > 0 and not workload.ready) or any(troubles(view, ref)))


def _suspect(view: View, symptom: Held, came: datetime | None) -> bool:
    """Tell whether a release to be taken back may be a reason by itself: it came first, or no older pod is ill."""
    workload = view.workloads.get(symptom.target)
    if symptom.remedy != "rollback_workload" or workload is None:
        return False
    at, newest = workload.released_at, workload.newest_pods()
    stillborn = bool(newest) and all(never_ready(pod) for pod in newest) and bool(healthy_older(workload))
    return at is None or came is None or at <= came or stillborn or by_revision(view, workload) == "newer"


def _in_the_same_minute(view: View, cause: Held, symptom: Held) -> bool:
    """Tell whether a trouble that only time connects with a release began with a better cause elsewhere.

    That is a stated one that users feel as well, or a surer one that began first. The release had served well before;
    whom the component calls nobody tells, so that it may be what is ill; and what is ill does not need it itself. What
    a stated cause brings slowly is first felt later, and by its callers last: then both have to rise alike. A young
    image that is ready and stumbles over nothing of its own gives way to what is stated and felt: two faults are rare.
    """
    ref, other, began, came = symptom.match.component, cause.match.component, symptom.match.since, cause.match.since
    workload = view.workloads.get(ref)
    if workload is None or workload.released_at is None:
        return False
    if symptom.remedy != "rollback_workload" or symptom.rule.tier != Tier.PATTERN or other not in view.workloads:
        return False
    known = view.graph.calls.get(ref) or ref in view.graph.needs(other) or by_revision(view, workload) == "newer"
    if known or cause.confidence < BESIDE:
        return False
    stated = cause.rule.tier == Tier.STATED and _felt(view, cause.match)
    if stated and blameless_code(view, workload) and all(pod.ready for pod in workload.newest_pods()):
        if began is None or came is None:
            return cause.confidence > symptom.confidence
        if abs(began - came) <= NEAR:
            return True
    if began is None or came is None or began - workload.released_at <= EARLIER:
        return False
    if abs(began - came) > MINUTE:
        return stated and came <= began and rises_with(view, ref, other)
    return stated or (came <= began and cause.rule.tier >= Tier.PATTERN and cause.confidence > symptom.confidence)


def _felt(view: View, cause: Match) -> bool:
    """Tell whether users feel a cause at its component; where nobody measures them, whether a service repeats it.

    What a container told before it ended, or nobody knows when, may have been over since.
    """
    workload = view.workloads[cause.component]
    if any(troubles(view, workload.ref)):
        return True
    if measured(view, workload) or not view.leading_to(workload.ref):
        return False
    told = [hit for hit in view.hits_of(workload.ref) if view.hit_evidence(hit) in cause.evidence]
    now = (hit for hit in told if not hit.previous and hit.last is not None and fresh(view, hit))
    return any(hit.count >= OFTEN for hit in now)
