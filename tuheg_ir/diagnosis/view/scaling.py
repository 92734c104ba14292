"""Who may give a workload more replicas: its autoscaler, its quota, the nodes; and who serves in its place."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tuheg_ir.diagnosis.model import Obj
from tuheg_ir.diagnosis.view.reading import items, moment, name, text, whole
from tuheg_ir.diagnosis.view.view import View
from tuheg_ir.diagnosis.view.workloads import Workload


@dataclass(frozen=True, slots=True)
class Autoscaler:
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


def scaled_by(scaled: Obj) -> str:
    """Return the workload (Deployment/name) that a ScaledObject of KEDA scales."""
    return f"Deployment/{text(scaled, 'spec', 'scaleTargetRef', 'name')}"


def stand_in(view: View, workload: Workload) -> Workload | None:
    """Return the complete workload of the same program that serves under a workload's name; None for none.

    So it is with canaries, whose controller serves by a copy while what it copies rests, and with two colors.
    """
    for service in view.services.values():
        named = workload.name == service.name or workload.name.startswith(f"{service.name}-")
        other = view.workloads.get(service.backends[0]) if named and len(service.backends) == 1 else None
        if other is None or other.ref == workload.ref or not 0 < other.wanted <= other.ready:
            continue
        if _programs(workload) & _programs(other):
            return other
    return None


def _programs(workload: Workload) -> set[tuple[str, str]]:
    """Return the containers of a template with their images, whatever version of them."""
    return {(text(c, "name"), _unversioned(text(c, "image"))) for c in items(workload.template, "spec", "containers")}


def _unversioned(image: str) -> str:
    head, _, tail = image.partition("@")[0].rpartition("/")
    return f"{head}/{tail.partition(':')[0]}"


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
