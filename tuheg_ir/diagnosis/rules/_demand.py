"""Who multiplies the requests to a service while nobody asks it for more itself."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._asked_of_callers import PROBED, asked_more, measured, takes_from_a_broker, telling
from tuheg_ir.diagnosis.rules._asks_most import asks_most, grew_since
from tuheg_ir.diagnosis.rules._by_pods import by_pods
from tuheg_ir.diagnosis.rules._figures import Turn, rise
from tuheg_ir.diagnosis.rules._same_key import asks_one_outside
from tuheg_ir.diagnosis.rules._strangers import reached_from_outside
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.demand import JUST_BEFORE, MUCH_MORE, grew_then, traffic_growth
from tuheg_ir.diagnosis.view.growth import had
from tuheg_ir.diagnosis.view.programs import of_role
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of, troubles
from tuheg_ir.diagnosis.view.usage import work_growth
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

TIMES = 2.0
"""So many times the requests of before, while the callers' own did not grow so."""
EACH = 1.5
"""So many requests for each of which the callers get more are more than their users bring."""
SOON = timedelta(minutes=45)
SLACK = timedelta(minutes=1)
"""So far apart are figures that tell of one moment."""
STILL = timedelta(minutes=15)
"""Who told last so long ago that it has no space left may have some again."""
FLOOD, AT_ONCE = 5.0, timedelta(minutes=10)
"""So many times what it was, and so soon after a release, is seldom asked for by users."""
LEAP = 3.0
"""So many times as often is asked by a release in whose minutes hardly more users came, as they are counted."""
_COUNTED = timedelta(minutes=5)
"""Within this time after a pod's start its requests are counted, and there is a rate of them."""
_MULTIPLIES = late(
    r"retr(?:y|ies)|attempt|backoff|timeout|hedg|cache|ttl|memoi|batch|poll|interval|prefetch", re.IGNORECASE
)
"""Settings of which one caller asks many times for what it asked once."""


class Multiplied(NamedTuple):
    """A service that gets many times its former requests: how much, and whose release began it, if anyone's.

    ``measured``: the requests to that caller itself are known. ``shown``: what names it beside figures.
    """

    grew: Turn
    by: Workload | None
    measured: bool
    shown: tuple[Evidence, ...] = ()


def multiplied(view: View, ref: str) -> Multiplied | None:
    """Return how the requests to a workload multiplied while none of its callers got many more; None if not so."""
    return _by_figures(view, ref) or _by_its_log(view, ref)


def _by_figures(view: View, ref: str) -> Multiplied | None:
    """Return how the requests to a workload multiplied while none of its callers got many more; None if not so.

    Where nobody counts what the callers get, users may ask for more: then only a release is told that plainly does it.
    """
    grew = _rate(view, ref)
    callers = view.graph.asked_by(ref)
    if grew is None or not callers:
        return None
    users = telling(view, callers, grew.before)
    asked = asked_more(view, ref, callers, grew.before)
    if grew.now < EACH * asked * grew.before:
        return None  # a caller's own grew nearly as much: that they did not double themselves is chance
    if ref in {server.ref for server in of_role(view.workloads, "dns")}:
        return None  # the whole cluster asks it
    if any(_rate(view, each) for each in users):
        return _before_more_came(view, ref, callers, grew)
    near = view.graph.callers(ref) - (set(callers) - set(users))
    if any(_works_more(view, view.workloads[each]) for each in near if each in view.workloads):
        return None  # whoever asks it is asked for more as well, though nobody counts that
    released = [w for each in callers if (w := view.workloads.get(each)) and _released(w, grew)]
    counted = {each for each in callers if labels_of(view, each, "request_rate")}
    by = _blamed(released, counted, grew)
    if by is None and (released or not counted):
        return None
    set_to = by is not None and multiplying(by)
    if not set_to and (_has_its_own_door(view, ref) or _callee_came_since(view, ref, by, grew)):
        return None  # anybody may ask it, and what its callers are asked tells nothing of that; or it answers otherwise
    return Multiplied(grew, by, by is not None and measured(view, by))


def _callee_came_since(view: View, ref: str, by: Workload | None, grew: Turn) -> bool:
    """Tell whether who is asked was released after a caller, shortly before it was asked more often.

    It may answer otherwise since, and is asked again for that.
    """
    callee = view.workloads.get(ref)
    if callee is None or by is None or callee.released_at is None or by.released_at is None:
        return False
    return callee.released_at > by.released_at and since_release(callee, grew.since)


