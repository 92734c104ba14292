"""What tools that watch programs tell in their own logs: it is of the pod that a line names, never of the tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._seen_by_hand import sensed
from tuheg_ir.diagnosis.view.logs import tells
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def told_by_sensors(view: View, workload: Workload) -> Iterator[tuple[float, Evidence, bool]]:
    """Yield what a sensor tells of commands in a workload's pods; who sits before a terminal may be a colleague."""
    told = _told(view)
    found = [told[pod.name] for pod in workload.live if pod.name in told]
    for seen, typed in sorted(found, key=lambda each: each[1])[:2]:
        yield 0.6, seen, typed


@once_a_view
def _told(view: View) -> Mapping[str, tuple[Evidence, bool]]:
    """Return by pod the first line of a sensor that tells of an intruder's command in it, and whether it was typed."""
    found: dict[str, tuple[Evidence, bool]] = {}
    for seen in sensed(view):
        if seen.pod not in found and tells("intrusion", seen.line):
            fact = f"{seen.teller} tells of it: {seen.line.strip()[:300]}"
            found[seen.pod] = (Evidence("logs", f"Pod/{seen.pod}", fact, seen.at), seen.by_hand)
    return found
