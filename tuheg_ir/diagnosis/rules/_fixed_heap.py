"""A Java program that takes the whole of its heap as it starts: its memory is high at once, and stays where it is."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view import View
from tuheg_ir.diagnosis.view.page_cache import FULL_HEAP, heap_left, is_flat
from tuheg_ir.diagnosis.view.reading import items, mapping, text
from tuheg_ir.diagnosis.view.workloads import Workload

_TOUCHED = late(r"-XX:\+AlwaysPreTouch\b|\bbootstrap[._]memory_lock[\"']?\s{0,3}[:=]\s{0,3}[\"']?true\b", re.IGNORECASE)
"""Settings by which all of the heap is written to, or locked in memory, before the program begins."""
_SIZE = late(r"-Xm([sx])(\d{1,18})([kmgt]?)\b", re.IGNORECASE)
_SHARE = late(r"-XX:(Initial|Max)RAMPercentage=(\d{1,3}(?:\.\d{1,6})?)")
_BYTES = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}


def taken_at_start(view: View, workload: Workload) -> str:
    """Return what shows that a program took all its heap as it started, and takes no more since; "" if it is not so.

    A heap of a fixed size may fill up within, and nobody sees it from without: it has to tell of its collections.
    """
    files = [str(value) for _, found in view.maps_read(workload.template) for value in mapping(found, "data").values()]
    setting = next((told for c in items(workload.template, "spec", "containers") if (told := _fixed(c, files))), "")
    heap = heap_left(view, workload) if setting else None
    if heap is None or heap > FULL_HEAP or view.hits_of(workload.ref, "out_of_memory", "killed_process"):
        return ""
    if not workload.live or workload.older_pods() or not all(is_flat(view, pod) for pod in workload.live):
        return ""
    serving = [each for pod in workload.live for each in pod.containers if not each.init]
    if any(each.state != "running" or each.killed_for_memory or each.restarts for each in serving):
        return ""
    return f"it takes all of its heap as it starts ({setting}), is flat since, and {heap:.0%} of the heap are in use"


def _fixed(container: Obj, files: Iterable[str]) -> str:
    """Return the settings by which a container's heap has one size and is taken at once; "" if it is not so."""
    words = [str(word) for field in ("command", "args") for word in (container.get(field) or ())]
    words += [f"{text(entry, 'name')}={text(entry, 'value')}" for entry in items(container, "env")]
    lines = [line for value in files for line in value.splitlines() if not line.lstrip().startswith("#")]
    said = "\n".join((*words, *lines))
    touched = _TOUCHED.search(said)
    sizes = {which.lower(): int(much) * _BYTES[unit.lower()] for which, much, unit in _SIZE.findall(said)}
    shares = {which.lower(): float(much) for which, much in _SHARE.findall(said)}
    for low, high, found in (("s", "x", sizes), ("initial", "max", shares)):
        if touched and found.get(low) and found.get(low) == found.get(high):
            return f"{touched[0]}, and its least size is its largest"
    return ""
