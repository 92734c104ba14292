"""What is wrong with one workload, told by several sources: crashes, failed probes, errors, slowness, since when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.pods import Container, Ended, Pod
from tuheg_ir.diagnosis.view.reading import oldest
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
BEFORE = timedelta(minutes=-2)
"""Clocks and samples are that far apart: what begins so much before a change may still be its own."""


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


def _lately(view: View, container: Container) -> bool:
    if container.state in ("waiting", "terminated"):
        return True
    return container.ended is not None and view.recent(container.ended.at, LATELY)


def probe_kills(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the events that tell of containers killed because their liveness or startup probe failed."""
    return tuple(
        view.event_evidence(event)
        for event in view.events_of(workload.ref, "Killing", "Unhealthy")
        if ("iveness probe" in event.message or "tartup probe" in event.message) and "fail" in event.message
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
    names = {series.labels.get("component", "") for series in view.figures.series(signal)}
    return tuple(sorted(name for name in names if name and view.component(name) == ref))


def errors(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that requests to a workload fail, and since when; None if they do not, or nobody knows."""
    for label in labels_of(view, ref, "error_ratio"):
        ratio = view.figures.now("error_ratio", component=label)
        if ratio is not None and ratio > ERRORS:
            began = view.figures.crossed("error_ratio", ERRORS / 2, component=label)
            return Evidence("metrics", ref, f"{ratio:.1%} of requests fail", began), began
    return None


def slow(view: View, ref: str) -> tuple[Evidence, datetime | None] | None:
    """Return that a workload answers much slower than it did, and since when."""
    for label in labels_of(view, ref, "latency_p95"):
        now = view.figures.now("latency_p95", component=label)
        was = view.figures.first("latency_p95", component=label)
        if now is None or was is None or now < SLOW_S or now < SLOWER * was:
            continue
        began = view.figures.crossed("latency_p95", max(1.5 * was, was + (now - was) / 4), component=label)
        return Evidence("metrics", ref, f"95 of 100 requests took {was:.2f} s, now {now:.2f} s", began), began
    return None


def troubles(view: View, ref: str) -> Iterator[tuple[Evidence, datetime | None]]:
    """Yield what users of a workload feel: failed requests, slowness."""
    for seen in (errors(view, ref), slow(view, ref)):
        if seen is not None:
            yield seen


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
    return BEFORE <= moment - workload.released_at <= within


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


def healthy_older(workload: Workload) -> tuple[Pod, ...]:
    """Return the ready pods of older revisions."""
    return tuple(pod for pod in workload.older_pods() if pod.ready)
