"""Data stores that fail two or three calls behind the alert: locks, limits, quorum, replication, a full cache."""

from __future__ import annotations

from collections.abc import Iterable

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import restarting
from tests.diagnosis.casemaker.jobs import busy
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.rolled import rolled
from tests.diagnosis.casemaker.scene import alert, redis, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, Workload
from tests.diagnosis.casemaker.world import World, days, hours, minutes

STILL = ["restart_workload", "rollback_workload", "scale_workload", "no_action", "isolate_workload"]


def stamped(w: World, of: Workload, number: int, form: str, lines: Iterable[L]) -> None:
    """Keep a log in a form of its own: {at} the moment, {level}, {logger} and {text} of a line."""
    made = [
        L(
            line.age,
            line.level,
            form.format(at=w.at(line.age)[:-1], level=line.level.upper(), logger=line.logger, text=line.text),
        )
        for line in lines
    ]
    log(w, of, number, "plain", made)


RUST = "{at}.204117Z {level:>5} {logger}: {text}"
LARAVEL = "[{at}+00:00] production.{level}: {text}"
DOTNET = "{at}.031Z {level}: {logger}[0] {text}"


def mysql(w: World, name: str = "mysql", image: str = "mysql:8.4.2") -> Workload:
    spec = pod_spec(
        container(
            "mysql",
            image,
            port=3306,
            memory=("4Gi", "4Gi"),
            env_from=("secret/mysql-auth",),
            ready={"exec": {"command": ["mysqladmin", "ping"]}, "periodSeconds": 10, "failureThreshold": 3},
        )
    )
    made = statefulset(w, name, spec, claim="data")
    claim(w, f"data-{name}-0", size="80Gi")
    service(w, name, port=3306, target=3306)
    return made


@case(
    "hourly-close-keeps-the-table-locked",
    "tollway",
    "2026-04-14T11:47:00",
    title="An hourly run of three minutes has held a table lock for three quarters of an hour; the toll plaza fails",
    drawn_from="LOCK TABLES of a batch and ER_LOCK_WAIT_TIMEOUT in all writers, with a deploy in the same hour",
    why=(
        "The front was released before, and errors began with the run; MySQL is up and has room; who holds the lock "
        "says so in its log; ending it is a person's decision."
    ),
    expect=[Fault("CronJob/ledger-close", "database_connection", "page_human")],
    acceptable=[
        ("database_connection", "page_human", "*"),
        ("dependency_failure", "page_human", "StatefulSet/mysql"),
        ("resource_exhaustion", "page_human", "StatefulSet/mysql"),
        ("code_defect", "page_human"),
    ],
    forbidden=[*STILL, "scale_database"],
)
def locked(w: World) -> None:
    nodes(w, "tw-1", "tw-2", "tw-3")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD"])
    base = mysql(w)
    passages = well(
        w, "passages", "registry.tollway.example/passages:5.0", pods=2, age=days(26), env={"DB_HOST": "mysql"}
    )
    plaza = well(
        w,
        "plaza-web",
        "registry.tollway.example/plaza-web:118",
        pods=3,
        age=minutes(73),
        before="registry.tollway.example/plaza-web:117",
        env={"PASSAGES_URL": "http://passages"},
    )
    ingress(w, "plaza", "plaza.tollway.example", [("/", "plaza-web", 80)])
    spec = pod_spec(
        container(
            "close",
            "registry.tollway.example/ledger-close:9",
            port=0,
            ready=None,
            env={"DB_HOST": "mysql", "SCOPE": "all"},
        )
    )
    run = busy(w, "ledger-close", spec, ages=[minutes(47)], schedule="0 * * * *")
    lines = [
        L(minutes(46.7), "info", "LOCK TABLES passages WRITE, ledger_entries WRITE"),
        *often(90, minutes(46), 20, "info", ["recomputing ledger_entries, {n} rows so far, lock still held"]),
    ]
    log(w, run, 0, "python", [L(line.age, line.level, line.text, "close.run") for line in lines])
    text = (
        "SQLSTATE[HY000]: General error: 1205 Lock wait timeout exceeded; try restarting transaction "
        "(Connection: mysql, SQL: insert into `passages` (`gate`, `tag`) values (?, ?))"
    )
    for index in range(2):
        stamped(w, passages, index, LARAVEL, often(8, minutes(45), 1, "error", [text]))
    for index in range(3):
        log(w, plaza, index, "pino", often(6, minutes(45), 1, "error", ["POST http://passages/passage 503 after 50s"]))
    log(w, base, 0, "mysql", [L(days(3), "system", "/usr/sbin/mysqld: ready for connections. Version: '8.4.2'")])
    signal(w, "db_connections", {"component": "mysql"}, step(38, 81, minutes(46), over=300))
    signal(w, "db_max_connections", {"component": "mysql"}, flat(500), noise=0)
    signal(w, "cpu_share", {"pod": "mysql-0", "container": "mysql"}, flat(0.34))
    requests(w, "plaza-web", rate=flat(44), errors=step(0.001, 0.36, minutes(45)), p95=step(0.2, 50, minutes(45)))
    requests(w, "passages", rate=flat(19), errors=step(0.001, 0.84, minutes(45)), p95=step(0.1, 50, minutes(45)))
    alert(w, "PlazaErrors", minutes(39), "36% of requests to plaza-web fail", service="plaza-web")


