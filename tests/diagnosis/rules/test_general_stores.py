"""Databases, caches, brokers and search behind clients of several languages."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors
from tests.diagnosis.rules.tiny import (
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    secret_key,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
URL = {"DATABASE_URL": "postgres://a@postgres:5432/a"}
FATAL = "FATAL: sorry, too many clients already"


@WORLDS.world(
    ("Deployment/api", "capacity", "scale_workload"),
    ("Deployment/api", "database_connection", "scale_workload"),
    ("Deployment/api", "configuration_error", "scale_workload"),
    ("Deployment/api", "capacity", "page_human"),
    ("Deployment/api", "database_connection", "page_human"),
    ("StatefulSet/postgres", "database_connection", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    ("StatefulSet/postgres", "capacity", "page_human"),
    harmful=("rollback_workload",),
)
def hpa_scaled_pools() -> Snapshot:
    h = thing(
        "HorizontalPodAutoscaler",
        "api",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "minReplicas": 2, "maxReplicas": 10},
        status={"currentReplicas": 10, "desiredReplicas": 10},
    )
    return snapshot(
        postgres(),
        workload("api", pods=10, env=URL),
        h,
        event(
            "HorizontalPodAutoscaler/api",
            "SuccessfulRescale",
            "New size: 10; reason: cpu resource utilization above target",
            kind="Normal",
            age=600,
        ),
        databases=[database(session("Deployment/api", "idle", 60), session("Deployment/api", "active", 37))],
        figures=[errors("api", 0.3), figure("replicas_wanted", 4, 10, 620, component="api")],
        logs=[log(pod("api"), *[FATAL] * 9)],
    )


@WORLDS.world(
    ("StatefulSet/postgres", "configuration_error", "page_human"),
    ("StatefulSet/postgres", "database_connection", "page_human"),
    ("StatefulSet/postgres", "configuration_error", "rollback_workload"),
    ("ConfigMap/pg-conf", "configuration_error", "page_human"),
    ("ConfigMap/pg-conf", "database_connection", "page_human"),
)
def server_limit_lowered_cm() -> Snapshot:
    o = postgres(spec={"volumes": [{"name": "c", "configMap": {"name": "pg-conf"}}]}, started=700)
    return snapshot(
        o,
        thing("ConfigMap", "pg-conf", written=800, data={"postgresql.conf": "max_connections = 30\n"}),
        workload("api", env=URL),
        databases=[database(session("Deployment/api", "idle", 20), session("Deployment/api", "active", 7), most=30)],
        figures=[errors("api", 0.3), figure("db_max_connections", 100, 30, 700, component="postgres")],
        logs=[log(pod("api"), *[FATAL] * 9)],
    )


@WORLDS.world(
    ("StatefulSet/mysql", "database_connection", "page_human"),
    ("StatefulSet/mysql", "database_connection", "scale_database"),
    ("StatefulSet/mysql", "capacity", "page_human"),
    harmful=("rollback_workload", "restart_workload", "scale_workload"),
)
def mysql_full_logs_only() -> Snapshot:
    m = workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306)
    return snapshot(
        m,
        workload("api", env={"DB_HOST": "mysql"}, pods=3),
        alerts=[alert(service="api")],
        logs=[log(pod("api"), *["SQLSTATE[HY000] [1040] Too many connections"] * 9)],
    )


@WORLDS.world(
    ("Deployment/pgbouncer", "database_connection", "page_human"),
    ("Deployment/pgbouncer", "configuration_error", "page_human"),
    ("Deployment/pgbouncer", "capacity", "page_human"),
    ("StatefulSet/postgres", "database_connection", "page_human"),
    ("Deployment/pgbouncer", "configuration_error", "rollback_workload"),
    harmful=("scale_workload", "rollback_workload"),
)
def pgbouncer_full() -> Snapshot:
    return snapshot(
        postgres(),
        workload("pgbouncer", "edoburu/pgbouncer:1", port=6432, env={"DB_HOST": "postgres"}),
        workload("api", env={"DATABASE_URL": "postgres://a@pgbouncer:6432/a"}),
        figures=[errors("api", 0.5)],
        logs=[log(pod("api"), *["FATAL: no more connections allowed (max_client_conn)"] * 9)],
    )


@WORLDS.world(
    ("Secret/db", "database_connection", "restart_workload"),
    ("Deployment/api", "database_connection", "restart_workload"),
    ("Deployment/api", "configuration_error", "restart_workload"),
    harmful=("rollback_workload",),
)
def rotated_php() -> Snapshot:
    return snapshot(
        workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306),
        workload("api", env={"DB_HOST": "mysql", "PW": secret_key("db")}),
        thing("Secret", "db", written=900, data={"password": "sha256:1"}),
        figures=[errors("api", 0.9)],
        logs=[
            log(
                pod("api", n),
                *["SQLSTATE[HY000] [1045] Access denied for user 'app'@'10.1.1.1' (using password: YES)"] * 9,
            )
            for n in range(2)
        ],
    )


@WORLDS.world(
    ("Secret/db", "configuration_error", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    ("Secret/db", "database_connection", "page_human"),
    harmful=("rollback_workload", "restart_workload"),
)
def wrong_pw_dotnet() -> Snapshot:
    return snapshot(
        postgres(),
        workload("api", env={**URL, "PW": secret_key("db")}, started=300),
        thing("Secret", "db", written=900, data={"password": "sha256:1"}),
        figures=[errors("api", 0.9)],
        logs=[
            log(
                pod("api", n),
                *['Npgsql.PostgresException (0x80004005): 28P01: password authentication failed for user "app"'] * 9,
            )
            for n in range(2)
        ],
    )


@WORLDS.world(("Deployment/redis", "resource_exhaustion", "page_human"), harmful=("restart_workload",))
def redis_oom_ruby() -> Snapshot:
    return snapshot(
        redis(),
        workload("api", env={"REDIS_URL": "redis://redis:6379"}),
        figures=[errors("api", 0.9)],
        logs=[
            log(pod("api", n), *["Redis::CommandError: OOM command not allowed when used memory > 'maxmemory'."] * 9)
            for n in range(2)
        ],
    )


@WORLDS.world(
    ("Deployment/api", "database_connection", "restart_workload"),
    ("StatefulSet/mysql", "dependency_failure", "page_human"),
    ("Deployment/api", "database_connection", "restart_connection_pool"),
    ("Deployment/api", "database_connection", "page_human"),
    ("StatefulSet/mysql", "database_connection", "page_human"),
)
def mysql_readonly() -> Snapshot:
    m = workload("mysql", "mysql:8", kind="StatefulSet", pods=2, port=3306)
    return snapshot(
        m,
        workload("api", env={"DB_HOST": "mysql"}, pods=3),
        figures=[errors("api", 0.5)],
        logs=[
            log(
                pod("api"),
                *[
                    (
                        "SQLSTATE[HY000]: General error: 1290 The MySQL server is running with the "
                        "--super-read-only option so it cannot execute this statement"
                    )
                ]
                * 9,
            )
        ],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
