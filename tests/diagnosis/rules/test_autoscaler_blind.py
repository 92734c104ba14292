"""An autoscaler that cannot count gives no replicas: who blinded it is looked for."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.measuring import HOURS, SOURCE, blind, registered, source, well
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, autoscaler, busy, rate, shop
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, snapshot
from tuheg_ir.diagnosis.model import Snapshot

SCALER = "HorizontalPodAutoscaler/shop"
FIRES = [alert("ShopSlow", service="shop")]


def blinded(message: str = "no metrics returned", since: float | None = None) -> Obj:
    """Return an autoscaler that says why it sees nothing, and since when."""
    made = autoscaler("shop", 2, 9, blind=True)
    for each in made["status"]["conditions"]:
        if each["type"] == "ScalingActive":
            each.update({"message": message} | ({} if since is None else {"lastTransitionTime": at(since)}))
    return made


def asks(before: dict[str, str], after: dict[str, str], released: float = 1800, **former: str) -> dict[str, Any]:
    """Return how a workload is made that asks for other resources since a release."""
    was = {"resources": {"requests": before}, **former}
    return {"resources": {"requests": after}, "before": was, "released": released}


def unasked(released: float, limits: dict[str, str] | None = None, **former: str) -> Snapshot:
    """Return a shop that asks for no processor time since a release, and whose autoscaler is blind since then."""
    blind = blinded(MISSING.replace("proxy", "shop"), released - 60)
    made = asks({"cpu": "1"}, {}, released, **former)
    if limits:
        made["resources"]["limits"] = limits
    return snapshot(shop(**made), blind, alerts=FIRES)


def with_proxy(released: float, port: int = 5432) -> list[Obj]:
    """Return a shop that got a proxy beside its program with a release."""
    objects = shop(before={"image": "registry.example/shop:0"}, released=released)
    proxy: dict[str, Any] = container("proxy", "registry.example/proxy:1", port=port)
    newest = max(
        (each for each in objects if each["kind"] == "ReplicaSet"),
        key=lambda each: each["metadata"]["creationTimestamp"],
    )
    for each in (objects[0], newest):
        each["spec"]["template"]["spec"]["containers"].append(proxy)
    return objects


MISSING = "failed to get cpu utilization: missing request for cpu in container proxy of Pod shop-0"

LOADED = busy(rate("shop", 20, 50))
TEN_HOURS = 10 * 3600.0

HOLDS = [
    Holds(
        "a release of three days ago took its request away and nothing else; this is the first day of load since",
        unasked(3 * DAY),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    *(
        Holds(
            f"a release took its request away {what}",
            world,
            (SCALER, "configuration_error", "page_human"),
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("three days ago, and brought another image", unasked(3 * DAY, image="registry.example/shop:0")),
            ("three days ago, and changed a limit", unasked(3 * DAY, limits={"memory": "2Gi"})),
            ("a month ago", unasked(30 * DAY)),
        )
    ),
    Holds(
        "a container of a release of this morning asks for nothing, and the evening's load is there",
        snapshot(with_proxy(TEN_HOURS, 2020), blinded(MISSING, TEN_HOURS - 180), figures=LOADED, alerts=FIRES),
        (SHOP, "configuration_error", "rollback_workload"),
        believed="cpu_saturated",
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "the load is there, and it was blind before the release of this morning",
        snapshot(with_proxy(TEN_HOURS, 2020), blinded(MISSING, DAY), figures=LOADED, alerts=FIRES),
        (SCALER, "configuration_error", "page_human"),
        believed="cpu_saturated",
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"the load is there, and it was blind {what}",
            snapshot(shop(**of), blinded(MISSING.replace("proxy", "shop"), since), figures=LOADED, alerts=FIRES),
            (SCALER, "configuration_error", "page_human"),
            believed="traffic_grew",
            harmful=("rollback_workload",),
        )
        for what, of, since in (
            ("long before its requests changed", asks({"cpu": "1"}, {}), DAY),
            ("when only what it asks of memory changed", asks({"memory": "1Gi"}, {"memory": "2Gi"}), 1700),
        )
    ),
    Holds(
        "the load is there, and its own container has never asked for anything",
        snapshot(
            shop(before={"image": "registry.example/shop:0"}, released=1800),
            blinded(MISSING.replace("proxy", "shop"), 1700),
            figures=LOADED,
            alerts=FIRES,
        ),
        (SCALER, "configuration_error", "page_human"),
        believed="traffic_grew",
        harmful=("rollback_workload",),
    ),
    Holds(
        "the load is there, and nobody measures for the autoscaler",
        snapshot(with_proxy(TEN_HOURS, 2020), blinded(since=TEN_HOURS - 180), figures=LOADED, alerts=FIRES),
        (SCALER, "configuration_error", "page_human"),
        believed="cpu_saturated",
        harmful=("rollback_workload",),
    ),
    Holds(
        "a container of the newest release asks for nothing",
        snapshot(with_proxy(1800), blinded(MISSING), alerts=FIRES),
        (SHOP, "configuration_error", "rollback_workload"),
        excludes=no("restart_workload", at=SHOP),
    ),
    *(
        Holds(
            f"who measures for it was never ready since its release: {what}",
            snapshot(shop(), source(), blind(), *more, alerts=FIRES),
            (SOURCE, "code_defect", "rollback_workload"),
            excludes=no("restart_workload", "scale_workload", at=SOURCE),
            believed="not_ready_since_release",
            harmful=("restart_workload", "scale_workload"),
        )
        for what, more in (("its image tells who that is", ()), ("the registration names it", (registered(),)))
    ),
    *(
        Holds(
            f"who measures for it was released, and that may not be why: {what}",
            snapshot(shop(), by, blind(since=since), alerts=FIRES),
            (SCALER, "configuration_error", "page_human"),
            believed=believed,
        )
        for what, by, since, believed in (
            ("it is ready", well(source()), HOURS - 60, ""),
            ("it came long after", source(), DAY / 2, "not_ready_since_release"),
        )
    ),
    Holds(
        "nobody knows since when",
        snapshot(shop(), blinded(), alerts=FIRES),
        (SCALER, "configuration_error", "page_human"),
    ),
    Holds(
        "the container came with a release of last month",
        snapshot(with_proxy(30 * DAY), blinded(MISSING), alerts=FIRES),
        (SCALER, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("nobody suffers", snapshot(shop(), blinded(), figures=[WELL])),
    DoesNotHold("it sees", snapshot(shop(), autoscaler("shop", 2, 9), alerts=FIRES), ("unknown", "page_human")),
]
