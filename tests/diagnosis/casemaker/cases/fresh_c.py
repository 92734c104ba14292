"""Stores and those who use them: who of them is to blame for what the other one's log says."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import STILL
from tests.diagnosis.casemaker.events import event, restarting
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, oom, terminated
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, saw, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

NO_METRICS = ("prometheus", False, "not configured")


def beside(w: World, pod: dict[str, Any], *, restarts: int, started: float, ended: float) -> None:
    """Note that the pod's second container was killed for memory again and again, and runs once more."""
    status = pod["status"]["containerStatuses"][1]
    status["restartCount"] = restarts
    status["state"] = {"running": {"startedAt": w.at(ended - 12)}}
    died = {"exitCode": 137, "reason": "OOMKilled", "startedAt": w.at(started), "finishedAt": w.at(ended)}
    status["lastState"] = {"terminated": died | {"containerID": status["containerID"]}}


@case(
    "proxy-beside-the-program-is-killed-for-memory",
    "harvest",
    "2026-03-17T10:24:00",
    title="A program cannot reach its database through the proxy beside it; that proxy is killed at a smaller limit",
    drawn_from="Cloud SQL Auth Proxy sidecars with a limit too small: connection refused on 127.0.0.1, database well",
    why="The log names a database, yet it is the way to it: the second container dies of a limit that the release of "
    "half an hour ago cut; image and program are as before.",
    expect=[Fault("Deployment/silo-api", "resource_exhaustion", "rollback_workload")],
    acceptable=[
        ("configuration_error", "rollback_workload"),
        ("database_connection", "rollback_workload"),
        ("service_crash", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def proxy(w: World) -> None:
    nodes(w, "hv-1", "hv-2")
    api = container("api", "europe-docker.pkg.dev/harvest/apps/silo-api:4.9.1", port=4000, ready="/up")
    helper = "gcr.io/cloud-sql-connectors/cloud-sql-proxy:2.11.4"
    args = ("--port=5432", "--structured-logs", "harvest-prod:europe-west4:silo")
    specs = [
        pod_spec(api, container("cloud-sql-proxy", helper, port=0, ready=None, args=args, memory=memory))
        for memory in (("128Mi", "256Mi"), ("24Mi", "32Mi"))
    ]
    top = deployment(w, "silo-api", [Rev(specs[0], days(34)), Rev(specs[1], minutes(33))], 2)
    for index, pod in enumerate(top.pods):
        beside(w, pod, restarts=8 + index, started=190 - 20 * index, ended=95 - 30 * index)
        meta = pod["metadata"]
        text = (
            f"Back-off restarting failed container cloud-sql-proxy in pod {meta['name']}_{w.namespace}({meta['uid']})"
        )
        event(w, pod, "BackOff", text, first=minutes(29), last=80, count=41, container="cloud-sql-proxy")
        text = "** (DBConnection.ConnectionError) tcp connect (127.0.0.1:5432): connection refused - :econnrefused"
        lines = often(14, minutes(30), 1, "error", [f"Postgrex.Protocol (#PID<0.{{n}}.0>) failed to connect: {text}"])
        log(w, top, index, "logfmt", lines)
        said = L(
            80 - 30 * index,
            "info",
            '{"severity":"INFO","message":"The proxy has started successfully and is ready for new connections!"}',
        )
        log(w, top, index, "plain", [said], container="cloud-sql-proxy")
    service(w, "silo-api", target=4000)
    well(w, "weighbridge", "europe-docker.pkg.dev/harvest/apps/weighbridge:77", pods=2, talk=True)
    alert(w, "SiloApiDatabaseErrors", minutes(25), "silo-api cannot reach its database", service="silo-api")
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "repricing-waits-outside-with-rows-locked",
    "charter-air",
    "2026-06-24T13:41:00",
    title="A kiosk is slow, the pool of the service behind it is full, and a third one keeps the rows locked",
    drawn_from="HikariPool request timed out in one service because another calls a partner inside its transaction",
    why="The pool is full of sessions that wait for a lock; the blocker's newest release keeps its transaction open "
    "while it asks a partner. A larger pool or more pods only wait with them.",
    expect=[Fault("Deployment/reprice", "code_defect", "rollback_workload")],
    acceptable=[("database_connection", "rollback_workload"), ("resource_exhaustion", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "scale_database",
        "no_action",
        {"remedy": "restart_workload", "target": "Deployment/seatmap"},
        {"remedy": "rollback_workload", "target": "Deployment/kiosk"},
    ],
)
def repricing(w: World) -> None:
    nodes(w, "ca-1", "ca-2", "ca-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    base = postgres(w, "inventory-db", image="postgres:15.8")
    image = "registry.charter-air.example"
    env = {"JDBC_URL": "jdbc:postgresql://inventory-db:5432/inventory"}
    seatmap = well(w, "seatmap", f"{image}/seatmap:8.2", pods=2, age=days(17), env=env)
    url = {"SEATMAP_URL": "http://seatmap"}
    kiosk = well(w, "kiosk", f"{image}/kiosk:301", pods=3, age=minutes(52), before=f"{image}/kiosk:300", env=url)
    reprice = well(
        w, "reprice", f"{image}/reprice:2.0.0", pods=1, age=minutes(31), before=f"{image}/reprice:1.14.3",
        env={"PGHOST": "inventory-db"},
    )  # fmt: skip
    text = (
        "HikariPool-1 - Connection is not available, request timed out after 30001ms "
        "(total=10, active=10, idle=0, waiting=44)"
    )
    for index in range(2):
        lines = [f"java.sql.SQLTransientConnectionException: {text}"]
        log(
            w,
            seatmap,
            index,
            "logback",
            often(10, minutes(27), 1, "error", lines, "o.h.engine.jdbc.spi.SqlExceptionHelper"),
        )
    for index in range(3):
        log(w, kiosk, index, "pino", often(12, minutes(27), 1, "warn", ["GET http://seatmap/map/{n} 503 in 30.0s"]))
    texts = ["BEGIN; UPDATE seats SET fare_id=? WHERE flight=?", "asking https://fares.gds-partner.example/v3/quote"]
    log(w, reprice, 0, "plain", often(30, minutes(30), 5, "info", [f"[reprice] {each}" for each in texts]))
    waits = (
        "process {n} still waiting for ShareLock on transaction 81220417 after 1000.112 ms",
        "UPDATE seats SET held_by=$1 WHERE flight=$2 AND seat=$3",
    )
    log(w, base, 0, "postgres", often(15, minutes(27), 1, "log", waits))
    rows = [
        session(reprice.pods[0]["status"]["podIP"], "Deployment/reprice", "idle in transaction", 1, age=1655,
                user="reprice", application="reprice", query="UPDATE seats SET fare_id=$1 WHERE flight=$2")
    ]  # fmt: skip
    rows += [
        session(pod["status"]["podIP"], "Deployment/seatmap", "active", 10, age=29, user="seatmap",
                application="PostgreSQL JDBC Driver", wait="Lock:transactionid",
                query="UPDATE seats SET held_by=$1 WHERE flight=$2 AND seat=$3")
        for pod in seatmap.pods
    ]  # fmt: skip
    sessions(w, "StatefulSet/inventory-db", 200, rows)
    signal(w, "db_locks_waiting", {"component": "inventory-db"}, step(0, 20, minutes(28)))
    signal(w, "db_transaction_age", {"component": "inventory-db"}, ramp(1, 1655, minutes(28)))
    signal(w, "db_connections", {"component": "inventory-db"}, step(17, 21, minutes(28)))
    exact(w, "db_max_connections", {"component": "inventory-db"}, flat(200))
    requests(w, "kiosk", rate=flat(33), errors=step(0.001, 0.41, minutes(27)), p95=step(0.3, 30, minutes(27)))
    requests(w, "seatmap", rate=flat(38), errors=step(0.001, 0.57, minutes(27)), p95=step(0.05, 30, minutes(27)))
    alert(w, "KioskLatency", minutes(22), "p95 of kiosk is 30 s", service="kiosk")


@case(
    "replay-floods-the-stream-of-the-mails",
    "bakery-club",
    "2026-09-15T06:52:00",
    title="Mails are late: their consumer was released, yet its queue is full of what a replay publishes since an hour",
    drawn_from="back-fills that publish millions of old events into the subject which the live traffic uses",
    why="The consumer works as fast as ever; the queue grew from the minute the replay began, an hour and a half after "
    "the release. To stop or to throttle a replay is a person's decision.",
    expect=[Fault("CronJob/order-replay", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        ("code_defect", "page_human"),
        ("dependency_failure", "page_human"),
        ("capacity", "page_human", "*"),
        ("resource_exhaustion", "page_human", "*"),
    ],
    tolerated=["scale_workload"],
    forbidden=["rollback_workload", "restart_workload", "no_action", "scale_database", "restart_connection_pool"],
)
def replay(w: World) -> None:
    nodes(w, "bk-1", "bk-2", "bk-3")
    spec = pod_spec(container("nats", "nats:2.10.22-alpine", port=4222, ready=None, args=("-js", "-sd", "/data")))
    base = statefulset(w, "nats", spec, 3, claim="js")
    for index in range(3):
        claim(w, f"js-nats-{index}")
    service(w, "nats", port=4222, target=4222, headless=True)
    image, env = "ghcr.io/bakery-club-example", {"NATS_URL": "nats://nats:4222"}
    mails = well(w, "mails", f"{image}/mails:12.1", pods=2, age=hours(2.5), before=f"{image}/mails:12.0", env=env)
    well(w, "orders", f"{image}/orders:55", pods=2, env=env, talk=True)
    command = ("bin/replay", "--subject=orders.placed", "--since=2019-01-01", "--rate=0")
    spec = pod_spec(container("replay", f"{image}/replay:3", port=0, ready=None, command=command, env=env))
    run = busy(w, "order-replay", spec, ages=[minutes(58)], schedule="54 5 * * 2")
    texts = ["published {n} events to orders.placed, 2900/s", "still 4 years of orders to publish"]
    log(w, run, 0, "golang", often(35, minutes(57), 3, "", texts))
    text = "sent receipt for order {n} (event is 1722 days old, skipped mail)"
    for index in range(2):
        log(w, mails, index, "pino", often(5, minutes(20), 1, "info", [text, "batch of 200 acked in 410ms"]))
    text = "[WRN] JetStream consumer 'ORDERS > mails' has {n} pending messages"
    lines = [
        L(x.age, "", f"[1] {w.time(x.age):%Y/%m/%d %H:%M:%S}.204118 {x.text}") for x in often(60, 2400, 3, "", [text])
    ]
    log(w, base, 0, "plain", lines)
    signal(w, "queue_depth", {"component": "nats", "queue": "mails"}, ramp(30, 8_600_000, minutes(57)))
    for index in range(2):
        signal(w, "cpu_share", {"pod": mails.pod(index), "container": "mails"}, step(0.2, 0.74, minutes(57)))
    requests(w, "orders", rate=flat(6), errors=flat(0.001), p95=flat(0.09))
    alert(w, "ReceiptMailsLate", minutes(41), "receipts are sent more than 30 min late", service="mails")


@case(
    "ensemble-member-with-a-torn-snapshot",
    "adserver",
    "2026-04-29T02:33:00",
    title="One ZooKeeper of three cannot load its data; the tables of a store released just now log lost sessions",
    drawn_from="Unable to load database on disk: a ZooKeeper whose epoch files were torn when its host lost power",
    why="Quorum holds and the store reconnected; only this member's volume is damaged, each start ends alike. Its data "
    "has to be removed by somebody who has seen that the other two are in sync.",
    expect=[Fault("StatefulSet/zookeeper", "service_crash", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human"),
        ("unknown", "page_human"),
    ],
    forbidden=[*STILL, "scale_database", "restart_connection_pool"],
)
def ensemble(w: World) -> None:
    nodes(w, "ad-1", "ad-2", "ad-3")
    spec = pod_spec(container("zookeeper", "zookeeper:3.9.2", port=2181, ready={"exec": {"command": ["zkOk.sh"]}}))
    last = terminated(1, "Error", started=171, finished=164)
    down = P(age=days(75), restarts=11, last=last, ready=False, backoff="5m0s", unready=minutes(38))
    well_ = P(age=days(75))
    top = rolled(w, "StatefulSet", "zookeeper", [Rev(spec, days(75))], [well_, well_, down], claim="data")
    for index in range(3):
        claim(w, f"data-zookeeper-{index}", size="8Gi")
    service(w, "zookeeper", port=2181, target=2181, headless=True)
    restarting(w, top.pods[2], first=minutes(37), last=30, count=150)
    lines = [
        "ERROR [main:o.a.z.s.q.QuorumPeer@1172] - Unable to load database on disk",
        "java.io.IOException: The accepted epoch, 6 is less than the current epoch, 7",
        "\tat org.apache.zookeeper.server.quorum.QuorumPeer.loadDataBase(QuorumPeer.java:1169)",
        "ERROR [main:o.a.z.s.q.QuorumPeerMain@114] - Unexpected exception, exiting abnormally",
    ]
    log(w, top, 2, "plain", [L(170 - n, "", text) for n, text in enumerate(lines)], previous=True)
    text = "Cannot open channel to 3 at election address zookeeper-2.zookeeper:3888"
    log(
        w,
        top,
        0,
        "plain",
        [L(2200, "", f"WARN [QuorumConnectionThread-[myid=1]-2:o.a.z.s.q.QuorumCnxManager@401] - {text}")],
    )
    specs = [
        pod_spec(container("clickhouse", f"clickhouse/clickhouse-server:24.8.{v}", port=8123, ready="/ping"))
        for v in ("4.13", "7.41")
    ]
    revs = [Rev(specs[0], days(66)), Rev(specs[1], minutes(51))]
    store = rolled(w, "StatefulSet", "clickhouse", revs, [P(), P()], claim="data")
    for index in range(2):
        claim(w, f"data-clickhouse-{index}", size="500Gi")
        told = [
            L(
                minutes(38),
                "",
                "<Error> ZooKeeperClient: Code: 999. Coordination::Exception: Session expired. (KEEPER_EXCEPTION)",
            ),
            L(
                minutes(37.8),
                "",
                "<Information> ReplicatedMergeTreeRestartingThread: ZooKeeper session has been re-established",
            ),
            L(200, "", "<Information> executeQuery: Read 184467 rows in 0.031 sec."),
        ]
        log(w, store, index, "plain", told)
    service(w, "clickhouse", port=8123, target=8123)
    alert(
        w, "KubeStatefulSetReplicasMismatch", minutes(23), "adserver/zookeeper: 2 of 3 ready", statefulset="zookeeper"
    )
    taken(w, ("objects", True, ""), ("logs", True, ""), NO_METRICS)


@case(
    "cache-dies-and-the-database-gets-the-herd",
    "streetmap",
    "2026-05-06T17:36:00",
    title="MariaDB is at its CPU every few minutes: the cache in front is killed for memory and comes back empty",
    drawn_from="in-memory stores whose maxmemory is above the container's limit, and the database that pays for it",
    why="Load on the database follows each death of the cache, which began with its own roll-out: the limit was halved "
    "and --maxmemory was not. A bigger database would only hide it.",
    expect=[Fault("StatefulSet/valkey", "resource_exhaustion", "rollback_workload")],
    acceptable=[("configuration_error", "rollback_workload"), ("service_crash", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=["restart_workload", "scale_workload", "scale_database", "no_action", "restart_connection_pool"],
)
def herd(w: World) -> None:
    nodes(w, "st-1", "st-2", "st-3")
    args = ("--maxmemory", "1500mb", "--maxmemory-policy", "allkeys-lru", "--save", "")
    specs = [
        pod_spec(container("valkey", "valkey/valkey:8.0.1", port=6379, memory=(size, size), ready=None, args=args))
        for size in ("2Gi", "1Gi")
    ]
    ended = oom(started=480, finished=112)
    cache = rolled(
        w, "StatefulSet", "valkey", [Rev(specs[0], days(140)), Rev(specs[1], minutes(46))],
        [P(age=minutes(46), restarts=7, last=ended, state=("running", {"startedAt": 110.0}))],
    )  # fmt: skip
    service(w, "valkey", port=6379, target=6379)
    log(w, cache, 0, "redis", [L(109, "info", "Server initialized"), L(108, "info", "Ready to accept connections tcp")])
    spec = pod_spec(
        container("mariadb", "mariadb:11.4.3", port=3306, cpu=("2", "4"), memory=("8Gi", "8Gi"), ready=None)
    )
    base = statefulset(w, "mariadb", spec, claim="data")
    claim(w, "data-mariadb-0", size="100Gi")
    service(w, "mariadb", port=3306, target=3306)
    text = "Aborted connection {n} to db: 'poi' user: 'tiles' (Got timeout reading communication packets)"
    lines = [
        L(x.age, "", f"{w.at(x.age)[:-1].replace('T', ' ')} 418 [Warning] {x.text}")
        for x in often(40, 2400, 5, "", [text])
    ]
    log(w, base, 0, "plain", lines)
    tiles = well(w, "tiles", "registry.streetmap.example/tiles:19.3", pods=4, age=days(9))
    texts = ["valkey: dial tcp: connect: connection refused, reading from mariadb", "poi query took 6.{n}s"]
    for index in range(4):
        log(w, tiles, index, "zap", often(20, minutes(43), 2, "warn", texts))
    labels = {"pod": "valkey-0", "container": "valkey"}
    signal(w, "memory_share", labels, lambda age: 0.55 if age > 2760 else saw(0.05, 1.0, 370)(age))
    exact(w, "restarts", labels, lambda age: max(0.0, (2700 - age) / 370), since=2760)
    labels = {"pod": "mariadb-0", "container": "mariadb"}
    signal(w, "cpu_share", labels, lambda age: 0.3 if age > 2700 else (0.99 if age % 370 > 190 else 0.45))
    requests(w, "tiles", rate=flat(210), errors=step(0.001, 0.06, minutes(44)), p95=step(0.08, 6.5, minutes(44)))
    alert(w, "MariaDBHighCPU", minutes(30), "mariadb-0 uses all of its CPU", pod="mariadb-0", severity="warning")
