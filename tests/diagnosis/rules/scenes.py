"""What the cases of several rules share: names, what users feel, and troubles that are more than one line."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.pods import again, pods_of, put
from tests.diagnosis.rules.tiny import DAY, NOW, Obj, at, container, figure, log, pod, session, thing, workload
from tuheg_ir.diagnosis.model import Alert, Log, Series

SHOP, CART, API, WEB = "Deployment/shop", "Deployment/cart", "Deployment/api", "Deployment/web"
DB, CACHE = "StatefulSet/postgres", "Deployment/redis"

IMAGE: dict[str, Any] = {"image": "registry.example/shop:0"}
OLD: dict[str, Any] = {"image": "registry.example/app:0"}
ROOM: dict[str, Any] = {"resources": {"limits": {"cpu": "1", "memory": "512Mi"}}}
MORE: dict[str, Any] = {"resources": {"limits": {"cpu": "2", "memory": "1Gi"}}}

URL = {"DATABASE_URL": "postgres://shop@postgres:5432/shop"}
CALLS_CART = {"CART_URL": "http://cart:8080"}

UNREAD = (
    "StackExchange.Redis.RedisTimeoutException: Timeout awaiting response (outbound=0KiB, inbound=5KiB, 7272ms "
    "elapsed, timeout is 5000ms), command=GET, qs: 14, rs: ReadAsync, ws: Idle, in: 24367, in-pipe: 0, mc: 1/1/0, "
    "serverEndpoint: redis:6379, IOCP: (Busy=0,Free=1000,Min=1,Max=1000), "
    "WORKER: (Busy=38,Free=32729,Min=2,Max=32767), POOL: (Threads=38,QueuedItems=85,Timers=248), v: 2.8.16.12844"
)
EMPTY = UNREAD.replace("in: 24367", "in: 0")
FATAL = "FATAL: sorry, too many clients already"
REFUSED = log(
    pod("shop"),
    'psycopg.OperationalError: connection to server at "postgres" (10.96.0.7), port 5432 failed: '
    "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
)
FORGOTTEN = session(SHOP, "idle in transaction", 80, age_s=900)
WORKING = session(SHOP, "active", 15, age_s=0.2)
QUOTA = 'Error creating: pods "shop-x" is forbidden: exceeded quota: team, requested: limits.cpu=1, used: 8, limited: 8'


def shop(**more: Any) -> list[Obj]:
    return workload("shop", **more)


def errors(component: str, now: float = 0.3, since: float = 600, before: float = 0.001) -> tuple[str, Series]:
    return figure("error_ratio", before, now, since, component=component)


def latency(component: str, before: float = 0.1, now: float = 2.0, since: float = 600) -> tuple[str, Series]:
    return figure("latency_p95", before, now, since, component=component)


def rate(component: str, before: float = 50, now: float = 50, since: float = 600) -> tuple[str, Series]:
    return figure("request_rate", before, now, since, component=component)


def failing(*ratios: float, of: str = "shop", since: float = 600) -> list[tuple[str, Series]]:
    """Return the share of errors of each pod of a Deployment."""
    return [figure("error_ratio_by_pod", 0.0, ratio, since, pod=pod(of, n)) for n, ratio in enumerate(ratios)]


WELL = errors("shop", 0.001)


def alert(name: str = "HighErrors", state: str = "firing", **labels: str) -> Alert:
    return Alert(name, labels, {}, state, NOW - timedelta(minutes=10))


def logs(name: str, line: str, *numbers: int, times: int = 9, since: float = 240) -> list[Log]:
    """Return the logs of some pods (the first one) of a Deployment that repeat a line."""
    return [log(pod(name, number), *[line] * times, since=since) for number in numbers or (0,)]


def ingress(name: str, host: str, *, klass: str = "nginx", port: int = 8080, **more: Any) -> Obj:
    """Return an Ingress that sends a host to the Service of the same name."""
    path = {"path": "/", "backend": {"service": {"name": more.pop("service", name), "port": {"number": port}}}}
    rules = [{"host": host, "http": {"paths": [path]}}]
    return thing("Ingress", name, spec={"ingressClassName": klass, "rules": rules}, **more)


def policy(name: str, app: str, *, age: float = 600, **spec: Any) -> Obj:
    """Return a NetworkPolicy for the pods of one app; it is of the types that it has rules for."""
    types = [kind.capitalize() for kind in ("ingress", "egress") if kind in spec]
    selects = {"podSelector": {"matchLabels": {"app": app}}, "policyTypes": types}
    return thing("NetworkPolicy", name, age=age, spec={**selects, **spec})


def down(objects: list[Obj], status: Any, *, unready: float = 500) -> list[Obj]:
    """Return a workload of which no pod is ready, each in the same state."""
    for each in pods_of(objects):
        put(each, status, ready=False, unready=unready)
    objects[0]["status"]["readyReplicas"] = 0
    return objects


def taken_back(objects: list[Obj]) -> list[Obj]:
    """Return a Deployment whose release went back to the template of weeks ago: `before` is what was tried between."""
    back = [each for each in objects if each["kind"] == "ReplicaSet"][1]
    back["metadata"]["creationTimestamp"] = at(40 * DAY)
    back["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
    return objects


def killed(objects: list[Obj], count: int = 1, age: float = 300) -> list[Obj]:
    """Return a workload of which some containers were killed for memory and run again."""
    for each in pods_of(objects)[:count]:
        put(each, again("OOMKilled", 137, age=age, restarts=2), unready=age)
    return objects


def with_helper(objects: list[Obj], before: Obj, now: Obj) -> list[Obj]:
    """Return a released Deployment that has a second container as well, which its release changed."""
    sets = [each["spec"]["template"] for each in objects if each["kind"] == "ReplicaSet"]
    for template, more in ((sets[0], before), (sets[-1], now), (objects[0]["spec"]["template"], now)):
        own = [each for each in template["spec"]["containers"] if each["name"] != "helper"]
        template["spec"] = {**template["spec"], "containers": [*own, container("helper", "helper:1", **more)]}
    return objects


def without_pods(objects: list[Obj], *numbers: int) -> list[Obj]:
    """Return a workload that lacks some of its pods."""
    gone = [each["metadata"]["name"] for n, each in enumerate(pods_of(objects)) if n in numbers]
    return [each for each in objects if each["kind"] != "Pod" or each["metadata"]["name"] not in gone]


def rising(name: str, low: float, high: float) -> tuple[str, Series]:
    """Return memory that rises evenly over the hour."""
    points = tuple((NOW.timestamp() - age, low + (high - low) * (3600 - age) / 3600) for age in range(3600, -1, -30))
    return "memory_share", Series({"pod": name, "container": "shop"}, points)


def pool(name: str, *taken: int, since: float = 1200) -> tuple[str, Series]:
    """Return how many connections a pod has taken of its pool: at even times since it started."""
    step = since / (len(taken) - 1)
    points = tuple((NOW.timestamp() - since + n * step, float(count)) for n, count in enumerate(taken))
    return "pool_in_use", Series({"pod": name}, points)


def busy(*more: Any, throttled: float = 0.5, share: float = 0.97) -> list[tuple[str, Series]]:
    """Return the figures of a shop of two pods that are at their processor limit, and slow."""
    return [
        *(figure("throttled_share", 0.01, throttled, pod=pod("shop", n), container="shop") for n in range(2)),
        *(figure("cpu_share", 0.4, share, pod=pod("shop", n), container="shop") for n in range(2)),
        latency("shop", now=1.5),
        *more,
    ]


def autoscaler(name: str, now: int, most: int, *, blind: bool = False, **more: Any) -> Obj:
    """Return an autoscaler of a Deployment; ``blind``: it gets no figures."""
    active = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}
    if blind:
        active |= {"status": "False", "reason": "FailedGetResourceMetric", "message": "no metrics returned"}
    return thing(
        "HorizontalPodAutoscaler",
        name,
        spec={"scaleTargetRef": {"kind": "Deployment", "name": name}, "maxReplicas": most},
        status={"currentReplicas": now, "desiredReplicas": now, "conditions": [active]},
        **more,
    )
