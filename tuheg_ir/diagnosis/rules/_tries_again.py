"""One caller keeps a service down by trying again, though what had failed, there or behind it, is well since.

While something behind a service is away, each request that fails is sent again. What has come back meets many times
the requests of before: they take so long that the caller gives them up, and sends them again. It ends only when the
caller tries less: its own requests are those of ever, and so is what each of them costs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_of_callers import measured, takes_from_a_broker
from tuheg_ir.diagnosis.rules._blames_another import blames_itself
from tuheg_ir.diagnosis.rules._capacity import FROM_BEHIND
from tuheg_ir.diagnosis.rules._demand import SLACK, fell_short
from tuheg_ir.diagnosis.rules._figures import Turn, felt
from tuheg_ir.diagnosis.rules._left_a_moment import is_another, left_a_moment
from tuheg_ir.diagnosis.rules._named_as import names
from tuheg_ir.diagnosis.rules._pressed import pressed
from tuheg_ir.diagnosis.rules._queued_up import queued_up
from tuheg_ir.diagnosis.rules._served_well import ends_by_itself, settled
from tuheg_ir.diagnosis.rules._stood_still import stood_still
from tuheg_ir.diagnosis.rules._tries import BESIDE_TRIES, TRIED, TRIES, Tried, too_late, unanswered
from tuheg_ir.diagnosis.rules._tries_otherwise import tries_otherwise
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import complaints
from tuheg_ir.diagnosis.view.growth import grown
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.marked import STILL
from tuheg_ir.diagnosis.view.releases import of_code_alone, since_release
from tuheg_ir.diagnosis.view.trouble import MINUTE, OFTEN, labels_of
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, always_busy, limit_cut, memory_grows, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.work import work_of_all
from tuheg_ir.diagnosis.view.workloads import Workload

NEAR = timedelta(minutes=10)
"""So near to the first of many requests something behind was away, if they came of that."""
SERVES = timedelta(minutes=5)
"""What has served for so long again is back."""
AWAY = (*FROM_BEHIND, "failover", "read_only_database", "cache_busy")
"""Troubles of who misses what it needs."""
_ECHO = ("connection_reset",)
"""Troubles of who is left by its callers amid the work as well."""
_NO_MORE = 1.3
"""Who uses less than so many times the processor time of before asks for about as much."""
_PART = 4
"""A part of a name that is shorter stands in any setting."""


def tries_again(view: View, ref: str, grew: Turn) -> tuple[Workload, tuple[Evidence, ...], tuple[Evidence, ...]] | None:
    """Return the one caller whose tries keep a workload at its limit since something behind it was away.

    With it the release that lets it try more often, if there is one, and what tells of the tries.

    Or since some of its own pods were, where a release lets that caller try more often. With such a release what was
    away may itself have no processor time left by the tries. All that calls it is counted, or works as much as ever,
    and gets no more than before. Who was released, lost pods or has a smaller limit is slow by itself, and so is who
    misses something still: then the tries are an echo.
    """
    callee, since = view.workloads.get(ref), grew.since
    if callee is None or since is None or fell_short(view, ref, grew) or limit_cut(callee, "cpu"):
        return None
    found = _the_one(view, callee, since)
    if found is None:
        return None
    caller, tried = found
    released, new = tries_otherwise(view, caller, callee, since, tried), since_release(callee, since)
    if new and not (released and _proven(view, callee, since)):
        return None
    over = _is_over(view, callee, since)
    stores = pressed(view, ref, caller, grew) if over is not None and released else ()
    if not (stores or _overrun(view, callee) or queued_up(view, callee, since)) or _is_held_up(view, callee, stores):
        return None
    if over is None and released and not new:
        over = left_a_moment(view, caller, callee, since)
    if over is None:
        return None
    if grew.now > (max(each.number for each in tried) + 1) * grew.before or since_release(caller, since):
        return None  # so many tries do not make so many requests, or it asks otherwise since
    last = tried[-1]
    told = Evidence("logs", f"Pod/{last.pod}", f"tries again ({len(tried)} lines): {last.line}", tried[0].at)
    return caller, released, (told, *_settings(view, caller, callee), over)


def _the_one(view: View, callee: Workload, since: datetime) -> tuple[Workload, list[Tried]] | None:
    """Return the one caller that tells of further tries, of which nobody else has more to ask; None if not so."""
    callers = [view.workloads.get(each) for each in view.graph.asked_by(callee.ref)]
    known = [each for each in callers if each is not None]
    telling = [(each, tried) for each in known if (tried := _tried(view, each, callee, since))]
    if len(known) < len(callers) or len(telling) != 1 or not _is_known(view, telling[0][0], since):
        return None
    calm = all(_counted(view, each) or _as_busy(view, each, since) for each in known if each is not telling[0][0])
    return telling[0] if calm else None


def _counted(view: View, caller: Workload) -> bool:
    """Tell whether all that a caller is asked for is counted."""
    return bool(labels_of(view, caller.ref, "request_rate")) and not takes_from_a_broker(view, caller)


def _is_known(view: View, caller: Workload, since: datetime) -> bool:
    """Tell whether it is known that a caller is given no more to do, whatever its broker holds.

    Who serves requests and sends messages on calls a broker as who reads them does: what it works tells them apart.
    """
    return _counted(view, caller) or (measured(view, caller) and _as_busy(view, caller, since))


def _as_busy(view: View, caller: Workload, since: datetime) -> bool:
    """Tell whether a caller is known to work no more than before: who asks for many times as much does.

    All of its pods together: one may do what others leave, and each of more pods may be as busy as those of before.
    """
    figures, pods = view.figures, work_of_all(view, caller)
    was = [figures.before("cpu_share", since - SLACK, pod=pod) or 0.0 for pod in pods]
    times = [figures.growth("cpu_share", pod=pod) or 0.0 for pod in pods]
    if not (all(was) and all(times)) or grown(view, caller) is not None:
        return False
    return sum(share * each for share, each in zip(was, times, strict=True)) < _NO_MORE * sum(was)


def works_more(view: View, caller: Workload, since: datetime) -> bool:
    """Tell whether a caller whose use of processors is measured is not known to work no more than before."""
    used = any(view.figures.now("cpu_share", pod=pod.name) is not None for pod in caller.live)
    return used and not _as_busy(view, caller, since)


def _proven(view: View, callee: Workload, since: datetime) -> bool:
    """Tell whether a release of late had served for minutes and was idle until it got many requests.

    What a setting allows is asked for only when there is much to do: a release of code alone is proven by serving.
    """
    if not (of_code_alone(callee) and settled(callee, since)) or blames_itself(view, callee):
        return False
    if ends_by_itself(view, callee) or memory_grows(view, callee) or view.hits_of(callee.ref, "pool_exhausted"):
        return False
    shares = [view.figures.before("cpu_share", since - SLACK, SERVES, pod=pod.name) for pod in callee.live]
    return all(each is not None and each < BUSY / 2 for each in shares)


def _overrun(view: View, callee: Workload) -> bool:
    """Tell whether most pods of a workload are at their processor limit, and were not before, by what they get."""
    share, throttled = (usage(view.figures, callee, signal) for signal in ("cpu_share", "throttled_share"))
    if limit_cut(callee, "cpu") or always_busy(view, callee, BUSY):
        return False
    return share.widely(BUSY) or throttled.widely(THROTTLED)


def _tried(view: View, caller: Workload, callee: Workload, since: datetime) -> list[Tried]:
    """Return what the log of a caller tells of further tries at a workload that answers too late, now as before."""
    late = [c for c in complaints(view, "connection_timeout") if c.caller == caller.ref and c.about == callee.ref]
    found = sorted(_lines(view, caller, callee, since))
    if not late and not any(too_late(each.line) for each in found):
        return []  # what is refused at once costs nothing to refuse again
    return found if len(found) >= OFTEN and _goes_on(view, caller, found[-1].at) else []


def _goes_on(view: View, caller: Workload, last: datetime) -> bool:
    """Tell whether a caller told of a try just now, or of nothing else since: who tells of few says nothing by that."""
    if view.now - last <= SERVES:
        return True
    logs = view.logs_of(caller.live, previous=False)
    later = any(at > last + MINUTE for log in logs for line in log.lines if (at := stamp(line)) is not None)
    return view.now - last < STILL and not later


def _lines(view: View, caller: Workload, callee: Workload, since: datetime) -> Iterator[Tried]:
    """Yield further tries: of lines that name a workload, by whatever name its caller has for it, and how it failed."""
    for log in view.logs_of(caller.live, previous=False):
        for line in log.lines:
            said = TRIED.search(line)
            if said is None or not unanswered(line):
                continue  # what is tried once more as it was to be is no answer that somebody misses
            if not names(view, caller, callee, line):
                continue
            number, at = int(said[1] or said[2]), stamp(line)
            if at is not None and at >= since - SLACK and number > 1:
                yield Tried(at, log.pod, line, number)


def _is_held_up(view: View, callee: Workload, stores: Collection[str]) -> bool:
    """Tell whether something behind a workload is ill, or missing still: then it is slow for that.

    ``stores``: those that have too much to do by the tries alone.
    """
    if any(_is_ill(view, each) for each in _needed(view, callee) if each.ref not in stores):
        return True
    return any(view.recent(hit.last, SERVES) for hit in _missed(view, callee))


def _needed(view: View, callee: Workload) -> list[Workload]:
    return [view.workloads[each] for each in sorted(view.graph.needs(callee.ref)) if each in view.workloads]


def _missed(view: View, callee: Workload) -> list[Hit]:
    return [hit for hit in view.hits_of(callee.ref, *AWAY) if hit.trouble not in _ECHO]


def _is_over(view: View, callee: Workload, since: datetime) -> Evidence | None:
    """Return that something behind a workload was away or stood still as it got many requests, and is back."""
    for each in _needed(view, callee):
        back = max((pod.ready_since for pod in each.live if pod.ready_since), default=None)
        if back is not None and abs(back - since) <= NEAR and view.now - back >= SERVES:
            return Evidence("objects", each.ref, "it was away, and is ready again since", back)
    missed = _missed(view, callee)
    hit = next((h for h in missed if h.first and h.last and h.first <= since + NEAR and h.last >= since - NEAR), None)
    if hit:
        return view.hit_evidence(hit)
    return None if is_another(view, callee, since) else stood_still(view, callee, since)


def _is_ill(view: View, needed: Workload) -> bool:
    """Tell whether something that a workload needs is not whole, fails or is slow, or has no processor time left."""
    return needed.ready < needed.wanted or bool(felt(view, needed.ref)) or _overrun(view, needed)


def _settings(view: View, caller: Workload, callee: Workload) -> tuple[Evidence, ...]:
    """Return which settings of a caller say how often it tries, of those that name a workload or nobody else."""
    parts = [part for part in callee.name.lower().split("-") if len(part) >= _PART]
    told = {
        f"{name}={value}"
        for name, value in view.graph.settings(caller)
        if name and value.isdecimal() and TRIES.search(name) and not BESIDE_TRIES.search(name)
        if any(part in name.lower() for part in parts)
    }
    return tuple(Evidence("objects", caller.ref, f"it is set to {each}") for each in sorted(told)[:2])
