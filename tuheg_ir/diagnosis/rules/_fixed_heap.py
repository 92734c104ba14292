"""A Java program that takes the whole of its heap as it starts: its memory is high at once, and stays where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.quantities import BINARY, number
from tuheg_ir.diagnosis.view.changes import words_given
from tuheg_ir.diagnosis.view.file_pages import climbs
from tuheg_ir.diagnosis.view.page_cache import FULL_HEAP, heap_left, is_flat
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping
from tuheg_ir.diagnosis.view.usage import usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_TOUCHED = late(r"-XX:\+AlwaysPreTouch\b|\bbootstrap[._]memory_lock[\"']?\s{0,3}[:=]\s{0,3}[\"']?true\b", re.IGNORECASE)
"""Settings by which all of the heap is written to, or locked in memory, before the program begins."""
_NOT_TOUCHED = late(r"-XX:-AlwaysPreTouch\b")
_SIZE = late(r"-Xm([sx])(\d{1,18})([kmgt]?)\b", re.IGNORECASE)
_SHARE = late(r"-XX:(Initial|Max)RAMPercentage=(\d{1,3}(?:\.\d{1,6})?)")
_PART = 0.75
"""So much of what is held has to be the heap: it does not tell where the rest comes from."""


def taken_at_start(view: View, workload: Workload) -> str:
    """Return what shows that a program took all its heap as it started, and takes no more since; "" if it is not so.

    A heap of a fixed size may fill up within, and nobody sees it from without: it has to tell of its collections.
    """
    files = [str(value) for _, found in view.maps_read(workload.template) for value in mapping(found, "data").values()]
    fixed = (_fixed(container, files) for container in items(workload.template, "spec", "containers"))
    setting, share = next(filter(None, fixed), ("", 0.0))
    heap = heap_left(view, workload) if setting else None
    if heap is None or heap > FULL_HEAP or view.hits_of(workload.ref, "out_of_memory", "killed_process"):
        return ""
    if not workload.live or workload.older_pods() or not all(is_flat(view, pod) for pod in workload.live):
        return ""
    held = usage(view.figures, workload, "memory_share").most
    if share < _PART * held or any(_rises(view, pod) for pod in workload.live):
        return ""
    serving = [each for pod in workload.live for each in pod.containers if not each.init]
    if any(each.state != "running" or each.killed_for_memory or each.restarts for each in serving):
        return ""
    return f"it takes all of its heap as it starts ({setting}), is flat since, and {heap:.0%} of the heap are in use"


def _rises(view: View, pod: Pod) -> bool:
    """Tell whether the memory of a pod rises all the same, however slowly: what lies beside the heap may leak."""
    return any(climbs(each.points) for each in view.figures.series("memory_share", pod=pod.name))


def _fixed(container: Obj, files: Iterable[str]) -> tuple[str, float] | None:
    """Return the settings by which a container's heap has one size and is taken at once, and its share of the limit.

    None if it is not so, or if the settings say two things: which of them holds depends on where they stand.
    """
    lines = [
        line
        for each in (*words_given(container), *files)
        for line in each.splitlines()
        if not line.lstrip().startswith("#")
    ]
    said = "\n".join(lines)
    touched, limit = _TOUCHED.search(said), number(mapping(container, "resources", "limits").get("memory"))
    if touched is None or _NOT_TOUCHED.search(said):
        return None
    sizes = [(which.lower(), int(much) * BINARY[unit.lower()]) for which, much, unit in _SIZE.findall(said)]
    shares = [(which.lower(), float(much) / 100) for which, much in _SHARE.findall(said)]
    told = f"{touched[0]}, and its least size is its largest"
    if sizes and limit and {key for key, _ in sizes} == {"s", "x"} and len({much for _, much in sizes}) == 1:
        return told, sizes[0][1] / limit
    if not sizes and {key for key, _ in shares} == {"initial", "max"} and len({much for _, much in shares}) == 1:
        return told, shares[0][1]
    return None
