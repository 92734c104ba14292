"""What goes as it is meant to, and an alert that measures something else: requests held open, standbys, held room."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.scenes import IMAGE, WELL, alert, errors, ingress, latency, logs, shop
from tests.diagnosis.rules.tiny import NOW, Obj, at, event, figure, log, pod, series, snapshot, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

HOLD = {"FEED_HOLD_SECONDS": "20"}
QUICK = "msg=answered path=/news wait=0 status=200 dur_ms=5"
OVER = "msg=answered path=/news wait=20 status=204 dur_ms=20004"
NEWS = "msg=answered path=/news wait=20 status=200 dur_ms=9100"
LEFT = "msg=answered path=/news wait=20 status=499 dur_ms=12400"
SELDOM = (NEWS, OVER, QUICK, OVER, QUICK, OVER)
"""News that come once in many requests."""
POLLED = (QUICK, OVER, QUICK, NEWS, LEFT, OVER, QUICK, NEWS, OVER, NEWS)


def polled(
    lines: Iterable[str] | None = POLLED,
    *more: str,
    env: Mapping[str, str] | None = None,
    now: float = 22.0,
    error: float = 0.0,
    file: str = "",
    fires: str = "LatencyHigh",
    by: int = 2,
    since: float = 800,
) -> Snapshot:
    """Return a shop that takes long since it was released so long ago, and is told to let clients wait."""
    given = HOLD if env is None else env
    spec: Obj = {"volumes": [{"name": "c", "configMap": {"name": "feed"}}]} if file else {}
    told = [log(pod("shop", n), *lines, *more, since=since) for n in range(by)] if lines else []
    made = thing("ConfigMap", "feed", data={"feed.yaml": file})
    return snapshot(
        shop(env=given, before=IMAGE, released=since + 100, spec=spec),
        made,
        logs=told,
        figures=[errors("shop", error), latency("shop", 0.01, now, since + 40)],
        alerts=[alert(fires, service="shop", severity="critical")],
    )


WAITS = "leaderelection.go:254] attempting to acquire leader lease town/planner..."
LEADS = "leaderelection.go:268] successfully acquired lease town/planner"
BY_DESIGN = '"Standing by, readyz answers 503 until this instance leads"'
WARM = '"warm" db="3ms"'


def standing_by(
    says: Iterable[str] = (WAITS, BY_DESIGN, WARM),
    leads: Iterable[str] = (LEADS, '"plan written" routes=63'),
    *,
    ready: int = 1,
    pods: int = 2,
    settings: str = "",
    fires: str = "KubeDeploymentReplicasMismatch",
    status: Mapping[str, Any] | None = None,
    figures: Iterable[Any] = (),
    **more: Any,
) -> Snapshot:
    """Return a planner of which the first pod leads and all others stand by, not ready, for days."""
    spec: Obj = {"volumes": [{"name": "c", "configMap": {"name": "planner"}}]}
    made = workload("planner", pods=pods, ready=ready, spec=spec, status=status, **more)
    file = thing("ConfigMap", "planner", data={"config.yaml": settings or "interval: 60s"})
    told = [log(pod("planner", 0), *leads), *(log(pod("planner", n), *says) for n in range(1, pods))]
    fires_for = alert(fires, deployment="planner", severity="critical")
    return snapshot(shop(), made, file, logs=told, figures=[WELL, *figures], alerts=[fires_for])


NO_ROOM = "0/6 nodes are available: 6 Insufficient cpu."


def giving_way(
    *more: Any,
    image: str = "registry.k8s.io/pause:3.10",
    priority: int | None = -10,
    klass: int | None = None,
    by: str = "relay-pod1",
    relays: int = 4,
    why: str = NO_ROOM,
    fires: str = "KubeDeploymentReplicasMismatch",
    figures: Iterable[Any] = (),
) -> Snapshot:
    """Return pods that hold room, one of which gave way to a relay and waits since."""
    spec: Obj = {"priorityClassName": "seats"} | ({} if priority is None else {"priority": priority})
    seats = workload("seats", image, pods=2, ready=1, service=False, spec=spec)
    waits = pods_of(seats)[1]
    waits["metadata"]["creationTimestamp"] = at(1500)
    del waits["spec"]["nodeName"]
    placed = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": why}
    waits["status"] = {"phase": "Pending", "conditions": [placed]}
    took = event("Pod/seats-pod1", "Preempted", f"Preempted by pod town/{by} on node n1", age=1500)
    took["involvedObject"]["name"] = waits["metadata"]["name"]
    classes = [] if klass is None else [thing("PriorityClass", "seats", value=klass)]
    return snapshot(
        shop(),
        seats,
        took,
        classes,
        workload("relay", pods=4, ready=relays),
        *more,
        figures=[WELL, *figures],
        alerts=[alert(fires, deployment="seats", severity="critical")],
    )


SERVED = '10.9.0.5 - - "GET /permits/{} HTTP/1.1" {} 1829 "-" "App/8.12" ua={}:8080'


def counted_anew(
    *,
    says: str = "shop gets no requests",
    was: float = 16.0,
    now: float | None = 5.4,
    edge: bool = True,
    status: int = 200,
    address: str = "",
    since: float = 240,
    ready: int = 3,
    path: str = "/permits",
    failed: int = 0,
    ended: bool = True,
    of: str = "",
    pods_fail: float = 0.0,
) -> Snapshot:
    """Return a shop whose total ended as it was released, whose pods count, and an edge that tells of its answers."""
    made = shop(pods=3, ready=ready, before=IMAGE, released=1500)
    reached = address or pods_of(made)[0]["status"]["podIP"]
    lines = [SERVED.format(n, status, reached).replace("/permits", path) for n in range(9)]
    lines += [SERVED.format(n, 502, reached) for n in range(failed)]
    points = [(NOW.timestamp() - age, was) for age in range(3600, 1500, -60)]
    points += [] if ended else [(NOW.timestamp() - age, 0.0) for age in range(1500, -1, -60)]
    figures: list[tuple[str, Series]] = [("request_rate", Series({"component": "shop"}, tuple(points)))]
    counts = [series({"pod": pod("shop", n)}, (1400, now)) for n in range(3)] if now is not None else []
    labels = {"service": "shop", "severity": "critical"} | ({"route": of} if of else {})
    ratios = [series({"pod": pod("shop", n)}, (1400, pods_fail)) for n in range(3)]
    told = Alert("ShopTraffic", labels, {"summary": says}, "firing", LATER)
    return snapshot(
        made,
        workload("edge"),
        ingress("edge", "shop.example"),
        logs=[log(pod("edge"), *lines, since=since)] if edge else [],
        figures=[
            *figures,
            *(("request_rate_by_pod", each) for each in counts),
            *(("error_ratio_by_pod", each) for each in ratios),
            ("error_ratio", until(1500, errors("shop", 0.001)[1])),
        ],
        alerts=[told],
    )


LATER = NOW - timedelta(minutes=15)

PLAN_JOB: Obj = {"activeDeadlineSeconds": 3900}
PUT = "INFO drill: step 1/2: added toxic drill-timeout on points"
GOES_ON = "INFO drill: guard ok: orders placed 99.6% (limit 98.5%)"
NEXT = "INFO drill: next step 2/2 at 14:45: remove toxic drill-timeout"
TIMED_OUT = 'WARN call failed: I/O error on POST request for "http://proxy:8666/points": Read timed out'


def exercised(
    *says: str,
    name: str = "resilience-drill",
    job: Mapping[str, Any] | None = None,
    last: str = "",
    target: str = "http://proxy:8474",
    calls: str = "http://proxy:8666",
    hears: str = TIMED_OUT,
    heard: float = 1190,
    put: float = 1200,
    fires: str = "ShopPointsBreakerOpen",
    began: float = 900,
    over: bool = False,
    error: float = 0.001,
    ready: int = 2,
    measured: float = 0,
) -> Snapshot:
    """Return a shop, a proxy on its way to another one, and a run that put a fault there 20 minutes ago."""
    spec = {"schedule": "0 14 * * 3", "jobTemplate": {"spec": PLAN_JOB if job is None else job}}
    image = f"registry.example/{name}:1"
    inner = {"name": "run", "image": image, "env": [{"name": "PROXY", "value": target}]}
    spec["jobTemplate"]["spec"] |= {"template": {"spec": {"containers": [inner]}}}  # type: ignore[index]
    cron = thing("CronJob", name, spec=spec, status={"lastSuccessfulTime": last} if last else {})
    run = thing("Job", f"{name}-1", age=1500, spec={"template": {"spec": {"containers": [inner]}}})
    run["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": name, "controller": True}]
    ran = thing("Pod", f"{name}-1-x", age=1500, spec={"containers": [inner], "nodeName": "n1"})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": f"{name}-1", "controller": True}]
    ran["status"] = {"phase": "Succeeded" if over else "Running"}
    lines = [
        f"{at(put)} {PUT}",
        *(f"{at(put - 60 * (n + 1))} {each}" for n, each in enumerate(says or (GOES_ON, NEXT))),
    ]
    told = Alert(fires, {"service": "shop", "severity": "critical"}, {}, "firing", NOW - timedelta(seconds=began))
    return snapshot(
        shop(env={"POINTS_URL": calls}, ready=ready),
        workload("proxy", "ghcr.io/shopify/toxiproxy:2.9.0", pods=1),
        workload("till"),
        *(cron, run, ran),
        logs=[
            Log(f"{name}-1-x", "run", tuple(lines)),
            Log(pod("shop"), "shop", tuple(f"{at(heard - n)} {hears}" for n in range(4)) if hears else ()),
        ],
        figures=[(signal, until(measured, each)) for signal, each in [errors("shop", error)]],
        alerts=[told],
    )


def until(age: float, told: Series) -> Series:
    """Return what was measured until so many seconds ago."""
    return Series(told.labels, tuple(point for point in told.points if point[0] <= NOW.timestamp() - age))


PREFIX = {"TOPIC": "postings", "SPRING_KAFKA_PRODUCER_TRANSACTION_ID_PREFIX": "poster-"}
STARTED = "[Producer clientId=p-1, transactionalId=p-1] Instantiated a transactional producer."


def left_over(
    *,
    most: float = 1.0,
    total: float = 12.0,
    before: float | None = None,
    since: float = 3000,
    env: Mapping[str, str] | None = None,
    starts: str = "",
    topic: str = "postings",
    group: str = "viewer",
    hears: str = "INFO idle",
    fires: str = "KafkaConsumerGroupStalled",
    ready: int = 2,
    parts: bool = True,
) -> Snapshot:
    """Return a reader whose group has so many waiting in the fullest of its partitions, and in all; and a poster."""
    where = {"consumergroup": "viewer", "queue": "postings"}
    figures = [figure("queue_depth", total if before is None else before * 12, total, since, **where)]
    figures += [figure("queue_part_depth", most if before is None else before, most, since, **where)] if parts else []
    told = {"service": "viewer", "severity": "critical", "topic": topic} | ({"consumergroup": group} if group else {})
    said = {"summary": "viewer has lag and its offsets do not move"}
    return snapshot(
        shop(),
        workload("viewer", ready=ready),
        workload("poster", env=PREFIX if env is None else env),
        logs=[*logs("viewer", hears), *(logs("poster", starts, times=1) if starts else ())],
        figures=[WELL, *figures],
        alerts=[Alert(fires, told, said, "firing", LATER)],
    )
