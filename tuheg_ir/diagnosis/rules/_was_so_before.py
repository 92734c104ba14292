"""New words of a release whose trouble was there before it: only its pods, and so their logs, are new.

Who asks it told the same then, or as large a share of requests failed. Where the words come in waves, the first wave
after a release follows it shortly whatever it brought: then somebody has to show that the wave before was well.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._came_rarely import rarely_since
from tuheg_ir.diagnosis.rules._comes_in_waves import APART, SLACK, all_heard_since, shares_of
from tuheg_ir.diagnosis.rules._tried_before import amid, tried_before
from tuheg_ir.diagnosis.stamps import has_near, stamp
from tuheg_ir.diagnosis.view.askers import answer_of
from tuheg_ir.diagnosis.view.complaints import UNANSWERED
from tuheg_ir.diagnosis.view.hosts import hosts_named
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.marked import Marked, complains, is_marked, shape_of
from tuheg_ir.diagnosis.view.releases import AMID, BEFORE
from tuheg_ir.diagnosis.view.silent import says
from tuheg_ir.diagnosis.view.trouble import ERRORS, MINUTE, OFTEN
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

TWICE = 2
"""What was told only once in a while may be one of those errors that every system has."""
MORE = 10
"""What is told more than so many times as densely since a release is another trouble than before."""
AS_LARGE = 0.5
"""So large a part of the share that fails since a release failed before it, if it is the same trouble."""
MOSTLY = 0.5
"""So many of the complaints of who names nobody come with the words, if they are of the same."""
_FAILED = 500
_OWN_END = late(r"\b(?:dial|read|write) tcp[46]? \S{1,60}->")
"""The end of a connection that is of who tells of it: its address may be another's now, or be of many."""


def was_so_before(view: View, workload: Workload, words: Marked, released: Workload) -> bool:
    """Tell whether what a log says since a release was so before it came, or nobody knows how the wave before was."""
    came = released.released_at
    if came is None:
        return False
    said = says(words)
    logs = view.logs_of(workload.live, previous=False)
    told = sorted(at for log in logs for line in log.lines if said(line) and (at := stamp(line)) is not None)
    seen = [*_shares(view, released, told, came), *_complaints(view, released, told, came)]
    if any(like for _, like in seen):
        return True
    pause = _pause([at for at in told if at >= came])
    if pause is None or rarely_since(view, workload, words) is not None:
        return False
    heard = [since for since, _ in seen]
    if released is not workload:
        heard.append(all_heard_since(view, workload))  # its own log is older, and has no such words
    return not any(since is not None and came - since >= SLACK * pause for since in heard)


def failed_alike(view: View, released: Workload) -> bool:
    """Tell whether callers or figures told of what a release's own errors bring as well before it came."""
    came = released.released_at
    lines = (line for log in view.logs_of(released.live, previous=False) for line in log.lines if is_marked(line))
    told = sorted(at for line in lines if (at := stamp(line)) is not None)
    if came is None:
        return False
    seen = (*_shares(view, released, told, came), *_complaints(view, released, told, came))
    return any(like for _, like in seen)


def _pause(times: Sequence[datetime]) -> timedelta | None:
    """Return the longest pause of what comes in waves; None where it does not: most of the time nothing is told."""
    pauses = [later - sooner for sooner, later in pairwise(times) if later - sooner >= APART]
    if not pauses or sum(pauses, timedelta()) <= (times[-1] - times[0]) / 2:
        return None
    starts = [0, *(n + 1 for n, (sooner, later) in enumerate(pairwise(times)) if later - sooner >= APART), len(times)]
    often = sum(end - start >= OFTEN for start, end in pairwise(starts))
    return max(pauses) if often >= TWICE else None


def _shares(
    view: View, released: Workload, told: Sequence[datetime], came: datetime
) -> Iterator[tuple[datetime | None, bool]]:
    """Yield since when figures tell of failures like those since a release, and whether as many failed before it.

    Of who asks it only such as fail when the words come: others fail for reasons of their own.
    """
    tried = tried_before(view, released)
    for ref in (released.ref, *sorted(view.graph.callers(released.ref))):
        for points in shares_of(view, ref):
            since = [(at, share) for at, share in points if at >= came and share > ERRORS]
            if not since or (ref != released.ref and not _with(told, [at for at, _ in since], APART)):
                continue
            before = (share for at, share in points if _earlier(tried, at, came))
            yield points[0][0], max(before, default=0.0) >= max(ERRORS, AS_LARGE * max(share for _, share in since))


def _complaints(
    view: View, released: Workload, told: Sequence[datetime], came: datetime
) -> Iterator[tuple[datetime | None, bool]]:
    """Yield since when who asks it would have told of failures like those since a release, and whether he did."""
    tried = tried_before(view, released)
    for caller in (view.workloads[ref] for ref in sorted(view.graph.callers(released.ref)) if ref in view.workloads):
        for (_, _, named), times in _by_shape(view, caller, released).items():
            since = [at for at in times if at >= came]
            if not since or not (named or _with(told, since, MINUTE)):
                continue
            before = [at for at in times if _earlier(tried, at, came)]
            often = _densest(before)
            yield all_heard_since(view, caller), often >= TWICE and _densest(since) <= MORE * often


def _by_shape(view: View, caller: Workload, released: Workload) -> Mapping[tuple[str, int, bool], Sequence[datetime]]:
    """Return when a log told of each failure that may be one of a workload's: it names it, or nobody."""
    found: dict[tuple[str, int, bool], list[datetime]] = defaultdict(list)
    for log in view.logs_of(caller.live, previous=False):
        for line in log.lines:
            answer = answer_of(line)
            if not (answer >= _FAILED or complains(line) or any(tells(each, line) for each in UNANSWERED)):
                continue
            about = {view.graph.resolve(host) for host in hosts_named([_OWN_END.sub("", line)])} - {caller.ref}
            named = released.ref in about
            # An access log names its clients.
            if (named or answer or not about) and (at := stamp(line)) is not None:
                found[shape_of(line), answer, named].append(at)
    return {key: sorted(times) for key, times in found.items()}


def _earlier(tried: Sequence[tuple[datetime, datetime]], at: datetime, came: datetime) -> bool:
    """Tell whether something is of the day before a release, and not of an earlier try of it that was taken back."""
    return came - AMID <= at < came + BEFORE and not amid(tried, at)


def _with(told: Sequence[datetime], times: Sequence[datetime], within: timedelta) -> bool:
    return sum(has_near(told, at, within) for at in times) > MOSTLY * len(times)


def _densest(times: Sequence[datetime]) -> int:
    """Return how many of some times, in order, are within one span as short as a wave is."""
    return max((bisect_right(times, at + APART) - n for n, at in enumerate(times)), default=0)
