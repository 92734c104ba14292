"""What is wrong with one workload, told by several sources: crashes, failed probes, errors, slowness, since when."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from statistics import fmean

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.answers import answers, asked_in_vain
from tuheg_ir.diagnosis.view.crashes import crashes
from tuheg_ir.diagnosis.view.held_open import held_open
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.once import once_by_name
from tuheg_ir.diagnosis.view.reading import moment, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

ERRORS = 0.05
"""Share of failed requests that is trouble wherever no limit is declared."""
SLOWER = 2.5
"""So many times its former latency makes a service slow."""
SLOW_S = 0.25
"""A latency below this is no trouble, whatever it was before."""
AGAIN = timedelta(minutes=1)
"""So near to a release a trouble that paused is a new one."""
MINUTE = timedelta(minutes=1)
_OWN = ("code_crash", "schema", "configuration_missing")
"""Troubles that a program has by itself, whoever stands behind it."""
TOLD = 0.2
"""Share of failed requests in logs that is trouble: many services tell of failures only."""
MOST = 0.6
"""Share of requests that find nothing which is no ordinary one: probes of health go on finding what they ask for."""
OFTEN = 5
"""An error that a log repeats less often is one of those that every system has."""
PARTS = (0.1, 0.25, 0.5)
"""At so large parts of their height two rises are compared: a caller passes on only a share of what fails behind it."""


def labels_of(view: View, ref: str, signal: str) -> tuple[str, ...]:
    """Return the values of `component` in a signal that mean a workload."""
    return view.labelled(signal).get(ref, ())


@once_by_name
def errors(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that requests to a workload fail, and since when; None if they do not, or nobody knows."""
    labels = labels_of(view, ref, "error_ratio")
    for label in labels:
        ratio = view.figures.now("error_ratio", component=label)
        if ratio is not None and ratio > ERRORS:
            began = _began(view, ref, "error_ratio", ERRORS / 2, component=label)
            return Evidence("metrics", ref, f"{ratio:.1%} of requests fail", began), began
    return None if labels else _errors_of_pods(view, ref)


def rises_with(view: View, one: str, other: str) -> bool:
    """Tell whether the failures of two workloads rise alike: each part of their height is reached in one minute."""
    rises = [_rise(view, ref) for ref in (one, other)]
    return all(a is not None and b is not None and abs(a - b) <= MINUTE for a, b in zip(*rises, strict=True))


def _rise(view: View, ref: str) -> list[datetime | None]:
    """Return when the share of failed requests to a workload came to parts of what it is now."""
    for label in labels_of(view, ref, "error_ratio"):
        if ratio := view.figures.now("error_ratio", component=label):
            return [view.figures.crossed("error_ratio", part * ratio, component=label) for part in PARTS]
    return [None] * len(PARTS)


def _began(view: View, ref: str, signal: str, limit: float, **labels: str) -> datetime | None:
    """Return since when a signal of a workload is beyond a limit.

    A pause does not end a trouble, for what crashes is well between two crashes; but one that came back in the minute
    of a release is the release's.
    """
    began = view.figures.crossed(signal, limit, below=False, **labels)
    last = view.figures.crossed_again(signal, limit, **labels)
    workload = view.workloads.get(ref)
    released = workload.released_at if workload and not workload.returned else None
    if began is None or last is None or released is None or last <= began:
        return began
    return last if -AGAIN <= last - released <= AGAIN else began


