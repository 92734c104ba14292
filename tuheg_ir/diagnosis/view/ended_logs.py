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
        timeless = hit.previous and hit.last is None
        yield replace(hit, last=_end(hit, workloads.get(hit.component))) if timeless else hit


def _end(hit: Hit, workload: Workload | None) -> datetime | None:
    pods = [pod for pod in workload.pods if pod.name == hit.pod] if workload else []
    ends = (c.ended.at for pod in pods for c in pod.containers if c.name == hit.container and c.ended)
    return next(ends, None)
