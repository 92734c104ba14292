"""Who holds the sessions of a database: the service itself, another client, too many replicas."""

from __future__ import annotations

from tests.diagnosis.casemaker.case import Fault, case
from tests.diagnosis.casemaker.events import event
from tests.diagnosis.casemaker.exposition import expose
from tests.diagnosis.casemaker.logs import L, log, often
from tests.diagnosis.casemaker.network import ingress, service
from tests.diagnosis.casemaker.platform import hpa, nodes, secret
from tests.diagnosis.casemaker.pods import P
from tests.diagnosis.casemaker.scene import alert, postgres, session, sessions, well
from tests.diagnosis.casemaker.signals import exact, flat, ramp, requests, signal, step
from tests.diagnosis.casemaker.templates import container, from_secret, pod_spec
from tests.diagnosis.casemaker.workloads import Rev, deployment
from tests.diagnosis.casemaker.world import World, days, hours, minutes


@case(
    "own-sessions-leaked-without-release",
    "tuheg-production",
    "2025-11-05T14:31:10",
    title="A service that was not released for weeks holds nearly all sessions idle in transaction",
    drawn_from="an error path that leaves transactions open shows up when an upstream starts failing",
    why="The open transactions are the service's own and old; ending them and restarting its pools frees the "
    "slots; no older template is better.",
    expect=[Fault("Deployment/backend-gateway", "database_connection", "restart_connection_pool")],
    acceptable=[("database_connection", "restart_workload"), ("code_defect", "restart_connection_pool")],
    tolerated=["page_human"],
    forbidden=["rollback_workload", "scale_workload", "scale_database", "no_action", "isolate_workload"],
)
def own_leak(w: World) -> None:
    nodes(w, "prod-1", "prod-2", "prod-3")
    spec = pod_spec(
        container("gateway", "registry.tuheg.example/backend-gateway:1.8.2", env={"GATEWAY_POOL_MAX": "30"})
    )
    top = deployment(w, "backend-gateway", [Rev(spec, days(24))], 3)
    service(w, "backend-gateway")
    ingress(w, "main-ingress", "gateway.example", [("/", "backend-gateway", 80)])
    base = postgres(w)
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"], age=days(300))
    rows = [
        session(
            p["status"]["podIP"],
            "Deployment/backend-gateway",
            "idle in transaction",
            n,
            age=age,
            user="gateway",
            application="backend-gateway",
            wait="Client",
            query="SELECT id, state FROM worlds WHERE id = $1 FOR UPDATE",
        )
        for p, n, age in zip(top.pods, (29, 30, 28), (1840, 1795, 1702), strict=True)
    ]
    rows += [session("", "", "idle", 2, age=4, user="exporter", application="postgres_exporter")]
    sessions(w, "StatefulSet/postgres", 100, rows, reserved=5)
    lines = ["acquire connection: timeout after 3s (in use 30, idle 0)", "GET /worlds/{n} 503 3001ms"]
    for index in range(3):
        log(w, top, index, "logfmt", often(4, 1200, 1, "error", lines))
    log(w, base, 0, "postgres", [L(80, "log", "checkpoint complete: wrote 41 buffers (0.3%)")])
    requests(
        w,
        "backend-gateway",
        rate=flat(60),
        errors=ramp(0.001, 0.9, minutes(30), minutes(16)),
        p95=ramp(0.1, 3.0, minutes(30), minutes(16)),
    )
    signal(w, "db_connections", {"component": "postgres"}, ramp(34, 93, minutes(31), minutes(15)))
    exact(w, "db_max_connections", {"component": "postgres"}, flat(100))
    signal(
        w,
        "db_connections_by_state",
        {"component": "postgres", "state": "idle in transaction"},
        ramp(1, 87, minutes(31), minutes(15)),
    )
    signal(w, "db_transaction_age", {"component": "postgres"}, ramp(2, 1840, minutes(31), 0))
    expose(w)