@case(
    "store-rolled-with-few-connections",
    "ferry",
    "2026-05-22T16:20:00",
    title="MongoDB was rolled with a limit of 250 connections; the alert names the front, released just now",
    drawn_from="net.maxIncomingConnections lowered in a values file: connection refused because of too many open ones",
    why=(
        "Errors began when the store's own template got --maxConns, a quarter of an hour before the front was "
        "released; the older template had no such limit."
    ),
    expect=[Fault("StatefulSet/mongo", "configuration_error", "rollback_workload")],
    acceptable=[
        ("configuration_error", "page_human"),
        ("database_connection", "rollback_workload"),
        ("database_connection", "page_human"),
    ],
    tolerated=["scale_database"],
    forbidden=[
        "restart_workload",
        {"remedy": "rollback_workload", "target": "Deployment/front"},
        "scale_workload",
        "no_action",
        "restart_connection_pool",
    ],
)
def few(w: World) -> None:
    nodes(w, "fe-1", "fe-2", "fe-3")
    common = ("--replSet", "rs0", "--bind_ip_all")
    specs = [
        pod_spec(container("mongod", "mongo:7.0.12", port=27017, memory=("4Gi", "4Gi"), ready=None, args=args))
        for args in (common, (*common, "--maxConns", "250"))
    ]
    base = rolled(
        w, "StatefulSet", "mongo", [Rev(specs[0], days(170)), Rev(specs[1], minutes(42))], [P()] * 3, claim="data"
    )
    for index in range(3):
        claim(w, f"data-mongo-{index}")
        refused = [
            L(
                line.age,
                "info",
                "Connection refused because there are too many open connections",
                "NETWORK",
                {"remote": f"10.244.1.31:{line.text}", "connectionCount": 250},
            )
            for line in often(7, minutes(39), 1, "info", ["{n}"])
        ]
        log(w, base, index, "mongo", refused)
    service(w, "mongo", port=27017, target=27017, headless=True)
    cabins = well(
        w,
        "cabins",
        "registry.ferry.example/cabins:31",
        pods=6,
        age=days(19),
        env={"MONGO_URI": "mongodb://mongo/cabins"},
    )
    front = well(
        w,
        "front",
        "registry.ferry.example/front:2026.5.3",
        pods=3,
        age=minutes(24),
        before="registry.ferry.example/front:2026.5.2",
        env={"CABINS_URL": "http://cabins"},
    )
    lines = [
        "com.mongodb.MongoSocketReadException: Prematurely reached end of stream",
        "com.mongodb.MongoTimeoutException: Timed out while waiting for a server that matches "
        "WritableServerSelector. Client view of cluster state is {type=REPLICA_SET, servers=[{address=mongo:27017, "
        "type=UNKNOWN, state=CONNECTING}]",
    ]
    for index in range(6):
        log(w, cabins, index, "logback", often(12, minutes(39), 1, "error", lines, "org.mongodb.driver.cluster"))
    for index in range(3):
        log(
            w,
            front,
            index,
            "pino",
            often(8, minutes(23), 1, "error", ["GET http://cabins/free 500", "render failed: 502"]),
        )
    signal(w, "db_connections", {"component": "mongo"}, step(910, 250, minutes(41)), noise=0.001)
    signal(w, "db_max_connections", {"component": "mongo"}, step(51200, 250, minutes(41), over=1), noise=0)
    requests(w, "front", rate=flat(52), errors=step(0.001, 0.29, minutes(39)))
    requests(w, "cabins", rate=flat(70), errors=step(0.001, 0.47, minutes(39)))
    alert(w, "FrontErrors", minutes(33), "29% of requests to front fail", service="front")


