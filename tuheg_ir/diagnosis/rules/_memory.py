"""What the rules of memory share: who was killed, or is about to be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import linear_regression, median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Evidence, Series
from tuheg_ir.diagnosis.rules._killed_by_node import is_by_node
from tuheg_ir.diagnosis.rules._not_of_its_own import same_on_its_node
from tuheg_ir.diagnosis.rules._scratch import larger_scratch
from tuheg_ir.diagnosis.view.complaints import fresh
from tuheg_ir.diagnosis.view.demand import traffic_growth
from tuheg_ir.diagnosis.view.figures import rose_before
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.page_cache import page_cache
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import oldest
from tuheg_ir.diagnosis.view.stores import is_store, of_a_store
from tuheg_ir.diagnosis.view.trouble import troubles
from tuheg_ir.diagnosis.view.usage import LONG_S, NEAR, STARTS, killed_for_memory, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

LOADED = 1.5
"""So many times the requests may be the reason that memory is short."""
AGAIN = 3
"""A program that told of missing memory less often has come over it."""
STANDS = 0.01
"""So small a share of its limit that memory rises by in half an hour is no rise."""
STANDS_S = 1800.0
"""That half hour."""
_REST_S = 1500.0
"""What has not risen for so long has come to stand."""
_YOUNG_REST_S = 900.0
"""So has what has not risen for so long, and for all its life but for its start, which takes what it needs."""
_PARTS = 6
"""What only sways does not rise so many times one after another."""
BEFORE_S = 600.0
"""Memory that was near its limit for so long before a trouble is not the reason of it."""
_FALL = 0.8
"""What falls below this part of what it was has been given back."""
IN_TURN = timedelta(hours=4)
"""A kill so long ago is past, whatever came before it."""
_IN_TURN, _CLIMBS = 2, 0.1
"""So many kills tell of a turn; what rises by less of its limit sways."""
LIFE = 6
"""Fewer points show no pace."""
_OF_MEMORY = late(r"memory|oom", re.IGNORECASE)


def short_of_memory(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that containers of a workload were killed for memory of late, or are near their limit.

    Not those for whom their node had none left: they may have had room for more.
    """
    killed = [each for each in killed_for_memory(view, workload) if not is_by_node(view, each[0])]
    found = [
        Evidence(
            "objects",
            f"Pod/{pod.name}",
            f"{container.name} OOMKilled, {container.restarts} restarts",
            container.ended.at if container.ended else None,
        )
        for pod, container in killed[:3]
    ]
    shares = usage(view.figures, workload, "memory_share")
    near = shares.beyond(NEAR)
    if near and not page_cache(view, workload) and not _always_near(view, workload, near):
        found.append(Evidence("metrics", workload.ref, f"{near[0]} uses {shares.most:.0%} of its memory limit"))
    found += [view.hit_evidence(hit) for hit in told_by_program(view, workload)[:2]]
    if found:
        found += [view.event_evidence(e) for e in view.events_of(workload.ref, "OOMKilling", "SystemOOM")[:1]]
    return tuple(found)


