"""Requests that fail just as pods of whom they ask are taken away, and never else: as logs of callers or figures tell.

Who asks learns a moment after a pod was told to end that it is no longer there. A pod that closes its port at once is
asked in that moment still; one that waits, or whose caller tries again, is not missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.rules._helping import behind
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.hosts import is_address, range_of
from tuheg_ir.diagnosis.view.logs import Hit, tells
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.reading import items, name, text, whole
from tuheg_ir.diagnosis.view.trouble import labels_of
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(hours=3)
"""A cluster forgets its events by then."""
AHEAD, LINGERS, SAMPLED = timedelta(seconds=3), timedelta(seconds=30), timedelta(minutes=2)
"""So near to an end callers may meet who goes, and figures show it."""
ROLLED = timedelta(minutes=5)
"""So long after a release pods of the template before may end: they end as that one says."""
ONE = timedelta(minutes=1)
"""Pods that end within this time are taken away together."""
TWICE = 2
MOSTLY, RARELY = 0.9, 0.5
"""So many of the failures lie at ends; and ends are no more than this share of the time, or it says nothing."""
FAILING, TIMES = 0.001, 10.0
"""More than this share fails, and many times what is ordinary."""
_CUT = ("connection_refused", "connection_reset", "upstream_failure")
_DOWN = late(r"^Scaled down ")


class Rises(NamedTuple):
    """When one series of figures began, and when it rose from what is ordinary."""

    since: datetime
    times: tuple[datetime, ...]


class Cut(NamedTuple):
    """Failures at the ends of pods: when, at how many of the ends, what told of it, and who suffers."""

    times: tuple[datetime, ...]
    ends: int
    hits: tuple[Hit, ...] = ()
    tellers: tuple[str, ...] = ()


def ends(view: View, workload: Workload, since: datetime) -> list[datetime]:
    """Return when pods of a workload were taken away since a time, those of one moment once."""
    live = {f"Pod/{pod.name}" for pod in workload.live}
    told = view.events_of(workload.ref, "Killing", "SuccessfulDelete", "ScalingReplicaSet", within=LATELY)
    times = sorted(
        event.last
        for event in told
        if event.last and event.last > since and event.about not in live  # a container that starts again is none
        and (event.reason != "ScalingReplicaSet" or _DOWN.search(event.message))
    )  # fmt: skip
    kept: list[datetime] = []
    for at in times:
        if not kept or at - kept[-1] > ONE:
            kept.append(at)
    return kept


def cut_at_ends(view: View, workload: Workload, came: datetime) -> Cut | None:
    """Return what fails at the ends of pods since a release, neither between nor before; None where it is not so."""
    gone = ends(view, workload, came + ROLLED)
    if len(gone) < TWICE:
        return None
    told = [(at, hit) for hit in _hits(view, workload) for at in times_told(view, workload, hit)]
    if sum(at < came for at, _ in told) >= OFTEN:
        return None  # it was so before
    lately = sorted(((at, hit) for at, hit in told if at >= gone[0] - ONE), key=lambda each: each[0])
    if len(lately) < OFTEN:
        return _by_figures(view, workload, gone)
    times = tuple(at for at, _ in lately)
    if not _at_ends(view, times, gone, LINGERS + ONE):
        return None
    hits = {(hit.component, hit.pod): hit for _, hit in lately}
    return Cut(times, _met(times, gone, LINGERS + ONE), (*hits.values(),), tuple(sorted({ref for ref, _ in hits})))


def _at_ends(view: View, times: Sequence[datetime], gone: Sequence[datetime], within: timedelta) -> bool:
    """Tell whether what failed lies at ends, at two of them at least, and ends are not all the time."""
    near = sum(any(-AHEAD <= at - end <= within for end in gone) for at in times)
    always = len(gone) * within > RARELY * (view.now - gone[0])
    return near >= MOSTLY * len(times) and _met(times, gone, within) >= TWICE and not always


def _met(times: Sequence[datetime], gone: Sequence[datetime], within: timedelta) -> int:
    return sum(any(-AHEAD <= at - end <= within for at in times) for end in gone)


def _by_figures(view: View, workload: Workload, gone: Sequence[datetime]) -> Cut | None:
    """Return at which ends figures begin to show that more fails than usual, if they do so at no other time."""
    asked = (workload.ref, *behind(view, workload.ref, but=workload.ref))
    for ref in asked:
        times = tuple(at for rose in errors_rose(view, ref) for at in rose.times if at >= gone[0] - ONE)
        if times and _at_ends(view, times, gone, SAMPLED):
            return Cut(times, _met(times, gone, SAMPLED), (), () if ref == workload.ref else (ref,))
    return None


def errors_rose(view: View, ref: str) -> Iterator[Rises]:
    """Yield of each series when the share of failed requests of a component rose from what is ordinary."""
    for label in labels_of(view, ref, "error_ratio"):
        for series in view.figures.series("error_ratio", component=label):
            if series.points:
                most = max(FAILING, TIMES * median(v for _, v in series.points))
                rose = (datetime.fromtimestamp(t, UTC) for (_, a), (t, b) in pairwise(series.points) if a <= most < b)
                yield Rises(datetime.fromtimestamp(series.points[0][0], UTC), tuple(rose))


def _hits(view: View, workload: Workload) -> Iterator[Hit]:
    """Yield the troubles of others that may be of a workload, one of each log: its lines are asked for all of them."""
    seen = set[tuple[str, str, bool]]()
    for hit in view.hits:
        place = hit.pod, hit.container, hit.previous
        if hit.trouble in _CUT and hit.component != workload.ref and place not in seen:
            seen.add(place)
            yield hit


def times_told(view: View, workload: Workload, hit: Hit) -> Iterator[datetime]:
    """Yield when a log told that a workload, or who has its port and no name any more, did not answer."""
    asked, named = _at_its_ports(workload), _named(view, workload)
    others, ranges = _others(view, workload), _ranges(view, workload)
    for line in (line for log in view.logs_with(hit) for line in log.lines):
        whom = set(asked.findall(line)) if asked else set()
        inside = whom.isdisjoint(others) and any(range_of(each) in ranges for each in whom)
        if not (inside if whom else named.search(line)):
            continue
        at = stamp(line)
        if at is not None and any(tells(trouble, line) for trouble in _CUT):
            yield at


def _named(view: View, workload: Workload) -> re.Pattern[str]:
    """Return how lines name a workload: by itself, its Services, or the hosts that lead to these."""
    mine = {service.name for service in view.leading_to(workload.ref)}
    hosts = {route.host.strip("*.") for route in view.routes if route.service in mine} - {""}
    names = "|".join(re.escape(each) for each in sorted({workload.name, *mine, *hosts}))
    return re.compile(rf"(?<![\w.-])(?:{names})(?![\w-])")


def _at_its_ports(workload: Workload) -> re.Pattern[str] | None:
    """Return how lines name an address that is asked at a port of a workload's pods; who asks has a port of his own."""
    containers = items(workload.template, "spec", "containers")
    ports = {whole(port, "containerPort") for each in containers for port in items(each, "ports")} - {0}
    either = "|".join(map(str, sorted(ports)))
    return re.compile(rf"(?<![\d.])((?:\d{{1,3}}\.){{3}}\d{{1,3}}):(?:{either})(?!\d)") if ports else None


def _ranges(view: View, workload: Workload) -> set[str]:
    """Return the ranges of which the addresses of a workload's pods and Services are: those of pods that went too."""
    services = (text(each.obj, "spec", "clusterIP") for each in view.leading_to(workload.ref))
    return {range_of(each) for each in (*(pod.address for pod in workload.live), *services) if is_address(each)}


def _others(view: View, workload: Workload) -> set[str]:
    """Return the addresses of the pods of all others, and of Services that do not lead to a workload."""
    pods = (pod.address for each in view.workloads.values() if each is not workload for pod in each.live)
    mine = {service.name for service in view.leading_to(workload.ref)}
    addresses = (text(obj, "spec", "clusterIP") for obj in view.snapshot.of("Service") if name(obj) not in mine)
    return {*pods, *addresses} - {""}
