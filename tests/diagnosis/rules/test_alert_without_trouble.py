"""An alert about requests, and the requests that it speaks of are measured and well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from tests.diagnosis.rules.back_again import AWAY, SENT, TIMED_OUT, back_again, hill, killed_once
from tests.diagnosis.rules.cases import ASK, HEALTHY, DoesNotHold, Holds
from tests.diagnosis.rules.coins import BEHIND, BITCOIND, CAUGHT_UP, LEDGER, TIP, coin_node
from tests.diagnosis.rules.colours import NEW, colours, slot
from tests.diagnosis.rules.former_group import FORMER, NOW_IN, consumer, watched
from tests.diagnosis.rules.freezing import NEAR, WAITS, fields, freezing, of_column, records
from tests.diagnosis.rules.heaps import KILLED, TAKEN, evenly, held
from tests.diagnosis.rules.kept_shut import (
    BEFORE_NOW,
    BLACKOUT,
    FAR,
    HELD,
    IN_UTC,
    IN_WORDS,
    RULES,
    TO_BE_LATE,
    WINDOW,
    ZONELESS,
    shut,
    waiting_for,
)
from tests.diagnosis.rules.leaving import HANGS, sewing
from tests.diagnosis.rules.pods import pods_of
from tests.diagnosis.rules.rehearsed import LESS, SAYS, rehearsed
from tests.diagnosis.rules.scenes import DB, OLD, SHOP, WELL, alert, autoscaler, errors, ingress, latency, logs, shop
from tests.diagnosis.rules.searched import DEAD, HOSTS, answers, asked
from tests.diagnosis.rules.set_back import KAFKA, replay
from tests.diagnosis.rules.tiny import (
    DAY,
    NOW,
    Obj,
    at,
    container,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tests.diagnosis.rules.usual import printing
from tuheg_ir.diagnosis.model import Alert, Log, Series, Snapshot

KNOCK = '203.0.113.9 - - [04/Mar/2026:11:59:00 +0000] "GET /wp-login.php HTTP/1.1" %s 512'


def late(setting: str) -> list[Obj]:
    """Return a standby that runs with a setting."""
    return postgres("standby", args=["-c", setting])


TAKEN_OUT = "set -e\n# to delay: recovery_min_apply_delay=2h\nexec postgres"


def standby(
    lag: float | None, *more: Any, name: str = "ReplicationLag", by: str = "recovery_min_apply_delay=2h"
) -> Snapshot:
    """Return a page about a standby that is told to be two hours late, and how late it is."""
    figures = [] if lag is None else [figure("db_replication_lag", lag, lag, component="standby")]
    fires = alert(name, instance="standby-0", severity="critical")
    return snapshot(late(by), *more, figures=figures, alerts=[fires])


GONE = (DEAD, "www.gone.example", "www.lost.example")
POSTS = "ERROR posting batch failed: lookup {}: no such host"
SCANNER, GUEST = "203.0.113.9", "192.0.2.7"


def scan(
    *more: str, paths: tuple[str, ...] = ("/.env", "/wp-login.php", "/backup.sql"), guests: int = 20, served: int = 200
) -> Snapshot:
    """Return an alert about 4xx of a shop that a scanner asked for weak paths, beside its guests; ``more``: lines."""
    fires = alert("Http4xxRatioHigh", service="shop", severity="warning")
    lines = [f'{SCANNER} - - "GET {path} HTTP/1.1" 404 153' for path in paths * 8]
    lines += [f'{SCANNER} - - "GET /robots.txt HTTP/1.1" 200 12', f'{SCANNER} - - "GET / HTTP/1.1" 200 900']
    lines += [f'{GUEST} - - "GET /cart HTTP/1.1" {served} 700'] * guests
    return snapshot(shop(), logs=[log(pod("shop"), *lines, *more)], figures=[WELL, CALM], alerts=[fires])


GREEN = 'current.health="GREEN" message="Cluster health status changed from [YELLOW] to [GREEN] (reason: [...])."'
YELLOW = GREEN.replace("YELLOW", "x").replace("GREEN", "YELLOW").replace("[x]", "[GREEN]")
OK, FAIL = "Cluster state changed: ok", "Cluster state changed: fail"


def states(
    *told: tuple[float, str], image: str = "elasticsearch:8", users: float = 0.0, began: float = 600
) -> Snapshot:
    """Return a store that says of its cluster at some ages how it is, its users, and an alert about the cluster."""
    lines = tuple(f"[{at(age)}][INFO ][o.e.c.r.a.AllocationService] {line}" for age, line in told)
    fires = Alert(
        "SearchClusterYellow", {"cluster": "all"}, {"summary": "not green"}, "firing", NOW - timedelta(seconds=began)
    )
    return snapshot(
        workload("find", image, kind="StatefulSet", pods=3, port=9200),
        shop(env={"FIND_URL": "http://find:9200"}),
        logs=[Log("find-0", "find", lines, previous=False)],
        figures=[errors("shop", users), latency("shop", 0.1, 0.1)],
        alerts=[fires],
    )


CALM = latency("shop", 0.1, 0.11)
FULL = alert("KubeHpaMaxedOut", horizontalpodautoscaler="scaler-of-shop")


def scaled(stands: Obj, aim: Obj, *, least: int = 6, name: str = "cpu", kind: str = "Resource") -> Snapshot:
    """Return a shop at the maximum of its autoscaler, and how the one figure stands that it goes by."""
    made = autoscaler("shop", 6, 6)
    made["metadata"]["name"] = "scaler-of-shop"
    key = kind.lower()
    what: Obj = {"name": name} if kind == "Resource" else {"metric": {"name": name}}
    made["spec"] |= {"minReplicas": least, "metrics": [{"type": kind, key: {**what, "target": aim}}]}
    made["status"]["currentMetrics"] = [{"type": kind, key: {**what, "current": stands}}]
    return snapshot(shop(pods=6), made, figures=[WELL], alerts=[FULL])


def staged(partition: int = 2, released: float = 3600, new: int = 1, **label: str) -> Snapshot:
    """Return a set of three of which the last pods run a new template."""
    objects = workload("ledger", kind="StatefulSet", pods=3, before=OLD, released=released)
    objects[0]["spec"]["updateStrategy"] = {"type": "RollingUpdate", "rollingUpdate": {"partition": partition}}
    for each in pods_of(objects)[: 3 - new]:
        each["metadata"]["labels"]["controller-revision-hash"] = "ledger-r1"
    told = alert("KubeStatefulSetUpdateNotRolledOut", statefulset="ledger", severity="critical")
    return snapshot(objects, alerts=[told], figures=[errors("ledger", 0.001)])


def mailing(
    *, says: str = "200000 messages published to news", started: float = 3900, ended: float | None = 3300
) -> tuple[list[Obj], list[Log]]:
    """Return a run of a CronJob that began and completed so long ago, and what it told."""
    status = {"startTime": at(started)} | ({} if ended is None else {"completionTime": at(ended), "succeeded": 1})
    job = thing("Job", "mailing-1", age=started, status=status)
    job["metadata"]["ownerReferences"] = [{"kind": "CronJob", "name": "mailing", "controller": True}]
    ran = thing("Pod", "mailing-1-x", age=started, spec={"containers": [container("mailing", "mailing:1")]})
    ran["metadata"]["ownerReferences"] = [{"kind": "Job", "name": "mailing-1", "controller": True}]
    ran["status"] = {"phase": "Running" if ended is None else "Succeeded"}
    cron = thing("CronJob", "mailing", spec={"schedule": "0 2 * * *"}, status={"lastScheduleTime": at(started)})
    return [cron, job, ran], [Log("mailing-1-x", "mailing", (f"{at(started - 60)} {says}",))]


def deep(*depth: float, **labels: str) -> tuple[str, Series]:
    """Return how deep a queue was within the hour, evenly between these values."""
    span = len(depth) - 1
    points = []
    for age in range(3600, -1, -30):
        part, rest = divmod((3600 - age) / 3600 * span, 1)
        low, high = depth[int(part)], depth[min(int(part) + 1, span)]
        points.append((NOW.timestamp() - age, low + (high - low) * rest))
    return "queue_depth", Series(labels, tuple(points))


def lie(**keys: tuple[float, ...]) -> Snapshot:
    """Return a store, a worker that is told to read what lies under one key of it, and an alert of its queues."""
    told = Alert("QueueDeep", {"severity": "warning", "component": "redis"}, {}, "firing", NOW)
    figures = [deep(*depth, component="redis", key=key) for key, depth in keys.items()]
    worker = workload("sender", env={"QUEUE": "news"}, service=False)
    return snapshot(workload("redis", "redis:7"), worker, figures=figures, alerts=[told])


def waits(
    *depth: float,
    queue: str = "news",
    severity: str = "warning",
    line: str = "sent",
    run: Any = ((), ()),
    since: float = 0,
) -> Snapshot:
    """Return a sender whose queue is so deep, evenly between these values, an alert of it, and a run with its logs."""
    began = NOW - timedelta(seconds=since)
    told = Alert("QueueDeep", {"severity": severity}, {"summary": f"many messages wait in {queue}"}, "firing", began)
    depths = deep(*depth, component="sender", queue="news")
    objects, ran = run
    said = [*logs("sender", line), *ran]
    return snapshot(workload("sender"), *objects, logs=said, figures=[depths, errors("sender", 0.001)], alerts=[told])


CRITICAL: Obj = {"severity": "critical", "since": 3600}


COLLECTED = "[info][gc] GC(48211) Pause Young (Normal) (G1 Evacuation Pause) 2204M->%dM(3072M) 5.113ms"


def cached(image: str, *share: tuple[float, float], heap: int = 0, started: float = 90 * DAY) -> Snapshot:
    """Return a data service on a volume of its own whose memory is nearly full."""
    objects = workload("store", image, kind="StatefulSet", pods=1, started=started)
    objects[0]["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "data"}}]
    told = [log("store-0", *[COLLECTED % heap] * 5, of="store")] if heap else []
    memory = "memory_share", series({"pod": "store-0", "container": "store"}, *share)
    fires = [alert("ContainerMemoryNearLimit", pod="store-0", severity="critical")]
    return snapshot(shop(), objects, logs=told, figures=[memory, WELL], alerts=fires)


OUT_OF_MEMORY = alert("RedisOutOfConfiguredMaxmemory", service="redis", severity="warning")
READER = shop(env={"REDIS_URL": "redis://redis:6379/0"})
LRU: Obj = {"args": ["--maxmemory", "2gb", "--maxmemory-policy", "allkeys-lru"]}


def evicting(
    *objects: Any, users: float = 0.001, evictions: tuple[float, float] = (30, 33), room: float = 0.7, **more: Any
) -> Snapshot:
    """Return a full cache that drops keys, its reader, and an alert about its memory."""
    figures = [
        errors("shop", users),
        CALM,
        figure("cache_memory_share", 0.99, 0.999, component="redis"),
        figure("cache_evictions", *evictions, component="redis"),
        figure("memory_share", room, room, pod=pod("redis"), container="redis"),
    ]
    return snapshot(READER, redis(pods=1, **more), *objects, figures=figures, alerts=[OUT_OF_MEMORY])


POLLS = {"LONG_POLL_SECONDS": "30"}


def slow_since_ever(
    *, rule: float = 0, env: Any = None, was: float = 28.0, error: float = 0.001, fires: str = "ServiceLatencyHigh"
) -> Snapshot:
    """Return a shop that takes half a minute to answer, and a critical alert; ``rule``: the age of its rule."""
    rules = {"groups": [{"name": "golden", "rules": [{"alert": "ServiceLatencyHigh", "for": "5m"}]}]}
    made = [thing("PrometheusRule", "golden", age=rule, spec=rules)] if rule else []
    figures = [errors("shop", error), latency("shop", was, 29.0, 900)]
    return snapshot(shop(env=env), made, figures=figures, alerts=[alert(fires, service="shop", severity="critical")])


INTRUDED = (LEDGER, "security_incident", "page_human")
MINES = (LEDGER, "security_incident", "isolate_workload")
MINING = "prune-blockchain=1\nstart-mining=44AFF\nmining-threads=8\n"
CONF = thing("ConfigMap", "redis-conf", data={"redis.conf": "maxmemory 1gb\nmaxmemory-policy volatile-lfu\n"})
CONFIGURED: Obj = {"spec": {"volumes": [{"name": "conf", "configMap": {"name": "redis-conf"}}]}}


def old_certificate(
    *more: Any, secret: str = "town-tls", ready: str = "True", name: str = "town.example", host: str = "town.example"
) -> Snapshot:
    """Return a way in with a certificate, and a critical alert that the one in an older Secret has ended."""
    way = ingress("shop", host)
    way["spec"]["tls"] = [{"secretName": secret}]
    issued = thing(
        "Certificate",
        "town",
        spec={"secretName": "town-tls"},
        status={"conditions": [{"type": "Ready", "status": ready}]},
    )
    fires = alert("X509CertificateExpired", secret_name="town-2025", subject_CN=name, severity="critical")
    kept = [
        thing("Secret", each, type="kubernetes.io/tls", data={"tls.crt": "x"}) for each in ("town-tls", "town-2025")
    ]
    return snapshot(shop(), way, issued, *kept, *more, figures=[WELL], alerts=[fires])


RETIRED = {"town.example/retired": "2026-02-23: replaced by shop, all traffic moved"}


def at_rest(
    *more: Any,
    note: Obj = RETIRED,
    emptied: float = 9 * DAY,
    began: float = 8 * DAY,
    fires: str = "ShopV1Absent",
    **of: Any,
) -> Snapshot:
    """Return a shop that serves, an older one without pods, and a critical alert that misses the older one."""
    old = workload("shop-v1", **{"pods": 0, "service": False, **of})
    old[0]["metadata"]["annotations"] = {**old[0]["metadata"].get("annotations", {}), **note}
    old[0]["metadata"]["managedFields"] = [{"manager": "kubectl", "time": at(emptied), "subresource": "scale"}]
    labels = {"job": "shop-v1", "severity": "critical"}
    told = Alert(fires, labels, {}, "firing", NOW - timedelta(seconds=began))
    return snapshot(shop(), old, *more, figures=[WELL], logs=logs("shop", "GET / 200"), alerts=[told])


def counted(since: float) -> Snapshot:
    """Return a well shop of which an alert fires; its autoscaler could not count minutes ago, and can since then."""
    scaler = autoscaler("shop", 2, 9)
    scaler["status"]["conditions"][0]["lastTransitionTime"] = at(since)
    blind = event("HorizontalPodAutoscaler/shop", "FailedGetResourceMetric", "did not receive metrics", age=600)
    return snapshot(shop(), scaler, blind, figures=[WELL, CALM], alerts=[alert(service="shop")])


FALLING = "request_rate", series({"component": "shop"}, (3600, 156), (1140, 39), (700, 30), (500, 20), (300, 10))
HOLDS = [
    *(
        Holds(
            f"critical, of a colour that was taken down after the shop was led to the other: {what}",
            world,
            ("Deployment/shop-blue", "no_fault", "no_action"),
            alone=True,
            harmful=("scale_workload",),
        )
        for what, world in (
            ("its Service has no endpoints", colours()),
            ("nought of its pods are there", colours(fires="ShopDegraded", says="0 available replicas")),
            ("the other one was measured well", colours(figures=[errors("shop-green", 0.0, before=0.0)])),
            ("the day before", colours(written=20 * 3600.0)),
            (
                "each is told which one it is",
                colours(
                    rests={"env": {"SHOP_COLOUR": "blue"}}, serves=slot("green", NEW, env={"SHOP_COLOUR": "green"})
                ),
            ),
            ("their label has a prefix", colours(key="shop.example/deployment-colour")),
        )
    ),
    *(
        Holds(
            f"critical, of a workload that is gone, and it was retired before: {what}",
            world,
            ("Deployment/shop-v1", "no_fault", "no_action"),
            alone=True,
            harmful=("scale_workload",),
        )
        for what, world in (
            ("a note says so", at_rest()),
            ("its key says so", at_rest(note={"town.example/replaced-by": "shop"})),
            ("its value says so", at_rest(note={"note": "decommissioned on Monday"}, fires="TargetDown")),
        )
    ),
    Holds(
        "critical, of a certificate that has ended, and another one is served since",
        old_certificate(),
        ("Secret/town-2025", "no_fault", "no_action"),
    ),
    Holds(
        "of errors, and there are none",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop")]),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of latency, and answers come as fast as ever",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert("SlowResponses", service="shop")]),
        (SHOP, "no_fault", "no_action"),
        sure=(0.0, 0.7),
    ),
    Holds(
        "of many sessions, and two thirds are free",
        snapshot(
            postgres(),
            databases=[database(session(SHOP, "idle", 30, age_s=9000))],
            alerts=[alert("ManyConnections", statefulset="postgres")],
        ),
        (DB, "no_fault", "no_action"),
    ),
    *(
        Holds(f"of a cluster that has said since that it is whole: {what}", world, ("StatefulSet/find", *HEALTHY))
        for what, world in (
            ("shards", states((1500, YELLOW), (90, GREEN))),
            ("slots", states((1500, FAIL), (90, OK), image="redis:7")),
        )
    ),
    Holds(
        "of a standby that is late on purpose",
        snapshot(late("recovery_min_apply_delay=2h"), alerts=[alert("ReplicationLag", instance="standby-0")]),
        ("StatefulSet/standby", "no_fault", "no_action"),
    ),
    Holds(
        "a page about a standby that is late on purpose, and no later than that",
        standby(3000),
        ("StatefulSet/standby", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of an autoscaler at its maximum, which is its minimum too, and pods that idle",
        scaled({"averageUtilization": 19, "averageValue": "95m"}, {"averageUtilization": 70}),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "of an autoscaler at its maximum that goes by a queue which is nearly empty",
        scaled({"averageValue": "800m"}, {"averageValue": "30"}, least=1, name="jobs", kind="External"),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "of the memory of a broker which is flat, and whose heap is small",
        cached("apache/kafka:3.9", (3600, 0.97), heap=391),
        ("StatefulSet/store", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of the memory of a database that caches its files",
        cached("postgres:16", (3600, 0.93), (1800, 0.94)),
        ("StatefulSet/store", "no_fault", "no_action"),
    ),
    Holds(
        "of a set that is not rolled out, and its partition says so",
        staged(),
        ("StatefulSet/ledger", "no_fault", "no_action"),
    ),
    Holds(
        "of a set of which two pods are to be new",
        staged(partition=1, new=2),
        ("StatefulSet/ledger", "no_fault", "no_action"),
    ),
    Holds(
        "of a cache's memory, and it drops old keys as it is set to",
        evicting(**LRU),
        ("Deployment/redis", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "of a cache's memory, and its file says that it may drop keys",
        evicting(CONF, **CONFIGURED),
        ("Deployment/redis", "no_fault", "no_action"),
    ),
    Holds(
        "critical, of latency, and its rule is of today while the latency is not",
        slow_since_ever(rule=1800),
        (SHOP, "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "critical, of latency, and it is as long as clients are let wait for news",
        slow_since_ever(env=POLLS),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "the same in thousandths",
        slow_since_ever(env={"SSE_POLL_MS": "30000"}),
        (SHOP, "no_fault", "no_action"),
    ),
    Holds(
        "of a deep queue, and it is worked off evenly",
        waits(560_000, 240_000),
        ("Deployment/sender", "no_fault", "no_action"),
    ),
    *(
        Holds(
            f"critical, of a deep queue that a run has filled, and it is empty within minutes: {what}",
            world,
            ("Deployment/sender", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "scale_workload"),
        )
        for what, world in (
            ("it began while the run went on", waits(200_000, 20_000, run=mailing(), **CRITICAL)),
            ("it began soon after", waits(200_000, 20_000, run=mailing(), severity="critical", since=2700)),
            ("it is worked off faster by now", waits(200_000, 150_000, 30_000, run=mailing(), **CRITICAL)),
        )
    ),
    *(
        Holds(
            f"of names that do not exist, which are tries in search domains: {what}",
            world,
            ("Deployment/dns", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "rollback_workload"),
        )
        for what, world in (
            ("nobody complains", asked(*answers(HOSTS), hears="")),
            ("as dnsmasq logs it", asked(*answers(HOSTS, "192.0.2.7", form="dnsmasq[7]: reply {} is {}"), hears="")),
        )
    ),
    *(
        Holds(
            f"a page about the memory of a program that takes its heap as it starts: {what}",
            world,
            ("Deployment/planner", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("by its options", held()),
            ("since its last release", held(before={"env": {"JAVA_TOOL_OPTIONS": "-Xms2g -Xmx6g"}}, released=6000)),
            (
                "it goes up and down a little",
                held(TAKEN, *((3600 - 60 * n, 0.871 + 0.0007 * (n % 3)) for n in range(61))),
            ),
            ("it fell a little", held(TAKEN, (3600, 0.875), (1800, 0.872))),
            ("in other units", held("-Xms6144m -Xmx6G -XX:+AlwaysPreTouch")),
            (
                "as a share of its limit",
                held("-XX:InitialRAMPercentage=75 -XX:MaxRAMPercentage=75.0 -XX:+AlwaysPreTouch"),
            ),
            ("by a file", held("", file=f"# {TAKEN}\n-Xms6g\n-Xmx6g\n-XX:+AlwaysPreTouch\n")),
            ("locked in memory", held("-Xms6g -Xmx6g", file="bootstrap.memory_lock: true\n")),
        )
    ),
    *(
        Holds(
            f"a page about what waits for a group that a Job set back, and it is read within minutes: {what}",
            world,
            ("Deployment/books", "no_fault", "no_action"),
            alone=True,
            harmful=("restart_workload", "scale_workload", "rollback_workload"),
        )
        for what, world in (
            ("Kafka", replay()),
            ("another group of the same topic keeps up", replay(other=40)),
            ("Redpanda", replay("rpk group seek books --to 1792000000000")),
            ("Pulsar", replay("pulsar-admin topics reset-cursor persistent://a/b/taps -s books -t 5d")),
            ("a program of streams", replay("kafka-streams-application-reset --application-id books")),
            ("another tool", replay("kafkactl reset consumer-group-offset books --topic taps --oldest --execute")),
        )
    ),
    Holds(
        "of a store's queues, and the one that is there is worked off, beside what is cached",
        lie(news=(9000, 4000), sessions=(9000, 9000)),
        ("Deployment/redis", "no_fault", "no_action"),
    ),
    Holds(
        "of a consumer's backlog, and half of it is gone",
        waits(9000, 4000, queue="sender"),
        ("Deployment/sender", "no_fault", "no_action"),
    ),
    Holds(
        "of suspicious requests, and each was turned away",
        snapshot(shop(), logs=logs("shop", KNOCK % 404), figures=[WELL], alerts=[alert("Suspicious", service="shop")]),
        (SHOP, "no_fault", "no_action"),
    ),
    *(
        Holds(f"of requests that were turned away: {what}", world, (SHOP, "no_fault", "no_action"), alone=True)
        for what, world in (
            ("all are a scanner's", scan()),
            ("all are a scanner's but for one of a guest", scan(f'{GUEST} - - "GET /crat HTTP/1.1" 404 153')),
            ("the scanner tried to log in as well", scan(f'type="LOGIN_ERROR", ipAddress="{SCANNER}"')),
        )
    ),
    Holds(
        "one request of three failed in the night: a share of so few says nothing",
        snapshot(
            shop(),
            figures=[
                ("request_rate", series({"component": "shop"}, (3600, 0.015))),
                ("error_ratio", series({"component": "shop"}, (3600, 0.0), (300, 0.4), (180, 0.0))),
            ],
            alerts=[alert("ErrorRatioHigh", deployment="shop", severity="critical")],
        ),
        (SHOP, "no_fault", "no_action"),
    ),
    *(
        Holds(f"only what a run asks for is slow, as in each of its runs{what}", world, ("Deployment/api", *HEALTHY))
        for what, world in (
            ("", printing()),
            (", and it is measured", printing(figures=[latency("api", 0.04, 25.0, 2900), errors("api", 0.001)])),
        )
    ),
    Holds(
        "its group of readers is a former one: its reader is in another since days, and keeps up there",
        watched(),
        ("Deployment/billing", "no_fault", "no_action"),
        alone=True,
    ),
    Holds(
        "and nobody counts who is in a group",
        watched(members=None),
        ("Deployment/billing", "no_fault", "no_action"),
    ),
]
DOES_NOT_HOLD = [
    *(
        DoesNotHold(f"a colour has no pods: {what}", world, harmful=("no_action", "scale_workload"))
        for what, world in (
            ("nobody led the shop to the other", colours(written=None)),
            ("the other one serves since weeks: this one was its reserve", colours(written=9 * DAY)),
            ("the shop was led to the other only after it was down", colours(written=600)),
            ("it was missed before it was taken down", colours(began=3600)),
            ("nobody tells when it was taken down", colours(rests={"since": 20 * DAY})),
            ("the alert misses nothing", colours(fires="ShopErrors")),
            ("the other one is not complete", colours(serves=slot("green", NEW, ready=1))),
            ("the other one starts", colours(serves=slot("green", NEW, 60, ready=0))),
            ("users of the other one get errors", colours(figures=[errors("shop-green")])),
            ("a way in leads to it", colours(ingress("blue", "b.shop.example", service="shop-blue"))),
            ("another one calls it", colours(workload("till", env={"URL": "http://shop-blue:8080"}))),
        )
    ),
    *(
        DoesNotHold(
            f"a set of no pods is no colour of the shop: {what}",
            world,
            ("Deployment/shop-blue", "configuration_error", "scale_workload"),
        )
        for what, world in (
            ("it is another program", colours(rests={"image": "registry.example/till:7"})),
            ("it is a worker of the same image", colours(rests={"command": ["worker"]})),
            (
                "it is another module of the same program",
                colours(
                    rests={"command": ["python", "-m", "shop.worker"]},
                    serves=slot("green", NEW, command=["python", "-m", "shop.web"]),
                ),
            ),
            ("it is another component", colours(key="component")),
            ("the shop is led to it", colours(to="blue")),
        )
    ),
    *(
        DoesNotHold(f"a workload is gone: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nothing says that it is to be", at_rest(note={})),
            ("it is to be retired one day", at_rest(note={"note": "retired: no, to be decommissioned in May"})),
            ("its note says that it is not", at_rest(note={"town.example/retired": "false"})),
            ("what it replaced was retired", at_rest(note={"note": "the till, which was retired, is served by it"})),
            ("it was missed before somebody took its pods", at_rest(emptied=3600, began=7200)),
            ("another one calls it", at_rest(workload("till", env={"URL": "http://shop-v1:8080"}), service=True)),
            ("it still has a Service", at_rest(service=True)),
            ("it still is to have a pod", at_rest(pods=1)),
            ("the alert misses nothing", at_rest(fires="ShopV1Errors")),
        )
    ),
    *(
        DoesNotHold(f"a certificate has ended, {what}", world, ASK)
        for what, world in (
            ("and the way in names it", old_certificate(secret="town-2025")),
            ("and the way in shows the edge's own", old_certificate(secret="")),
            ("and the one that is served is not ready", old_certificate(ready="False")),
            ("and its name is served elsewhere", old_certificate(name="other.example")),
            (
                "and a file of settings names it",
                old_certificate(thing("ConfigMap", "c", data={"f": "cert: town-2025"})),
            ),
            (
                "and pods have it",
                old_certificate(
                    workload("mail", spec={"volumes": [{"name": "t", "secret": {"secretName": "town-2025"}}]})
                ),
            ),
        )
    ),
    DoesNotHold(
        "the same share of many requests",
        snapshot(
            shop(),
            figures=[
                ("request_rate", series({"component": "shop"}, (3600, 15.0))),
                ("error_ratio", series({"component": "shop"}, (3600, 0.0), (300, 0.4), (180, 0.0))),
            ],
            alerts=[alert("ErrorRatioHigh", deployment="shop", severity="critical")],
        ),
        (),
    ),
    DoesNotHold(
        "sessions are few, and somebody keeps a transaction open",
        snapshot(
            postgres(),
            databases=[database(session(SHOP, "idle in transaction", 9, age_s=900))],
            alerts=[alert("ManyConnections", statefulset="postgres")],
        ),
        harmful=("no_action",),
    ),
    *(
        DoesNotHold(f"a page about a standby that is late on purpose: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nobody measures how late", standby(None)),
            ("later than that", standby(9000)),
            ("that is taken out of its script", standby(1900, by=TAKEN_OUT)),
            ("nobody can read by how much", standby(3000, by="recovery_min_apply_delay=$DELAY")),
            ("a service reads from it", standby(3000, workload("page", env={"DB_HOST": "standby"}))),
            ("it is the disk that is full", standby(3000, name="VolumeFull")),
            *(
                (f"{name} tells of something else", standby(1900, name=name))
                for name in (
                    "ReplicaVolumeFull",
                    "PostgresReplicaBackupFailed",
                    "StatefulSetReplicasMismatch",
                    "ReplicationSlotLost",
                    "FlagServiceDown",
                    "ReplicationLagSlotLost",
                    "WalArchiveLag",
                )
            ),
        )
    ),
    DoesNotHold(
        "a standby is late that should not be",
        snapshot(late("hot_standby=on"), alerts=[alert("ReplicationLag", instance="standby-0")]),
        ASK,
    ),
    DoesNotHold(
        "a suspicious request was answered",
        snapshot(shop(), logs=logs("shop", KNOCK % 200), figures=[WELL], alerts=[alert("Suspicious", service="shop")]),
        harmful=("no_action",),
    ),
    *(
        DoesNotHold(f"requests are turned away: {what}", world, ASK, harmful=("no_action",))
        for what, world in (
            ("the scanner got one of what it asked for", scan(f'{SCANNER} - - "GET /.git/config HTTP/1.1" 200 92')),
            ("it got something else", scan(f'{SCANNER} - - "GET /admin/export HTTP/1.1" 200 92000')),
            ("it logged in", scan(f'type="LOGIN", ipAddress="{SCANNER}", userId="17"')),
            ("guests find nothing either", scan(*[f'{GUEST} - - "GET /app-9d.css HTTP/1.1" 404 153'] * 9)),
            ("of guests nothing is told", scan(guests=0)),
            ("guests are turned away as well", scan(served=403)),
            ("nobody asked for weak paths", scan(paths=("/cart/17", "/orders/9"))),
            ("all come by way of one proxy", scan(*[f'{SCANNER} - - "GET /cart HTTP/1.1" 200 700'] * 20, guests=0)),
            ("nothing tells of any", snapshot(shop(), figures=[WELL], alerts=[alert("High4xxErrors", service="shop")])),
        )
    ),
    DoesNotHold(
        "an autoscaler is at its maximum, and its pods are as busy as it lets them be",
        scaled({"averageUtilization": 64}, {"averageUtilization": 70}, least=2),
        ASK,
    ),
    DoesNotHold(
        "of the figure that an autoscaler goes by nothing is known", scaled({}, {"averageUtilization": 70}), ASK
    ),
    *(
        DoesNotHold(f"memory is nearly full: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it rises", cached("apache/kafka:3.9", (3600, 0.9), (1200, 0.96), heap=391)),
            ("it is the heap that is full", cached("apache/kafka:3.9", (3600, 0.97), heap=2900)),
            ("it is a cache, whose memory are its data", cached("redis:7", (3600, 0.97))),
            ("it runs for an hour only", cached("postgres:16", (3600, 0.97), started=3600)),
        )
    ),
    *(
        DoesNotHold(f"a queue is deep: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it fell, and grows again", waits(560_000, 100_000, 240_000)),
            ("it falls only as what is cached does", lie(sessions=(9000, 4000))),
            ("it falls, but slowly", waits(560_000, 520_000)),
            ("it fell at first, and stands", waits(560_000, 240_000, 240_000, 240_000)),
            ("it is another one that shrinks", waits(560_000, 240_000, queue="bills")),
            ("what goes is thrown away", waits(9000, 4000, line="message 4711 rejected, moved to dead-letter queue")),
            ("it is critical", waits(9000, 4000, severity="critical")),
            ("it is critical, and nobody knows who filled it", waits(200_000, 20_000, **CRITICAL)),
            ("it is critical, and it takes an hour yet", waits(200_000, 100_000, run=mailing(), **CRITICAL)),
            ("it is critical, and slower by now", waits(200_000, 30_000, 20_000, run=mailing(), **CRITICAL)),
            ("it is critical, and the run goes on", waits(200_000, 20_000, run=mailing(ended=None), **CRITICAL)),
            (
                "it is critical, and the run tells of nothing that it sent",
                waits(200_000, 20_000, run=mailing(says="12 reports written"), **CRITICAL),
            ),
            (
                "it is critical, and began long after the run",
                waits(200_000, 20_000, run=mailing(started=9000, ended=8400), **CRITICAL),
            ),
            (
                "it is critical, and what goes is thrown away",
                waits(
                    200_000, 20_000, run=mailing(), line="message 47 rejected, moved to dead-letter queue", **CRITICAL
                ),
            ),
        )
    ),
    *(
        DoesNotHold(f"an alert of names that do not exist: {what}", world, harmful=("no_action",))
        for what, world in (
            ("nobody tells which", asked("[INFO] plugin/reload: Running", hears="")),
            (
                "they are names of their own",
                asked(*answers(HOSTS, domains=()), *answers([DEAD], "NXDOMAIN", ()), hears=""),
            ),
            ("many of them are asked for as they are", asked(*answers(HOSTS), *answers(GONE, "NXDOMAIN"), hears="")),
            ("few are known that exist", asked(*answers(HOSTS[:2]), hears="")),
            ("some questions fail", asked(failed=0.03)),
            ("nobody measures whether questions fail", asked(failed=None)),
            ("it is critical", asked(severity="critical")),
            ("the alert is of something else", asked(name="DNSServerSlow")),
            ("somebody complains of a host that is gone, as before the alert", asked()),
            (
                "a worker asks for a Service that was deleted before the alert",
                asked(hears=POSTS.format("ledger.town.svc.cluster.local"), heard=2000),
            ),
            (
                "a worker asks in vain for a host of its business",
                asked(
                    *answers(HOSTS), *answers(["api.bank.example"], "NXDOMAIN"), hears=POSTS.format("api.bank.example")
                ),
            ),
        )
    ),
    *(
        DoesNotHold(f"a page about the memory of a program in Java: {what}", world, harmful=("no_action",))
        for what, world in (
            ("its heap may grow", held("-Xms2g -Xmx6g -XX:+AlwaysPreTouch")),
            ("its heap is not touched at once", held("-Xms6g -Xmx6g")),
            ("it is told not to touch it", held("-Xms6g -Xmx6g -XX:-AlwaysPreTouch")),
            ("it is told so, and then not to", held(f"{TAKEN} -XX:-AlwaysPreTouch")),
            ("it has two largest sizes", held(f"{TAKEN} -Xmx7g")),
            ("it is told so by a line of a script that is taken out", held(f"set -e\n# java {TAKEN}\njava -Xmx6g")),
            ("its memory grows little by little, and evenly", held(TAKEN, *evenly(0.885, 0.904))),
            ("its memory grows by less, and evenly", held(TAKEN, *evenly(0.87, 0.872))),
            ("the heap is the smaller part of it", held(TAKEN.replace("6g", "4g"))),
            ("nobody knows of how much it is a share", held(limit=None)),
            ("its memory grew, and stood for a while", held(TAKEN, (3600, 0.87), (2400, 0.88), (1200, 0.88))),
            ("its settings are taken out", held("", file=f"# {TAKEN}\n")),
            ("its memory grows", held(TAKEN, (3600, 0.80), (1800, 0.84), (600, 0.88))),
            ("its heap is full", held(used=5600)),
            ("nobody tells how full its heap is", held(used=None)),
            ("it tells of too little memory", held(line="java.lang.OutOfMemoryError: Java heap space")),
            ("it was killed for it", held(status={"restartCount": 1, "lastState": KILLED})),
            ("near its limit", held(TAKEN, (3600, 0.97))),
            ("the page is of its latency", held(name="LatencyHigh")),
        )
    ),
    *(
        DoesNotHold(f"a page about what waits for a group that a Job set back: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it takes an hour yet", replay(left=1_500_000)),
            ("it grows", replay(left=4_000_000)),
            ("it set back another group", replay(group="bills")),
            ("it only told what it would do", replay(KAFKA.replace("--execute", "--dry-run"))),
            ("it was not told to do it", replay(KAFKA.replace(" --execute", ""))),
            ("it only looked", replay(KAFKA.replace("--reset-offsets --execute", "--describe"))),
            ("it failed", replay(failed=True)),
            ("the page began long after", replay(began=600)),
            ("the page began before", replay(began=4200)),
            ("others of its queue wait as well", replay(other=900_000, group="taps")),
        )
    ),
    DoesNotHold("a partition was forgotten weeks ago", staged(released=20 * DAY), ASK),
    DoesNotHold("no pod got the new template that its partition leaves free", staged(partition=1), ASK),
    *(
        DoesNotHold(f"a cluster is not whole: {what}", world, harmful=("no_action", "restart_workload"))
        for what, world in (
            ("it says so", states((1500, YELLOW))),
            ("it is yellow again since", states((1500, YELLOW), (300, GREEN), (60, YELLOW))),
            ("it was green before the alert began", states((2400, YELLOW), (700, GREEN))),
            ("it is green for long, and the alert goes on", states((2400, YELLOW), (1200, GREEN), began=1800)),
            ("its users suffer", states((1500, YELLOW), (90, GREEN), users=0.3)),
        )
    ),
    DoesNotHold("nobody measures what it speaks of", snapshot(shop(), alerts=[alert(service="shop")]), ASK),
    DoesNotHold(
        "it is critical",
        snapshot(shop(), figures=[WELL, CALM], alerts=[alert(service="shop", severity="critical")]),
        ASK,
    ),
    DoesNotHold(
        "it is right",
        snapshot(shop(), figures=[errors("shop")], alerts=[alert(service="shop")]),
        ASK,
    ),
    *(
        DoesNotHold(f"a cache is full: {what}", world, harmful=("no_action", "restart_workload"))
        for what, world in (
            ("nothing says that it may drop keys", evicting()),
            ("it drops ten times as many as before", evicting(evictions=(3, 33), **LRU)),
            ("its container is full too", evicting(room=0.95, **LRU)),
            ("its users suffer", evicting(users=0.2, **LRU)),
        )
    ),
    *(
        DoesNotHold(f"answers are slow, {what}", world, harmful=("no_action",))
        for what, world in (
            ("and the rule is an old one", slow_since_ever(rule=20 * DAY)),
            ("and the rule is younger than the alert", slow_since_ever(rule=300)),
            ("and the new rule is of another alert", slow_since_ever(rule=1800, fires="LatencyOfTheShop")),
            ("as long as somebody waits in vain", slow_since_ever(env={"CART_TIMEOUT_SECONDS": "30"})),
            ("and they were not", slow_since_ever(rule=1800, env=POLLS, was=2.0)),
            ("and many fail", slow_since_ever(rule=1800, env=POLLS, error=0.04)),
            ("and slower than clients are let wait", slow_since_ever(env={"LONG_POLL_SECONDS": "5"})),
        )
    ),
    *(
        DoesNotHold(f"what a run asks for is slow: {what}", world, harmful=("no_action",))
        for what, world in (
            ("it takes longer than in earlier runs", printing(piece=60)),
            ("it should be over by now", printing(began=70 * 60)),
            ("nobody knows how long it takes else", printing(former=1)),
            ("others wait as well", printing(quick=4000)),
            ("nobody else has asked meanwhile", printing(meanwhile=False)),
            ("others get errors", printing(others=500)),
            ("it gets errors itself", printing(long=504)),
            ("it was slow before the run began", printing(first=55 * 60)),
            ("the alert fires since before the run", printing(fires=55 * 60)),
            ("it is told to ask for something else", printing(asks="/v2/readers/{id}")),
            ("errors are told too", printing(more=["ERROR cannot render page: out of glyphs"] * 9)),
            ("many fail, as is measured", printing(figures=[errors("api", 0.2)])),
            ("it is critical", printing(severity="critical")),
        )
    ),
    *(
        DoesNotHold(f"a group of readers is behind: {what}", world, harmful=("no_action", "rollback_workload"))
        for what, world in (
            ("its reader left it an hour ago, and may have left messages behind", watched(by=consumer(released=3600))),
            ("its reader is still in it", watched(by=consumer(group=FORMER, before="billing-v0"))),
            ("somebody is in it", watched(members=2)),
            ("somebody takes from it now and then", watched(former=(4_000_000, 3_990_000))),
            ("another one is in it", watched(workload("audit", env={"GROUP_ID": FORMER}))),
            ("another one may be in it by its name", watched(workload(FORMER), by=consumer("clerk"))),
            ("the group in use is not measured", watched(now=None)),
            ("much waits for the group in use", watched(now=(90_000, 99_000))),
            ("it is the group in use", watched(group=NOW_IN)),
            ("its reader is not complete", watched(by=consumer(ready=1))),
        )
    ),
    DoesNotHold(
        "a group of readers is behind, and ever more waits for the one in use too",
        watched(now=(100, 9_000)),
        ("Deployment/billing", "capacity", "scale_workload"),
    ),
    *(
        DoesNotHold(f"a coin's node, and {what}", world, answer)
        for what, world, answer in (
            (
                "it is still behind",
                coin_node("2026-03-04 11:40:44.016 I Synced 3694602/3695092 (99%, 490 left)"),
                INTRUDED,
            ),
            ("nobody opened the way before", coin_node(opened=3600), INTRUDED),
            ("somebody widened the way of late", coin_node(widened=3600), INTRUDED),
            ("the way leads elsewhere", coin_node(port=443), INTRUDED),
            ("it tells that it mines", coin_node(*CAUGHT_UP, "Mining has started with 2 threads, good luck!"), MINES),
            ("a variable tells it to mine", coin_node(env={"MONEROD_EXTRA": "--start-mining 44AFF"}), MINES),
            ("a variable's name tells it to mine", coin_node(env={"MINING_ADDRESS": "44AFF"}), MINES),
            ("its file of settings tells it to mine", coin_node(settings={"monero.conf": MINING}), MINES),
            ("the alert speaks of a shell", coin_node(name="ShellSpawned"), ASK),
            ("the alert speaks of the node", coin_node(name="CoinNodeStalled"), ASK),
            ("the alert speaks of what it keeps", coin_node(name="CoinWalletDrained"), ASK),
            ("the alert speaks of no mining", coin_node(name="DeterminingPeersFailed"), ASK),
            ("the alert suspects nobody", coin_node(name="MiningTemplateStale"), ASK),
            ("it had all blocks hours ago", coin_node(since=6 * 3600), ASK),
        )
    ),
]
HOLDS += [
    Holds(f"a coin's node of the house's own that has all blocks: {what}", world, (LEDGER, *HEALTHY))
    for what, world in (
        ("Monero", coin_node()),
        ("of which an alert suspects a miner", coin_node(name="MinerDetected")),
        ("of which a sensor tells in words", coin_node(name="Detect crypto miners using the Stratum protocol")),
        (
            "what tells it not to mine",
            coin_node(env={"MINING": "false"}, settings={"monero.conf": "bg-mining-enable=0"}),
        ),
        ("Bitcoin", coin_node(TIP, BEHIND.replace("18080", "8333"), image=BITCOIND, port=8333)),
    )
]
HOLDS += [
    Holds(
        f"of a pod that is to go and does the rest of its work in time: {what}",
        world,
        ("Deployment/sewer", *HEALTHY),
        alone=True,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    )
    for what, world in (
        ("it counts what is done", sewing()),
        ("as a fraction", sewing(lambda done: f"stitched {done}/1680 tiles")),
        ("in words", sewing(lambda done: f"exported {done} of 1680 rows")),
        ("as JSON", sewing(lambda done: f'{{"level":"info","done":{done},"total":1680}}')),
        ("as a part of a hundred", sewing(lambda done: f"reindex {done / 20:.1f}% complete")),
        ("the alert is of the drain", sewing(fires=alert("NodeDrainSlow", pod=pod("sewer")))),
        ("the alert is of the one pod", sewing(fires=alert("KubePodNotReady", pod=pod("sewer")))),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(
        f"of a pod that is to go, and {what}", world, harmful=("restart_workload", "rollback_workload"), instead=answer
    )
    for what, world, answer in (
        ("its work stands still", sewing(done=[600] * 30), ASK),
        ("it did some, and stands still", sewing(done=[*range(600, 900, 30), *[900] * 20]), ASK),
        ("it tells nothing of its work", sewing(lambda done: f"heartbeat {done}"), ASK),
        ("it tried again and again", sewing(lambda done: f"attempt {done} of 1680 failed"), ASK),
        ("it tells of its memory", sewing(lambda done: f"heap usage {done / 20:.1f}%"), ASK),
        ("it tells of its last work long ago", sewing(done=range(600, 900, 30), more=["idle"] * 40), ASK),
        ("it tells too little", sewing(done=(), more=HANGS), ASK),
        ("its work takes longer than it may", sewing(done=range(600, 630)), ASK),
        ("its time is over", sewing(grace=1800), ASK),
        ("it complains", sewing(more=["level=error msg=broken"] * 2), ASK),
        ("none came for it", sewing(ready=1), ()),
        ("the alert is of a queue", sewing(fires=alert("QueueNotDraining", service="sewer")), ASK),
    )
]
HOLDS += [
    Holds(
        f"of traffic that fell as a load test ended, by what that says it made: {said.strip()[:40]}",
        rehearsed(said),
        (SHOP, *HEALTHY),
        alone=True,
        harmful=("rollback_workload", "restart_workload", "scale_workload"),
    )
    for said in SAYS
]
DOES_NOT_HOLD += [
    DoesNotHold(f"of traffic that fell as a load test ended, and {what}", world, instead=answer)
    for what, world, answer in (
        ("it fell by more than the test made", rehearsed(now=4), ASK),
        ("it fell by less", rehearsed(now=100), ASK),
        ("it fell before the test ended", rehearsed(fell=1700), ASK),
        ("it fell long after", rehearsed(fell=500), ASK),
        ("nothing is left", rehearsed("Requests/sec: 156.0", now=0), ASK),
        ("what is left falls", rehearsed(traffic=FALLING), ASK),
        ("the test says nothing of what it made", rehearsed("done"), ASK),
        ("it was no test", rehearsed(image="town/worker:1"), ASK),
        ("the test broke off", rehearsed(code=1), ()),
        ("the alert is of more", rehearsed(fires=alert("ReplicasBelowRequestRate", service="shop")), ASK),
        ("the alert is older", rehearsed(fires=replace(LESS, starts_at=NOW - timedelta(hours=1))), ASK),
    )
]
HOLDS += [Holds("an autoscaler counts again since it said that it could not", counted(580), (SHOP, *HEALTHY))]
DOES_NOT_HOLD += [DoesNotHold("an autoscaler said that it could not count, later than that it can", counted(900))]
HOLDS += [
    Holds(
        f"a page about an old transaction, which is the vacuum against wraparound, and it gets on: {what}",
        world,
        (DB, *HEALTHY),
        alone=True,
        harmful=("restart_workload", "restart_connection_pool", "scale_database"),
    )
    for what, world in (
        ("in tables", freezing()),
        ("in records", freezing(records)),
        ("in fields", freezing(fields)),
        ("the alert is of a session", freezing(fires=alert("LongRunningQuery", pod="postgres-0"))),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"of an old transaction, and {what}", world, instead=answer)
    for what, world, answer in (
        ("the vacuum stands still", freezing(scanned=(35_171_904, 35_171_904)), ASK),
        ("another session is older", freezing(age=9 * 3600.0), ASK),
        ("it is not of the vacuum", freezing(age=3700), ASK),
        ("the vacuum is an ordinary one", freezing(of_column("autovacuum: VACUUM public.legs")), ASK),
        ("somebody empties the table", freezing(of_column("VACUUM FULL public.legs")), ASK),
        ("what gets on is another table's", freezing(of_column(table="legs_old")), ASK),
        ("nobody looked for long", freezing(seen=3000), ASK),
        ("others wait for a lock", freezing(more=[WAITS]), ()),
        ("the numbers run out", freezing(more=[NEAR]), ()),
        ("the alert is of one that idles", freezing(fires=alert("IdleInTransactionTooLong", pod="postgres-0")), ASK),
        ("the alert is of the disk", freezing(fires=alert("VolumeFull", pod="postgres-0")), ASK),
    )
]
HOLDS += [
    Holds(
        f"of what waits, and its sender holds it back until an hour to come, as it is set to: {what}",
        world,
        ("Deployment/sender", *HEALTHY),
        alone=True,
        harmful=("restart_workload", "rollback_workload", "scale_workload"),
    )
    for what, world in (
        ("quiet hours", shut()),
        ("the sender writes UTC, its settings name a zone", shut(IN_UTC, WINDOW)),
        ("in words, and without a zone in its settings", shut(IN_WORDS, BLACKOUT)),
        ("a variable says it", shut(env=True)),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"of what waits, and its sender holds something back, but {what}", world, instead=answer)
    for what, world, answer in (
        ("something else", shut(fires=waiting_for("login codes:")), ASK),
        ("the hour is over", shut(BEFORE_NOW), ASK),
        ("it takes the hour for another zone's", shut(TO_BE_LATE), ASK),
        ("it is far off", shut(FAR), ASK),
        ("of an unknown zone", shut(ZONELESS), ASK),
        ("its settings name another hour", shut(rules=RULES.replace("14:00", "09:00")), ASK),
        ("nothing is set", shut(rules="promo: {rate: 25}"), ASK),
        ("that was set today", shut(written=7200), ASK),
        ("it does nothing else", shut(after=[HELD] * 40), ASK),
        ("it fails beside it", shut(after=[SENT, '{"level":"error","msg":"send failed"}'] * 20), ()),
        ("a pod is missing", shut(ready=1), ()),
        ("the alert is of memory", shut(fires=waiting_for(name="MemoryHigh")), ASK),
    )
]
WARNS, MORE_OF_IT = "level=warn msg=requeued", ("capacity", "scale_workload")
BACK_HARM = ("rollback_workload", "restart_workload", "scale_workload")
HOLDS += [
    Holds(
        f"a page about a backlog that melts since a host outside is back, which went away after a release: {what}",
        world,
        ("Deployment/sender", *HEALTHY),
        alone=True,
        harmful=BACK_HARM,
    )
    for what, world in (
        ("it refused", back_again()),
        ("it was silent", back_again(fails=TIMED_OUT)),
        ("another one was killed for memory once meanwhile, and has room", back_again(**killed_once())),
    )
]
DOES_NOT_HOLD += [
    DoesNotHold(f"of a backlog that came while a host was away, and {what}", world, instead=answer)
    for what, world, answer in (
        ("it stands", back_again(hill(left=36000)), ()),
        ("it takes long yet", back_again(hill(left=24000)), ()),
        ("it turned long before", back_again(hill(peak_s=2400)), ()),
        ("it turned a moment ago", back_again(hill(peak_s=300), last=330), ()),
        ("its sender fails yet", back_again(since=[SENT, AWAY] * 12), ()),
        ("its sender warns yet", back_again(since=[*[SENT] * 20, WARNS], released=False), MORE_OF_IT),
        ("its sender does little", back_again(since=[SENT] * 3, released=False), MORE_OF_IT),
        ("a pod is missing", back_again(ready=1), ()),
        ("the alert is of something else", back_again(fires="MailSenderMemoryHigh"), ()),
    )
]
