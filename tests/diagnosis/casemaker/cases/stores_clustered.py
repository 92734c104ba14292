"""Data services and brokers whose clients name the trouble in their own words: MySQL, Redis Cluster, RabbitMQ."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, nodes
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, minutes


@case(
    "overlapping-reports-take-all-sessions",
    "brewery",
    "2026-07-02T14:52:00",
    title="A report that starts every five minutes now takes an hour; a dozen run at once and hold MySQL's connections",
    drawn_from=(
        "CronJobs with concurrencyPolicy Allow that pile up, and Error 1040: Too many connections in the "
        "services beside"
    ),
    why=(
        "The shop is unchanged and has as many pods as ever; what there is twelve times is the report, "
        "each with its own pool."
    ),
    expect=[Fault("CronJob/sales-report", "database_connection", "page_human")],
    acceptable=[
        ("database_connection", "page_human", "StatefulSet/mysql"),
        ("configuration_error", "page_human"),
        ("capacity", "page_human", "StatefulSet/mysql"),
    ],
    tolerated=["scale_database"],
    forbidden=["rollback_workload", "restart_workload", "scale_workload", "no_action", "isolate_workload"],
)
def overlapping(w: World) -> None:
    nodes(w, "br-1", "br-2", "br-3")
    spec = pod_spec(
        container(
            "mysql",
            "mysql:8.4.3",
            port=3306,
            memory=("2Gi", "4Gi"),
            env_from=("secret/mysql-auth",),
            ready={"tcpSocket": {"port": 3306}},
        )
    )
    base = statefulset(w, "mysql", spec, claim="data")
    claim(w, "data-mysql-0")
    service(w, "mysql", port=3306, target=3306)
    shop = well(w, "shop", "registry.brewery.example/shop:9.2", pods=3, age=days(48), env={"DB_DSN": "mysql:3306"})
    text = "report running: SELECT month, SUM(total) FROM sales_lines took {n} ms so far"
    spec = pod_spec(
        container(
            "report", "registry.brewery.example/report:2", port=0, ready=None, env={"DB_HOST": "mysql", "POOL": "12"}
        )
    )
    made = busy(w, "sales-report", spec, ages=[minutes(5 * n + 2) for n in range(12)], schedule="*/5 * * * *")
    for index in (0, 5, 11):
        log(w, made, index, "python", often(30, minutes(5 * index + 1), 2, "info", [text], "report"))
    for index in range(3):
        lines = ["Error 1040 (HY000): Too many connections", "GET /basket/{n} 500 in 3ms"]
        log(w, shop, index, "golang", often(6, 700, 1, "error", lines))
    log(w, base, 0, "mysql", often(12, 690, 3, "warning", ["Too many connections"]))
    signal(w, "db_connections", {"component": "mysql"}, ramp(28, 151, minutes(58), minutes(12)))
    exact(w, "db_max_connections", {"component": "mysql"}, flat(151))
    requests(w, "shop", rate=flat(31), errors=step(0.001, 0.37, minutes(11)))
    alert(w, "MysqlTooManyConnections", minutes(9), "mysql uses all of its connections", service="mysql")


@case(
    "cache-cluster-lost-slots",
    "arcade",
    "2026-10-14T18:14:00",
    title=(
        "One master of a Redis Cluster and its replica cannot load their append-only file; part of the "
        "slots is not served"
    ),
    drawn_from=(
        "Redis Cluster after a hard power loss: Bad file format reading the append only file, "
        "CLUSTERDOWN Hash slot not served"
    ),
    why="Four of six nodes are well and no client was changed; a file on two volumes has to be repaired "
    "by somebody who "
    "knows what may be lost.",
    expect=[Fault("StatefulSet/redis-cluster", "dependency_failure", "page_human")],
    acceptable=[
        ("service_crash", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("configuration_error", "page_human"),
    ],
    forbidden=[
        "rollback_workload",
        "restart_workload",
        "scale_workload",
        "no_action",
        "scale_database",
        "isolate_workload",
    ],
)
def slots(w: World) -> None:
    nodes(w, "ac-1", "ac-2", "ac-3")
    spec = pod_spec(
        container(
            "redis",
            "redis:7.4.1",
            port=6379,
            args=("--cluster-enabled", "yes", "--appendonly", "yes"),
            ready={"tcpSocket": {"port": 6379}},
        )
    )
    last = terminated(1, "Error", started=84, finished=83)
    down = P(restarts=7, last=last, ready=False, backoff="5m0s", unready=minutes(16))
    top = rolled(
        w, "StatefulSet", "redis-cluster", [Rev(spec, days(210))], [P(), P(), down, P(), P(), down], claim="data"
    )
    service(w, "redis-cluster", port=6379, target=6379, headless=True)
    for index in range(6):
        claim(w, f"data-redis-cluster-{index}", size="5Gi")
    for index in (2, 5):
        restarting(w, top.pods[index], first=minutes(15), last=40, count=66)
        text = (
            "Bad file format reading the append only file appendonly.aof.7.incr.aof: make a backup of your "
            "AOF file, then use ./redis-check-aof --fix"
        )
        log(w, top, index, "redis", [L(84, "info", "Redis version=7.4.1"), L(83, "warn", text)], previous=True)
    log(w, top, 0, "redis", [L(minutes(15.5), "warn", "Cluster state changed: fail")])
    score = well(
        w, "scores", "registry.arcade.example/scores:61", pods=3, age=days(9), env={"REDIS_NODES": "redis-cluster:6379"}
    )
    lobby = well(
        w, "lobby", "registry.arcade.example/lobby:16", pods=2, age=days(30), env={"REDIS_NODES": "redis-cluster:6379"}
    )
    for index in range(3):
        text = "redis.clients.jedis.exceptions.JedisClusterException: CLUSTERDOWN Hash slot not served"
        log(w, score, index, "logback", often(5, 920, 1, "error", [text, "PUT /score/{n} failed"], "c.a.score.Store"))
    for index in range(2):
        log(w, lobby, index, "pino", often(7, 920, 1, "error", ["ReplyError: CLUSTERDOWN The cluster is down"]))


@case(
    "consumers-lost-their-channel",
    "printing",
    "2026-04-09T09:21:00",
    title=(
        "RabbitMQ closed the channels of all consumers for a late acknowledgement; they live on without "
        "one and read nothing"
    ),
    drawn_from="rabbitmq/rabbitmq-server issue 12857 and clients that do not reconnect after PRECONDITION_FAILED",
    why="The workers are ready and idle while the queue grows; broker and publishers are well; a restart "
    "gives the workers "
    "new channels, and nothing was released.",
    expect=[Fault("Deployment/render-worker", "service_crash", "restart_workload")],
    acceptable=[
        ("code_defect", "restart_workload"),
        ("dependency_failure", "restart_workload"),
        ("service_crash", "restart_connection_pool"),
        ("resource_exhaustion", "restart_workload"),
        ("unknown", "restart_workload"),
    ],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "no_action", "scale_database", "isolate_workload"],
)
def channels(w: World) -> None:
    nodes(w, "pr-1", "pr-2")
    spec = pod_spec(container("rabbitmq", "rabbitmq:4.0.5", port=5672, ready={"tcpSocket": {"port": 5672}}))
    broker = statefulset(w, "rabbitmq", spec, claim="data")
    claim(w, "data-rabbitmq-0")
    service(w, "rabbitmq", port=5672, target=5672)
    spec = pod_spec(
        container("worker", "registry.printing.example/render-worker:19", env={"AMQP_URL": "amqp://rabbitmq:5672"})
    )
    work = deployment(w, "render-worker", [Rev(spec, days(29))], 3)
    well(
        w,
        "orders",
        "registry.printing.example/orders:40",
        pods=2,
        age=days(13),
        talk=True,
        env={"AMQP_URL": "amqp://rabbitmq:5672"},
    )
    text = (
        "amqp.exceptions.PreconditionFailed: (0, 0): (406) PRECONDITION_FAILED - delivery acknowledgement on channel 1 "
        "timed out. Timeout value used: 1800000 ms. This timeout value can be configured, see consumers "
        "doc guide to learn more"
    )
    for index in range(3):
        lines = [
            *often(20, 3400, minutes(33), "info", ["rendered sheet {n}"], "worker"),
            L(minutes(31) - 20 * index, "error", text, "worker"),
            L(minutes(31) - 20 * index - 1, "warning", "consumer thread ended", "worker"),
        ]
        log(w, work, index, "python", lines)
    text = (
        "operation none caused a channel exception precondition_failed: delivery acknowledgement on "
        "channel 1 timed out. Timeout value used: 1800000 ms."
    )
    log(w, broker, 0, "rabbitmq", [L(minutes(31) - 20 * n, "error", text) for n in range(3)])
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "sheets"}, ramp(14, 5200, minutes(31)))
    for index in range(3):
        signal(w, "cpu_share", {"pod": work.pod(index), "container": "worker"}, step(0.62, 0.01, minutes(31)))
    alert(w, "QueueGrows", minutes(15), "queue sheets holds more than 2000 messages", queue="sheets")
