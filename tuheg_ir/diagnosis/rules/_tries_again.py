"""One caller keeps a service down by trying again, though what had failed behind that service is well since.

While something behind a service is away, each request that fails is sent again. What has come back meets many times
the requests of before: they take so long that the caller gives them up, and sends them again. It ends only when the
caller tries less: its own requests are those of ever, and so is what each of them costs.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._asked_of_callers import takes_from_a_broker
from tuheg_ir.diagnosis.rules._capacity import FROM_BEHIND
from tuheg_ir.diagnosis.rules._demand import SLACK, fell_short
from tuheg_ir.diagnosis.rules._figures import Turn, felt
from tuheg_ir.diagnosis.rules._tries import BESIDE_TRIES, TRIED, TRIES
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.complaints import UNANSWERED, complaints
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.releases import since_release
from tuheg_ir.diagnosis.view.trouble import OFTEN, labels_of
from tuheg_ir.diagnosis.view.usage import BUSY, THROTTLED, always_busy, limit_cut, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

NEAR = timedelta(minutes=10)
"""So near to the first of many requests something behind was away, if they came of that."""
SERVES = timedelta(minutes=5)
"""What has served for so long again is back."""
AWAY = (*FROM_BEHIND, "failover", "read_only_database")
"""Troubles of who misses what it needs."""
_ECHO = ("connection_reset",)
"""Troubles of who is left by its callers amid the work as well."""
_PART = 4
"""A part of a name that is shorter stands in any setting."""


class _Tried(NamedTuple):
    """How many lines tell of further tries, the most that one tells of, the last line, and when the first came."""

    lines: int
    most: int
    pod: str
    line: str
    first: datetime


def tries_again(view: View, ref: str, grew: Turn) -> tuple[Workload, tuple[Evidence, ...]] | None:
    """Return the one caller whose tries keep a workload at its limit since something behind it was away.

    All that calls it is counted, and gets no more than before. Who was released, lost pods or has a smaller limit is
    slow by itself, and so is who misses something still: then the tries are an echo.
    """
    callee, since = view.workloads.get(ref), grew.since
    if callee is None or since is None or since_release(callee, since) or fell_short(view, ref, grew):
        return None
    if not _overrun(view, callee):
        return None
    callers = [view.workloads.get(each) for each in view.graph.asked_by(ref)]
    known = [each for each in callers if each is not None and labels_of(view, each.ref, "request_rate")]
    if len(known) < len(callers) or any(takes_from_a_broker(view, each) for each in known):
        return None
    telling = [(caller, tried) for caller in known if (tried := _tried(view, caller, callee, since)) is not None]
    over = _is_over(view, callee, since) if len(telling) == 1 else None
    if over is None:
        return None
    ((caller, tried),) = telling
    if grew.now > (tried.most + 1) * grew.before or since_release(caller, since):
        return None  # so many tries do not make so many requests, or it asks otherwise since
    told = f"tries again ({tried.lines} lines): {tried.line}"
    return caller, (Evidence("logs", f"Pod/{tried.pod}", told, tried.first), *_settings(view, caller, callee), over)


def _overrun(view: View, callee: Workload) -> bool:
    """Tell whether most pods of a workload are at their processor limit, and were not before, by what they get."""
    share, throttled = (usage(view.figures, callee, signal) for signal in ("cpu_share", "throttled_share"))
    if limit_cut(callee, "cpu") or always_busy(view, callee, BUSY):
        return False
    return share.widely(BUSY) or throttled.widely(THROTTLED)


def _tried(view: View, caller: Workload, callee: Workload, since: datetime) -> _Tried | None:
    """Return what the log of a caller tells of further tries at a workload that answers too late, now as before."""
    late = [c for c in complaints(view, *UNANSWERED) if c.caller == caller.ref and c.about == callee.ref]
    if not any(c.hit.trouble == "connection_timeout" for c in late):
        return None  # what is refused at once costs nothing to refuse again
    found = sorted(_lines(view, caller, callee, since))
    if len(found) < OFTEN or view.now - found[-1][0] > SERVES:
        return None
    _, pod, line, _ = found[-1]
    return _Tried(len(found), max(number for *_, number in found), pod, line, found[0][0])


def _lines(view: View, caller: Workload, callee: Workload, since: datetime) -> Iterator[tuple[datetime, str, str, int]]:
    """Yield (when, pod, line, number) of further tries: of lines that name a workload's host and how it failed."""
    for log in view.logs_of(caller.live, previous=False):
        for line in log.lines:
            said = TRIED.search(line)
            if said is None or not any(tells(trouble, line) for trouble in UNANSWERED):
                continue  # what is tried once more as it was to be is no answer that somebody misses
            if callee.ref not in map(view.graph.resolve, hosts_named([line])):
                continue
            number, at = int(said[1] or said[2]), stamp(line)
            if at is not None and at >= since - SLACK and number > 1:
                yield at, log.pod, line, number


def _is_over(view: View, callee: Workload, since: datetime) -> Evidence | None:
    """Return that something behind a workload was away as it got many requests, where all behind it is well now."""
    needed = [view.workloads[each] for each in sorted(view.graph.needs(callee.ref)) if each in view.workloads]
    if any(_is_ill(view, each) for each in needed):
        return None
    missed = [hit for hit in view.hits_of(callee.ref, *AWAY) if hit.trouble not in _ECHO]
    if any(view.recent(hit.last, SERVES) for hit in missed):
        return None
    for each in needed:
        back = max((pod.ready_since for pod in each.live if pod.ready_since), default=None)
        if back is not None and abs(back - since) <= NEAR and view.now - back >= SERVES:
            return Evidence("objects", each.ref, "it was away, and is ready again since", back)
    hit = next((h for h in missed if h.first and h.last and h.first <= since + NEAR and h.last >= since - NEAR), None)
    return view.hit_evidence(hit) if hit else None


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
