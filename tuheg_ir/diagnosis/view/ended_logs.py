"""When a container that ended told what it did, where its log has no times of a day that one could know."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

from tuheg_ir.diagnosis.view.logs import Hit
from tuheg_ir.diagnosis.view.workloads import Workload


def told_until_the_end(found: Iterable[Hit], workloads: Mapping[str, Workload]) -> Iterator[Hit]:
    """Yield troubles; one of an ended container that has no time was told when that ended, at the latest."""
    for hit in found:
        yield hit if hit.last else replace(hit, last=_end(hit, workloads.get(hit.component)))


def _end(hit: Hit, workload: Workload | None) -> datetime | None:
    """Return when the container whose log it is ended: the one before, or the last one, if none came after it."""
    pods = [pod for pod in workload.pods if pod.name == hit.pod] if workload else []
    mine = (c for pod in pods for c in pod.containers if c.name == hit.container)
    return next((c.ended.at for c in mine if c.ended and (hit.previous or c.state == "terminated")), None)
