"""What speaks for a new image though a trouble began with it: others fail as early, or it only passes on what fails."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rule import Match
from tuheg_ir.diagnosis.rules._blames_another import blameless_code, blames_itself
from tuheg_ir.diagnosis.rules._fed_by import share_a_store
from tuheg_ir.diagnosis.rules._hosts_outside import hosts_outside
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.view.batch import ended, started
from tuheg_ir.diagnosis.view.marked import marked
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, troubles
from tuheg_ir.diagnosis.view.usage import starving
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

JUST, LONG = timedelta(minutes=3), timedelta(minutes=5)
"""A run that began so shortly before a trouble, and takes so long, may be what presses; short ones come all day."""
_IN_VAIN = 504
"""The status of who waited for another in vain."""
_OF_UPSTREAM = late(r"\b(?:from|to) upstream\b|\bupstream: \"|\bno live upstreams\b", re.IGNORECASE)
"""How nginx tells of each error of whom it asks."""


def passes_on(view: View, workload: Workload, match: Match) -> bool:
    """Tell whether a new image tells of failures without an error of its own, where somebody else may cause them.

    That is whom it asks, as its access log or a proxy's errors tell, or who else tells of errors and does not ask it.
    """
    if not blameless_code(view, workload):
        return False
    own = marked(view, workload)
    if own:
        return all(_OF_UPSTREAM.search(each.line) for each in own)
    if {each.source for each in match.evidence} - {"objects"} != {"logs"}:
        return False
    above = {workload.ref, *view.graph.callers(workload.ref)}
    return bool(view.graph.needs(workload.ref)) or any(
        marked(view, other) for other in view.serving if other.ref not in above
    )


def others_fail(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether somebody who was not released fails no later than a new image, not before it came, and not by it.

    By it fails who needs it, or lives on a store that it may press. Whom it calls may lack pods, or be seen to fail
    later, if it stumbles by itself; a store may lack a member since before.
    """
    came = workload.released_at
    if began is None or came is None or not blameless_code(view, workload):
        return False
    called, above = {each.ref for each in view.called(workload.ref)}, view.graph.callers(workload.ref)
    for other in view.serving:
        if other is workload or other.ref in above or since_release(other, began):
            continue
        felt = [at for _, at in troubles(view, other.ref)]
        first = oldest(felt)
        if other.ref in called and not role(other):
            if other.ready < other.wanted or (felt and blames_itself(view, other)):
                return True
        elif other.ref in called and _short_since(other, came):
            return True
        elif share_a_store(view, workload, other):
            continue
        if first is not None and came <= first <= began + MINUTE:
            return True
    return False


def slow_to_all(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether a release that blames itself for nothing fails since a host outside is slow, or fails, for another.

    It asks that host as well, as its figures or its words tell. The other one, who measures it, was not released since
    and has processor time: whether the host is ill, or a release asks too much of it, a person decides.
    """
    came = workload.released_at
    if began is None or came is None or blames_itself(view, workload):
        return False
    for known in hosts_outside(view).values():
        if workload.ref not in known.callers:
            continue
        for ref, seen in known.measured:
            other, at = view.workloads.get(ref), seen.time
            if other is None or other is workload or at is None or since_release(other, at) or starving(view, other):
                continue
            if max(came - MINUTE, began - LONG) <= at <= began + MINUTE:
                return True
    return False


def waits_for_the_dead(view: View, workload: Workload) -> bool:
    """Tell whether all that it fails at was not answered in time, and who was released with it has no pod since.

    Whom it asks through a broker no reference tells.
    """
    came = workload.released_at
    lines = (line for log in view.logs_of(workload.live, previous=False) for line in log.lines)
    failed = [status for line in lines if (status := status_of(line)) >= 500]
    if came is None or len(failed) < OFTEN or set(failed) != {_IN_VAIN}:
        return False
    others = (each for each in view.serving if each is not workload and each.wanted and not each.ready)
    return any(each.released_at and abs(each.released_at - came) <= LONG for each in others)


def _short_since(store: Workload, came: datetime) -> bool:
    """Tell whether a store has lacked a member since before a release: then any more is felt."""
    absent = (pod.unready_since or pod.created for pod in store.live if not pod.ready)
    return store.ready < store.wanted and any(at is not None and at < came - LONG for at in absent)


def run_began(view: View, workload: Workload, began: datetime | None) -> bool:
    """Tell whether a long run of a Job began just before the trouble of a new image."""
    return blameless_code(view, workload) and long_run(view, began)


def long_run(view: View, began: datetime | None) -> bool:
    """Tell whether a long run of a Job began just before a trouble."""
    if began is None:
        return False
    runs = ((started(job), ended(job)) for job in view.snapshot.of("Job"))
    return any(
        start is not None and began - JUST <= start <= began and (end is None or end - start >= LONG)
        for start, end in runs
    )
