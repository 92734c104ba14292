"""Pools, slow queries, and a week of chart upgrades; and a cache that is full because it should be."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_a import NO_METRICS
from tests.diagnosis.casemaker.cases.fresh_b import stamped
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ip, service
from tests.diagnosis.casemaker.platform import claim, hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.signals import exact, flat, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

Obj = dict[str, Any]

RAILS = "{level[0]}, [{at}.481207 #1] {level} -- : [{logger}] {text}"


@case(
    "more-threads-than-connections-since-a-release",
    "tickets-uk",
    "2026-04-10T09:02:00",
    title="Requests wait for a connection of their pool of five since a release gave Puma sixteen threads",
    drawn_from="ActiveRecord::ConnectionTimeoutError could not obtain a connection from the pool within 5.000 seconds",
    why="The database has 200 places and uses a quarter, nothing waits in it. Each process has five connections for "
    "sixteen threads since 28 minutes ago; no other setting changed. The older template had as many as threads.",
    expect=[Fault("Deployment/web", "configuration_error", "rollback_workload")],
    acceptable=[
        ("database_connection", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
        ("code_defect", "rollback_workload"),
        ("capacity", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "scale_database",
        "no_action",
        "restart_workload",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/box-office"},
    ],
)
def threads(w: World) -> None:
    nodes(w, "tk-1", "tk-2", "tk-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(200))
    base = postgres(w, "tickets-db", image="postgres:16.3")
    image = "ghcr.io/tickets-uk/web:2f81c0d"
    common = {"RAILS_ENV": "production", "DATABASE_HOST": "tickets-db", "WEB_CONCURRENCY": "2", "DB_POOL": "5"}
    specs = [
        pod_spec(container("puma", image, port=3000, ready="/up", env=common | {"RAILS_MAX_THREADS": number}))
        for number in ("5", "16")
    ]
    revs = [Rev(specs[0], days(6)), Rev(specs[1], minutes(28), cause="use idle cores: RAILS_MAX_THREADS=16")]
    top = deployment(w, "web", revs, 4)
    service(w, "web", target=3000)
    office = well(w, "box-office", "ghcr.io/tickets-uk/box-office:88", pods=2, age=minutes(51),
                  before="ghcr.io/tickets-uk/box-office:87", env={"DATABASE_HOST": "tickets-db"})  # fmt: skip
    log(w, office, 0, "golang", often(30, 1500, 2, "", ["sold seat {n}, 9ms", "GET /healthz 200"]))
    text = (
        "ActiveRecord::ConnectionTimeoutError (could not obtain a connection from the pool within 5.000 seconds "
        "(waited 5.00{} seconds); all pooled connections were in use):"
    )
    for index in range(4):
        good = often(
            15, minutes(26) - 3 * index, 1, "info", ["Completed 200 OK in 48ms (ActiveRecord: 9.4ms)"], "b1e9-req"
        )
        bad = often(11, minutes(26) - 3 * index, 1, "error", [text.format(1), text.format(4)], "44ad-req")
        start = L(minutes(27.2), "info", "Puma starting in cluster mode... Max threads: 16, Workers: 2",
                  "puma")  # fmt: skip
        stamped(w, top, index, RAILS, [start, *good, *bad])
    rows = [
        session(each["status"]["podIP"], "Deployment/web", state, count, age=1, user="web", application="puma: web")
        for each in top.pods
        for state, count in (("active", 3), ("idle", 7))
    ]
    rows += [
        session(each["status"]["podIP"], "Deployment/box-office", "idle", 4, age=6, user="office")
        for each in office.pods
    ]
    sessions(w, "StatefulSet/tickets-db", 200, rows)
    said = ["checkpoint starting: time", "checkpoint complete: wrote 411 buffers (0.3%); 0 WAL file(s) added"]
    log(w, base, 0, "postgres", often(290, 3300, 60, "log", said))
    alert(w, "WebErrorBudgetBurn", minutes(19), "web burns its error budget 14 times too fast", service="web")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("database", True, ""), NO_METRICS)


@case(
    "back-office-search-scans-the-orders-of-all",
    "hardware",
    "2026-10-14T14:33:00",
    title="The checkout is slow: a search that the back office got 38 minutes ago scans all orders and takes all cores",
    drawn_from="LIKE '%...%' without an index: a query of one release that keeps the database's processors busy",
    why="Two dozen sessions of the back office run the same query for many seconds each and wait for nothing; the "
    "checkout's are short and queue for a core. A larger pool, more pods or ended idle sessions change none of it.",
    expect=[Fault("Deployment/back-office", "code_defect", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("database_connection", "rollback_workload"),
        ("dependency_failure", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "scale_database",
        "no_action",
        "restart_connection_pool",
        {"remedy": "restart_workload", "target": "StatefulSet/orders-db"},
        {"remedy": "restart_workload", "target": "Deployment/checkout"},
        {"remedy": "rollback_workload", "target": "Deployment/checkout"},
    ],
)
def search(w: World) -> None:
    nodes(w, "hw-1", "hw-2", "hw-3", cpu="8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(500))
    base = postgres(w, "orders-db", image="postgres:14.13")
    image, env = "registry.hardware.example", {"PGHOST": "orders-db"}
    shop = well(w, "checkout", f"{image}/checkout:2.66.0", pods=4, age=hours(4), before=f"{image}/checkout:2.65.9",
                env=env)  # fmt: skip
    back = well(w, "back-office", f"{image}/back-office:201", pods=2, age=minutes(38), env=env,
                before=f"{image}/back-office:200")  # fmt: skip
    well(w, "invoices", f"{image}/invoices:17", pods=2, age=days(44), env=env)
    query = "SELECT * FROM orders WHERE lower(customer_note) LIKE '%' || $1 || '%' ORDER BY placed_at DESC LIMIT 50"
    rows = [
        session(each["status"]["podIP"], "Deployment/back-office", "active", 12, age=41 - 9 * index, user="backoffice",
                application="back-office", query=query)
        for index, each in enumerate(back.pods)
    ]  # fmt: skip
    for each in shop.pods:
        own = "UPDATE orders SET state = $2 WHERE id = $1"
        rows.append(session(each["status"]["podIP"], "Deployment/checkout", "active", 4, age=2, user="shop", query=own))
        rows.append(session(each["status"]["podIP"], "Deployment/checkout", "idle", 4, age=1, user="shop"))
    sessions(w, "StatefulSet/orders-db", 150, rows)
    labels = {"pod": base.pod(0), "container": "postgres"}
    signal(w, "cpu_share", labels, step(0.27, 0.995, minutes(36)))
    signal(w, "throttled_share", labels, step(0.0, 0.81, minutes(36)))
    signal(w, "memory_share", labels, flat(0.63))
    signal(w, "node_cpu_share", {"node": "hw-1"}, step(0.22, 0.41, minutes(36)))
    named = {"component": "orders-db"}
    signal(w, "db_connections", named, step(39, 61, minutes(36)))
    exact(w, "db_max_connections", named, flat(150))
    exact(w, "db_locks_waiting", named, flat(0))
    signal(w, "db_connections_by_state", named | {"state": "active"}, step(4, 40, minutes(36)))
    for index in range(4):
        signal(w, "cpu_share", {"pod": shop.pod(index), "container": "checkout"}, step(0.34, 0.2, minutes(35)))
    requests(w, "checkout", rate=flat(58), errors=step(0.001, 0.04, minutes(33)), p95=step(0.12, 3.9, minutes(36)))
    requests(w, "back-office", rate=flat(3), errors=step(0.0, 0.35, minutes(34)), p95=step(0.3, 44, minutes(36)))
    alert(w, "CheckoutLatencyP95", minutes(28), "p95 of checkout is 3.9 s", service="checkout")
    taken(w, ("objects", True, ""), ("logs", False, "forbidden"), ("prometheus", True, ""), ("database", True, ""))


@case(
    "cache-is-full-because-it-should-be",
    "lyrics",
    "2026-01-21T22:18:00",
    title="An alert says that Redis is out of its configured memory; it is a cache that drops old keys by design",
    drawn_from="RedisOutOfConfiguredMaxmemory on instances with allkeys-lru, a rule copied for stores that keep data",
    why="The policy is allkeys-lru, memory is at its setting and evictions are even for the whole hour, far below the "
    "container's limit; latency, hit ratio and errors are as ever. Restarting it would empty a warm cache.",
    expect=[Fault("", "no_fault", "no_action")],
    acceptable=[("no_fault", "page_human")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "rollback_workload", "scale_workload", "scale_database", "isolate_workload"],
)
def full(w: World) -> None:
    nodes(w, "ly-1", "ly-2", "ly-3")
    ping = {"exec": {"command": ["redis-cli", "ping"]}, "periodSeconds": 5, "failureThreshold": 3}
    args = ("--maxmemory", "2gb", "--maxmemory-policy", "allkeys-lru", "--save", "", "--appendonly", "no")
    inner = container("redis", "redis:7.4.1", port=6379, memory=("3Gi", "3Gi"), ready=ping, args=args)
    cache = deployment(w, "lyrics-cache", [Rev(pod_spec(inner), days(133))], 1, age=days(133))
    service(w, "lyrics-cache", port=6379, target=6379)
    image, env = "registry.lyrics.example", {"REDIS_URL": "redis://lyrics-cache:6379/0"}
    songs = well(w, "songs", f"{image}/songs:1.88", pods=3, age=minutes(54), before=f"{image}/songs:1.87", env=env)
    hpa(w, songs, low=3, high=8, now=3, used=52)
    well(w, "charts", f"{image}/charts:402", pods=2, age=days(8), env=env, talk=True)
    said = ["cache hits 0.942 misses 0.058 in the last minute", "GET /songs/{n} 200 6ms", "GET /songs/{n} 200 31ms"]
    for index in range(3):
        log(w, songs, index, "pino", often(17, minutes(53) - 3 * index, 2, "info", said))
    log(w, cache, 0, "redis", [L(days(133), "info", "Ready to accept connections tcp")])
    signal(w, "cache_memory_share", {"component": "lyrics-cache"}, flat(0.999), noise=0.0005)
    signal(w, "cache_evictions", {"component": "lyrics-cache"}, flat(34), noise=0.06)
    signal(w, "cache_latency_p95", {"component": "lyrics-cache"}, flat(0.0011))
    exact(w, "cache_up", {"component": "lyrics-cache"}, flat(1))
    labels = {"pod": cache.pod(0), "container": "redis"}
    signal(w, "memory_share", labels, flat(0.72), noise=0.003)
    signal(w, "cpu_share", labels, flat(0.21))
    requests(w, "songs", rate=flat(420), errors=flat(0.0007), p95=flat(0.041))
    requests(w, "charts", rate=flat(60), errors=flat(0.0004), p95=flat(0.09))
    text = "Redis is running out of configured maxmemory (> 90%)"
    alert(w, "RedisOutOfConfiguredMaxmemory", hours(31), text, service="lyrics-cache", severity="warning")


@case(
    "two-faults-a-pooler-for-a-hundred-and-a-queue-with-a-password",
    "events-fr",
    "2026-07-07T10:05:00",
    title="Two charts were upgraded: PgBouncer is back at a hundred clients, and the queue's Redis wants a password",
    drawn_from="chart upgrades that return to defaults: max_client_conn of PgBouncer, auth.enabled of Redis",
    why="No client was released for days. Half of the site's requests are refused by a pooler whose new template lost "
    "MAX_CLIENT_CONN, and the notifier by a Redis whose new template has authentication on. They are two faults.",
    expect=[
        Fault("Deployment/pgbouncer", "configuration_error", "rollback_workload"),
        Fault("StatefulSet/queue-redis", "configuration_error", "rollback_workload"),
    ],
    acceptable=[
        ("database_connection", "rollback_workload", "Deployment/pgbouncer"),
        ("resource_exhaustion", "rollback_workload", "Deployment/pgbouncer"),
        ("capacity", "rollback_workload", "Deployment/pgbouncer"),
        ("database_connection", "rollback_workload", "StatefulSet/queue-redis"),
        ("dependency_failure", "rollback_workload", "StatefulSet/queue-redis"),
        ("configuration_error", "page_human", "StatefulSet/queue-redis"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        "scale_database",
        "no_action",
        "restart_connection_pool",
        {"remedy": "rollback_workload", "target": "Deployment/booking"},
        {"remedy": "rollback_workload", "target": "Deployment/notifier"},
        {"remedy": "scale_workload", "target": "Deployment/booking"},
    ],
)
def charts(w: World) -> None:
    nodes(w, "ev-1", "ev-2", "ev-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(350))
    postgres(w, "events-db", image="postgres:16.8")
    common = {"DB_HOST": "events-db", "POOL_MODE": "transaction", "DEFAULT_POOL_SIZE": "25"}
    old = container("pgbouncer", "edoburu/pgbouncer:v1.22.1-p0", port=6432, ready={"tcpSocket": {"port": 6432}},
                    env=common | {"MAX_CLIENT_CONN": "2000"})  # fmt: skip
    new = container("pgbouncer", "edoburu/pgbouncer:v1.23.1-p3", port=6432, ready={"tcpSocket": {"port": 6432}},
                    env=common)  # fmt: skip
    pool = deployment(w, "pgbouncer", [Rev(pod_spec(old), days(180)), Rev(pod_spec(new), minutes(46))], 2)
    service(w, "pgbouncer", port=6432, target=6432)
    probe = {"exec": {"command": ["sh", "-c", "/health/ping_readiness_local.sh 1"]}, "periodSeconds": 5}
    key = {"REDIS_PASSWORD": from_secret("queue-redis", "redis-password"), "ALLOW_EMPTY_PASSWORD": "no"}
    envs: tuple[Obj, Obj] = ({"ALLOW_EMPTY_PASSWORD": "yes", "REDIS_PORT": "6379"}, key | {"REDIS_PORT": "6379"})
    revs = [
        Rev(pod_spec(container("redis", f"docker.io/bitnami/redis:{v}", port=6379, env=env, ready=probe)), age)
        for v, env, age in zip(
            ("7.2.4-debian-12-r9", "7.4.2-debian-12-r4"), envs, (days(180), minutes(41)), strict=True
        )
    ]
    secret(w, "queue-redis", ["redis-password"], age=minutes(42))
    queue = rolled(w, "StatefulSet", "queue-redis", revs, [P()], claim="redis-data")
    claim(w, "redis-data-queue-redis-0", size="8Gi")
    service(w, "queue-redis", port=6379, target=6379)
    log(w, queue, 0, "redis", [L(minutes(40.4), "info", "DB loaded from append only file: 0.310 seconds"),
                               L(minutes(40.3), "info", "Ready to accept connections tcp")])  # fmt: skip
    image = "rg.fr-par.scw.cloud/events-example"
    env = {"DATABASE_URL": "postgresql://booking@pgbouncer:6432/events"}
    web = well(w, "booking", f"{image}/booking:6.14", pods=6, age=days(5), before=f"{image}/booking:6.13", env=env)
    text = f'psycopg.OperationalError: connection failed: connection to server at "{ip(w, "pgbouncer")}", port 6432 '
    text += "failed: FATAL:  no more connections allowed (max_client_conn)"
    for index in range(6):
        good = often(12, minutes(43) - 3 * index, 1, "info", ['"POST /book HTTP/1.1" 200'], "uvicorn.access")
        log(w, web, index, "python", good + often(13, minutes(43) - 3 * index, 1, "error", [text], "booking.db"))
    told = ["kernel file descriptor limit: 1048576 (hard: 1048576); max_client_conn: 100, max expected fd use: 152"]
    told += ["process up: PgBouncer 1.23.1, libevent 2.1.12-stable (epoll), adns: evdns2, tls: OpenSSL 3.3.2"]
    for index in range(2):
        made = [
            L(minutes(45.2), "", f"{w.time(minutes(45.2)):%Y-%m-%d %H:%M:%S}.217 UTC [1] LOG {each}") for each in told
        ]
        for age in range(2640 - 3 * index, 1, -29):
            who = (
                f"C-0x7f2a40{41_000 + age:x}: (nodb)/(nouser)@{web.pods[age % 6]['status']['podIP']}:{33_000 + age * 7}"
            )
            text = f"WARNING {who} pooler error: no more connections allowed (max_client_conn)"
            made.append(L(age, "", f"{w.time(age):%Y-%m-%d %H:%M:%S}.604 UTC [1] {text}"))
        log(w, pool, index, "plain", made)
    env = {"BULL_REDIS": "redis://queue-redis:6379"}
    note = well(w, "notifier", f"{image}/notifier:3.3", pods=2, age=days(29), env=env)
    failed = ["ReplyError: NOAUTH Authentication required. command=evalsha", "job worker: connection is not ready"]
    for index in range(2):
        log(w, note, index, "pino", often(6, minutes(40) - 3 * index, 1, "error", failed))
    well(w, "agenda", f"{image}/agenda:90", pods=2, age=hours(20), before=f"{image}/agenda:89", talk=True)
    requests(w, "booking", rate=flat(44), errors=step(0.001, 0.46, minutes(44)), p95=step(0.2, 0.24, minutes(44)))
    exact(w, "db_connections", {"component": "events-db"}, flat(50))
    exact(w, "db_max_connections", {"component": "events-db"}, flat(200))
    exact(w, "queue_depth", {"component": "notifier", "queue": "mails"}, flat(0), until=minutes(41))
