"""Containers that ended badly, and probes of the kubelet that failed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.pods import Container, Ended, Pod
from tuheg_ir.diagnosis.view.reading import newest, oldest
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

LATELY = timedelta(minutes=30)
"""A container that ended longer ago and has run since is well again."""
PROVED = timedelta(minutes=10)
"""What ran for so long, Kubernetes itself takes for well again; what serves for a shorter time may end again."""
OWN_FAULTS = ("code_crash", "configuration_missing", "schema", "permission")
"""What logs tell of a fault that a container has of itself."""


class Crash(NamedTuple):
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


def looping_since(view: View, workload: Workload) -> datetime | None:
    """Return since when a container that ended badly of late is started again and again, as the kubelet's events tell.

    Its state tells of its last end alone.
    """
    ended = {f"Pod/{crash.pod.name}" for crash in crashes(view, workload)}
    told = (e for e in view.events_of(workload.ref, "BackOff") if e.about in ended and "restarting" in e.message)
    return oldest(event.first for event in told)


def restarted(view: View, pod: Pod) -> list[datetime]:
    """Return when the containers of a pod were started again, as far as figures know of it."""
    counted = (pairwise(series.points) for series in view.figures.series("restarts", pod=pod.name))
    return [datetime.fromtimestamp(t, UTC) for points in counted for (_, was), (t, now) in points if now > was]


def ready_for(view: View, pod: Pod, span: timedelta) -> bool:
    """Tell whether a pod is ready for so long."""
    return pod.ready_since is not None and view.now - pod.ready_since >= span


def only_of_newest(workload: Workload, ended: Iterable[Crash]) -> bool:
    """Tell whether no pod of an older template is among those that ended."""
    newest = {pod.name for pod in workload.newest_pods()}
    return all(crash.pod.name in newest for crash in ended)


def _lately(view: View, container: Container) -> bool:
    if container.state in ("waiting", "terminated"):
        return True
    return container.ended is not None and view.recent(container.ended.at, LATELY)


def probe_kills(view: View, workload: Workload, pods: Iterable[Pod] | None = None) -> tuple[Evidence, ...]:
    """Return the events that tell of containers killed because their liveness or startup probe failed.

    What became of pods that are gone says nothing of those that are there; nor, with ``pods``, of these. A probe that
    failed as a pod came up, for the first time or again, killed nothing.
    """
    there = {f"Pod/{pod.name}": pod for pod in (workload.pods if pods is None else pods)}
    return tuple(
        view.event_evidence(event)
        for event in view.events_of(workload.ref, "Killing", "Unhealthy")
        if (event.about in there or not there)
        and ("iveness probe" in event.message or "tartup probe" in event.message)
        and "fail" in event.message
        and not _came_up(there.get(event.about), event)
    )


def _came_up(pod: Pod | None, event: Event) -> bool:
    """Tell whether a pod that an event is about was ready after it, and never ended; or failed only since its last end.

    What ended by itself does not answer in the moments after its start either.
    """
    if pod is None or event.first is None or event.last is None or event.reason == "Killing":
        return False
    if pod.restarts:
        end = newest(container.ended.at for container in pod.containers if container.ended)
        return end is not None and event.first > end
    return pod.ready and pod.ready_since is not None and event.last < pod.ready_since


def unready(view: View, workload: Workload) -> tuple[Evidence, ...]:
    """Return the events that tell of failed readiness probes."""
    return tuple(
        view.event_evidence(event)
        for event in view.events_of(workload.ref, "Unhealthy")
        if "eadiness probe" in event.message
    )
