"""What an alert tells of that is set so, or has always been so: it shows by itself, however loud the alert is."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from tuheg_ir.diagnosis.late import late
from tuheg_ir.diagnosis.model import Alert, Evidence, Obj
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.rules._counts_files import OF_ANOTHER, counts_files
from tuheg_ir.diagnosis.rules._fixed_heap import taken_at_start
from tuheg_ir.diagnosis.view.held_open import held_open, polls
from tuheg_ir.diagnosis.view.page_cache import page_cache
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, text, whole, written
from tuheg_ir.diagnosis.view.scaling import autoscaler
from tuheg_ir.diagnosis.view.trouble import ERRORS, labels_of
from tuheg_ir.diagnosis.view.usage import usage
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload

STAGE = timedelta(days=3)
"""A roll-out that is held by a partition for longer was forgotten."""
IDLE = 0.6
"""Pods that use less than this share of what their autoscaler aims at have nothing to wait for."""
_AT_MOST = late(r"hpa.?max|max(?:imum|ed)?.{0,20}(?:replicas|out)|(?:replicas|scal\w+) .{0,20}max", re.IGNORECASE)
_MEMORY = late(r"memory|working.?set|\boom", re.IGNORECASE)
_NOT_ROLLED_OUT = late(r"not.{0,3}rolled.{0,3}out|roll.?out|update.{0,30}(?:stuck|progress|not)", re.IGNORECASE)
_SLOW = late(r"latency|slow|\bp9[0-9]|response ?time", re.IGNORECASE)
_EVEN = 1.3
"""A latency that is at no time more than so many times what it was is as it was."""


def as_meant(view: View, alert: Alert, ref: str) -> Evidence | None:
    """Return what shows that a workload stands as it was told to, where an alert speaks of that; None: nothing."""
    scaler = view.objects("HorizontalPodAutoscaler").get(str(alert.labels.get("horizontalpodautoscaler", "")))
    target = mapping(scaler, "spec", "scaleTargetRef")
    workload = view.workloads.get(f"{text(target, 'kind')}/{text(target, 'name')}" if target else ref)
    if workload is None:
        return None
    staged = _staged(view, workload) if _NOT_ROLLED_OUT.search(alert.said) else ""
    idle = _idle_at_most(view, workload) if _AT_MOST.search(alert.said) else ""
    held = _held(view, alert, workload) if _MEMORY.search(alert.said) else ""
    if held:
        return Evidence("metrics", workload.ref, f"{alert.name} fires; {held}")
    slow = _SLOW.search(alert.said)
    if slow and (opened := held_open(view, workload)):
        return Evidence("logs", workload.ref, f"{alert.name} fires; {opened}")
    if slow and (always := _always_slow(view, alert, workload)):
        return Evidence("metrics", workload.ref, f"{alert.name} fires; {always}")
    told = staged or idle
    return Evidence("objects", workload.ref, f"{alert.name} fires; {told}") if told else None


def _held(view: View, alert: Alert, workload: Workload) -> str:
    """Return what shows that memory is held as it is meant to be: by pages of files, or by a heap taken at once."""
    files = "" if OF_ANOTHER.search(alert.said) else page_cache(view, workload)
    return files or taken_at_start(view, workload) or counts_files(view, alert, workload)


def _staged(view: View, workload: Workload) -> str:
    """Return that a StatefulSet runs its new template where its partition says, for a short while, and all is ready."""
    partition = whole(workload.obj, "spec", "updateStrategy", "rollingUpdate", "partition")
    fresh = bool(workload.changes) and view.recent(workload.released_at, STAGE)
    if workload.kind != "StatefulSet" or partition <= 0 or not fresh or workload.current is None:
        return ""
    ready = len(workload.live) == workload.wanted and all(pod.ready for pod in workload.live)
    new = {pod.name for pod in workload.live if pod.revision == workload.current.name}
    right = new == {pod.name for pod in workload.live if ordinal(pod) >= partition}
    told = f"its partition of {partition} keeps the new template to {len(new)} pods, and all are ready"
    return told if ready and right else ""


def ordinal(pod: Pod) -> int:
    """Return the number of a pod of a StatefulSet; -1 where its name has none."""
    last = pod.name.rpartition("-")[2]
    return int(last) if last.isdigit() else -1


def _idle_at_most(view: View, workload: Workload) -> str:
    """Return that an autoscaler is at its maximum while its pods have little to do: it asks for no more."""
    scaler = autoscaler(view, workload.ref)
    if scaler is None or not scaler.at_most or scaler.limited or scaler.blind:
        return ""
    shares = _of_target(scaler.obj)
    if not shares or max(shares) > IDLE or usage(view.figures, workload, "cpu_share").most > IDLE:
        return ""
    least = whole(scaler.obj, "spec", "minReplicas")
    why = "its minimum is its maximum" if least >= scaler.most else "it asks for no more"
    return f"{why}, and its pods are at {max(shares):.0%} of what it aims at"


def _of_target(obj: Obj) -> list[float]:
    """Return how far each metric of an autoscaler is, as a share of its target; [] if one of them is not known."""
    stands = {_metric(each): _body(each, "current") for each in items(obj, "status", "currentMetrics")}
    aims = items(obj, "spec", "metrics")
    shares = [
        share for each in aims if (share := _share(_body(each, "target"), stands.get(_metric(each), {}))) is not None
    ]
    return shares if len(shares) == len(aims) else []


def _share(aim: Mapping[str, Any], stands: Mapping[str, Any]) -> float | None:
    key = next((key for key in ("averageUtilization", "averageValue", "value") if key in aim), "")
    wanted, found = number(aim.get(key)), number(stands.get(key))
    return found / wanted if wanted and found is not None else None


def _metric(each: Obj) -> tuple[str, str]:
    kind = text(each, "type")
    body = mapping(each, kind[:1].lower() + kind[1:])
    return kind, text(body, "name") or text(body, "metric", "name")


def _body(each: Obj, side: str) -> Mapping[str, Any]:
    kind = text(each, "type")
    return mapping(each, kind[:1].lower() + kind[1:], side)


def _always_slow(view: View, alert: Alert, workload: Workload) -> str:
    """Return that answers take as long as ever, and the alert's rule is new or it is the clients that want to wait."""
    labels = labels_of(view, workload.ref, "latency_p95")
    failing = [
        view.figures.peak("error_ratio", component=each) for each in labels_of(view, workload.ref, "error_ratio")
    ]
    if not labels or not failing or any(ratio is None or ratio > ERRORS / 2 for ratio in failing):
        return ""
    lasts = [_lasts(view, label) for label in labels]
    if not all(lasts):
        return ""
    known = f"95 of 100 requests took {max(lasts):.2g} s all the time"
    since = min(_begins(view, label) for label in labels)
    for at in _rules(view, alert.name):
        if alert.starts_at is not None and since < at <= alert.starts_at:
            return f"{known}, and its rule was written at {at:%H:%M} UTC only"
    lets = next((word for word, seconds in polls(view, workload) if seconds / 2 <= max(lasts) <= 1.1 * seconds), "")
    return f"{known}, as {workload.name} lets its clients wait: {lets}" if lets else ""


def _lasts(view: View, label: str) -> float:
    """Return a latency that is even for as long as it is known; 0 for one that is not."""
    was, worst = view.figures.first("latency_p95", component=label), view.figures.peak("latency_p95", component=label)
    now = view.figures.now("latency_p95", component=label)
    return now if was and worst and now and worst <= _EVEN * was and worst <= _EVEN * now else 0.0


def _begins(view: View, label: str) -> datetime:
    starts = [series.points[0][0] for series in view.figures.series("latency_p95", component=label) if series.points]
    return datetime.fromtimestamp(min(starts), UTC)


def _rules(view: View, alert: str) -> Iterator[datetime]:
    """Yield when the rules of an alert were written."""
    for obj in view.snapshot.of("PrometheusRule", "VMRule"):
        named = (text(rule, "alert") for group in items(obj, "spec", "groups") for rule in items(group, "rules"))
        if alert in named and (at := written(obj)) is not None:
            yield at
