"""What tools that watch programs tell in their own logs: it is of the pod that a line names, never of the tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tuheg_ir.diagnosis.model import Evidence
from tuheg_ir.diagnosis.rules._seen_by_hand import by_hand, pod_told_of, watches
from tuheg_ir.diagnosis.view.logs import speaks_of, tells, times_near
from tuheg_ir.diagnosis.view.once import once_a_view
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

_WORDS = ("k8s_pod", "k8s.pod")


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
    for log in view.logs:
        if not speaks_of(log, _WORDS) or not watches(view, log):
            continue
        for line, at in zip(log.lines, times_near(log.lines), strict=True):
            pod = pod_told_of(line)
            if pod and pod not in found and tells("intrusion", line):
                fact = f"{log.pod} tells of it: {line.strip()[:300]}"
                found[pod] = (Evidence("logs", f"Pod/{pod}", fact, at), by_hand(line))
    return found
