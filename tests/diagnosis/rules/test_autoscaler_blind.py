"""An autoscaler that cannot count gives no replicas: who blinded it is looked for."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.measuring import HOURS, SOURCE, blind, registered, source, well
from tests.diagnosis.rules.scenes import SHOP, WELL, alert, autoscaler, busy, errors, logs, rate, shop
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, figure, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Alert, Series, Snapshot

SCALER = "HorizontalPodAutoscaler/shop"
TEN_HOURS = 10 * 3600.0
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


def with_proxy(released: float, port: int = 5432, **more: Any) -> list[Obj]:
    """Return a shop that got a proxy beside its program with a release."""
    objects = shop(before={"image": "registry.example/shop:0"}, released=released, **more)
    proxy: dict[str, Any] = container("proxy", "registry.example/proxy:1", port=port)
    newest = max(
        (each for each in objects if each["kind"] == "ReplicaSet"),
        key=lambda each: each["metadata"]["creationTimestamp"],
    )
    for each in (objects[0], newest):
        each["spec"]["template"]["spec"]["containers"].append(proxy)
    return objects


def used(
    uses: float,
    since: float = 40 * DAY,
    beside: str = "",
    fires: Sequence[Alert] = FIRES,
    more: Sequence[tuple[str, Series]] = (),
) -> Snapshot:
    """Return a shop that an alert is about, and how many times what it requests each of its two pods uses.

    ``beside``: the autoscaler goes by a metric of this type as well.
    """
    scaler = blinded(MISSING, since)
    by: list[Obj] = [{"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": 65}}}]
    scaler["spec"]["metrics"] = by + ([{"type": beside}] if beside else [])
    figures = [figure("cpu_usage", uses, uses, pod=pod("shop", n), container="shop") for n in (0, 1)]
    return snapshot(
        shop(resources={"requests": {"cpu": "1"}}), scaler, alerts=fires, figures=[*figures, errors("shop"), *more]
    )


def asked_by(
    *more: tuple[str, Series], since: float = 40 * DAY, fires: Sequence[Alert] = (), said: str = ""
) -> Snapshot:
    """Return a shop that a web calls, of which an alert tells; nobody measures the shop."""
    web = workload("web", env={"SHOP_URL": "http://shop:8080", "CART_URL": "http://cart:8080"})
    return snapshot(
        shop(),
        workload("cart"),
        web,
        blinded(MISSING, since),
        alerts=[alert("WebFails", service="web"), *fires],
        figures=[errors("web"), *more],
        logs=logs("web", said) if said else [],
    )


LISTS: dict[str, Any] = {"env": {"AMQP_URL": "amqp://rabbitmq:5672", "QUEUE": "ocr"}, "service": False}


def told_of(said: str) -> Snapshot:
    """Return a worker that is told to read a queue, and an alert of which the text alone names one."""
    fires = Alert("Backlog", {"severity": "page"}, {"description": said}, "firing", NOW - timedelta(minutes=9))
    made = with_proxy(TEN_HOURS, 2020, **LISTS)
    return snapshot(made, blinded(MISSING, TEN_HOURS - 60), alerts=[fires])


def queued(uses: float | None = None, by: float | None = None, blind: float = TEN_HOURS, **labels: str) -> Snapshot:
    """Return a worker that got a proxy with a release, and reads a queue; its autoscaler is blind since about then.

    ``uses``: so many times what it requests each pod uses. ``by``: the queue is measured, and grew so long ago.
    ``labels``: those of an alert about the queue, or about what keeps it.
    """
    asks = {"resources": {"requests": {"cpu": "1"}}, "env": {"AMQP_URL": "amqp://rabbitmq:5672"}}
    objects = with_proxy(TEN_HOURS, 2020, **asks)
    scaler = blinded(MISSING, blind - 60)
    scaler["spec"]["metrics"] = [{"resource": {"name": "cpu", "target": {"averageUtilization": 65}}}]
    figures = [figure("cpu_usage", 0.5, uses, pod=pod("shop", n), container="shop") for n in (0, 1) if uses]
    figures += [figure("queue_depth", 20, 8000, by, component="shop")] if by else []
    broker = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    alerts = [alert("QueueBacklog", statefulset="rabbitmq", **labels)] if labels else []
    return snapshot(objects, scaler, broker, figures=figures, alerts=alerts)


MISSING = "failed to get cpu utilization: missing request for cpu in container proxy of Pod shop-0"

LOADED = busy(rate("shop", 20, 50))

HOLDS = [
    *(
        Holds(
            f"its release brought a container that asks for nothing, and it reads a queue of which {what}",
            world,
            (SHOP, "configuration_error", "rollback_workload"),
            harmful=("restart_workload",),
        )
        for what, world in (
            ("an alert names what keeps it, and nobody measures", queued(queue="shop-jobs")),
            ("an alert tells, and its pods do more than they request", queued(1.6, queue="shop-jobs")),
            ("an alert tells by the group", queued(1.6, topic="orders", consumergroup="shop")),
            ("the text of an alert tells", told_of("Queue ocr has more than 10000 messages.")),
            ("figures tell that it grew", queued(1.6, by=1500)),
        )
    ),
    Holds(
        "it was blind long before, and reads a queue of which an alert tells",
        queued(1.6, blind=2 * DAY, queue="shop-jobs"),
        (SCALER, "configuration_error", "page_human"),
        harmful=("rollback_workload",),
    ),
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
    *(
        Holds(
            f"it is blind for weeks, and {what}",
            world,
            (SCALER, "configuration_error", "page_human"),
            believed=believed,
            harmful=("rollback_workload",),
        )
        for what, world, believed in (
            ("its pods use more than its target", used(0.9), ""),
            ("it goes by another metric too, which nobody sees", used(0.2, beside="External"), ""),
            ("a caller's log names its workload", asked_by(said="ERROR GET http://shop:8080/items: 503"), ""),
            ("an alert is about its workload, not its caller alone", asked_by(fires=FIRES), ""),
            ("its caller has twice the requests", asked_by(rate("web", 50, 110)), "traffic_grew"),
            ("its pods are busy", asked_by(figure("cpu_share", 0.4, 0.95, pod=pod("shop"))), ""),
        )
    ),
    Holds(
        "it is blind for days, and an alert is about a caller",
        asked_by(since=3 * DAY),
        (SCALER, "configuration_error", "page_human"),
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
    DoesNotHold("it reads a queue, and its pods have time to spare", queued(0.3, queue="shop-jobs")),
    DoesNotHold("an alert is about what was given up", queued(1.6, queue="shop-jobs.dlq")),
    DoesNotHold("the text of an alert tells of another queue", told_of("Queue mail has more than 10000 messages.")),
    DoesNotHold("an alert names a channel of people", queued(1.6, channel="#shop")),
    DoesNotHold("an alert is about the broker alone", queued(1.6, disk="full")),
    *(
        DoesNotHold(what, world, ("unknown", "page_human"))
        for what, world in (
            ("it would want no more if it saw", used(0.2)),
            ("it is blind since today, and would want no more if it saw", used(0.3, 3600)),
            ("it would want as many as there are", used(0.6)),
            ("it is blind for weeks, and only a caller suffers", asked_by()),
            ("it is blind for weeks, and only a caller suffers, which is asked as ever", asked_by(rate("web", 50, 51))),
        )
    ),
    DoesNotHold("nobody suffers", snapshot(shop(), blinded(), figures=[WELL])),
    DoesNotHold("it sees", snapshot(shop(), autoscaler("shop", 2, 9), alerts=FIRES), ("unknown", "page_human")),
]
