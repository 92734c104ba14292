"""What is wrong with one workload, told by several sources: crashes, failed probes, errors, slowness, since when."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.answers import answers
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.pods import Container, Ended, Pod
from tuheg_ir.diagnosis.view.reading import moment, newest, oldest, text
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

ERRORS = 0.05
"""Share of failed requests that is trouble wherever no limit is declared."""
SLOWER = 2.5
"""So many times its former latency makes a service slow."""
SLOW_S = 0.25
"""A latency below this is no trouble, whatever it was before."""
LATELY = timedelta(minutes=30)
"""A container that ended longer ago and has run since is well again."""
SOON = timedelta(minutes=20)
"""What begins later than this after a change is seldom its own."""
AGAIN = timedelta(minutes=1)
"""So near to a release a trouble that paused is a new one."""
SLOWLY = timedelta(minutes=40)
"""A roll-out may take that long; pods that came later are no part of it."""
BEFORE = timedelta(minutes=-2)
"""Clocks and samples are that far apart: what begins so much before a change may still be its own."""


MINUTE = timedelta(minutes=1)
_OWN = ("code_crash", "schema", "configuration_missing")
"""Troubles that a program has by itself, whoever stands behind it."""
TOLD = 0.2
"""Share of failed requests in logs that is trouble: many services tell of failures only."""
OFTEN = 5
"""An error that a log repeats less often is one of those that every system has."""


@dataclass(frozen=True, slots=True)
class Crash:
    """A container that ended badly a short while ago."""

    pod: Pod
    container: Container
    ended: Ended

    def told(self) -> str:
        """Return the crash as a few words."""
        lived = f" after {self.ended.lived_s:.0f} s" if self.ended.lived_s is not None else ""
        how = f"{self.ended.reason or 'ended'}, exit code {self.ended.exit_code}{lived}"
        return f"{self.container.name} {how}, {self.container.restarts} restarts"

    def evidence(self) -> Evidence:
        """Return the crash as evidence."""
        return Evidence("objects", f"Pod/{self.pod.name}", self.told(), self.ended.at)


def crashes(view: View, workload: Workload, *, init: bool = False) -> tuple[Crash, ...]:
    """Return the containers that ended badly of late, killed for memory or not; of live pods."""
    return tuple(
        Crash(pod, container, container.ended)
        for pod in workload.live
        for container in pod.containers
        if container.init == init and container.ended and container.ended.badly and _lately(view, container)
    )


def ended_by_themselves(view: View, workload: Workload) -> tuple[Crash, ...]:
    """Return the crashes that were no kill for memory."""
    return tuple(crash for crash in crashes(view, workload) if not crash.container.killed_for_memory)


def only_of_newest(workload: Workload, ended: Iterable[Crash]) -> bool:
    """Tell whether no pod of an older template is among those that ended."""
    newest = {pod.name for pod in workload.newest_pods()}
    return all(crash.pod.name in newest for crash in ended)


def _lately(view: View, container: Container) -> bool:
    if container.state in ("waiting", "terminated"):
        return True
    return container.ended is not None and view.recent(container.ended.at, LATELY)


def probe_kills(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the events that tell of containers killed because their liveness or startup probe failed.

    What became of pods that are gone says nothing of those that are there.
    """
    there = {f"Pod/{pod.name}" for pod in workload.pods}
    return tuple(
        view.event_evidence(event)
        for event in view.events_of(workload.ref, "Killing", "Unhealthy")
        if (event.about in there or not there)
        and ("iveness probe" in event.message or "tartup probe" in event.message)
        and "fail" in event.message
    )