@case(
    "foreign-client-holds-sessions",
    "analytics-shop",
    "2026-02-18T08:40:00",
    title="A reporting tool keeps most sessions of the shop's database idle; the shop's pools starve",
    drawn_from="too many clients already: a BI tool or a batch job that opens a session for each worker",
    why="Not the failing service but another client holds the slots; ending its idle sessions makes room, "
    "restarting the shop does not.",
    expect=[Fault("Deployment/metabase", "database_connection", "scale_database", "StatefulSet/shop-db")],
    acceptable=[("database_connection", "scale_database", "StatefulSet/shop-db"), ("capacity", "scale_database")],
    tolerated=["page_human"],
    forbidden=["restart_connection_pool", "rollback_workload", "scale_workload", "no_action", "isolate_workload"],
)
def foreign(w: World) -> None:
    nodes(w, "n-1", "n-2")
    base = postgres(w, "shop-db", image="postgres:15.8")
    secret(w, "postgres-auth", ["POSTGRES_PASSWORD"])
    shop = well(
        w, "shop-api", "registry.shop.example/api:77.1", pods=3, before="registry.shop.example/api:77.0", age=days(6)
    )
    spec = pod_spec(
        container(
            "metabase",
            "metabase/metabase:v0.50.11",
            port=3000,
            memory=("1Gi", "2Gi"),
            env={"MB_JDBC_DATA_WAREHOUSE_MAX_CONNECTION_POOL_SIZE": "80"},
        )
    )
    tool = deployment(
        w, "metabase", [Rev(spec, hours(2))], 1, age=hours(2), number=1, labels={"app.kubernetes.io/name": "metabase"}
    )
    rows = [
        session(
            tool.pods[0]["status"]["podIP"],
            "Deployment/metabase",
            "idle",
            78,
            age=2900,
            user="readonly",
            application="Metabase",
        )
    ]
    rows += [
        session(p["status"]["podIP"], "Deployment/shop-api", "active", 5, user="shop", application="shop-api")
        for p in shop.pods
    ]
    sessions(w, "StatefulSet/shop-db", 97, rows)
    for index in range(3):
        log(
            w,
            shop,
            index,
            "pino",
            often(
                4,
                900,
                1,
                "error",
                [
                    "POST /orders failed: sorry, too many clients already",
                    "error: remaining connection slots are reserved for roles with the SUPERUSER attribute",
                ],
            ),
        )
    log(w, base, 0, "postgres", often(3, 600, 1, "fatal", ["sorry, too many clients already"], "shop@shop"))
    requests(w, "shop-api", rate=flat(33), errors=step(0.002, 0.37, minutes(44), over=600))
    alert(
        w,
        "PostgresqlTooManyConnections",
        minutes(40),
        "shop-db has over 95% of its connections in use",
        instance="shop-db-0",
    )


@case(
    "pools-times-replicas",
    "booking",
    "2026-06-30T17:09:00",
    title="The autoscaler tripled the replicas and their pools together want more sessions than the database has",
    drawn_from="scale-outs that exhaust max_connections because every replica brings its own pool",
    why="More replicas are the cause, so more would be worse; restarts reconnect at once; a person has to cap "
    "pool or replicas.",
    expect=[Fault("Deployment/reservations", "database_connection", "page_human")],
    acceptable=[("capacity", "page_human"), ("configuration_error", "page_human")],
    tolerated=[],
    forbidden=["scale_workload", "restart_workload", "rollback_workload", "no_action"],
)
def pools(w: World) -> None:
    nodes(w, "b-1", "b-2", "b-3", cpu="16")
    spec = pod_spec(
        container(
            "app",
            "registry.booking.example/reservations:2026.6.4",
            env={"SPRING_DATASOURCE_HIKARI_MAXIMUM_POOL_SIZE": "20", "DB": from_secret("db", "url")},
            cpu=("500m", "2"),
        )
    )
    top = deployment(
        w,
        "reservations",
        [Rev(spec, days(18))],
        [P(age=days(2)) for _ in range(3)]
        + [P(age=minutes(27) - 4 * i, ready=i < 2, unready=minutes(24)) for i in range(6)],
        scaled=minutes(27),
    )
    service(w, "reservations")
    scaler = hpa(w, top, low=3, high=12, now=9, used=48, scaled=minutes(27))
    event(
        w,
        scaler,
        "SuccessfulRescale",
        "New size: 9; reason: cpu resource utilization (percentage of request) above target",
        kind="Normal",
        last=minutes(27),
    )
    base = postgres(w, "booking-db")
    secret(w, "db", ["url"])
    rows = [
        session(
            p["status"]["podIP"],
            "Deployment/reservations",
            "idle",
            17 if i < 5 else 0,
            age=20,
            user="resv",
            application="PostgreSQL JDBC Driver",
        )
        for i, p in enumerate(top.pods)
        if i < 5
    ]
    rows += [
        session(
            p["status"]["podIP"],
            "Deployment/reservations",
            "active",
            2,
            user="resv",
            application="PostgreSQL JDBC Driver",
        )
        for p in top.pods[:5]
    ]
    sessions(w, "StatefulSet/booking-db", 100, rows, reserved=5)
    for index in (0, 6, 8):
        log(
            w,
            top,
            index,
            "logback",
            often(
                9,
                1300,
                2,
                "error",
                [
                    "FATAL: sorry, too many clients already",
                    "HikariPool-1 - Connection is not available, request timed out after 30000ms (total=0, "
                    "active=0, idle=0, waiting=41)",
                ],
                "o.h.engine.jdbc.spi.SqlExceptionHelper",
            ),
        )
    log(w, base, 0, "postgres", often(2, 300, 1, "fatal", ["sorry, too many clients already"], "resv@booking"))
    exact(w, "replicas_available", {"component": "reservations"}, step(3, 5, minutes(26), over=1))
    exact(w, "hpa_replicas", {"component": "reservations"}, step(3, 9, minutes(27), over=1))
    signal(w, "db_connections", {"component": "booking-db"}, step(61, 95, minutes(26)))
    exact(w, "db_max_connections", {"component": "booking-db"}, flat(100))
    requests(w, "reservations", rate=step(80, 130, minutes(32), over=300), errors=step(0.001, 0.24, minutes(25)))
