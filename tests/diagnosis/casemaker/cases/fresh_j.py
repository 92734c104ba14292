"""Databases that everybody blames: deadlocks, numbers that end, replicas that are late, and too many sessions."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import LARAVEL, mysql, stamped
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, redis, session, sessions, taken, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes

RAILS = "{level[0]}, [{at}.481207 #1] {level} -- : [{logger}] {text}"


@case(
    "deadlocks-since-two-writers-lock-in-other-orders",
    "warehouse-nl",
    "2026-05-06T10:41:00",
    title="Orders fail with deadlocks since the stock synchronisation was released; it locks rows in another order",
    drawn_from="Deadlock found when trying to get lock, after per-row updates were put into one unsorted transaction",
    why="The order service is unchanged for weeks and loses to the transactions of a release of 34 minutes ago, which "
    "says itself that it writes whole feeds in one unsorted transaction. MySQL does what it must.",
    expect=[Fault("Deployment/stock-sync", "code_defect", "rollback_workload")],
    acceptable=[
        ("database_connection", "rollback_workload"),
        ("resource_exhaustion", "rollback_workload"),
        ("configuration_error", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "scale_database",
        "no_action",
        "restart_connection_pool",
        {"remedy": "restart_workload", "target": "StatefulSet/wms-mysql"},
        {"remedy": "rollback_workload", "target": "Deployment/order-api"},
    ],
)
def deadlocks(w: World) -> None:
    nodes(w, "wh-1", "wh-2", "wh-3")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD"], age=days(300))
    base = mysql(w, "wms-mysql", "mysql:8.0.39")
    image, env = "registry.warehouse-nl.example/wms", {"DB_DSN": "wms@tcp(wms-mysql:3306)/wms"}
    orders = well(w, "order-api", f"{image}/order-api:5.17.2", pods=3, age=days(22), env=env)
    before = f"{image}/stock-sync:2.9.8"
    sync = well(w, "stock-sync", f"{image}/stock-sync:3.0.0", pods=2, age=minutes(34), before=before, env=env)
    older = f"{image}/labels:41"
    well(w, "labels", f"{image}/labels:42", pods=2, age=hours(3), before=older, talk=True)
    lost = "Error 1213 (40001): Deadlock found when trying to get lock; try restarting transaction"
    failed = [f"reserve order {{n}}: update stock: {lost}", f"POST /orders 500 in 61ms: {lost}"]
    for index in range(3):
        good = often(14, 1500, 2, "info", ["POST /orders 201", "order {n} reserved"], "order/reserve.go:71")
        log(
            w,
            orders,
            index,
            "zap",
            [*good, *often(9, minutes(33) - 3 * index, 1, "error", failed, "order/reserve.go:88")],
        )
    said = ["feed {n}: 1840 rows in one transaction, order as delivered by the supplier", "feed {n} committed"]
    for index in range(2):
        told = [L(minutes(33.2), "info", "stock-sync 3.0.0: bulk writer on", "cmd/main.go:24")]
        told += often(31, minutes(33.1) - 3 * index, 2, "info", said, "feed/bulk.go:52")
        again = [f"feed {{n}}: {lost}, try 2 of 5"]
        log(w, sync, index, "zap", told + often(71, minutes(33) - 3 * index, 7, "warn", again, "feed/bulk.go:77"))
    lines: list[L] = []
    for age in range(1980, 20, -83):
        start = f"{w.at(age)[:-1]}.2{age % 97:02}118Z 0 [Note]"
        lines += [
            L(age, "", f"{start} [MY-012468] [InnoDB] Transactions deadlock detected, dumping detailed information."),
            L(age, "", f"{start} [MY-012469] [InnoDB] \n*** (1) TRANSACTION:"),
            L(
                age,
                "",
                f"TRANSACTION {77_410_000 - 30 * age}, ACTIVE 0 sec starting index read",
            ),
            L(age, "", "UPDATE stock SET reserved = reserved + 1 WHERE sku = 'A-4471-02'"),
            L(age, "", f"{start} [MY-012469] [InnoDB] *** (2) TRANSACTION:"),
            L(
                age,
                "",
                f"TRANSACTION {77_409_987 - 30 * age}, ACTIVE 4 sec fetching rows, 1211 row lock(s)",
            ),
            L(age, "", "UPDATE stock SET on_hand = 212 WHERE sku = 'A-1180-17' /* stock-sync bulk */"),
            L(age, "", f"{start} [MY-012469] [InnoDB] *** WE ROLL BACK TRANSACTION (1)"),
        ]
    log(w, base, 0, "plain", lines)
    signal(w, "db_deadlocks", {"component": "wms-mysql"}, step(0.002, 0.9, minutes(33)))
    signal(w, "db_connections", {"component": "wms-mysql"}, flat(38))
    exact(w, "db_max_connections", {"component": "wms-mysql"}, flat(500))
    signal(w, "cpu_share", {"pod": "wms-mysql-0", "container": "mysql"}, step(0.31, 0.36, minutes(33)))
    requests(w, "order-api", rate=flat(21), errors=step(0.001, 0.18, minutes(33)), p95=step(0.08, 0.31, minutes(33)))


@case(
    "numbers-of-the-events-have-run-out",
    "camp",
    "2026-11-08T15:21:00",
    title="Nothing that has to write an event can be saved: the sequence of its table is at the end of an integer",
    drawn_from="Basecamp in November 2018: the id column of the events table hit 2,147,483,647 and all was read-only",
    why="Writers old and new fail from the same minute on, 27 minutes after the last release, and the database names "
    "the sequence. Only a change of the column to bigint gives more numbers; that is a person's plan.",
    expect=[Fault("StatefulSet/camp-db", "resource_exhaustion", "page_human")],
    acceptable=[
        *((cause, "page_human", "*") for cause in ("resource_exhaustion", "capacity", "code_defect")),
        ("configuration_error", "page_human"),
        ("dependency_failure", "page_human", "*"),
        ("database_connection", "page_human"),
    ],
    forbidden=[
        "rollback_workload",
        "restart_workload",
        "scale_workload",
        "scale_database",
        "restart_connection_pool",
        "no_action",
    ],
)
def numbers(w: World) -> None:
    nodes(w, "cp-1", "cp-2", "cp-3")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    base = postgres(w, "camp-db", image="postgres:15.8")
    redis(w, "camp-redis")
    image, env = "ghcr.io/camp-example/camp", {"DATABASE_HOST": "camp-db", "REDIS_URL": "redis://camp-redis:6379/1"}
    web = well(w, "web", f"{image}:b4471", pods=4, age=minutes(49), before=f"{image}:b4468", port=3000, env=env)
    inbox = well(w, "inbound-mail", f"{image}-mail:b4102", pods=2, age=days(19), env=env)
    ingress(w, "camp", "app.camp.example", [("/", "web", 80)])
    text = 'ERROR:  nextval: reached maximum value of sequence "events_id_seq" (2147483647)'
    failed = f"ActiveRecord::StatementInvalid (PG::SequenceGeneratorLimitExceeded: {text}\n):"
    for index in range(4):
        good = often(
            31, minutes(40) - 3 * index, 2, "info", ["GET /projects/{n} 200 in 74ms", "GET /messages/{n} 200 in 51ms"]
        )
        stamped(w, web, index, RAILS, good + often(10, minutes(22) - 3 * index, 1, "error", [failed], "7e0c-req"))
    for index in range(2):
        told = [f"mail {{n}} not filed, kept for later: PG::SequenceGeneratorLimitExceeded: {text}"]
        stamped(w, inbox, index, RAILS, often(26, minutes(22) - 3 * index, 3, "error", told, "inbound"))
    said = [L(3400, "log", "checkpoint complete: wrote 2210 buffers (1.7%); 0 WAL file(s) added")]
    for line in often(9, minutes(22), 1, "error", ["nextval"], "camp@camp_production"):
        said += [
            L(line.age, "error", text.removeprefix("ERROR:  "), line.logger),
            L(
                line.age,
                "statement",
                'INSERT INTO "events" ("recording_id", "creator_id", "action", "created_at") '
                'VALUES ($1, $2, $3, $4) RETURNING "id"',
                line.logger,
            ),
        ]
    log(w, base, 0, "postgres", said)
    rows = [
        session(each["status"]["podIP"], "Deployment/web", "idle", 8, age=4, user="camp", application="puma")
        for each in web.pods
    ]
    sessions(w, "StatefulSet/camp-db", 200, rows)
    signal(w, "db_connections", {"component": "camp-db"}, flat(37))
    exact(w, "db_max_connections", {"component": "camp-db"}, flat(200))
    signal(w, "volume_used_share", {"persistentvolumeclaim": "data-camp-db-0"}, flat(0.58), noise=0.001)
    requests(w, "web", rate=flat(140), errors=step(0.0006, 0.34, minutes(22)), p95=flat(0.19))
    alert(w, "WebErrorRate", minutes(18), "34% of requests to web fail", service="web")


@case(
    "backfill-without-its-brake-leaves-replicas-behind",
    "members",
    "2026-02-19T13:37:00",
    title="Members do not find what they just saved: replicas fall behind since a back-fill runs without its brake",
    drawn_from="GitHub's stories of why freno exists: mass updates that make replicas late, read by users as lost data",
    why="The primary is well, both replicas fall behind at the same pace since the back-fill's arguments were changed, "
    "and it says that it ignores lag. The reader's own release is of the morning and shows what the replicas have.",
    expect=[Fault("Deployment/region-backfill", "configuration_error", "rollback_workload")],
    acceptable=[
        ("resource_exhaustion", "rollback_workload"),
        ("code_defect", "rollback_workload"),
        ("capacity", "rollback_workload"),
    ],
    tolerated=["page_human"],
    forbidden=[
        "scale_workload",
        "scale_database",
        "no_action",
        "restart_connection_pool",
        {"remedy": "restart_workload", "target": "StatefulSet/members-db"},
        {"remedy": "rollback_workload", "target": "Deployment/account-web"},
    ],
)
def brake(w: World) -> None:
    nodes(w, "mb-1", "mb-2", "mb-3", cpu="8")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD"], age=days(300))
    inner = container("mysql", "percona/percona-server:8.0.37", port=3306, memory=("8Gi", "8Gi"), ready=None)
    base = statefulset(w, "members-db", pod_spec(inner), 3, claim="data")
    for index, each in enumerate(base.pods):
        claim(w, f"data-members-db-{index}", size="300Gi")
        each["metadata"]["labels"]["role"] = "replica" if index else "primary"
    for name, role in (("members-db-primary", "primary"), ("members-db-read", "replica")):
        service(w, name, {"app": "members-db", "role": role}, port=3306, target=3306)
    image = "eu.gcr.io/members-prod"
    env = {"DB_WRITE": "members-db-primary", "DB_READ": "members-db-read"}
    web = well(w, "account-web", f"{image}/account-web:883", pods=3, age=hours(4), before=f"{image}/account-web:882",
               env=env)  # fmt: skip
    many = (("--chunk=500", "--max-lag=1s", "--sleep=200ms"), ("--chunk=20000", "--max-lag=0", "--sleep=0"))
    specs = [
        pod_spec(container("backfill", f"{image}/region-backfill:6", port=0, ready=None, args=each, env=env))
        for each in many
    ]
    fill = deployment(w, "region-backfill", [Rev(specs[0], days(2)), Rev(specs[1], minutes(43))], 1)
    lines = [L(minutes(42.8), "", "region-backfill: resume at id 18220411, lag check is off (max-lag=0)")]
    for age in range(2550, 2, -14):
        done = 18_220_411 + (2550 - age) // 14 * 20_000
        lines.append(L(age, "", f"updated members.region for 20000 rows in 13.{age % 10}s, next id {done}"))
    log(w, fill, 0, "golang", lines)
    late = ["GET /me/address 404: address {n} written 3s ago is not on members-db-read", "GET /me 200 in 12ms"]
    for index in range(3):
        log(w, web, index, "golang", often(8, minutes(40) - 3 * index, 1, "", late))
    for index in (1, 2):
        told = [
            f"{w.at(age)[:-1]}.40{age % 10}117Z 14 [Note] [MY-010559] [Repl] Multi-threaded replica statistics for "
            f"channel '': seconds elapsed = 121; events assigned = {21_049_345 - age * 900}; worker queues filled "
            "over overrun level = 41; waited due a Worker queue full = 2280; waited due the total size = 0"
            for age in range(2500, 30, -121)
        ]
        log(w, base, index, "plain", [L(2600 - n, "", text) for n, text in enumerate(told)])
        signal(w, "cpu_share", {"pod": base.pod(index), "container": "mysql"}, step(0.2, 0.55, minutes(42)))
    signal(w, "cpu_share", {"pod": base.pod(0), "container": "mysql"}, step(0.3, 0.61, minutes(42)))
    labels = {"component": "members-db"}
    signal(w, "db_replication_lag", labels, lambda age: 0.4 + max(0.0, minutes(42) - age) * 0.71)
    signal(w, "db_connections", labels, flat(64))
    requests(w, "account-web", rate=flat(75), errors=step(0.002, 0.09, minutes(38)), p95=flat(0.06))
    alert(w, "MySQLReplicationLag", minutes(31), "replicas are more than 5 min late", service="members-db")


@case(
    "workers-quadrupled-by-hand-take-all-of-mysql",
    "tutoring",
    "2026-09-01T08:26:00",
    title="The page fails with too many connections since somebody scaled the queue workers from six to twenty-four",
    drawn_from="SQLSTATE[HY000] [1040] Too many connections after workers were scaled out for a backlog",
    why="Each worker brings six sessions of its own; twenty-four of them take nearly all that MySQL's default of 151 "
    "gives. More of anything, or a restart, makes it no better: somebody has to take workers away again.",
    expect=[Fault("Deployment/horizon", "database_connection", "page_human")],
    acceptable=[
        ("capacity", "page_human"),
        ("configuration_error", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("capacity", "page_human", "StatefulSet/mysql"),
        ("database_connection", "page_human", "StatefulSet/mysql"),
        ("resource_exhaustion", "page_human", "StatefulSet/mysql"),
    ],
    forbidden=[
        "scale_workload",
        "rollback_workload",
        "no_action",
        {"remedy": "restart_workload", "target": "StatefulSet/mysql"},
    ],
)
def workers(w: World) -> None:
    nodes(w, "tu-1", "tu-2", "tu-3", cpu="8")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD", "MYSQL_PASSWORD"], age=days(260))
    mysql(w)
    redis(w)
    image = "registry.gitlab.com/tutoring-example/portal"
    env = {"DB_HOST": "mysql", "REDIS_HOST": "redis", "QUEUE_CONNECTION": "redis"}
    command = ("php", "artisan", "horizon")
    spec = pod_spec(container("horizon", f"{image}:2026.08.2", port=0, ready=None, command=command, env=env))
    pods = [P(age=days(12)) if index < 6 else P(age=minutes(36) - 3 * index) for index in range(24)]
    top = deployment(w, "horizon", [Rev(spec, days(12))], pods, scaled=minutes(36))
    w.changed(top.obj, minutes(36), "kubectl", {"f:spec": {"f:replicas": {}}})
    web = well(w, "web", f"{image}:2026.08.2", pods=3, age=days(12), port=9000, before=f"{image}:2026.08.1", env=env)
    text = "SQLSTATE[HY000] [1040] Too many connections (Connection: mysql, SQL: "
    asked = [f"{text}select * from `lessons` where `id` = {{n}} limit 1)", f"{text}select * from `users` limit 1)"]
    for index in range(3):
        stamped(w, web, index, LARAVEL, often(7, minutes(33) - 3 * index, 1, "error", asked))
    for index in (0, 9, 23):
        form = "  {at} App\\Jobs\\{text}"
        done = ["GradeHomework ............ 1s DONE", "SendReminder ........... 204ms DONE"]
        stamped(w, top, index, form, often(9, minutes(30) - 3 * index, 1, "info", done))
    stamped(w, top, 21, LARAVEL, often(40, minutes(33), 9, "error", [f"{text}update `jobs_log` set `done` = 1)"]))
    rows = [
        session(each["status"]["podIP"], "Deployment/horizon", "idle" if index % 3 else "active", 6 - (index > 20),
                age=3, user="portal", query="select * from `homework` where `graded_at` is null")
        for index, each in enumerate(top.pods)
    ]  # fmt: skip
    rows += [session(each["status"]["podIP"], "Deployment/web", "active", 3, user="portal") for each in web.pods]
    sessions(w, "StatefulSet/mysql", 151, rows, reserved=1)
    signal(w, "db_connections", {"component": "mysql"}, step(48, 150, minutes(35)), noise=0.005)
    exact(w, "db_max_connections", {"component": "mysql"}, flat(151))
    exact(w, "replicas_available", {"component": "horizon"}, step(6, 24, minutes(36)))
    signal(w, "queue_depth", {"component": "horizon", "queue": "homework"}, ramp(48_000, 2_100, minutes(34)))
    requests(w, "web", rate=flat(37), errors=step(0.001, 0.44, minutes(34)), p95=step(0.2, 0.3, minutes(34)))
    alert(w, "PortalErrors", minutes(29), "44% of requests to web fail", service="web")
    taken(w, ("objects", True, ""), ("logs", True, ""), ("prometheus", True, ""), ("database", True, ""))
