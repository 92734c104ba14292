"""Memory that fills with calls which a host outside leaves unanswered: each keeps what it was about until its answer.

A former template would keep as much, a new process fills up again, and further ones only ask a slow host for more.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._hosts_outside import Host, hosts_outside
from tuheg_ir.diagnosis.rules._twins import programs, started_otherwise
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.changes import Change
from tuheg_ir.diagnosis.view.complaints import fresh, told
from tuheg_ir.diagnosis.view.crashes import restarted
from tuheg_ir.diagnosis.view.figures import climbs_since
from tuheg_ir.diagnosis.view.logs import Hit, heard_since
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.releases import releases
from tuheg_ir.diagnosis.view.usage import killed_for_memory, memory_grows, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

OFTEN = 5
"""So many calls that got no answer in time are more than a hiccup."""
LATE = 0.1
"""Where a smaller share of the lines tells of it, as good as all calls are answered, and few are kept."""
ROOMY = 0.7
"""Who has used less of its memory limit than this is not late because it looks for memory all the time."""
SLACK, QUIET = timedelta(minutes=2), timedelta(minutes=20)
"""What figures and logs may be apart; memory that stood so long under a new template did not rise by that."""
_SOON = timedelta(minutes=15)
"""What waits fills memory so soon, or it is not filled by that."""
_RISE = 0.1
"""Memory that rises by less of its limit sways."""
SUSPECT = timedelta(hours=48)
"""A younger template may have brought what its twin does not show: it may fail at late answers alone."""
_IDLE = 0.03
"""Who uses less of its processor limit than this has nothing to do, and so nothing to keep."""
_PILES_UP = late(
    r"time.?out|deadline|retr(?:y|ie)|attempt|backoff|buffer|queue|batch|prefetch|concurren|parallel|in.?flight|pending"
    r"|window|worker|thread|pool|max.?(?:conn|idle|requests|sockets)|keep.?alive|breaker|bulkhead",
    re.IGNORECASE,
)
"""Settings of how long calls are waited for, how many at a time, and what is kept of them."""
_PAUSE_S = 300.0
"""The longest pause that a kubelet makes before it starts a container again."""


@once
def filled_by_silence(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return what shows that memory fills with calls to a slow host outside, and by no template; () if nothing does.

    They get no answer in time while there is room yet: who has no memory left is late with all that it does.
    """
    for host, known in hosts_outside(view).items():
        said = [each for each in known.said if each.caller == workload.ref and _waits(view, each.hit)]
        hits = [each.hit for each in said]
        if not any(_had_room(view, hit) for hit in hits) or not _often(view, hits):
            continue
        spoken = next(_speaks_for_it(view, workload, host, known), None)
        if spoken is not None:
            return (*told(view, said), spoken)
    return ()


def _waits(view: View, hit: Hit) -> bool:
    return hit.trouble == "connection_timeout" and not hit.previous and fresh(view, hit)


def _often(view: View, hits: Sequence[Hit]) -> bool:
    """Tell whether late answers are many, and a real share of what is told since the first; traces bear no times."""
    count, told = sum(hit.count for hit in hits), 0
    if count < OFTEN:
        return False
    for hit in hits:
        for log in view.logs_with(hit):
            times = [at for line in log.lines if (at := stamp(line)) is not None]
            told += sum(hit.first is None or at >= hit.first for at in times)
    return count >= LATE * told


def _had_room(view: View, hit: Hit) -> bool:
    """Tell whether a pod had room when it told for the first time that it got no answer in time."""
    if hit.first is None:
        return False
    share = view.figures.before("memory_share", hit.first + SLACK, 2 * SLACK, pod=hit.pod)
    return share is not None and share < ROOMY


def _speaks_for_it(view: View, workload: Workload, host: str, known: Host) -> Iterator[Evidence]:
    """Yield what shows that no template is behind it: an untroubled twin, a level before, a first life without end.

    Memory that had risen before the host was late is filled by something else, and a template that changed how its
    calls wait, or that waits with others for the same host where an older one has room, may well be behind it.
    """
    slow = _slow_since(view, workload, known)
    young = bool(releases(view, workload, SUSPECT))
    if slow is not None and any(_rose_before(view, pod, slow) for pod in workload.live):
        return
    if young and (_waits_otherwise(workload) or waits_with_room(view, workload)):
        return
    if not young:
        for other in view.serving:
            if _is_twin(view, workload, other) and not any(each.caller == other.ref for each in known.said):
                yield Evidence("objects", other.ref, f"it runs the same image, does not wait for {host}, and has room")
    left = oldest(_left(view, pod) for pod in workload.live)
    came = workload.released_at
    at_once = slow is not None and left is not None and -SLACK <= left - slow <= _SOON
    if at_once and left is not None and (came is None or left - came >= QUIET):
        yield Evidence("metrics", workload.ref, f"its memory stood until it waited for {host}", left)
    if came is not None and young and outlived(view, workload, came):
        fact = "it was killed for memory long after its release, and far sooner again and again since"
        yield Evidence("objects", workload.ref, fact, came)