def killed_in_turn(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return that most newest pods were killed more than once since the release, and their memory climbs again.

    A leak may take hours: its last kill is past, and the next one to come. A pod that lives longer by now than it did
    is over it, and so is one whose memory does not rise.
    """
    newest_ones, found = workload.newest_pods(), list[Evidence]()
    for pod in newest_ones:
        for each in pod.containers:
            ended = each.ended if each.killed_for_memory else None
            if ended is None or ended.at is None or ended.lived_s is None or each.restarts < _IN_TURN or pod.deleting:
                continue
            lived, at = timedelta(seconds=ended.lived_s), workload.released_at
            since = at is not None and ended.at - lived >= at - STARTS
            if since and view.now - ended.at <= min(lived, IN_TURN) and _climbs(view, pod, ended.at):
                fact = f"{each.name} OOMKilled after {ended.lived_s:.0f} s, {each.restarts} restarts, and climbs again"
                found.append(Evidence("objects", f"Pod/{pod.name}", fact, ended.at))
    return tuple(found[:3]) if 2 * len(found) > len(newest_ones) else ()


def _climbs(view: View, pod: Pod, since: datetime) -> bool:
    """Tell whether the memory of a pod rises from part to part of what is measured of its present life."""
    for series in view.figures.series("memory_share", pod=pod.name):
        values = [value for at, value in series.points if at >= (since + STARTS).timestamp()]
        if _creeps(values) and values[-1] - values[0] >= _CLIMBS:
            return True
    return False


def _always_near(view: View, workload: Workload, near: list[str]) -> bool:
    """Tell whether a workload has lived near its limit for as long as it is measured, and nobody misses it.

    Memory that stands is not running out, whatever was released before it came to stand. It stood for minutes before
    what is missed now began; an alert of memory is its own. What is missed by nobody may have stood for all its life.
    """
    alerts = [alert for alert in view.alerts if view.about_alert(alert) == workload.ref]
    felt = [*(since for _, since in troubles(view, workload.ref)), *(alert.starts_at for alert in alerts)]
    if any(_OF_MEMORY.search(alert.said) for alert in alerts) or None in felt:
        return False
    pods = [pod for pod in workload.live if pod.name in near]
    began = oldest(felt)
    return all(_stands(view, pod, began) and not any(c.restarts or c.ended for c in pod.containers) for pod in pods)


def asks_for_more(view: View, workload: Workload) -> bool:
    """Tell whether a release may need more memory by itself; more requests fill it as well, whatever was released."""
    own = workload.changed("image", "env", "command") or put_into_memory(workload)
    return bool(own) and (traffic_growth(view, workload.ref) or 1.0) < LOADED


def killed_beside(view: View, workload: Workload) -> bool:
    """Tell whether pods of another are killed for memory on the one node of those of a workload, and nowhere else."""
    return bool(same_on_its_node(view, workload, lambda w: {pod.name for pod, _ in killed_for_memory(view, w)}))


def has_settled(view: View, workload: Workload) -> bool:
    """Tell whether nobody was killed for memory or told that it has none, and what is near the limit rises no more.

    What leaks goes on until it is killed; what fills a cache with pages of files comes to stand just below the limit.
    """
    near = usage(view.figures, workload, "memory_share").beyond(NEAR)
    if not near or killed_for_memory(view, workload) or told_by_program(view, workload):
        return False
    pods = [pod for pod in workload.live if pod.name in near]
    found = [(pod, s.points) for pod in pods for s in view.figures.series("memory_share", pod=pod.name) if s.points]
    return bool(found) and all(
        _rests(points[len(points) // 2 :], _REST_S) or _stood_since_start(pod, points) for pod, points in found
    )


def _rests(points: Sequence[tuple[float, float]], for_s: float) -> bool:
    """Tell whether memory has not risen for so many seconds at least, not even by little and little."""
    return len(points) > 1 and _rises_no_more(points, for_s) and not _creeps([v for _, v in points])


def _stood_since_start(pod: Pod, points: Sequence[tuple[float, float]]) -> bool:
    """Tell whether a pod is measured since its containers were started, and its memory has not risen since then."""
    start, needs = points[0][0], STARTS.total_seconds()
    whole = pod.started is not None and abs(start - pod.started.timestamp()) <= needs
    return whole and _rests([each for each in points if each[0] >= start + needs], _YOUNG_REST_S)


def _rises_no_more(points: Sequence[tuple[float, float]], for_s: float) -> bool:
    """Tell whether two points or more, over so many seconds at least, are no higher in their later half.

    Of less than an hour that is so by the pace too, if the line through all of them rises as well: sways shift halves.
    """
    early, late = points[: len(points) // 2], points[len(points) // 2 :]
    if late[-1][0] - early[0][0] < for_s:
        return False
    risen = median(v for _, v in late) - median(v for _, v in early)
    apart = (median(t for t, _ in late) - median(t for t, _ in early)) / STANDS_S
    if risen <= STANDS * min(1.0, apart) or risen > STANDS:
        return risen <= STANDS
    return linear_regression([t - early[0][0] for t, _ in points], [v for _, v in points]).slope * STANDS_S <= STANDS


def _creeps(values: Sequence[float]) -> bool:
    """Tell whether memory rises from each part of a time to the next, however slowly: a leak may take days."""
    size = len(values) // _PARTS
    parts = [median(values[n * size : (n + 1) * size]) for n in range(_PARTS)] if size else []
    return bool(parts) and all(a < b for a, b in pairwise(parts))


def _stands(view: View, pod: Pod, began: datetime | None) -> bool:
    found = [series.points for series in view.figures.series("memory_share", pod=pod.name) if series.points]
    if began is not None and not all(_near_before(points, began.timestamp()) for points in found):
        return False
    young = began is None and all(_stood_since_start(pod, points) for points in found)
    return bool(found) and (young or all(_rises_no_more(points, LONG_S) for points in found if len(points) > 1))


def _near_before(points: Sequence[tuple[float, float]], began: float) -> bool:
    """Tell whether memory was near its limit for all of the minutes before a trouble."""
    before = [value for at, value in points if began - BEFORE_S <= at <= began]
    return points[0][0] <= began - BEFORE_S and all(value >= NEAR for value in before)


def rose_before_release(view: View, workload: Workload) -> bool:
    """Tell whether memory rose as fast in most pods of the former template as in each newest one that is measured.

    The pods of both are seldom the same ones: the rise of a new one is put on top of that of one before it. Shares of
    different limits are not compared, nor are those of different containers.
    """
    at = workload.released_at
    if at is None or any(change.field == "limits.memory" for change in workload.changed("limits")):
        return False
    newest_ones, out = {pod.name for pod in workload.newest_pods()}, at + STARTS
    before: dict[str, list[list[tuple[float, float]]]] = defaultdict(list)
    after: list[tuple[str, list[tuple[float, float]]]] = []
    for series in view.figures.series("memory_share"):
        name, container = series.labels.get("pod", ""), series.labels.get("container", "")
        if name in newest_ones or was_of(view, workload, name):
            early = max(lives([each for each in series.points if each[0] < at.timestamp()]), key=len)
            before[container] += [early] if len(early) >= LIFE else []
        if name in newest_ones:
            late = lives([each for each in series.points if each[0] >= out.timestamp()])[0]
            after += [(container, late)] if len(late) >= LIFE else []
    return bool(after) and all(
        2 * sum(rose_before(_on_top(early, late), out, view.now) for early in before[container])
        > len(before[container])
        for container, late in after
    )


def was_of(view: View, workload: Workload, pod: str) -> bool:
    """Tell whether a pod is, or by its name was, one of a workload: two parts follow that of a Deployment."""
    owner, after = view.owner_of(pod), pod.removeprefix(f"{workload.name}-")
    return owner == workload.ref or (owner == f"Pod/{pod}" and after != pod and after.count("-") == 1)


def lives(points: Sequence[tuple[float, float]]) -> list[list[tuple[float, float]]]:
    """Return points apart where memory was given back, as by a container that began anew; one at least, if empty."""
    lives: list[list[tuple[float, float]]] = [[]]
    for each in points:
        if lives[-1] and each[1] < _FALL * lives[-1][-1][1]:
            lives.append([])
        lives[-1].append(each)
    return lives


def _on_top(early: Sequence[tuple[float, float]], late: Sequence[tuple[float, float]]) -> Series:
    """Return two rises as one: the earlier one is told later, and the other from where that ended."""
    gap, lift = late[0][0] - early[-1][0] - 1.0, early[-1][1] - late[0][1]
    return Series({}, (*((t + gap, v) for t, v in early), *((t, v + lift) for t, v in late)))


def told_by_program(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return what a program repeats of memory that it does not get: a heap may be full long before its container is.

    What a server refused it for want of memory is the server's, and a new process would be refused as well.
    """
    found = (h for h in view.hits_of(workload.ref, "out_of_memory") if fresh(view, h) and not h.previous)
    own = is_store(workload)
    return tuple(h for h in found if h.count >= AGAIN and (own or not of_a_store(h.line)))


def put_into_memory(workload: Workload) -> tuple[str, ...]:
    """Return the scratch volumes that the newest template keeps in memory, and the one before none there, or smaller.

    Their files count against the limit of the containers and are there again after a kill.
    """
    return tuple(larger_scratch(workload, "Memory"))


def began_of(evidence: tuple[Evidence, ...]) -> datetime | None:
    """Return the earliest time that the evidence tells."""
    return oldest(each.time for each in evidence)