def _before_more_came(view: View, ref: str, callers: Sequence[str], grew: Turn) -> Multiplied | None:
    """Return that a caller's release multiplied the requests at once, while the users of all callers came only later.

    For each of theirs the callers ask many times as often still: what a program fetches once after its start, or asks
    again while it gets no answer, ends by itself. A release of who is asked may be why it is asked again.
    """
    callee, users = view.workloads.get(ref), telling(view, callers, grew.before)
    if callee is None or any(traffic_growth(view, each) is None for each in callers):
        return None
    if grew.now < TIMES * asked_more(view, ref, callers, grew.before) * grew.before:
        return None
    leapt = [w for each in callers if (w := view.workloads.get(each)) and _leapt(view, ref, users, w)]
    came = leapt[0].released_at if len(leapt) == 1 else None  # of two nobody can tell which one asks more
    if came is None or since_release(callee, came, AT_ONCE) or _has_its_own_door(view, ref):
        return None
    began = oldest(since for _, since in troubles(view, ref))
    if (began is not None and began < came) or since_release(leapt[0], callee.released_at, AT_ONCE):
        return None
    return Multiplied(grew._replace(since=came), leapt[0], measured(view, leapt[0]))


def _by_its_log(view: View, ref: str) -> Multiplied | None:
    """Return that a caller's release multiplied the requests, as the access log of who is asked tells who asks.

    Nothing but a release of one that asks for most and went on for a while, with which the trouble began: what failed
    before is asked again by anybody.
    """
    callee = view.workloads.get(ref)
    callers = set(view.graph.asked_by(ref))
    ill = list(troubles(view, ref))
    if callee is None or not ill or ref in {server.ref for server in of_role(view.workloads, "dns")}:
        return None
    began = oldest(since for _, since in ill)
    for by in (view.workloads[each] for each in sorted(callers) if each in view.workloads):
        came = by.released_at
        if not by.changes or by.returned or came is None or view.recent(came, AT_ONCE):
            continue
        if (began is not None and began < came - SLACK) or since_release(callee, came, AT_ONCE):
            continue
        grew = None if since_release(by, callee.released_at, AT_ONCE) else grew_since(view, callee, came)
        if grew is None or grew.now < TIMES * grew.before or not since_release(by, grew.since, AT_ONCE):
            continue
        asked = max(asked_more(view, ref, each, grew.before) for each in ([by.ref], callers))
        if asked >= TIMES or grew.now < EACH * asked * grew.before or _fed_from_within(view, by):
            continue  # what any that ask it are asked more is reason enough, whoever its log tells of
        asks, counted = asks_most(view, callee, by, grew), measured(view, by)
        more = max(asked, by.wanted / (had(view, by) or by.wanted or 1))
        if asks is None or asks.times < EACH * more or (not counted and asks_one_outside(view, by)):
            continue
        if asks.times >= _least(view, by, counted=counted):
            return Multiplied(grew, by, counted, (asks.shown,))
    return None


def _fed_from_within(view: View, by: Workload) -> bool:
    """Tell whether who asks a caller works far more, and the caller's own pods do not tell how often it is asked."""
    ahead = (view.workloads[each] for each in view.graph.callers(by.ref) if each in view.workloads)
    return by_pods(view, by) is None and any(_works_more(view, each) for each in ahead if each is not by)


def _least(view: View, by: Workload, *, counted: bool) -> float:
    """Return how many times as often a caller has to ask: where users may ask it and nobody counts them, a flood."""
    if multiplying(by):
        return TIMES
    asked = bool(view.graph.callers(by.ref)) or reached_from_outside(view, by)
    return LEAP if counted or not asked else FLOOD


def _leapt(view: View, ref: str, callers: Sequence[str], by: Workload) -> bool:
    """Tell whether a workload was asked many times as often right after a release, and no caller for much more."""
    came = by.released_at
    if not by.changes or by.returned or came is None or view.recent(came, AT_ONCE):
        return False
    least = TIMES if multiplying(by) else LEAP
    leapt = grew_then(view, ref, came, JUST_BEFORE, AT_ONCE, least)
    return leapt and not any(grew_then(view, each, came, JUST_BEFORE, AT_ONCE, MUCH_MORE) for each in callers)