def _is_twin(view: View, workload: Workload, other: Workload) -> bool:
    """Tell whether another one runs the same image for longer than it takes to fill a container, and has room."""
    if other is workload or programs(other, tags=True) != programs(workload, tags=True):
        return False
    lived = [each for pod in other.live for each in pod.containers if not each.init]
    if started_otherwise(workload, other) or not lived or any(each.restarts or each.ended for each in lived):
        return False
    killed = (each.ended.lived_s for _, each in killed_for_memory(view, workload) if each.ended)
    fills = max((each for each in killed if each is not None), default=0.0)
    ages = [(view.now - each.started_at).total_seconds() if each.started_at else 0.0 for each in lived]
    shares = usage(view.figures, other, "memory_share")
    known = {pod.name for pod in other.live} <= set(shares.by_pod)
    busy = usage(view.figures, other, "cpu_share").most >= _IDLE
    roomy = known and shares.most < ROOMY and not memory_grows(view, other)
    return busy and roomy and min(ages) >= max(fills, QUIET.total_seconds())


def _slow_since(view: View, workload: Workload, known: Host) -> datetime | None:
    """Return since when a host is late, by figures, or by a log that told of other things for long before."""
    measured = [seen.time for caller, seen in known.measured if caller == workload.ref]
    if any(measured):
        return oldest(measured)
    said = [each.hit for each in known.said if each.caller == workload.ref and _waits(view, each.hit)]
    first, pods = oldest(hit.first for hit in said), {hit.pod for hit in said}
    heard = heard_since(log for log in view.logs_of(workload.live, previous=False) if log.pod in pods)
    return first if first is not None and heard is not None and first - heard >= SLACK else None


def _rose_before(view: View, pod: Pod, slow: datetime) -> bool:
    """Tell whether the memory of a pod's present life rose before a host was late; it fills for a start anyhow."""
    began = newest(each.started_at for each in pod.containers if not each.init)
    since, until = began.timestamp() + SLACK.total_seconds() if began else 0.0, (slow - SLACK).timestamp()
    for series in view.figures.series("memory_share", pod=pod.name):
        values = [value for at, value in series.points if since <= at <= until]
        if values and values[-1] - values[0] >= _RISE:
            return True
    return False


def _waits_otherwise(workload: Workload) -> bool:
    """Tell whether the newest template changed how long calls wait, how many at a time, or what is kept of them."""
    told = (text for each in workload.changed("env", "command") for text in _told_anew(each))
    return any(_PILES_UP.search(text) for text in told)


def _told_anew(change: Change) -> Iterator[str]:
    """Yield the name of a setting, and of options those that differ, each with the word before it: `--timeout 5`."""
    yield change.name
    for one, other in ((change.before.split(), change.after.split()), (change.after.split(), change.before.split())):
        if change.aspect == "command" or any(word.startswith("-") for word in one):
            yield from (" ".join(one[max(0, n - 1) : n + 1]) for n, word in enumerate(one) if word not in other)


@once
def waits_with_room(view: View, workload: Workload) -> Evidence | None:
    """Return that pods of another template of the program wait for the same host as often, and have room all the same.

    It is not the waiting that fills those of the newest template then, but what that made of it.
    """
    mine, images = programs(workload), programs(workload, tags=True)
    filling = {pod.name for pod in workload.newest_pods()}
    others = [(workload.ref, workload.older_pods())]
    for each in view.serving:
        if each is not workload and programs(each) == mine and not started_otherwise(workload, each):
            others += [(each.ref, each.live)] if programs(each, tags=True) != images else []
    for host, known in hosts_outside(view).items():
        said = [each.hit for each in known.said if each.hit.pod in filling and _waits(view, each.hit)]
        mean = sum(hit.count for hit in said) / max(1, len({hit.pod for hit in said}))
        for ref, pods in others if said else ():
            if pods and _has_room_for_it(view, pods, known, mean / 2):
                return Evidence("metrics", ref, f"pods of another template wait for {host} as well, and have room")
    return None


def _has_room_for_it(view: View, pods: Sequence[Pod], known: Host, least: float) -> bool:
    """Tell whether pods stand with room though each of them waits at least so many times for a host."""
    names = {pod.name for pod in pods}
    hits = [each.hit for each in known.said if each.hit.pod in names and _waits(view, each.hit)]
    shares = [view.figures.now("memory_share", pod=name) for name in names]
    grown = any(_left(view, pod) is not None for pod in pods)
    often = _often(view, hits) and sum(hit.count for hit in hits) >= least * len(pods)
    return often and not grown and all(share is not None and share < ROOMY for share in shares)


def _left(view: View, pod: Pod) -> datetime | None:
    """Return when the memory of a pod left where it had stood, for the first climb that is known of it."""
    known = (each for each in view.figures.series("memory_share", pod=pod.name) if each.points)
    found = [each for each in known if max(v for _, v in each.points) - each.points[0][1] >= _RISE]
    end = oldest(restarted(view, pod)) or view.now
    return oldest(climbs_since(each, end - SLACK if end < view.now else end) for each in found)


def outlived(view: View, workload: Workload, came: datetime) -> bool:
    """Tell whether pods of a release lived far longer before their first kill for memory than they have done since.

    Their later lives, each as long as the last one, do not fill the time since the release.
    """
    spare = [_spare(pod, came) for pod, _ in killed_for_memory(view, workload)]
    return bool(spare) and all(each is not None and each >= QUIET.total_seconds() for each in spare)


def _spare(pod: Pod, came: datetime) -> float | None:
    """Return by how much the first life of a container must have been longer than its last; None if it need not."""
    for each in pod.containers:
        if not each.killed_for_memory or each.ended is None or each.ended.at is None or not each.ended.lived_s:
            continue
        began = max(came, pod.created) if pod.created else came
        spent = each.restarts * (each.ended.lived_s + _PAUSE_S)
        over = (each.ended.at - began).total_seconds() - spent
        return over if each.restarts > 1 and over >= each.ended.lived_s else None
    return None