@case(
    "queue-cache-refuses-writes-for-memory",
    "choir",
    "2026-09-03T19:08:00",
    title="Redis has reached maxmemory and evicts nothing; jobs cannot be queued; a release of the morning is innocent",
    drawn_from="OOM command not allowed when used memory > 'maxmemory', with job queues in the same instance",
    why=(
        "Reads go on and writes fail in every client since memory reached its limit; a restart would lose the queued "
        "jobs; somebody has to give room or remove keys."
    ),
    expect=[Fault("Deployment/redis", "resource_exhaustion", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("dependency_failure", "page_human"),
        ("configuration_error", "page_human"),
        ("capacity", "scale_database"),
        ("resource_exhaustion", "scale_database"),
    ],
    forbidden=STILL,
)
def refuses(w: World) -> None:
    nodes(w, "ch-1", "ch-2")
    cache = redis(w)
    mails = well(
        w,
        "rehearsals",
        "registry.choir.example/rehearsals:14",
        pods=2,
        age=days(22),
        env={"REDIS_URL": "redis://redis:6379"},
    )
    site = well(
        w,
        "site",
        "registry.choir.example/site:240",
        pods=2,
        age=hours(9),
        before="registry.choir.example/site:239",
        env={"REDIS_URL": "redis://redis:6379", "REHEARSALS_URL": "http://rehearsals"},
    )
    text = "OOM command not allowed when used memory > 'maxmemory'."
    for index in range(2):
        lines = [f"RedisClient::CommandError: {text} (redis://redis:6379)", "Sidekiq::Client push failed jid={n}"]
        log(w, mails, index, "python", often(7, minutes(28), 1, "error", lines, "Sidekiq"))
        stamped(
            w,
            site,
            index,
            DOTNET,
            often(9, minutes(28), 1, "fail", [f"StackExchange.Redis.RedisServerException: {text}"], "Choir.Session"),
        )
    log(
        w,
        cache,
        0,
        "redis",
        [L(hours(30), "info", "DB saved on disk"), L(hours(29), "info", "Background saving terminated with success")],
    )
    labels = {"pod": cache.pod(0), "container": "redis"}
    signal(w, "memory_share", labels, ramp(0.70, 0.82, minutes(60), minutes(29)), noise=0.001)
    signal(w, "cpu_share", labels, flat(0.18))
    requests(w, "site", rate=flat(24), errors=step(0.001, 0.22, minutes(28)), p95=flat(0.12))
    requests(w, "rehearsals", rate=flat(6), errors=step(0.001, 0.71, minutes(28)), p95=flat(0.1))
    alert(w, "SiteErrors", minutes(23), "22% of requests to site fail", service="site")


@case(
    "commit-logs-unreadable-after-a-power-cut",
    "seismic",
    "2026-02-09T05:33:00",
    title="Two of three Cassandra nodes cannot replay their commit log after a power cut; QUORUM is lost",
    drawn_from="CommitLogReplayException: Could not read commit log descriptor, after hosts lost power",
    why=(
        "Each start ends at the same segment; the third node is well and cannot make a quorum alone; the segments "
        "have to be looked at before anything is removed."
    ),
    expect=[Fault("StatefulSet/cassandra", "service_crash", "page_human")],
    acceptable=[
        ("dependency_failure", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("database_connection", "page_human"),
        ("unknown", "page_human"),
    ],
    forbidden=[*STILL, "scale_database", "restart_connection_pool"],
)
def replay(w: World) -> None:
    nodes(w, "sm-1", "sm-2", "sm-3")
    spec = pod_spec(
        container("cassandra", "cassandra:4.1.6", port=9042, memory=("4Gi", "6Gi"), ready={"tcpSocket": {"port": 9042}})
    )
    last = terminated(100, "Error", started=95, finished=70)
    down = P(age=days(120), restarts=9, last=last, ready=False, backoff="5m0s", unready=minutes(31))
    top = rolled(w, "StatefulSet", "cassandra", [Rev(spec, days(120))], [P(age=days(120)), down, down], claim="data")
    service(w, "cassandra", port=9042, target=9042, headless=True)
    text = (
        "org.apache.cassandra.db.commitlog.CommitLogReadHandler$CommitLogReadException: Could not read commit log "
        "descriptor in file /var/lib/cassandra/commitlog/CommitLog-7-1770612004119.log"
    )
    for index in range(3):
        claim(w, f"data-cassandra-{index}", size="200Gi")
    for index in (1, 2):
        restarting(w, top.pods[index], first=minutes(30), last=25, count=120)
        lines = [
            L(93, "info", "Cassandra version: 4.1.6", "o.a.c.service.CassandraDaemon"),
            L(
                72,
                "error",
                f"Exiting due to error while processing commit log during initialization. {text}",
                "o.a.c.utils.JVMStabilityInspector",
            ),
        ]
        log(w, top, index, "logback", lines, previous=True)
    log(
        w,
        top,
        0,
        "logback",
        [L(minutes(32), "info", "InetAddress /10.244.1.12:7000 is now DOWN", "o.a.c.gms.Gossiper")],
    )
    waves = well(
        w, "waves", "registry.seismic.example/waves:12", pods=3, age=days(33), env={"CASSANDRA_HOSTS": "cassandra"}
    )
    bulletin = well(
        w,
        "bulletin",
        "registry.seismic.example/bulletin:61",
        pods=2,
        age=hours(5),
        before="registry.seismic.example/bulletin:60",
        env={"WAVES_URL": "http://waves"},
    )
    text = (
        "Cannot achieve consistency level QUORUM: Not enough nodes are alive to satisfy required consistency level "
        "(2 required but only 1 alive)"
    )
    for index in range(3):
        stamped(w, waves, index, RUST, often(6, minutes(31), 1, "error", [text], "waves::store"))
    for index in range(2):
        log(
            w,
            bulletin,
            index,
            "golang",
            often(9, minutes(31), 1, "", ['Get "http://waves/latest": unexpected status 500']),
        )
    requests(w, "bulletin", rate=flat(15), errors=step(0.001, 0.66, minutes(31)))
    requests(w, "waves", rate=flat(90), errors=step(0.001, 0.98, minutes(31)))
    alert(w, "BulletinErrors", minutes(26), "66% of requests to bulletin fail", service="bulletin")