def _has_its_own_door(view: View, ref: str) -> bool:
    """Tell whether who is outside asks a workload itself, and not by way of those of ours that call it."""
    workload = view.workloads.get(ref)
    return workload is not None and reached_from_outside(view, workload)


def multiplying(caller: Workload) -> list[Change]:
    """Return the settings that the newest template changed and of which a program asks many times."""
    return [c for c in caller.changes if c.aspect != "image" and _MULTIPLIES.search(c.told())]


def fell_short(view: View, ref: str, grew: Turn) -> bool:
    """Tell whether a workload had just lost pods, whose successors find no node, when the requests to it grew.

    What is asked again is then what it did not answer: no release of a caller began that, though it may ask more often.
    One that serves with as many as before has lost none: who waits for days, or was to be one more, is no loss.
    """
    workload = view.workloads.get(ref)
    if workload is None or grew.since is None:
        return False
    fewer = workload.ready < (had(view, workload) or workload.wanted)
    waiting = [pod.created for pod in workload.live if pod.unschedulable and pod.created is not None]
    return fewer and any(-SLACK <= grew.since - at <= SOON for at in waiting)


def has_no_room(view: View, ref: str, found: Multiplied) -> bool:
    """Tell whether a workload had told that it has no space left when the requests to it grew, and tells it still.

    What it could not keep is sent again for as long as it is refused, by who takes it from a queue or by any client:
    a release of another caller, shortly before, is no reason for that, and none of them can end it. A store that was
    filled by the many requests tells so only after they came; one that told so before the release already had only as
    many requests as ever by that.
    """
    grew, released = found.grew.since, found.by.released_at if found.by else None
    if grew is None:
        return False
    told = (*view.hits_of(ref, "disk_full"), *(c.hit for c in complaints(view, "disk_full") if c.about == ref))
    began = (hit.first for hit in told if hit.count >= OFTEN and hit.first and view.recent(hit.last, STILL))
    return any((released is None or first >= released - SLACK) and first <= grew + SLACK for first in began)


def _blamed(released: Sequence[Workload], counted: Collection[str], grew: Turn) -> Workload | None:
    """Return the released caller that multiplies the requests: who was set to ask more often before who may do so."""
    ordered = sorted(released, key=lambda w: (not multiplying(w), not _plainly(w, grew)))
    return next((w for w in ordered if w.ref in counted or _plainly(w, grew)), None)


def _plainly(by: Workload, grew: Turn) -> bool:
    """Tell whether a release multiplies the requests by what it set, or by how many there are all at once."""
    if multiplying(by):
        return True
    soon = grew.since is not None and by.released_at is not None and grew.since - by.released_at <= AT_ONCE
    return soon and grew.now >= FLOOD * grew.before


def _rate(view: View, ref: str) -> Turn | None:
    for label in labels_of(view, ref, "request_rate"):
        for series in view.figures.series("request_rate", component=label):
            turn = rise(view, series, "request_rate", TIMES, PROBED)
            if turn is not None and turn.now >= TIMES * _joined(view, ref, series) * turn.before:
                return turn
    return None


def _joined(view: View, ref: str, series: Series) -> float:
    """Return how many times as many pods a series counts now as when it began, where it began with the first of them.

    Then it grows as one after the other is made anew, as by a drain, whatever is asked of all of them. 1 for any other.
    """
    workload = view.workloads.get(ref)
    starts = sorted(pod.created for pod in workload.live if pod.created) if workload else []
    first, upto = (datetime.fromtimestamp(series.points[n][0], view.now.tzinfo) for n in (0, len(series.points) // 10))
    if not starts or not timedelta(0) <= first - starts[0] <= _COUNTED:
        return 1.0
    return len(starts) / sum(start <= upto for start in starts)


def _works_more(view: View, caller: Workload) -> bool:
    """Tell whether a caller that was not released lately uses many times the processor time that it used.

    Not of one that is asked as much as ever, as is counted, and takes its work from no broker: its own tries cost that.
    """
    if caller.changes and view.recent(caller.released_at, SOON):
        return False
    counted = labels_of(view, caller.ref, "request_rate") and _rate(view, caller.ref) is None
    if counted and not takes_from_a_broker(view, caller):
        return False
    return (work_growth(view, caller) or 1.0) >= TIMES


def _released(workload: Workload, grew: Turn) -> bool:
    if not workload.changes or workload.released_at is None or grew.since is None:
        return False
    return timedelta(minutes=-2) <= grew.since - workload.released_at <= SOON