def _errors_of_pods(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that requests to the pods of a workload fail on average, where only the pods are measured."""
    values = of_pods(view, ref, "error_ratio_by_pod")
    if not values:
        return errors_told(view, ref)
    if fmean(values.values()) <= ERRORS:
        return None
    began = oldest(view.figures.crossed("error_ratio_by_pod", ERRORS, pod=pod) for pod in sorted(values))
    return Evidence("metrics", ref, f"{fmean(values.values()):.1%} of requests fail, over all pods", began), began


def errors_told(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that many of the requests that a workload's own logs tell of fail, where nobody measures."""
    workload = view.workloads.get(ref)
    found = answers(view, workload) if workload else {}
    told, failed = sum(a.told for a in found.values()), sum(a.failed for a in found.values())
    if failed < OFTEN or failed < TOLD * told:
        return None
    began = oldest(each.since for each in found.values() if each.failed)
    return Evidence("logs", ref, f"{failed} of the last {told} requests that its logs tell of failed", began), began


def nothing_there(view: View, ref: str) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield that most requests which a workload's own logs tell of are answered with 404, and since when."""
    workload = view.workloads.get(ref)
    found = answers(view, workload) if workload else {}
    began = oldest(each.missed_since for each in found.values())
    if workload and began is not None and finds_nothing(view, workload):
        told, missed = asked_in_vain(view, workload)
        fact = f"{missed} of the last {told} requests that its logs tell of found nothing"
        yield Evidence("logs", ref, fact, began), began


def finds_nothing(view: View, workload: Workload) -> bool:
    """Tell whether most requests which a workload's own logs tell of are answered with 404, since whenever."""
    told, missed = asked_in_vain(view, workload)
    return missed >= max(OFTEN, MOST * told)


def of_pods(view: View, ref: str, signal: str) -> dict[str, float]:
    """Return pod -> how a signal stands now, of the live pods of a workload."""
    workload = view.workloads.get(ref)
    live = {pod.name for pod in workload.live} if workload else set()
    return {pod: value for pod, value in view.figures.latest(signal, "pod").items() if pod in live}


@once_by_name
def slow(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that a workload answers much slower than it did, and since when; who holds requests open is not slow."""
    labels = [("latency_p95", {"component": label}) for label in labels_of(view, ref, "latency_p95")]
    pods = [("latency_p95_by_pod", {"pod": pod}) for pod in sorted(of_pods(view, ref, "latency_p95_by_pod"))]
    found = [slower for signal, label in labels or pods if (slower := _slower(view, ref, signal, label))]
    if not found or 2 * len(found) <= len(labels or pods):
        return None
    workload = view.workloads.get(ref)
    return None if workload and held_open(view, workload) else found[0]


def _slower(view: View, ref: str, signal: str, label: dict[str, str]) -> tuple[Evidence, datetime | None] | None:
    if (turn := _turned_slow(view, signal, label)) is None:
        return None
    began = _began(view, ref, signal, turn.limit, **label)
    return Evidence("metrics", ref, f"95 of 100 requests took {turn.was:.2f} s, now {turn.now:.2f} s", began), began


class _Slow(NamedTuple):
    """A latency that rose: what it was, what it is, and from which one on an answer is one of the slow ones."""

    was: float
    now: float
    limit: float


def _turned_slow(view: View, signal: str, label: dict[str, str]) -> _Slow | None:
    now, was = view.figures.now(signal, **label), view.figures.first(signal, **label)
    if now is None or was is None or now < SLOW_S or now < SLOWER * was:
        return None
    return _Slow(was, now, max(1.5 * was, was + (now - was) / 4))


def troubles(view: View, ref: str) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what users of a workload feel: failed requests, slowness."""
    for seen in (errors(view, ref), slow(view, ref)):
        if seen is not None:
            yield seen
    for evidence in failed_probes(view, ref, "core_function", "user"):
        yield evidence, None


def suffers_since(view: View, *refs: str) -> datetime | None:
    """Return since when users of some workloads suffer without any pause; None if they do not, or nobody knows."""
    return oldest(
        _last_turn(view, ref) or oldest(since or seen.time for seen, since in troubles(view, ref)) for ref in refs
    )


def _last_turn(view: View, ref: str) -> datetime | None:
    """Return when the figures of a workload that are bad turned so for the last time."""
    limits = [
        *(("error_ratio", label, ERRORS / 2) for label in labels_of(view, ref, "error_ratio") if errors(view, ref)),
        *(
            ("latency_p95", label, turn.limit)
            for label in labels_of(view, ref, "latency_p95")
            if (turn := _turned_slow(view, "latency_p95", {"component": label}))
        ),
    ]
    return oldest(view.figures.crossed_again(signal, limit, component=label) for signal, label, limit in limits)


def suffered_last(view: View, *refs: str) -> datetime | None:
    """Return since when users of some workloads suffered the last time, who are well again; None if nothing tells.

    Only where people were called for that time, and for no earlier one: an alert fires on for minutes after what it is
    about is over. It may fire a little before a point of the figures tells of it.
    """
    limits = [
        *(("error_ratio", label, ERRORS) for ref in refs for label in labels_of(view, ref, "error_ratio")),
        *(
            ("latency_p95", label, max(SLOW_S, SLOWER * was))
            for ref in refs
            for label in labels_of(view, ref, "latency_p95")
            if (was := view.figures.first("latency_p95", component=label)) is not None
        ),
    ]
    began = [view.figures.last_episode(signal, limit, component=label) for signal, label, limit in limits]
    last = max((at for at in began if at is not None), default=None)
    called = [alert.starts_at for alert in view.alerts]
    return last if last and called and all(at is not None and at >= last - MINUTE for at in called) else None


def serves_well(view: View, ref: str) -> bool:
    """Tell whether figures show that a workload, whatever ails it, answers all its requests in good time."""
    workload = view.workloads.get(ref)
    if workload is None or workload.ready < workload.wanted or any(troubles(view, ref)):
        return False
    return any(labels_of(view, ref, signal) for signal in ("error_ratio", "latency_p95"))


def measured(view: View, workload: Workload) -> bool:
    """Tell whether figures say which share of a workload's requests fails."""
    return bool(labels_of(view, workload.ref, "error_ratio") or of_pods(view, workload.ref, "error_ratio_by_pod"))


def told_errors(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return the errors that the newest pods of a workload repeat, and the older ones do not, if nobody measures it."""
    return () if measured(view, workload) else own_errors(view, workload)


def own_errors(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return the errors of its own work that the newest pods of a workload repeat, and the older ones do not."""
    newest = {pod.name for pod in workload.newest_pods()}
    found = [h for h in view.hits_of(workload.ref, *_OWN) if not h.previous and h.count >= OFTEN]
    older = {h.trouble for h in found if h.pod not in newest}
    return tuple(h for h in found if h.trouble not in older)


def suffering(view: View, ref: str) -> Iterator[Evidence]:
    """Yield who says that a workload fails: alerts about it or its callers, and callers' logs that name it."""
    above = {ref, *view.graph.callers(ref)}
    for alert in view.alerts:
        if view.about_alert(alert) in above:
            yield alert.fires(ref)
    for hit in view.hits:
        if hit.trouble == "upstream_failure" and hit.component != ref and ref in map(view.graph.resolve, hit.hosts):
            yield view.hit_evidence(hit)


def unplaced(view: View) -> Iterator[Evidence]:
    """Yield the alerts that name no workload: anybody's users may be meant."""
    for alert in view.alerts:
        if not view.about_alert(alert):
            yield alert.fires("")


def all_told(view: View, ref: str) -> list[Evidence]:
    """Return all that tells of a workload's users: its troubles, who says that it fails, and alerts about nobody."""
    return [*(seen for seen, _ in troubles(view, ref)), *suffering(view, ref), *unplaced(view)]


def failed_probes(view: View, ref: str, *purposes: str) -> Iterator[Evidence]:
    """Yield the inventory's probes of a workload that are unhealthy, of some purposes."""
    for probe in view.snapshot.probes:
        purpose = text(probe, "purpose")
        if text(probe, "verdict") != "unhealthy" or (purposes and purpose not in purposes):
            continue
        if (service := text(probe, "service")) and view.component(service) == ref:
            told = f"probe {text(probe, 'name')} is unhealthy: {text(probe, 'reason')}"
            yield Evidence("probes", ref, told[:240], moment(probe, "at"))


def began(view: View, workload: Workload) -> datetime | None:
    """Return when the trouble of a workload began, as far as anything tells."""
    times = [since for _, since in troubles(view, workload.ref)]
    times += [crash.ended.at for crash in crashes(view, workload)]
    times += [event.first for event in view.events_of(workload.ref, "BackOff", "Unhealthy", "FailedCreate", "Failed")]
    times += [pod.unready_since for pod in workload.live if not pod.ready]
    return oldest(times)
