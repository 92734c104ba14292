"""Memory that a workload fills with pages of its files: the kernel gives it back, and nobody is killed for it."""

from __future__ import annotations

from datetime import timedelta

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.view.claims import claims_of
from tuheg_ir.diagnosis.view.file_pages import file_pages
from tuheg_ir.diagnosis.view.pods import Container, Pod
from tuheg_ir.diagnosis.view.programs import role
from tuheg_ir.diagnosis.view.stores import keeps_data
from tuheg_ir.diagnosis.view.usage import LONG_S, NEAR, usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_READS_FILES = ("database", "broker", "search")
"""What lives on files. A cache is none of it: what fills its memory are its data."""
PROVED = timedelta(days=1)
"""A container that has run for so long at its limit is not about to be killed."""
FLAT = 0.02
"""So little a share of the limit moves, for so long, where nothing grows."""
FULL_HEAP = 0.7
"""Share of a heap from which on what is left after collections is much."""
_COLLECTED = late(r"\b(\d+)([MKG])B?(?:\(\d+[MKG]B?\))?->(\d+)([MKG])B?\((\d+)([MKG])B?\)")
"""A collection of the JVM as it logs it: before, after, and how large the heap is."""
_BYTES = {"K": 2.0**10, "M": 2.0**20, "G": 2.0**30}


def page_cache(view: View, workload: Workload) -> str:
    """Return what shows that the memory of a workload is full of pages of files only; "" if it is not so.

    Of a data service that has lived so for long it is believed, of others where it is measured.
    """
    return _of_a_data_service(view, workload) or file_pages(view, workload)


def _of_a_data_service(view: View, workload: Workload) -> str:
    if role(workload) not in _READS_FILES or not (claims_of(workload) or keeps_data(view, workload)):
        return ""
    full = set(usage(view.figures, workload, "memory_share").beyond(NEAR))
    pods = [pod for pod in workload.live if pod.name in full]
    if not pods or not all(is_flat(view, pod) and all(_proved(view, c) for c in pod.containers) for pod in pods):
        return ""
    heap = heap_left(view, workload)
    if view.hits_of(workload.ref, "out_of_memory", "killed_process") or (heap or 0.0) > FULL_HEAP:
        return ""
    told = f", and its heap is at {heap:.0%} after collections" if heap is not None else ""
    return f"its memory has been flat for as long as it is measured, nothing of it was killed{told}: it caches files"


def is_flat(view: View, pod: Pod) -> bool:
    """Tell whether the memory of a pod has been measured for long, and did not move."""
    found = [s.points for s in view.figures.series("memory_share", pod=pod.name) if s.points]
    long = all(points[-1][0] - points[0][0] >= LONG_S for points in found)
    return bool(found) and long and all(max(v for _, v in p) - min(v for _, v in p) <= FLAT for p in found)


def _proved(view: View, container: Container) -> bool:
    """Tell whether a container runs, has done so for long, and never was killed for memory as far as one can tell."""
    if container.init:
        return True
    young = container.started_at is None or view.recent(container.started_at, PROVED)
    return container.state == "running" and not young and not container.killed_for_memory


def heap_left(view: View, workload: Workload) -> float | None:
    """Return the share of its heap that is left in use after the newest collections; None if no log tells."""
    found = []
    for log in view.logs_of(workload.live):
        told = [m for line in log.lines[-200:] if (m := _COLLECTED.search(line))]
        found += [_size(m[3], m[4]) / size for m in told[-5:] if (size := _size(m[5], m[6]))]
    return max(found, default=None)


def _size(number: str, unit: str) -> float:
    return float(number) * _BYTES[unit]
