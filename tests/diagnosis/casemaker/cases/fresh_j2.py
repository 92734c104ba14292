"""Caches and queues: who writes to the wrong one, who fills it, and who makes its readers come and go."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.events import event, probe_failure, restarting
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ip, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, running, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import Shape, exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "baskets-go-to-the-redis-that-sentinel-demoted",
    "toys",
    "2026-12-12T19:44:00",
    title="Baskets cannot be saved: the service came back to the old Redis master before its Service had moved",
    drawn_from="READONLY You can't write against a read only replica, after a Sentinel failover behind a role label",
    why="Sentinel switched 16 minutes ago and the Service leads to the new master, who serves whoever connects now. "
    "Only connections that basket opened in between lie on the old one; new ones go right.",
    expect=[Fault("Deployment/basket", "database_connection", "restart_workload")],
    acceptable=[
        ("dependency_failure", "restart_workload"),
        ("database_connection", "restart_connection_pool"),
        ("dependency_failure", "restart_connection_pool"),
        ("configuration_error", "restart_workload"),
        ("network_fault", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "rollback_workload",
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "restart_workload", "target": "StatefulSet/rfr-basket"},
    ],
)
def demoted(w: World) -> None:
    nodes(w, "ty-1", "ty-2", "ty-3")
    ping = {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5, "failureThreshold": 3}
    inner = container("redis", "redis:7.2.5-alpine", port=6379, memory=("512Mi", "1Gi"), ready=ping, live=ping)
    ended = terminated(137, "Error", started=days(41) - 90, finished=minutes(16.4))
    back = P(age=days(41), restarts=1, last=ended, state=running(minutes(15.6)), unready=minutes(15.5))
    base = statefulset(w, "rfr-basket", pod_spec(inner), [back, P(age=days(41)), P(age=days(41))], claim="data")
    for index, each in enumerate(base.pods):
        claim(w, f"data-rfr-basket-{index}", size="10Gi")
        each["metadata"]["labels"]["redisfailovers-role"] = "master" if index == 2 else "slave"
    service(w, "rfrm-basket", {"app": "rfr-basket", "redisfailovers-role": "master"}, port=6379, target=6379)
    inner = container("sentinel", "redis:7.2.5-alpine", port=26379, ready=ping, command=("redis-server", "--sentinel"))
    guard = deployment(w, "rfs-basket", [Rev(pod_spec(inner), days(41))], 3)
    probe_failure(w, base.pods[0], "Liveness", 'command timed out: "redis-cli ping" timed out after 5s',
                  first=minutes(17.2), last=minutes(16.9), count=3, killed=1)  # fmt: skip
    ips = [each["status"]["podIP"] for each in base.pods]
    quorum = [
        L(minutes(16.2), "error", f"+sdown master mymaster {ips[0]} 6379"),
        L(minutes(16.1), "error", f"+odown master mymaster {ips[0]} 6379 #quorum 2/2"),
        L(minutes(16), "error", f"+switch-master mymaster {ips[0]} 6379 {ips[2]} 6379"),
        L(minutes(15.3), "info", f"+convert-to-slave slave {ips[0]}:6379 {ips[0]} 6379 @ mymaster {ips[2]} 6379"),
    ]
    for index in range(3):
        log(w, guard, index, "redis", quorum)
    told = [
        L(minutes(15.5), "info", "Ready to accept connections tcp"),
        L(minutes(15.3), "info", f"REPLICAOF {ips[2]}:6379 enabled (user request from 'id=12 addr=10.244.1.91:35118')"),
        L(minutes(15.2), "info", f"Connecting to MASTER {ips[2]}:6379"),
        L(minutes(14.9), "info", "MASTER <-> REPLICA sync started"),
        L(minutes(14.8), "info", "MASTER <-> REPLICA sync: Finished with success"),
    ]
    log(w, base, 0, "redis", told)
    told = [
        L(minutes(16), "info", "MASTER MODE enabled (user request from 'id=9 addr=10.244.1.88:40122')"),
        L(minutes(14.9), "info", f"Synchronization with replica {ips[0]}:6379 succeeded"),
    ]
    log(w, base, 2, "redis", told)
    image, env = "harbor.toys.example/shop", {"SPRING_DATA_REDIS_HOST": "rfrm-basket"}
    basket = well(w, "basket", f"{image}/basket:118", pods=3, age=days(9), before=f"{image}/basket:117", env=env)
    coupon = well(w, "coupons", f"{image}/coupons:30", pods=2, age=minutes(9), before=f"{image}/coupons:29", env=env)
    there = ip(w, "rfrm-basket")
    text = "io.lettuce.core.RedisReadOnlyException: READONLY You can't write against a read only replica."
    for index in range(3):
        lines = [L(minutes(16.1), "warn", f"Cannot reconnect to [rfrm-basket/{there}:6379]: Connection refused",
                   "i.l.core.protocol.ConnectionWatchdog"),
                 L(minutes(15.2), "info", f"Reconnected to rfrm-basket/{there}:6379",
                   "i.l.core.protocol.ReconnectionHandler")]  # fmt: skip
        failed = [f"PUT /basket/{{n}} failed: {text}"]
        lines += often(8, minutes(15) - 3 * index, 1, "error", failed, "c.t.basket.BasketController")
        log(w, basket, index, "logback", lines)
    said = ["coupon {n} marked as used, SET ok in 1ms"]
    for index in range(2):
        log(w, coupon, index, "logback", often(20, minutes(8) - 3 * index, 2, "info", said, "c.t.coupon.Store"))
    alert(w, "BasketSaveErrors", minutes(12), "nobody can put anything into a basket", service="basket")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "whole-pages-in-the-cache-push-all-else-out",
    "recipes",
    "2026-03-27T17:15:00",
    title="A service is slow and its database hot since another one's release keeps whole pages in the shared cache",
    drawn_from="eviction storms: large values of one client drive the small hot keys of all others out of memcached",
    why="The alerted service is old and its misses began with the evictions, at the storefront's release, "
    "which logs pages of 700 kB that it caches. Restarting the cache or adding readers gives the database the rest.",
    expect=[Fault("Deployment/storefront", "resource_exhaustion", "rollback_workload")],
    acceptable=[
        ("code_defect", "rollback_workload"),
        ("configuration_error", "rollback_workload"),
        ("capacity", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_database",
        "no_action",
        "restart_connection_pool",
        {"remedy": "scale_workload", "target": "Deployment/recipe-api"},
        {"remedy": "rollback_workload", "target": "Deployment/recipe-api"},
    ],
)
def evicted(w: World) -> None:
    nodes(w, "rc-1", "rc-2", "rc-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(400))
    base = postgres(w, "recipes-db", image="postgres:16.6")
    args = ("-m", "1024", "-I", "2m", "-c", "4096")
    inner = container("memcached", "memcached:1.6.34-alpine", port=11211, ready=None, args=args,
                      memory=("1200Mi", "1400Mi"))  # fmt: skip
    store = statefulset(w, "memcached", pod_spec(inner), 2, age=days(88))
    service(w, "memcached", port=11211, target=11211, headless=True)
    image, env = "registry.recipes.example/site", {"MEMCACHE_SERVERS": "memcached:11211"}
    api = well(w, "recipe-api", f"{image}/recipe-api:3.40.1", pods=4, age=days(15), env=env | {"PGHOST": "recipes-db"})
    front = well(w, "storefront", f"{image}/storefront:912", pods=3, age=minutes(39), before=f"{image}/storefront:911",
                 env=env)  # fmt: skip
    well(w, "comments", f"{image}/comments:66", pods=2, age=hours(6), before=f"{image}/comments:65", talk=True)
    said = ["cached page /r/{n}?lang=en&seen=a91c bytes=716402 ttl=0", "GET /r/{n} 200 in 88ms"]
    for index in range(3):
        log(w, front, index, "logfmt", often(6, minutes(38) - 3 * index, 1, "info", said))
    told = ["recipe {n} not in cache, asked database in 1.1s", "hit ratio of the last minute 0.11 (yesterday 0.96)"]
    for index in range(4):
        log(w, api, index, "logfmt", often(7, minutes(36) - 3 * index, 1, "warn", told))
    query = "ms  execute <unnamed>: SELECT * FROM recipes WHERE id = $1"
    slow = [f"duration: {took} {query}" for took in ("1204.311", "988.207", "1610.554")]
    log(w, base, 0, "postgres", often(6, minutes(30), 1, "log", slow, "api@recipes"))
    signal(w, "cache_evictions", {"component": "memcached"}, step(0.4, 870, minutes(37)))
    signal(w, "cache_memory_share", {"component": "memcached"}, step(0.71, 0.995, minutes(37), over=180))
    exact(w, "cache_up", {"component": "memcached"}, flat(1))
    for index in range(2):
        signal(w, "memory_share", {"pod": store.pod(index), "container": "memcached"}, ramp(0.6, 0.78, 2300, 2100))
    signal(w, "cpu_share", {"pod": "recipes-db-0", "container": "postgres"}, step(0.24, 0.97, minutes(36)))
    signal(w, "db_connections", {"component": "recipes-db"}, step(31, 78, minutes(36)))
    exact(w, "db_max_connections", {"component": "recipes-db"}, flat(100))
    requests(w, "recipe-api", rate=flat(310), errors=step(0.001, 0.06, minutes(34)), p95=step(0.04, 2.2, minutes(36)))
    requests(w, "storefront", rate=flat(120), errors=step(0.001, 0.03, minutes(34)), p95=step(0.2, 1.1, minutes(36)))
    alert(w, "RecipeApiLatency", minutes(29), "p95 of recipe-api is above 2 s", service="recipe-api")


@case(
    "consumers-die-in-turn-and-their-group-never-settles",
    "scooters",
    "2026-06-05T06:58:00",
    title="Trips are billed late: each consumer dies of its memory in minutes, and each death moves all partitions",
    drawn_from="librdkafka queues of many times the old size after fetch settings were raised: OOMKilled, rebalances",
    why="Image and limit are as before; the release of 37 minutes ago lets each partition fetch fifty times as much. "
    "The brokers only report who leaves, and another group on the same topic keeps up.",
    expect=[Fault("Deployment/trip-billing", "configuration_error", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("service_crash", "rollback_workload"),
        ("code_defect", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        {"remedy": "rollback_workload", "target": "StatefulSet/kafka"},
    ],
)
def turns(w: World) -> None:
    nodes(w, "sc-1", "sc-2", "sc-3", cpu="8")
    image = "quay.io/strimzi/kafka:0.43.0-kafka-3.8.0"
    broker = statefulset(w, "kafka", pod_spec(container("kafka", image, port=9092, ready=None)), 3, claim="data")
    for index in range(3):
        claim(w, f"data-kafka-{index}", size="200Gi")
    service(w, "kafka", port=9092, target=9092, headless=True)
    old = {"BOOTSTRAP": "kafka:9092", "GROUP_ID": "trip-billing", "MAX_PARTITION_FETCH_BYTES": "1048576"}
    new = old | {"MAX_PARTITION_FETCH_BYTES": "52428800", "QUEUED_MAX_MESSAGES_KBYTES": "2097151"}
    image = "registry.scooters.example/trip-billing:1.31.0"
    specs = [
        pod_spec(container("billing", image, port=9100, env=env, ready=None, memory=("256Mi", "512Mi")))
        for env in (old, new)
    ]
    pods = []
    for index in range(4):
        ended = 45.0 + 70 * index
        last = oom(started=ended + 262, finished=ended)
        pods.append(P(age=minutes(37) - 12 * index, restarts=7 - index % 2, last=last, state=running(ended - 20)))
    revs = [Rev(specs[0], days(27)), Rev(specs[1], minutes(37), cause="raise fetch sizes for the morning peak")]
    top = deployment(w, "trip-billing", revs, pods)
    for index, each in enumerate(top.pods):
        restarting(w, each, first=minutes(27), last=40 + 70 * index, count=9 + index)
        told = ["subscribed to trips.ended", f"assigned 4 partitions of 16, lag {412_000 - 900 * index}"]
        told += ["billed 4100 trips, 61 ms a batch"]
        lines = [L(300 - 45 * n + 70 * index, "info", text, "billing.main") for n, text in enumerate(told)]
        log(w, top, index, "python", lines, previous=True)
        if index:
            more = ["assignment revoked, group rebalances", "assigned 4 partitions of 16, billed {n} trips"]
            log(w, top, index, "python", often(16, 20 + 70 * index, 1, "info", more, "billing.main"))
        labels = {"pod": top.pod(index), "container": "billing"}
        signal(w, "memory_share", labels, _killed(45.0 + 70 * index), since=minutes(36))
        exact(w, "restarts", labels, lambda age: max(0.0, (minutes(37) - age) / 310), since=minutes(36))
    where = "kafka.coordinator.group.GroupCoordinator"
    said: list[L] = []
    for number, age in enumerate(range(1850, 10, -77)):
        who = f"[GroupCoordinator 1]: Member rdkafka-1c7f{9 * number:03}e in group trip-billing has failed, "
        text = "[GroupCoordinator 1]: Preparing to rebalance group trip-billing in state PreparingRebalance with old "
        text += f"generation {318 + number} (__consumer_offsets-31) (reason: removing member on heartbeat expiration)"
        said += [L(age, "info", who + "removing it from the group", where), L(age - 0.1, "info", text, where)]
    log(w, broker, 1, "kafka", said)
    image = "registry.scooters.example/trip-map"
    other = well(
        w, "trip-map", f"{image}:54", pods=2, age=hours(5), before=f"{image}:53", env={"BOOTSTRAP": "kafka:9092"}
    )
    log(w, other, 0, "python", often(22, 900, 2, "info", ["drew {n} trips, lag 12"], "trip_map.loop"))
    signal(w, "queue_depth", {"component": "trip-billing", "queue": "trips.ended"}, ramp(900, 415_000, minutes(32)))
    signal(w, "queue_depth", {"component": "trip-map", "queue": "trips.ended"}, flat(12))
    text = "consumer group trip-billing is more than 100000 messages late"
    alert(w, "KafkaConsumerGroupLag", minutes(20), text, consumergroup="trip-billing", topic="trips.ended")


def _killed(ended: float) -> Shape:
    """Grow to the limit and be killed there, last this long ago."""
    return lambda age: saw(0.18, 0.99, 280)(age - ended)


@case(
    "broker-out-of-free-disk-behind-dead-letters",
    "parcels",
    "2026-08-11T11:09:00",
    title="No order can be published: RabbitMQ is below its free disk limit, full of dead letters that nobody reads",
    drawn_from="disk resource limit alarm set on node: connections blocked, with a dead letter queue of millions",
    why="The broker says itself that free space is insufficient; the queue that fills it has no consumer and grew over "
    "weeks. The release of checkout came 26 minutes before; it and the consumers are well. Purge or a larger volume "
    "is a person's choice.",
    expect=[Fault("StatefulSet/rabbitmq", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        ("dependency_failure", "page_human"),
        ("resource_exhaustion", "page_human", "PersistentVolumeClaim/data-rabbitmq-0"),
    ],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "no_action", "scale_database"],
)
def letters(w: World) -> None:
    nodes(w, "pa-1", "pa-2", "pa-3")
    inner = container("rabbitmq", "rabbitmq:3.13.7-management", port=5672, memory=("1Gi", "2Gi"), ready=None)
    broker = statefulset(w, "rabbitmq", pod_spec(inner), 1, claim="data", age=days(310))
    claim(w, "data-rabbitmq-0", size="50Gi", age=days(310))
    service(w, "rabbitmq", port=5672, target=5672)
    image, env = "registry.parcels.example", {"AMQP_URL": "amqp://rabbitmq:5672/prod"}
    shop = well(
        w, "checkout", f"{image}/checkout:740", pods=3, age=minutes(47), before=f"{image}/checkout:739", env=env
    )
    route = well(w, "router", f"{image}/router:5.2", pods=2, age=days(64), env=env)
    told = [
        L(minutes(52), "info", "closing AMQP connection (10.244.1.61:41820 -> 10.244.1.9:5672, vhost: 'prod')"),
        L(minutes(21), "info", "Free disk space is insufficient. Free bytes: 4999241728. Limit: 5000000000"),
        L(minutes(21) - 0.2, "warning", "disk resource limit alarm set on node 'rabbit@rabbitmq-0'."),
        L(minutes(21) - 0.4, "warning", f"\n{58 * '*'}\n*** Publishers will be blocked until this alarm clears ***"),
    ]
    log(w, broker, 0, "rabbitmq", told)
    failed = [
        "pika.exceptions.ConnectionBlockedTimeout: Blocked connection timeout expired.",
        "POST /orders 503: order {n} not confirmed by broker, connection.blocked: low on disk",
    ]
    for index in range(3):
        good = often(25, minutes(45) - 3 * index, minutes(21), "info", ["POST /orders 201"], "checkout.orders")
        bad = often(12, minutes(20.5) - 3 * index, 1, "error", failed, "checkout.orders")
        log(w, shop, index, "python", good + bad)
    done = ["queue parcels.routed is empty, waiting", "parcel {n} has no depot, rejected to parcels.dead"]
    for index in range(2):
        log(w, route, index, "python", often(40, minutes(50) - 3 * index, minutes(19), "info", done, "router.loop"))
    labels = {"component": "rabbitmq"}
    signal(w, "queue_depth", labels | {"queue": "parcels.dead"}, ramp(9_412_000, 9_418_000, 3600, minutes(21)), noise=0)
    signal(w, "queue_depth", labels | {"queue": "parcels.routed"}, step(9, 0, minutes(20)))
    share = ramp(0.9054, 0.9069, 3600, minutes(21))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-rabbitmq-0"}, share, noise=0)
    signal(w, "memory_share", {"pod": "rabbitmq-0", "container": "rabbitmq"}, flat(0.34))
    requests(w, "checkout", rate=flat(12), errors=step(0.001, 0.83, minutes(20.5)), p95=step(0.1, 30, minutes(20.5)))
    alert(w, "CheckoutErrors", minutes(16), "83% of orders fail", service="checkout")
    where = f"http://{shop.pods[0]['status']['podIP']}:8080/healthz"
    late = f'Readiness probe failed: Get "{where}": context deadline exceeded'
    event(w, shop.pods[0], "Unhealthy", late, last=minutes(46.8), container="checkout")
