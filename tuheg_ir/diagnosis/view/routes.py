"""Pods that fail at one route, whatever they answer at others, which others of their like answer well."""

from __future__ import annotations

from collections import Counter

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.served import status_of
from tuheg_ir.diagnosis.stamps import stamp
from tuheg_ir.diagnosis.view.answers import NOW, answers
from tuheg_ir.diagnosis.view.askers import of_probe
from tuheg_ir.diagnosis.view.marked import OFTEN
from tuheg_ir.diagnosis.view.once import once
from tuheg_ir.diagnosis.view.trouble import ERRORS
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

MOSTLY = 0.9
"""Who fails so many of the requests of a route answers none: the others may be of those who ask for nothing."""
_ROUTE = late(r"(?:\b[A-Z]{3,7} |\b(?:path|uri|url)[\"']?\s*[=:]\s*[\"']?)(?:https?://[^/\s\"]+)?(/[^/?\s\"',]+)")
"""A request, and the first part of its path."""


@once
def fail_at_a_route(view: View, workload: Workload) -> dict[str, str]:
    """Return pod -> at which route it fails, where all others are asked the same, and answer; {} if not."""
    if not any(each.failed >= OFTEN for each in answers(view, workload).values()):
        return {}
    ready = {pod.name for pod in workload.live if pod.ready}
    for route, pods in sorted(_counted(view, workload).items()):
        ill = {pod: n for pod, (n, failed) in pods.items() if failed >= OFTEN and failed >= MOSTLY * n}
        well = {pod for pod, (n, failed) in pods.items() if n >= OFTEN and failed <= ERRORS * n}
        if ill and well and set(pods) == {*ill, *well} and ready <= set(pods):
            return {pod: f"{pods[pod][1]} of {n} requests of {route} failed" for pod, n in ill.items()}
    return {}


def _counted(view: View, workload: Workload) -> dict[str, dict[str, tuple[int, int]]]:
    """Return route -> pod -> how many requests its log told of lately, and how many failed; no probes."""
    told: Counter[tuple[str, str]] = Counter()
    failed: Counter[tuple[str, str]] = Counter()
    for log in view.logs_of(workload.live, previous=False):
        for line in log.lines:
            status = status_of(line)
            if status and of_probe(line):
                continue
            asked = _ROUTE.search(line) if status else None
            at = stamp(line) if asked else None
            if asked and (at is None or view.recent(at, NOW)):
                told[asked[1], log.pod] += 1
                failed[asked[1], log.pod] += status >= 500
    found: dict[str, dict[str, tuple[int, int]]] = {}
    for (route, pod), count in told.items():
        found.setdefault(route, {})[pod] = (count, failed[route, pod])
    return found
