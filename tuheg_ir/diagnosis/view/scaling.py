"""Who may give a workload more replicas: its autoscaler, its quota, the nodes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.quantities import number
from tuheg_ir.diagnosis.view.events import Event
from tuheg_ir.diagnosis.view.pods import Pod
from tuheg_ir.diagnosis.view.reading import items, mapping, moment, name, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload
from tuheg_ir.named import NamedTuple

_PAUSES = "autoscaling.keda.sh/paused"


class Autoscaler(NamedTuple):
    """A HorizontalPodAutoscaler: how far it may go, how far it is, and whether it sees anything.

    ``blind`` is why it cannot tell what to do ("" it can), ``limited`` whether it wants more than its maximum.
    """

    ref: str
    obj: Obj
    most: int
    now: int
    blind: str
    blind_since: datetime | None
    limited: bool

    @property
    def at_most(self) -> bool:
        """Tell whether it has given all it may."""
        return self.most > 0 and self.now >= self.most


def autoscaler(view: View, ref: str) -> Autoscaler | None:
    """Return the autoscaler of a workload; None for none."""
    for obj in sorted(view.snapshot.of("HorizontalPodAutoscaler"), key=name):
        target = f"{text(obj, 'spec', 'scaleTargetRef', 'kind')}/{text(obj, 'spec', 'scaleTargetRef', 'name')}"
        if target == ref:
            return _autoscaler(obj)
    return None


def counted_share(scaler: Autoscaler, workload: Workload) -> float | None:
    """Return which share of their processor limit the pods of a workload use, as its autoscaler counts; None: unknown.

    It is the mean of all pods, and of all containers of each.
    """
    of_cpu = (mapping(each, "resource") for each in items(scaler.obj, "status", "currentMetrics"))
    used = next((number(mapping(e, "current").get("averageValue")) for e in of_cpu if text(e, "name") == "cpu"), None)
    limits = [_processor_limit(pod) for pod in workload.live]
    if scaler.blind or used is None or not limits:
        return None
    known = [each for each in limits if each]
    return used / max(known) if len(known) == len(limits) else None


class Due(NamedTuple):
    """How many replicas an autoscaler's own target asks for, and by which use; shares are of what the pods request."""

    replicas: int
    used: float
    target: float


def due(view: View, scaler: Autoscaler, workload: Workload) -> Due | None:
    """Return what an autoscaler would want by the processor time that figures tell, as it counts itself.

    None where it goes by something else, or figures tell nothing of a pod. What requests nothing it cannot count.
    """
    of_cpu = (mapping(each, "resource") for each in items(scaler.obj, "spec", "metrics"))
    target = next((whole(e, "target", "averageUtilization") for e in of_cpu if text(e, "name") == "cpu"), 0) / 100
    shares = [_requested_share(view, pod) for pod in workload.live]
    known = [each for each in shares if each is not None]
    if not target or not known or len(known) < len(shares):
        return None
    used = sum(known) / len(known)
    return Due(math.ceil(len(known) * used / target), used, target)


def _requested_share(view: View, pod: Pod) -> float | None:
    """Return which share of the processor time that its containers request a pod uses; None: unknown."""
    requests = {text(c, "name"): number(mapping(c, "resources", "requests").get("cpu")) for c in _running(pod)}
    used: dict[str, float] = {}
    for labels, value in view.figures.standing("cpu_usage", pod=pod.name):
        if requests.get(of := labels.get("container", "")):
            used[of] = max(value, used.get(of, 0.0))
    asked = sum(each for each in requests.values() if each)
    return sum(used.values()) / asked if used and asked else None


def _processor_limit(pod: Pod) -> float | None:
    """Return how much processor time all containers of a pod may have; None: one of them has no limit."""
    limits = [number(mapping(each, "resources", "limits").get("cpu")) for each in _running(pod)]
    return None if None in limits else sum(each for each in limits if each)


def _running(pod: Pod) -> tuple[Mapping[str, Any], ...]:
    """Return the containers of a pod that run as long as it does."""
    beside = (each for each in items(pod.obj, "spec", "initContainers") if text(each, "restartPolicy") == "Always")
    return (*items(pod.obj, "spec", "containers"), *beside)


def sees_again(view: View, event: Event) -> bool:
    """Tell whether an event is of an autoscaler that says since then that it counts what it goes by."""
    for obj in view.snapshot.of("HorizontalPodAutoscaler"):
        if event.about != f"HorizontalPodAutoscaler/{name(obj)}":
            continue
        active = next((c for c in items(obj, "status", "conditions") if text(c, "type") == "ScalingActive"), None)
        since = moment(active, "lastTransitionTime")
        return text(active, "status") == "True" and since is not None and event.last is not None and event.last <= since
    return False


def scaled_by(scaled: Obj) -> str:
    """Return the workload (Deployment/name) that a ScaledObject of KEDA scales."""
    return f"Deployment/{text(scaled, 'spec', 'scaleTargetRef', 'name')}"


def is_paused(scaled: Obj) -> bool:
    """Tell whether somebody told a ScaledObject of KEDA to leave its workload as it is, or at a number."""
    told = {(text(c, "type"), text(c, "status")) for c in items(scaled, "status", "conditions")}
    notes = mapping(scaled, "metadata", "annotations")
    paused = text(notes, f"{_PAUSES}-replicas") or text(notes, _PAUSES).lower() == "true"
    return ("Paused", "True") in told or bool(paused)


def held_at_nought(view: View, ref: str) -> bool:
    """Tell whether somebody told the autoscaler of a workload to keep it without pods, whatever waits for it.

    Who scales by hand may have slipped; this is written down on purpose, and says the number.
    """
    return pinned_at(view, ref) == "0"


def pinned_at(view: View, ref: str) -> str | None:
    """Return at how many replicas somebody told the autoscaler of a workload to hold it, whatever it sees; None: none.

    It takes back what anybody adds by hand; one that is only paused leaves the number alone.
    """
    paused = (each for each in view.snapshot.of("ScaledObject") if scaled_by(each) == ref)
    told = (text(mapping(each, "metadata", "annotations"), f"{_PAUSES}-replicas") for each in paused)
    return next((number for number in told if number), None)


def may_go_to_nought(view: View, ref: str) -> bool:
    """Tell whether an autoscaler takes away the last pod of a workload too, when nothing waits for it.

    Most may not: a workload of theirs without pods was scaled by somebody.
    """
    scaler = autoscaler(view, ref)
    keda = (each for each in view.snapshot.of("ScaledObject") if scaled_by(each) == ref and not is_paused(each))
    may = any(not whole(each, "spec", "minReplicaCount") for each in keda)
    return may or (scaler is not None and text(scaler.obj, "spec", "minReplicas") == "0")


def _autoscaler(obj: Obj) -> Autoscaler:
    conditions = {text(c, "type"): c for c in items(obj, "status", "conditions")}
    active, limited = conditions.get("ScalingActive"), conditions.get("ScalingLimited")
    blind = text(active, "status") == "False" and text(active, "reason") != "ScalingDisabled"
    return Autoscaler(
        ref=f"HorizontalPodAutoscaler/{name(obj)}",
        obj=obj,
        most=whole(obj, "spec", "maxReplicas"),
        now=max(whole(obj, "status", "currentReplicas"), whole(obj, "status", "desiredReplicas")),
        blind=f"{text(active, 'reason')}: {text(active, 'message')[:160]}" if blind else "",
        blind_since=moment(active, "lastTransitionTime") if blind else None,
        limited=text(limited, "status") == "True" and text(limited, "reason") == "TooManyReplicas",
    )