def unready(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the events that tell of failed readiness probes."""
    return tuple(
        view.event_evidence(event)
        for event in view.events_of(workload.ref, "Unhealthy")
        if "eadiness probe" in event.message
    )


def labels_of(view: View, ref: str, signal: str) -> tuple[str, ...]:
    """Return the values of `component` in a signal that mean a workload."""
    return view.labelled(signal).get(ref, ())


def errors(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that requests to a workload fail, and since when; None if they do not, or nobody knows."""
    labels = labels_of(view, ref, "error_ratio")
    for label in labels:
        ratio = view.figures.now("error_ratio", component=label)
        if ratio is not None and ratio > ERRORS:
            began = _began(view, ref, "error_ratio", ERRORS / 2, component=label)
            return Evidence("metrics", ref, f"{ratio:.1%} of requests fail", began), began
    return None if labels else _errors_of_pods(view, ref)


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


def of_pods(view: View, ref: str, signal: str) -> dict[str, float]:
    """Return pod -> how a signal stands now, of the live pods of a workload."""
    workload = view.workloads.get(ref)
    live = {pod.name for pod in workload.live} if workload else set()
    return {pod: value for pod, value in view.figures.latest(signal, "pod").items() if pod in live}


def slow(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that a workload answers much slower than it did, and since when."""
    labels = [("latency_p95", {"component": label}) for label in labels_of(view, ref, "latency_p95")]
    pods = [("latency_p95_by_pod", {"pod": pod}) for pod in sorted(of_pods(view, ref, "latency_p95_by_pod"))]
    found = [slower for signal, label in labels or pods if (slower := _slower(view, ref, signal, label))]
    return found[0] if found and 2 * len(found) > len(labels or pods) else None


def _slower(view: View, ref: str, signal: str, label: dict[str, str]) -> tuple[Evidence, datetime | None] | None:
    now, was = view.figures.now(signal, **label), view.figures.first(signal, **label)
    if now is None or was is None or now < SLOW_S or now < SLOWER * was:
        return None
    began = _began(view, ref, signal, max(1.5 * was, was + (now - was) / 4), **label)
    return Evidence("metrics", ref, f"95 of 100 requests took {was:.2f} s, now {now:.2f} s", began), began


def troubles(view: View, ref: str) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what users of a workload feel: failed requests, slowness."""
    for seen in (errors(view, ref), slow(view, ref)):
        if seen is not None:
            yield seen
    for evidence in failed_probes(view, ref, "core_function", "user"):
        yield evidence, None


def told_errors(view: View, workload: Workload) -> tuple[Hit, ...]:
    """Return the errors that the newest pods of a workload repeat, and the older ones do not, if nobody measures it."""
    measured = labels_of(view, workload.ref, "error_ratio") or of_pods(view, workload.ref, "error_ratio_by_pod")
    if measured:
        return ()
    newest = {pod.name for pod in workload.newest_pods()}
    found = [h for h in view.hits_of(workload.ref, *_OWN) if not h.previous and h.count >= OFTEN]
    older = {h.trouble for h in found if h.pod not in newest}
    return tuple(h for h in found if h.trouble not in older)


def suffering(view: View, ref: str) -> Iterator[Evidence]:
    """Yield who says that a workload fails: alerts about it or its callers, and callers' logs that name it."""
    above = {ref, *view.graph.callers(ref)}
    for alert in view.alerts:
        if view.about_alert(alert) in above:
            yield Evidence("alerts", ref, f"alert {alert.name} fires", alert.starts_at)
    for hit in view.hits:
        if hit.trouble == "upstream_failure" and hit.component != ref and ref in map(view.graph.resolve, hit.hosts):
            yield view.hit_evidence(hit)


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


def since_release(workload: Workload, moment: datetime | None, within: timedelta = SOON) -> bool:
    """Tell whether something began with a workload's release: with it or soon after."""
    if not workload.changes or workload.released_at is None or moment is None:
        return False
    if workload.returned and moment < workload.released_at:
        return False  # who goes back has seen it already
    last = newest(pod.created for pod in workload.newest_pods())
    rolled = (
        min(last - workload.released_at, SLOWLY) if last else timedelta(0)
    )  # it comes with the last of its pods too
    return BEFORE <= moment - workload.released_at <= within + max(rolled, timedelta(0))


def release_evidence(workload: Workload, *aspects: str) -> tuple[Evidence, ...]:
    """Return what a release changed, as evidence; the aspects that matter first."""
    found = sorted(workload.changes, key=lambda c: (c.aspect not in aspects, c.aspect != "image"))
    return tuple(Evidence("objects", workload.ref, f"released: {c.told()}", workload.released_at) for c in found[:3])


def cause_of_release(workload: Workload, container: str = "") -> str:
    """Return whether a release brought other code or another configuration.

    ``container``: what it changed there decides, if it changed anything there.
    """
    mine = [c for c in workload.changes if c.container == container] if container else []
    aspects = {c.aspect for c in (mine or workload.changes)}
    return "code_defect" if "image" in aspects else "configuration_error"


def release_cause(view: View, workload: Workload, container: str = "") -> str:
    """Return what a release brought that fails: what the logs say decides where code and settings both changed."""
    settings = any(
        c.aspect in ("env", "mounts", "command") and c.container in ("", container) for c in workload.changes
    )
    if settings and view.hits_of(workload.ref, "configuration_missing"):
        return "configuration_error"
    return cause_of_release(workload, container)


def healthy_older(workload: Workload) -> tuple[Pod, ...]:
    """Return the ready pods of older revisions."""
    return tuple(pod for pod in workload.older_pods() if pod.ready)


def never_ready(pod: Pod) -> bool:
    """Tell whether a pod has never served, as far as its condition tells."""
    if pod.ready:
        return False
    if pod.unready_since is None or pod.created is None:
        return True
    return pod.unready_since - pod.created <= timedelta(seconds=30)


def brought_by_release(workload: Workload, pods: Iterable[Pod]) -> bool:
    """Tell whether pods are the first of a release, and not later ones of a template that was well once."""
    bad = tuple(pods)
    newest = {pod.name for pod in workload.newest_pods()}
    if not workload.changes or not bad or not all(pod.name in newest for pod in bad):
        return False
    first = oldest(pod.created for pod in bad)
    if workload.released_at is None or first is None:
        return True
    return first - workload.released_at <= LATELY


def releases(view: View, workload: Workload, within: timedelta) -> bool:
    """Tell whether the newest template differs from the one before and came within that time."""
    return bool(workload.changes) and (workload.released_at is None or view.recent(workload.released_at, within))


def traffic_growth(view: View, ref: str) -> float | None:
    """Return how many times its former traffic a workload gets now; None if nobody knows."""
    found = []
    for label in labels_of(view, ref, "request_rate"):
        was = view.figures.first("request_rate", component=label)
        now = view.figures.now("request_rate", component=label)
        if was and now is not None:
            found.append(now / was)
    return max(found, default=None)
