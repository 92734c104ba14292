"""A shop of two colours, of which its Service means one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.scenes import ingress
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, event, service_for, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Snapshot

NEW, OLD = "registry.example/shop:9", "registry.example/shop:7"
KEY = "slot"


def slot(colour: str, image: str, age: float = 9 * DAY, key: str = KEY, **more: Any) -> list[Obj]:
    """Return one of the sets of pods of a shop."""
    objects = workload(f"shop-{colour}", image, age=age, service=False, **more)
    for each in objects:
        body = each.get("spec", {}).get("template", each)
        body["metadata"]["labels"] = {**body["metadata"].get("labels", {}), "app": "shop", key: colour}
    return objects


def led(to: str = "green", written: float | None = 660, key: str = KEY) -> Obj:
    """Return the shop's Service, which was switched to a colour."""
    return service_for("shop", selector={"app": "shop", key: to}, written=written)


def at_nought(colour: str = "blue", image: str = OLD, since: float = 1800, key: str = KEY, **more: Any) -> list[Obj]:
    """Return a set of no pods that was taken down so long ago, and the Service by which it is looked at."""
    told = f"Scaled down replica set shop-{colour}-r1 to 0 from 2"
    down = event(f"Deployment/shop-{colour}", "ScalingReplicaSet", told, age=since, kind="Normal", count=1)
    own = service_for(f"shop-{colour}", selector={"app": "shop", key: colour})
    return [*slot(colour, image, pods=0, key=key, **more), down, own]


def colours(
    *more: Any,
    fires: str = "KubeServiceNoEndpoints",
    says: str = "",
    began: float = 900,
    written: float | None = 5400,
    rests: Obj | None = None,
    serves: list[Obj] | None = None,
    to: str = "green",
    key: str = KEY,
    figures: list[Any] | None = None,
) -> Snapshot:
    """Return a shop of two colours that was led to one before the other was taken down, and an alert of that."""
    named = {"deployment": "shop-blue", "severity": "critical"}
    told = Alert(fires, named, {"summary": says}, "firing", NOW - timedelta(seconds=began))
    both = [*at_nought(key=key, **(rests or {})), *(serves or slot("green", NEW, key=key))]
    return snapshot(
        both, led(to, written, key), ingress("shop", "shop.example"), *more, figures=figures or [], alerts=[told]
    )
