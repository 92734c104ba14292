"""Which pods show a trouble: those of the newest template, or the older ones as well."""

from __future__ import annotations

from statistics import median

from tuheg_ir.diagnosis.view.answers import answers
from tuheg_ir.diagnosis.view.trouble import ERRORS, OFTEN, SLOW_S, SLOWER, TOLD, of_pods
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


def by_revision(view: View, workload: Workload) -> str:
    """Return which pods show errors or slowness: "newer", "older" (they as well, or they alone), "" if not known."""
    new = {pod.name for pod in workload.newest_pods()}
    old = {pod.name for pod in workload.older_pods()}
    for signal, limit in (("error_ratio_by_pod", ERRORS), ("latency_p95_by_pod", SLOW_S)):
        values = view.figures.latest(signal, "pod")
        newer = [value for pod, value in values.items() if pod in new]
        older = [value for pod, value in values.items() if pod in old]
        if not newer or not older or max(*newer, *older) <= limit:
            continue
        if median(newer) > max(limit, SLOWER * max(older)):
            return "newer"
        if median(older) > limit:
            return "older"
    return _told_by_revision(view, workload, new, old)


def _told_by_revision(view: View, workload: Workload, new: set[str], old: set[str]) -> str:
    """Return which pods' own logs tell of failed requests, where both tell of requests and nobody measures them."""
    told = {} if of_pods(view, workload.ref, "error_ratio_by_pod") else answers(view, workload)
    newer, older = [a for p, a in told.items() if p in new], [a for p, a in told.items() if p in old]
    if not newer or not older or sum(a.failed for a in (*newer, *older)) < OFTEN:
        return ""
    if max(a.share for a in older) > TOLD:
        return "older"
    return "newer" if median(a.share for a in newer) > TOLD else ""
