"""Data stores behind the alert: a blocked broker, a lost index, numbers used up, a stopped replica."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.cases.fresh_b import DOTNET, RUST, STILL, mysql, stamped
from tests.diagnosis.casemaker.jobs import job
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import service
from tests.diagnosis.casemaker.platform import claim, nodes, secret
from tests.diagnosis.casemaker.pods import P, terminated
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.sets import statefulset
from tests.diagnosis.casemaker.signals import flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, pod_spec
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "broker-blocks-publishers-behind-a-bad-consumer",
    "bakery",
    "2026-12-03T06:52:00",
    title="A consumer's release rejects every message; the queue fills RabbitMQ until its publishers are blocked",
    drawn_from="memory resource limit alarm set: Publishers will be blocked, long after a consumer's release",
    why=(
        "The shop and the broker only suffer: the queue grew from the minute of the consumer's release, whose log has "
        "the error; its older template acknowledged all."
    ),
    expect=[Fault("Deployment/oven-planner", "code_defect", "rollback_workload")],
    acceptable=[("service_crash", "rollback_workload"), ("configuration_error", "rollback_workload")],
    tolerated=["page_human"],
    forbidden=[
        "restart_workload",
        {"remedy": "rollback_workload", "target": "Deployment/shop"},
        "scale_database",
        "no_action",
        "isolate_workload",
    ],
)
def blocked(w: World) -> None:
    nodes(w, "bk-1", "bk-2")
    spec = pod_spec(
        container("rabbitmq", "rabbitmq:3.13.7", port=5672, memory=("1Gi", "2Gi"), ready={"tcpSocket": {"port": 5672}})
    )
    broker = statefulset(w, "rabbitmq", spec, claim="data")
    claim(w, "data-rabbitmq-0")
    service(w, "rabbitmq", port=5672, target=5672)
    env = {"AMQP_URL": "amqp://rabbitmq:5672"}
    planner = well(
        w,
        "oven-planner",
        "registry.bakery.example/oven-planner:7.0.0",
        age=minutes(56),
        before="registry.bakery.example/oven-planner:6.9.4",
        env=env,
    )
    shop = well(
        w,
        "shop",
        "registry.bakery.example/shop:88",
        pods=3,
        age=hours(7),
        before="registry.bakery.example/shop:87",
        env=env,
    )
    for index in range(2):
        lines = [
            "** (KeyError) key :batch_size not found in: %{order_id: {n}, loaves: 12}",
            "(oven_planner 7.0.0) lib/oven_planner/batch.ex:41: OvenPlanner.Batch.decode/1, message requeued",
        ]
        log(w, planner, index, "python", often(4, minutes(55), 1, "error", lines, "OvenPlanner.Consumer"))
    told = [
        L(minutes(19), "warning", "memory resource limit alarm set on node 'rabbit@rabbitmq-0'."),
        L(minutes(19) - 0.5, "warning", "*** Publishers will be blocked until this alarm clears ***"),
    ]
    log(w, broker, 0, "rabbitmq", told)
    text = "RabbitMQ connection blocked by broker, reason: low on memory"
    for index in range(3):
        failed = often(
            6,
            minutes(18),
            1,
            "fail",
            [text, "System.TimeoutException: publish confirm not received within 10s, POST /orders 503"],
            "Shop.Orders",
        )
        stamped(w, shop, index, DOTNET, failed)
    signal(w, "queue_depth", {"component": "rabbitmq", "queue": "bakes"}, ramp(40, 410_000, minutes(55)))
    signal(w, "memory_share", {"pod": "rabbitmq-0", "container": "rabbitmq"}, ramp(0.2, 0.41, minutes(55), minutes(19)))
    requests(w, "shop", rate=flat(31), errors=step(0.001, 0.58, minutes(18)), p95=step(0.1, 10, minutes(18)))
    alert(w, "ShopErrors", minutes(13), "58% of requests to shop fail", service="shop")


@case(
    "migration-dropped-the-index",
    "watermeter",
    "2026-10-13T13:41:00",
    title="A schema Job dropped an index half an hour ago; PostgreSQL reads whole tables and all in front are slow",
    drawn_from="indices dropped as unused by a migration without a release: sequential scans, processor at its limit",
    why=(
        "No service was released; the database has sessions to spare and no processor left since the Job ended; only "
        "the index helps, and a person has to build it."
    ),
    expect=[Fault("StatefulSet/meter-db", "dependency_failure", "page_human")],
    acceptable=[
        ("code_defect", "page_human", "*"),
        ("configuration_error", "page_human", "*"),
        ("database_connection", "page_human"),
        ("resource_exhaustion", "page_human"),
        ("capacity", "page_human"),
    ],
    forbidden=[*STILL, "restart_connection_pool"],
)
def dropped(w: World) -> None:
    nodes(w, "wm-1", "wm-2", cpu="16")
    base = postgres(w, "meter-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    spec = pod_spec(
        container("flyway", "registry.water.example/schema:118", port=0, ready=None, env={"PGHOST": "meter-db"})
    )
    done = P(
        age=minutes(34),
        phase="Succeeded",
        ready=False,
        unready=minutes(33.4),
        state=terminated(0, "Completed", started=minutes(34) - 3, finished=minutes(33.4)),
    )
    run = job(w, "schema-118", spec, age=minutes(34), pods=[done])
    lines = [
        L(minutes(33.8), "info", 'Migrating schema "public" to version "118 - drop unused indexes"'),
        L(minutes(33.6), "info", "DROP INDEX readings_meter_id_taken_at_idx"),
        L(minutes(33.5), "info", 'Successfully applied 1 migration to schema "public", now at version v118'),
    ]
    log(w, run, 0, "golang", lines)
    query = "SELECT * FROM readings WHERE meter_id = $1 ORDER BY taken_at DESC LIMIT 50"
    rows, tops = [], []
    for name, image in (("readings", "readings:20"), ("invoices", "invoices:8")):
        top = well(w, name, f"registry.water.example/{image}", pods=2, age=days(41), env={"PGHOST": "meter-db"})
        tops.append(top)
        rows += [
            session(
                p["status"]["podIP"],
                f"Deployment/{name}",
                "active",
                11,
                age=14,
                user=name,
                query=query,
            )
            for p in top.pods
        ]
    sessions(w, "StatefulSet/meter-db", 200, rows)
    text = f"duration: {{n}}.402 ms  execute <unnamed>: {query}"
    log(w, base, 0, "postgres", often(5, minutes(33), 1, "log", [text], "readings@meters"))
    for index in range(2):
        log(
            w,
            tops[0],
            index,
            "zap",
            often(8, minutes(33), 1, "warn", ["slow query took=13.4s table=readings"], "db/query.go:71"),
        )
        log(
            w,
            tops[1],
            index,
            "logfmt",
            often(9, minutes(33), 1, "error", ["GET http://readings/last timed out after 10s"]),
        )
    signal(w, "cpu_share", {"pod": "meter-db-0", "container": "postgres"}, step(0.28, 1.0, minutes(33)))
    signal(w, "db_connections", {"component": "meter-db"}, step(18, 44, minutes(32)))
    signal(w, "db_max_connections", {"component": "meter-db"}, flat(200), noise=0)
    requests(w, "readings", rate=flat(20), errors=step(0.001, 0.31, minutes(33)), p95=step(0.05, 13.5, minutes(33)))
    requests(w, "invoices", rate=flat(5), errors=step(0.001, 0.6, minutes(33)), p95=step(0.2, 10, minutes(33)))
    alert(w, "InvoicesErrors", minutes(25), "60% of requests to invoices fail", service="invoices")


@case(
    "no-transaction-numbers-left",
    "registry-office",
    "2026-08-26T10:15:00",
    title="PostgreSQL refuses writes to avoid a wraparound of transaction numbers; reads work, a release is innocent",
    drawn_from="postmortems of autovacuum blocked by a stale slot: must be vacuumed within, then no writes at all",
    why=(
        "The database itself says why, and warned long before the release; every restart comes back the same; who "
        "knows the database has to vacuum and drop what holds the horizon."
    ),
    expect=[Fault("StatefulSet/deeds-db", "resource_exhaustion", "page_human")],
    acceptable=[
        ("database_connection", "page_human"),
        ("dependency_failure", "page_human"),
        ("configuration_error", "page_human"),
        ("capacity", "page_human"),
    ],
    forbidden=[*STILL, "scale_database", "restart_connection_pool"],
)
def wraparound(w: World) -> None:
    nodes(w, "ro-1", "ro-2")
    base = postgres(w, "deeds-db")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    deeds = well(
        w,
        "deeds",
        "registry.ro.example/deeds:40",
        pods=2,
        age=minutes(38),
        before="registry.ro.example/deeds:39",
        env={"DB_HOST": "deeds-db"},
    )
    notary = well(
        w,
        "notary",
        "registry.ro.example/notary:6",
        pods=2,
        age=days(60),
        env={"DB_HOST": "deeds-db", "DEEDS_URL": "http://deeds"},
    )
    text = 'database is not accepting commands to avoid wraparound data loss in database "deeds"'
    told = [
        *often(
            600,
            minutes(170),
            minutes(31),
            "warning",
            ['database "deeds" must be vacuumed within 30{n} transactions'],
            "deeds@deeds",
        ),
        *often(30, minutes(30), 1, "error", [text], "deeds@deeds"),
        L(20, "hint", "Stop the postmaster and vacuum that database in single-user mode.", "deeds@deeds"),
    ]
    log(w, base, 0, "postgres", told)
    for index in range(2):
        log(
            w,
            deeds,
            index,
            "logback",
            often(
                7,
                minutes(30),
                1,
                "error",
                [f"org.postgresql.util.PSQLException: ERROR: {text}"],
                "o.h.engine.jdbc.spi.SqlExceptionHelper",
            ),
        )
        log(
            w,
            notary,
            index,
            "pino",
            often(9, minutes(30), 1, "error", [f"error: {text}", "POST http://deeds/deed 500"]),
        )
    requests(w, "deeds", rate=flat(12), errors=step(0.001, 0.41, minutes(30)), p95=flat(0.1))
    requests(w, "notary", rate=flat(9), errors=step(0.001, 0.38, minutes(30)), p95=flat(0.1))
    signal(w, "db_connections", {"component": "deeds-db"}, flat(23))
    alert(w, "NotaryErrors", minutes(24), "38% of requests to notary fail", service="notary")


@case(
    "replica-stopped-at-a-duplicate",
    "greengrocer",
    "2026-03-12T09:26:00",
    title="Replication to the MySQL replica stopped at a duplicate key; reads are an hour old and baskets conflict",
    drawn_from="Error_code: 1062 and replica SQL thread aborted, found through conflicts in services that read there",
    why=(
        "Primary and pods are well, the errors began when the replica's applier stopped, half a day after the release; "
        "somebody has to compare the row and start the replica again."
    ),
    expect=[Fault("StatefulSet/mysql-replica", "dependency_failure", "page_human")],
    acceptable=[
        ("database_connection", "page_human"),
        ("configuration_error", "page_human"),
        ("service_crash", "page_human"),
        ("unknown", "page_human"),
    ],
    tolerated=["switch_traffic"],
    forbidden=[*STILL, "scale_database", "restart_connection_pool"],
)
def duplicate(w: World) -> None:
    nodes(w, "gg-1", "gg-2")
    secret(w, "mysql-auth", ["MYSQL_ROOT_PASSWORD"])
    mysql(w, "mysql-primary")
    copy = mysql(w, "mysql-replica")
    stock = well(
        w,
        "stock",
        "registry.greengrocer.example/stock:17",
        pods=2,
        age=days(29),
        env={"READ_HOST": "mysql-replica", "WRITE_HOST": "mysql-primary"},
    )
    basket = well(
        w,
        "basket",
        "registry.greengrocer.example/basket:55",
        pods=3,
        age=hours(12),
        before="registry.greengrocer.example/basket:54",
        env={"STOCK_URL": "http://stock"},
    )
    text = (
        "Replica SQL for channel '': Could not execute Write_rows event on table shop.stock; Duplicate entry '88121' "
        "for key 'stock.PRIMARY', Error_code: 1062; handler error HA_ERR_FOUND_DUPP_KEY; the event's source log "
        "binlog.000812, end_log_pos 441871, Error_code: MY-001062"
    )
    more = (
        "Error running query, replica SQL thread aborted. Fix the problem, and restart the replica SQL thread with "
        "\"START REPLICA\". We stopped at log 'binlog.000812' position 441502"
    )
    log(w, copy, 0, "mysql", [L(minutes(52), "error", text), L(minutes(52) - 1, "error", more)])
    for index in range(2):
        lines = ["row shop.stock id={n} read from mysql-replica is older than its event, Seconds_Behind_Source: NULL"]
        stamped(w, stock, index, RUST, often(10, minutes(50), 1, "warn", lines, "stock::read"))
    for index in range(3):
        lines = ["PUT http://stock/reserve 409 version conflict", "checkout of basket {n} failed"]
        log(w, basket, index, "logback", often(7, minutes(50), 1, "error", lines, "c.g.basket.Reserve"))
    requests(w, "basket", rate=flat(40), errors=step(0.001, 0.17, minutes(50)), p95=flat(0.1))
    requests(w, "stock", rate=flat(66), errors=step(0.002, 0.2, minutes(50)), p95=flat(0.04))
    alert(w, "BasketErrors", minutes(44), "17% of requests to basket fail", service="basket")
