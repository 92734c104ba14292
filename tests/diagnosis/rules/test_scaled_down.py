"""Replicas were taken away, or are not given, and those that there are do not carry the requests."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.scenes import (
    FATAL,
    IMAGE,
    OLD,
    QUOTA,
    SHOP,
    URL,
    WELL,
    autoscaler,
    errors,
    latency,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import DAY, Obj, at, container, event, figure, log, pod, snapshot, workload
from tuheg_ir.diagnosis.model import Log, Snapshot

TAKEN = event(SHOP, "ScalingReplicaSet", "Scaled down replica set shop-r1 from 6 to 2", kind="Normal", age=660, count=1)
FEWER = figure("replicas_wanted", 6, 2, 660, component="shop")
SLOW = latency("shop")
SCALER = "HorizontalPodAutoscaler/shop"
ABOVE = "New size: 2; reason: Current number of replicas above Spec.MaxReplicas"
CUT = event(SCALER, "SuccessfulRescale", ABOVE, kind="Normal", age=660, count=1)
LOWER = figure("hpa_max", 9, 2, 660, component="shop")
CALLED = workload("web", env={"SHOP": "http://shop:8080"}), shop()
READER = "Deployment/resizer"
GROWS = figure("queue_depth", 12, 6000, 640, component="rabbitmq", queue="pictures")
GREW_BEFORE = figure("queue_depth", 12, 6000, 3000, component="rabbitmq", queue="pictures")
LEFT = figure("replicas_wanted", 6, 2, 660, component="resizer")


def readers(**more: Any) -> list[Obj]:
    """Return the readers of a queue, and its broker."""
    env = {"AMQP_URL": "amqp://rabbitmq:5672", "QUEUE": "pictures"}
    made = workload("resizer", **{"env": env, "service": False, **more})
    return made + workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)


def used(now: float) -> list[Any]:
    """Return how much of the processor the readers used and use."""
    return [figure("cpu_share", 0.5, now, 640, pod=pod("resizer", n), container="resizer") for n in range(2)]


def capped(*, limited: bool = True, blind: bool = False, called: str = "shop") -> Obj:
    """Return an autoscaler that has given all it may; ``limited``: and would give more; ``called``: its own name."""
    made = autoscaler("shop", 2, 2, blind=blind)
    made["metadata"]["name"] = called
    told = {"type": "ScalingLimited", "status": str(limited), "reason": "TooManyReplicas" if limited else "Within"}
    made["status"]["conditions"].append(told)
    return made


GIVEN_UP = "WARNING gunicorn.error Ignoring EPIPE"
RESET = "WARN retrying: read tcp 10.0.0.7:41022->10.0.0.9:5432: read: connection reset by peer"
FAILING = (
    RESET,
    "dial tcp 10.0.0.9:5432: connect: connection refused",
    "ERROR cart 7: java.lang.NullPointerException: Cannot invoke Cart.items()",
)
DATABASE = workload("postgres", "postgres:16", kind="StatefulSet", pods=1, port=5432)
BEHIND = figure("dependency_latency_p95", 0.05, 4, 900, component="shop", dependency="postgres")
HELD = tuple(figure("throttled_share", 0.9, 0.9, pod=pod("shop", n), container="shop") for n in range(2))
LITTLE = tuple(figure("cpu_usage", 0.01, 0.05, 900, pod=pod("shop", n), container="proxy") for n in range(2))
PROXY = container("proxy", "proxy:1")


def left(
    used: float = 1.1,
    *,
    asked: float = 90,
    target: int = 65,
    blind: bool = True,
    felt: bool = True,
    most: int = 9,
    was: float = 0.5,
    since: float = 1500,
    told: str | list[Log] = "",
    beside: Obj | None = None,
    objects: tuple[Any, ...] = (),
    figures: tuple[Any, ...] = (),
    **made: Any,
) -> Snapshot:
    """Return a shop of which each pod uses so many cores of one that it requests, and whose autoscaler sees nothing.

    ``was``: how many they used. ``asked``: how many requests its caller gets, of 50 before. ``felt``: the caller
    fails a part of them. ``since``: how long ago it was blinded. ``told``: what its pods repeat.
    """
    room = {"requests": {"cpu": "1"}, "limits": {"cpu": "1500m"}}
    pair = {"spec": {"containers": [container("shop", "shop:1", resources=room), beside]}} if beside else {}
    scaler = autoscaler("shop", 2, most, blind=blind)
    scaler["spec"]["metrics"] = [
        {"type": "Resource", "resource": {"name": "cpu", "target": {"averageUtilization": target}}}
    ]
    scaler["status"]["conditions"][0]["lastTransitionTime"] = at(since)
    return snapshot(
        workload("web", env={"SHOP": "http://shop:8080"}),
        shop(resources=room, **pair, **made),
        scaler,
        *objects,
        logs=logs("shop", told, 0, 1) if isinstance(told, str) and told else told or [],
        figures=[
            *(figure("cpu_usage", was, used, 900, pod=pod("shop", n), container="shop") for n in range(2)),
            rate("web", 50, asked, 900),
            rate("shop", 50, 50),
            errors("web", 0.4 if felt else 0.001),
            *figures,
        ],
    )


def left_behind(*says: str, busy_for: float = 300, slow_for: float = 300) -> Snapshot:
    """Return such a shop that is busy and slow for so long, behind a caller that was released and fails since.

    ``says``: what the caller repeats.
    """
    room = {"requests": {"cpu": "1"}, "limits": {"cpu": "1500m"}}
    given = left(since=6 * 3600)
    caller = workload("web", env={"SHOP": "http://shop:8080"}, before=OLD, released=1500)
    return snapshot(
        caller,
        shop(resources=room),
        *map(dict, given.of("HorizontalPodAutoscaler")),
        logs=[log(pod("web", number), *says * 9) for number in range(2)],
        figures=[
            *(figure("cpu_usage", 0.5, 1.1, busy_for, pod=pod("shop", n), container="shop") for n in range(2)),
            rate("web", 50, 70, 1400),
            rate("shop", 50, 70, 1400),
            errors("web", 0.5, 1440),
            latency("shop", now=1.5, since=slow_for),
        ],
    )


NPE = "ERROR cart view: java.lang.NullPointerException"
LATE = "ERROR GET http://shop:8080/v2/cart: AxiosError: timeout of 2500ms exceeded (ECONNABORTED)"
HOLDS = [
    *(
        Holds(
            f"an autoscaler sees nothing for hours, and a caller fails since its own release: {what}",
            world,
            (SHOP, "capacity", "scale_workload"),
            believed="errors_since_release",
            began=300,
        )
        for what, world in (
            ("long before the shop is busy", left_behind(NPE)),
            ("so, and it tells of the shop now", left_behind(LATE)),
            ("it tells of the shop, and of an error of its own", left_behind(LATE, NPE, busy_for=1800)),
        )
    ),
    *(
        Holds(
            f"an autoscaler sees nothing for hours, and a caller that was released fails by the shop: {what}",
            world,
            (SHOP, "capacity", "scale_workload"),
            alone=True,
            harmful=("rollback_workload",),
        )
        for what, world in (
            ("the shop is busy for longer, and it tells of nothing else", left_behind(LATE, busy_for=1800)),
            ("the shop is slow for longer", left_behind("INFO cart viewed", busy_for=1800, slow_for=1800)),
        )
    ),
    *(
        Holds(
            f"an autoscaler sees nothing, and its pods use more than its target: {what}",
            world,
            (SHOP, "capacity", "scale_workload"),
            excludes=no("rollback_workload", "restart_workload", at=SHOP),
            alone=True,
        )
        for what, world in (
            ("who asks is asked for more", left()),
            ("there were more of them within the hour", left(asked=50, figures=(FEWER,))),
            ("one is too busy to answer its probe", left(ready=1)),
            ("what runs beside them requests nothing", left(beside=PROXY)),
            ("they are held to their limit all the time", left(was=1.1, figures=HELD)),
            ("callers give up on it", left(told=GIVEN_UP)),
        )
    ),
    Holds(
        "an autoscaler sees nothing, its pods use more than its target, and the quota allows no further one",
        left(objects=(event(SHOP, "FailedCreate", QUOTA, age=300),)),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
        harmful=("scale_workload",),
    ),
    *(
        Holds(
            f"the maximum of its autoscaler was lowered, as {what}",
            world,
            (SCALER, "configuration_error", "page_human"),
            excludes=no("scale_workload", "restart_workload", "rollback_workload", at=SHOP),
            alone=True,
        )
        for what, world in (
            ("an event tells", snapshot(shop(), TAKEN, capped(), CUT, figures=[SLOW])),
            ("its figure tells", snapshot(shop(), TAKEN, capped(), figures=[SLOW, LOWER])),
            ("an event tells, and only a caller feels it", snapshot(*CALLED, capped(), CUT, figures=[errors("web")])),
        )
    ),
    Holds(
        "the maximum of its autoscaler was lowered, which is called otherwise",
        snapshot(shop(), capped(called="more"), figures=[SLOW, figure("hpa_max", 9, 2, 660, component="more")]),
        ("HorizontalPodAutoscaler/more", "configuration_error", "page_human"),
    ),
    Holds(
        "the maximum of its autoscaler was lowered, which sees nothing now",
        snapshot(shop(), TAKEN, capped(blind=True), CUT, figures=[SLOW]),
        (SCALER, "configuration_error", "page_human"),
        excludes=no("scale_workload", at=SHOP),
        harmful=("scale_workload",),
    ),
    Holds(
        "by an event",
        snapshot(shop(), TAKEN, figures=[SLOW]),
        (SHOP, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=SHOP),
        began=600,
    ),
    Holds(
        "by the replicas that were wanted",
        snapshot(shop(), figures=[SLOW, FEWER, errors("shop", 0.1)]),
        (SHOP, "capacity", "scale_workload"),
        harmful=("restart_workload", "rollback_workload"),
    ),
    Holds(
        "those that are left do not keep up with their queue",
        snapshot(readers(), figures=[GROWS, LEFT, *used(0.98)]),
        (READER, "capacity", "scale_workload"),
        excludes=no("rollback_workload", at=READER),
        harmful=("restart_workload", "rollback_workload"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"an autoscaler sees nothing, and {what}", world, harmful=("scale_workload",))
        for what, world in (
            ("its pods use less than its target", left(0.6)),
            ("its target is above what they use", left(target=110)),
            ("they hardly need one more", left(0.7)),
            ("nobody is asked for more than before", left(asked=50)),
            ("nobody feels it", left(felt=False)),
            ("its pods came just now", left(started=120)),
            ("its pods end now and then", left(status={"restartCount": 4})),
            ("it has given all it may", left(most=2)),
            ("its pods use what they always used", left(was=1.1)),
            ("only what runs beside them uses more than before", left(was=1.1, beside=PROXY, figures=LITTLE)),
            ("it does so for weeks: it was enough at each peak", left(since=20 * DAY)),
            ("what it measures of its database is slow", left(env=URL, objects=(DATABASE,), figures=(BEHIND,))),
            ("the database has no session left for more of them", left(env=URL, objects=(DATABASE,), told=FATAL)),
            *((f"its pods tell: {line}", left(told=line)) for line in (FATAL, *FAILING)),
            (
                "callers give up on it, and its database as well",
                left(told=[*logs("shop", GIVEN_UP, 0), *logs("shop", RESET, 1)]),
            ),
        )
    ),
    DoesNotHold("its autoscaler sees all, and will give more", left(blind=False), harmful=("scale_workload",)),
    DoesNotHold(
        "an autoscaler sees nothing, and its pods use more than its target since their release",
        left(before=IMAGE, released=1700, started=1700),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "an autoscaler sees nothing, and who asks does so many times for each request that it gets",
        left(asked=50, figures=(figure("request_rate", 50, 250, 850, component="shop"),)),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "those that are left stand still",
        snapshot(readers(), figures=[GROWS, LEFT, *used(0.01)]),
        (READER, "service_crash", "restart_workload"),
    ),
    DoesNotHold(
        "the queue had grown long before",
        snapshot(readers(), figures=[GREW_BEFORE, LEFT, *used(0.5)]),
        (READER, "capacity", "scale_workload"),
    ),
    DoesNotHold("nobody feels it", snapshot(shop(), TAKEN, figures=[WELL, FEWER])),
    DoesNotHold(
        "an autoscaler decides how many there are",
        snapshot(shop(), TAKEN, autoscaler("shop", 2, 9), figures=[SLOW, FEWER]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "the maximum of its autoscaler was lowered, and it wants no more than that",
        snapshot(shop(), TAKEN, capped(limited=False), CUT, figures=[SLOW, LOWER]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "it was slow long before the maximum of its autoscaler was lowered",
        snapshot(shop(), TAKEN, capped(), CUT, figures=[latency("shop", since=3000), LOWER]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold(
        "its autoscaler wants more than its maximum, which nobody lowered",
        snapshot(shop(), capped(), figures=[SLOW, figure("hpa_max", 2, 2, component="shop")]),
        (SHOP, "unknown", "page_human"),
    ),
    DoesNotHold("the maximum was lowered, and nobody feels it", snapshot(shop(), capped(), CUT, figures=[WELL])),
    DoesNotHold(
        "a release that is slow came with it",
        snapshot(shop(before=IMAGE, released=660), TAKEN, figures=[SLOW, FEWER]),
        (SHOP, "code_defect", "rollback_workload"),
    ),
]
