"""Too much to do for the processor time there is: more replicas, where they may be and would get some of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.diagnosis.rules.cases import HEALTHY, DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import again, later, looping
from tests.diagnosis.rules.scenes import (
    API,
    IMAGE,
    OLD,
    SHOP,
    WELL,
    alert,
    autoscaler,
    busy,
    errors,
    killed,
    latency,
    logs,
    rate,
    shop,
)
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    container,
    event,
    figure,
    log,
    pod,
    redis,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

GROWN, SAME = rate("shop", 20, 50), rate("shop", 20, 20)
FULL = {"conditions": [{"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}]}


def lowered() -> Obj:
    """Return an autoscaler whose maximum was just lowered to what there is."""
    made = autoscaler("shop", 2, 2, written=1800)
    made["status"] |= FULL
    return made


def scaled_by_hand() -> list[Obj]:
    """Return a service of which somebody took away all pods but one."""
    objects = workload("api", pods=1)
    told = {"manager": "kubectl", "operation": "Update", "subresource": "scale", "time": at(900)}
    objects[0]["metadata"]["managedFields"] = [{**told, "fieldsV1": {"f:spec": {"f:replicas": {}}}}]
    return objects


def counted(
    cores: str = "970m",
    *,
    now: int = 2,
    most: int = 2,
    full: bool = True,
    blind: bool = False,
    metric: str = "cpu",
    limit: str = "1",
    beside: Any = None,
    figures: Any = (),
    felt: bool = True,
) -> Snapshot:
    """Return a shop that nobody measures but its autoscaler, which counts that each pod uses so many ``cores``.

    ``limit``: how many it may use ("": any). ``full``: the autoscaler wants more pods than it may give.
    """
    limits: dict[str, Any] = {"resources": {"limits": {"cpu": limit}}} if limit else {}
    objects = shop(spec={"containers": [container("shop", "shop:1", **limits), *([beside] if beside else [])]})
    scaler = autoscaler("shop", now, most, blind=blind)
    scaler["status"]["conditions"] += FULL["conditions"] if full else []
    used = {"name": metric, "current": {"averageUtilization": 193, "averageValue": cores}}
    scaler["status"]["currentMetrics"] = [{"type": "Resource", "resource": used}]
    told = event(f"Pod/{pod('shop')}", "Unhealthy", "Readiness probe failed: context deadline exceeded")
    return snapshot(objects, scaler, *([told] if felt else []), figures=figures)


GO = "gc 88213 @52704.1s 51%: 0.31+212+0.02 ms clock, 1.2+410/820/12+0.1 ms cpu, 398->401->397 MB, 400 MB goal, 4 P"
FREE = "gc 88213 @52704.1s 1%: 0.31+2+0.02 ms clock, 1.2+4/8/12+0.1 ms cpu, 398->401->202 MB, 410 MB goal, 4 P"
JAVA = "[2671.4s][info][gc] GC(812) Pause Full (G1 Compaction Pause) 1020M->1016M(1024M) 812.339ms"
VEIGHT = "[1:0x5] 61204 ms: Mark-Compact 2040.1 (2080.5) -> 2035.2 (2082.0) MB, 1204.1 / 0.0 ms allocation failure"


def collecting(line: str, traffic: Any, **more: Any) -> Any:
    """Return a busy shop whose pods write the same line of each collection."""
    return snapshot(shop(**more), figures=busy(traffic), logs=logs("shop", line, 0, 1, times=20))


SENDER, ENCODER = "Deployment/sender", "Deployment/encoder"


def readers(*more: Any, lines: Any = (), share: float = 0.97, beside: Any = (), **changed: Any) -> Any:
    """Return two readers of a queue that grows, of which only the broker knows."""
    objects = workload("sender", command=["celery", "-A", "hub", "worker", "-Q", "hooks"], service=False, **changed)
    full = [figure("cpu_share", 0.5, share, 1500, pod=pod("sender", n), container="sender") for n in range(2)]
    waits = more or (figure("queue_depth", 4, 9000, 1450, component="rabbitmq", queue="hooks"),)
    broker = workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672)
    return snapshot(objects, broker, redis(), beside, figures=[*full, *waits], logs=list(lines))


NPE = "ERROR cart view: java.lang.NullPointerException"


def blind_behind(*, asked: float, since: float = 6 * 3600.0, busy_for: float = 600, says: str = "") -> Snapshot:
    """Return a shop at its limit whose autoscaler sees nothing, behind a caller that was released and fails since.

    ``asked``: how many requests the caller gets, of 50 before. ``since``: how long ago the autoscaler was blinded.
    ``busy_for``: how long the shop is busy and slow. ``says``: what the caller repeats.
    """
    scaler = autoscaler("shop", 2, 9, blind=True)
    scaler["status"]["conditions"][0]["lastTransitionTime"] = at(since)
    caller = workload("web", env={"SHOP": "http://shop:8080"}, before=OLD, released=1500)
    felt = [errors("web", 0.5, 1440), rate("web", 50, asked, 1400), rate("shop", 50, asked, 1400)]
    felt += [figure("cpu_share", 0.4, 0.97, busy_for, pod=pod("shop", n), container="shop") for n in range(2)]
    felt.append(latency("shop", now=1.5, since=busy_for))
    return snapshot(caller, shop(), scaler, figures=felt, logs=logs("web", says, 0, 1) if says else [])


STREAM = {"consumergroup": "encoders", "queue": "CLIPS"}


def durable(*names: str, key: str = "DURABLE", share: float = 0.98) -> Snapshot:
    """Return encoders behind a Service that read a stream, whose group a ConfigMap gives to some of the programs."""
    told = [{"name": "settings", "env": [], "envFrom": [{"configMapRef": {"name": "encoders"}}]}]
    programs = ("encoder", "notify", "upload")
    made = [
        workload(each, env={"NATS_URL": "nats://bus:4222"}, spec={"containers": told} if each in names else None)
        for each in programs
    ]
    return snapshot(
        *made,
        workload("bus", "nats:2.10", kind="StatefulSet", pods=3, port=4222),
        thing("ConfigMap", "encoders", data={"NATS_URL": "nats://bus:4222", key: "encoders"}),
        figures=[
            figure("queue_depth", 150, 900, 1500, **STREAM),
            *(figure("cpu_share", share, share, pod=pod("encoder", n), container="encoder") for n in range(2)),
        ],
    )


def held_for(
    *, api: float = 60, serves: float = 23, slow: float = 40, api_memory: float = 0.96, **made: Any
) -> Snapshot:
    """Return a busy shop that serves all it can, and who asks it, whose memory fills with what waits for it."""
    front = workload("api", env={"SHOP_URL": "http://shop:8080"}, **made)
    return snapshot(
        shop(),
        killed(front, 2) if api_memory > 0.9 else front,
        figures=[
            *busy(rate("shop", 20, serves), throttled=0.9)[:-2],
            rate("shop", 20, serves),
            latency("shop", 0.15, slow),
            latency("api", 0.1, slow),
            rate("api", 50, api),
            *(figure("memory_share", 0.25, api_memory, pod=pod("api", n), container="api") for n in range(2)),
        ],
    )


HOLDS = [
    Holds(
        "it serves hardly more than it did, and who asks it for more is killed, full of requests that wait",
        held_for(api=90),
        (SHOP, "capacity", "scale_workload"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=API),
        sure=(0.7, 0.95),
        alone=True,
    ),
    Holds(
        "it serves hardly more than it did, and who asks it for more has room",
        held_for(api=90, api_memory=0.4),
        (SHOP, "capacity", "scale_workload"),
        spares=no("scale_workload", at=API),
        sure=(0.0, 0.69),
    ),
    Holds(
        "it serves fewer than it did, and who asks it for more is killed: something makes its work dearer",
        held_for(api=90, serves=15),
        (SHOP, "capacity", "scale_workload"),
        sure=(0.0, 0.69),
    ),
    Holds(
        "it serves hardly more than it did, and who asks it for no more than ever is killed",
        held_for(api=50),
        (SHOP, "capacity", "scale_workload"),
        sure=(0.0, 0.69),
    ),
    Holds(
        "its collector has no room at the same traffic, and who asks it for no more is killed, full of what waits",
        replace(held_for(api=50, serves=20), logs=(*held_for().logs, *logs("shop", JAVA, 0, 1, times=9))),
        (SHOP, "resource_exhaustion", "page_human"),
        excludes=no("scale_workload", "restart_workload", "rollback_workload", at=API),
        alone=True,
        harmful=("restart_workload", "scale_workload"),
    ),
    Holds(
        "who asks it was released half an hour before, and asks it for four times as much at the same traffic",
        held_for(api=50, serves=80, before=OLD, released=1900),
        (SHOP, "capacity", "scale_workload"),
        spares=no("rollback_workload", at=API),
        believed="memory_since_release",
    ),
    Holds(
        "who asks it asks it for four times as much at the same traffic, as old as it is",
        held_for(api=50, serves=80),
        (SHOP, "capacity", "scale_workload"),
        excludes=no("scale_workload", "restart_workload", at=API),
    ),
    Holds(
        "its autoscaler sees nothing, and it was busy and slow before who asks it was released, which fails by it",
        blind_behind(asked=70, busy_for=1800),
        (SHOP, "capacity", "scale_workload"),
        alone=True,
        harmful=("rollback_workload",),
    ),
    *(
        Holds(
            f"its autoscaler sees nothing, and who asks it fails since its own release, long before it is busy: {what}",
            world,
            (SHOP, "capacity", "scale_workload"),
            believed="errors_since_release",
            began=began,
        )
        for what, world, began in (
            (
                "its users try again, for weeks blind",
                blind_behind(asked=70, since=20 * DAY, busy_for=300, says=NPE),
                300,
            ),
            ("its users try again, for hours blind", blind_behind(asked=70, busy_for=300, says=NPE), 300),
            ("it is asked as before", blind_behind(asked=50), 600),
            ("it was blinded since", blind_behind(asked=70, since=900, says=NPE), 600),
        )
    ),
    Holds(
        "a setting gives it the name of the consumer by which a stream is read that grows",
        durable("encoder"),
        (ENCODER, "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"nobody measures it but its autoscaler, which wants more pods than it may give: {what}",
            world,
            (SHOP, "capacity", "page_human"),
            excludes=no("scale_workload", at=SHOP),
            sure=(0.4, 0.6),
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("they use all that they may", counted()),
            (
                "they use all that they and what runs beside them may",
                counted("1450m", beside=container("proxy", "proxy:1", resources={"limits": {"cpu": "500m"}})),
            ),
        )
    ),
    Holds(
        "readers of a queue that grows are at their limit, and nobody asks them for anything",
        readers(),
        (SENDER, "capacity", "scale_workload"),
    ),
    Holds(
        "what they read grows under a key of a store",
        readers(figure("queue_depth", 4, 9000, 1450, component="redis", key="hooks")),
        (SENDER, "capacity", "scale_workload"),
    ),
    Holds(
        "they were released hours before it grew",
        readers(before=IMAGE, released=9000),
        (SENDER, "capacity", "scale_workload"),
    ),
    Holds(
        "pods that started a minute ago are throttled, and busy",
        snapshot(shop(started=60), figures=busy(GROWN)),
        (SHOP, "capacity", "scale_workload"),
        believed="traffic_grew",
    ),
    Holds(
        "pods that have run for long are throttled in bursts",
        snapshot(shop(), figures=busy(SAME, throttled=0.31, share=0.4)),
        (SHOP, "capacity", "scale_workload"),
    ),
    *(
        Holds(
            f"{runtime} collects what is no garbage, at the same traffic",
            collecting(line, SAME),
            (SHOP, "resource_exhaustion", "page_human"),
            excludes=no("rollback_workload", at=SHOP),
            harmful=("restart_workload",),
        )
        for runtime, line in (("Go", GO), ("the JVM", JAVA), ("V8", VEIGHT))
    ),
    Holds("the collector frees half of the heap", collecting(FREE, SAME), (SHOP, "capacity", "scale_workload")),
    Holds(
        "the collector has no room, and demand grew",
        collecting(GO, GROWN),
        (SHOP, "capacity", "scale_workload"),
        believed="traffic_grew",
    ),
    Holds(
        "a replica that was added ended once and runs",
        snapshot(
            later(shop(pods=3), 1, again("Error", 1, age=600), age=660), autoscaler("shop", 3, 9), figures=busy(GROWN)
        ),
        (SHOP, "capacity", "scale_workload"),
        believed="traffic_grew",
    ),
    Holds(
        "demand grew",
        snapshot(shop(before=IMAGE, released=9 * DAY), figures=busy(GROWN)),
        (SHOP, "capacity", "scale_workload"),
        believed="traffic_grew",
    ),
    Holds(
        "demand grew, and the autoscaler is at its maximum",
        snapshot(shop(), autoscaler("shop", 2, 2), figures=busy(GROWN)),
        (SHOP, "capacity", "page_human"),
        excludes=no("scale_workload", at=SHOP),
        believed="traffic_grew",
    ),
    Holds(
        "demand grew, and the autoscaler sees nothing of it",
        snapshot(shop(), autoscaler("shop", 2, 9, blind=True), figures=busy(GROWN)),
        (SHOP, "capacity", "scale_workload"),
        believed="traffic_grew",
    ),
    Holds(
        "replicas were taken away",
        snapshot(shop(), figures=busy(figure("replicas_available", 6, 2, component="shop"), SAME)),
        (SHOP, "capacity", "scale_workload"),
    ),
    Holds(
        "the autoscaler's maximum was lowered",
        snapshot(
            shop(),
            lowered(),
            figures=[
                latency("shop"),
                rate("shop", 50, 55),
                figure("hpa_max", 10, 2, 1800, component="shop"),
                figure("hpa_replicas", 6, 2, 1800, component="shop"),
                *(figure("cpu_share", 0.5, 0.98, 1750, pod=pod("shop", n), container="shop") for n in range(2)),
            ],
        ),
        (SHOP, "capacity", "page_human"),
        believed="scaled_down",
    ),
    Holds(
        "replicas were taken away by hand",
        snapshot(
            scaled_by_hand(),
            event(
                API,
                "ScalingReplicaSet",
                "Scaled down replica set api-r1 from 5 to 1",
                kind="Normal",
                age=900,
                count=1,
            ),
            figures=[
                latency("api", 0.1, 3.0, 880),
                rate("api"),
                figure("replicas_wanted", 5, 1, 900, component="api"),
                figure("cpu_share", 0.4, 0.99, 880, pod=pod("api"), container="api"),
            ],
        ),
        (API, "capacity", "scale_workload"),
        believed="scaled_down",
    ),
    Holds(
        "who reads a queue that grows",
        snapshot(
            workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
            workload("api", env={"Q": "amqp://rabbitmq"}),
            workload("web", env={"Q": "amqp://rabbitmq"}),
            figures=[
                figure("queue_depth", 10, 30000, 1400, component="api"),
                rate("web", 50, 200, 1450),
                *(figure("cpu_share", 0.4, 0.97, 1400, pod=pod("api", n), container="api") for n in range(2)),
            ],
            alerts=[alert("QueueDepth", service="api")],
        ),
        (API, "capacity", "scale_workload"),
    ),
    Holds(
        "new code needs more",
        snapshot(shop(before=IMAGE, released=660), figures=busy(SAME)),
        (SHOP, "capacity", "scale_workload"),
        believed="errors_since_release",
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a stream grows, and {what}", world, harmful=("scale_workload", "restart_workload"))
        for what, world in (
            ("two programs have the name of its consumer", durable("encoder", "notify")),
            ("its consumer has the name of something else in their settings", durable("encoder", key="PRESET")),
        )
    ),
    DoesNotHold(
        "a stream grows, and its consumer is another one than who is busy",
        durable("notify"),
        ("Deployment/notify", "capacity", "scale_workload"),
    ),
    *(
        DoesNotHold(
            f"nobody measures it but its autoscaler, and {what}",
            world,
            harmful=("scale_workload", "restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("its pods use more than they ask for, and far less than they may", counted(limit="4")),
            ("its pods may use what they want", counted(limit="")),
            (
                "what runs beside them may use what it wants",
                counted(beside=container("proxy", "proxy:1")),
            ),
            ("it counts their memory", counted(metric="memory")),
            ("it may still give some", counted(most=9, full=False)),
            ("it has not counted of late", counted(blind=True)),
            ("nobody feels it", counted(felt=False)),
        )
    ),
    DoesNotHold(
        "its autoscaler counts that its pods use all that they may, and figures know better",
        counted(figures=[figure("cpu_share", 0.4, 0.4, pod=pod("shop", n), container="shop") for n in range(2)]),
        harmful=("scale_workload", "restart_workload", "rollback_workload"),
    ),
    DoesNotHold(
        "readers at their limit since their release, as their queue grows",
        readers(before=IMAGE, released=1600),
        (SENDER, "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "readers at their limit whose queue grows half an hour after their release",
        readers(before=IMAGE, released=2950),
        (SENDER, "code_defect", "rollback_workload"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "readers at their limit since a run publishes what was published before",
        readers(
            beside=workload("replay", kind="Job", pods=1, started=1500, service=False),
            lines=[log("replay-0", "INFO replayed 500 hooks", "INFO replayed 1000 hooks")],
        ),
        ("Job/replay", "resource_exhaustion", "page_human"),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "readers at their limit take a message again and again that one of them cannot read",
        readers(lines=logs("sender", "ERROR cannot decode message: unexpected end of input", 0)),
        (SENDER, "code_defect", "page_human"),
        harmful=("scale_workload",),
    ),
    *(
        DoesNotHold(
            f"readers at their limit {what}",
            readers(lines=logs("sender", line, 0, 1)),
            (SENDER, "capacity", "scale_workload"),
        )
        for what, line in (
            ("give messages back", "ERROR hook 7: basic.nack requeue=true, message rejected"),
            ("try what another refuses", "ERROR hook 7: connection refused by http://billing:8080, next try in 1s"),
        )
    ),
    DoesNotHold(
        "a key of a store grows that they are not told to read",
        readers(figure("queue_depth", 4, 9000, 1450, component="redis", key="sender-cart")),
        harmful=("scale_workload",),
    ),
    DoesNotHold(
        "pods that started a minute ago, throttled for it, and idle by now",
        snapshot(shop(started=60), figures=busy(SAME, throttled=0.31, share=0.13)),
    ),
    DoesNotHold(
        "busy pods that nobody feels",
        snapshot(shop(), figures=[*busy(throttled=0.0, share=0.5)[:-1], WELL]),
        HEALTHY,
    ),
    DoesNotHold(
        "a night of more traffic that the autoscaler has met",
        snapshot(
            workload("api", pods=4),
            autoscaler("api", 4, 6),
            figures=[
                latency("api", 0.1, 0.14),
                rate("api", 50, 130),
                *(figure("cpu_share", 0.4, 0.7, pod=pod("api", n), container="api") for n in range(4)),
            ],
        ),
        (API, "no_fault", "no_action"),
    ),
    DoesNotHold(
        "the replicas that were added end at start",
        snapshot(
            later(shop(pods=5, before=IMAGE, released=9 * DAY), 3, looping(restarts=9)),
            autoscaler("shop", 5, 9),
            figures=busy(GROWN),
        ),
        ("page_human",),
        harmful=("scale_workload", "restart_workload", "rollback_workload"),
    ),
]
