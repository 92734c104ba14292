"""Who measures for autoscalers, and is not ready since a release, beside a shop that has too much to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.diagnosis.rules.pods import put
from tests.diagnosis.rules.scenes import autoscaler, busy, down, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Snapshot

HOURS = 3 * 3600.0
OFFICIAL = "registry.k8s.io/metrics-server/metrics-server"
FLAGS = ["--secure-port=10250", "--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname"]
SOURCE = "Deployment/metrics-server"
UNSERVED = "unable to fetch metrics from API: the server is currently unable to handle the request"


def source(
    name: str = "metrics-server",
    image: str = f"{OFFICIAL}:v2",
    *,
    before: Mapping[str, Any] | None = None,
    released: float = HOURS,
    status: Mapping[str, Any] | None = None,
    unready: float | None = None,
    **more: Any,
) -> list[Obj]:
    """Return who measures, with one pod that is not ready since a release; ``unready``: only for so long."""
    was = {"image": f"{image}-old"} if before is None else before
    made = workload(name, image, pods=1, port=10250, before=was or None, released=released, **more)
    return down(made, status or {}, unready=released if unready is None else unready)


def registered(group: str = "metrics.k8s.io", service: str = "metrics-server") -> Obj:
    """Return the registration of an API whose Service has no ready pod."""
    gone = {"type": "Available", "status": "False", "reason": "MissingEndpoints", "lastTransitionTime": at(HOURS)}
    spec = {"group": group, "version": "v1beta1", "service": {"name": service, "namespace": "town"}}
    return thing("APIService", f"v1beta1.{group}", spec=spec, status={"conditions": [gone]})


def blind(reason: str = "FailedGetResourceMetric", since: float = HOURS - 60, name: str = "shop", most: int = 9) -> Obj:
    """Return an autoscaler that cannot ask for what it goes by."""
    made = autoscaler(name, 2, most, blind=True)
    told = {"reason": reason, "message": UNSERVED, "lastTransitionTime": at(since)}
    made["status"]["conditions"][0] |= told
    return made


def peak(
    *more: Any,
    by: list[Obj] | None = None,
    scaler: Obj | None = None,
    now: float = 50,
    of: Mapping[str, Any] | None = None,
    **beside: Any,
) -> Snapshot:
    """Return a shop that is asked for more than its pods can do, and whose autoscaler gives it none."""
    figures = busy(rate("shop", 20, now))
    return snapshot(shop(**(of or {})), by or source(), scaler or blind(), *more, figures=figures, **beside)


def well(made: list[Obj]) -> list[Obj]:
    """Return a source whose pods are ready."""
    for each in (each for each in made if each["kind"] == "Pod"):
        put(each, {}, ready=True)
    made[0]["status"]["readyReplicas"] = 1
    return made


def ill_before(made: list[Obj]) -> list[Obj]:
    """Return a source that had too few pods for hours before its release."""
    gone = {"type": "Available", "status": "False", "lastTransitionTime": at(DAY / 2)}
    made[0]["status"]["conditions"] = [gone]
    return made
