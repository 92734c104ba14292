"""What a container that ended told, and when, where its log has no times of a day that one could know, or is not there.

The kubelet keeps what a program leaves behind as its termination message; with FallbackToLogsOnError it is the end of
its log. Who reads objects alone, or comes when the log is gone, has nothing but that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tuheg_ir.diagnosis.model import Log
from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.workloads import Workload

_BY_ITSELF = "Error"
"""How a runtime calls the end of a program that failed; at other ends the message is the runtime's or the kubelet's."""

_DOWN = ("waiting", "terminated")
"""The states of a container that does not run: its last end is how it is."""


def left_behind(
    workloads: Mapping[str, Workload], logs: Iterable[Log], recent: Callable[[datetime | None], bool]
) -> Iterator[Log]:
    """Yield as logs the messages of containers that ended badly of which no log is there.

    A pod keeps the last one as long as it is there: who has run for long since tells nothing of now by it.
    """
    known = {(log.pod, log.container) for log in logs if log.lines}
    for workload in workloads.values():
        for pod in workload.pods:
            for each in pod.containers:
                if (ended := each.ended) is None or not ended.badly or (pod.name, each.name) in known:
                    continue
                if not recent(ended.at) and not (pod.live and each.state in _DOWN):
                    continue
                if ended.reason == _BY_ITSELF and (lines := tuple(ended.message.strip().splitlines())):
                    yield Log(pod.name, each.name, lines, previous=each.state != "terminated")


def told_until_the_end(found: Iterable[Hit], workloads: Mapping[str, Workload]) -> Iterator[Hit]:
    """Yield troubles; one of an ended container that has no time was told when that ended, at the latest."""
    for hit in found:
        yield hit if hit.last else replace(hit, last=_end(hit, workloads.get(hit.component)))


def _end(hit: Hit, workload: Workload | None) -> datetime | None:
    """Return when the container whose log it is ended: the one before, or the last one, if none came after it."""
    pods = [pod for pod in workload.pods if pod.name == hit.pod] if workload else []
    mine = (c for pod in pods for c in pod.containers if c.name == hit.container)
    return next((c.ended.at for c in mine if c.ended and (hit.previous or c.state == "terminated")), None)
