"""Stores and brokers that failed over, are full or held by somebody."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors, latency
from tests.diagnosis.rules.pods import looping, pods_of, put
from tests.diagnosis.rules.tiny import (
    container,
    database,
    figure,
    log,
    pod,
    postgres,
    redis,
    session,
    snapshot,
    thing,
    workload,
)
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
OLD = {"image": "registry.example/app:0"}
URL = {"DATABASE_URL": "postgres://a@postgres:5432/a"}
FATAL = "FATAL: sorry, too many clients already"


@WORLDS.world(
    ("Deployment/api", "database_connection", "restart_workload"),
    ("Deployment/api", "database_connection", "restart_connection_pool"),
    ("Deployment/api", "service_crash", "restart_workload"),
    harmful=("rollback_workload",),
)
def stale_conns_after_db_restart() -> Snapshot:
    return snapshot(
        postgres(started=900),
        workload("api", env=URL),
        figures=[errors("api", 0.6, 880)],
        logs=[
            log("postgres-0", "LOG:  database system is ready to accept connections", of="postgres", since=880),
            log(
                pod("api"),
                *["psycopg2.InterfaceError: connection already closed", "server closed the connection unexpectedly"]
                * 6,
                since=860,
            ),
        ],
    )


@WORLDS.world(
    ("CronJob/etl", "database_connection", "scale_database"),
    ("Job/etl-1", "database_connection", "scale_database"),
    ("StatefulSet/postgres", "database_connection", "scale_database"),
    harmful=("restart_workload", "rollback_workload", "scale_workload"),
)
def job_holds_sessions() -> Snapshot:
    j = thing("Job", "etl-1", age=900, spec={"template": {"spec": {"containers": [container("etl", "e:1", env=URL)]}}})
    return snapshot(
        postgres(),
        j,
        workload("api", env=URL),
        databases=[database(session("Job/etl-1", "active", 80), session("Deployment/api", "active", 17))],
        figures=[errors("api", 0.4)],
        logs=[log(pod("api"), *[FATAL] * 9)],
    )


@WORLDS.world(("StatefulSet/opensearch", "resource_exhaustion", "page_human"), harmful=("restart_workload",))
def opensearch_flood() -> Snapshot:
    return snapshot(
        workload("opensearch", "opensearchproject/opensearch:2", kind="StatefulSet", pods=1, port=9200),
        workload("find", env={"OS_URL": "https://opensearch:9200"}),
        figures=[errors("find", 0.6)],
        logs=[
            log(
                pod("find"),
                *[
                    (
                        "OpenSearchStatusException[OpenSearch exception [type=cluster_block_exception, "
                        "reason=index [a] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];]]"
                    )
                ]
                * 9,
            )
        ],
    )


@WORLDS.world(("Deployment/worker", "code_defect", "rollback_workload"))
def kafka_lag_release() -> Snapshot:
    return snapshot(
        workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092),
        workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}, before=OLD, released=1200),
        figures=[figure("queue_depth", 10, 50000, 1150, component="worker")],
        logs=[log(pod("worker"), *["ERROR failed to process message: NullPointerException"] * 20, since=1100)],
        alerts=[alert("KafkaLag", service="worker")],
    )


@WORLDS.world(
    ("Deployment/worker", "service_crash", "restart_workload"), ("Deployment/worker", "code_defect", "restart_workload")
)
def kafka_stuck() -> Snapshot:
    return snapshot(
        workload("kafka", "bitnami/kafka:3", kind="StatefulSet", pods=3, port=9092),
        workload("worker", env={"KAFKA_BROKERS": "kafka:9092"}),
        figures=[
            figure("queue_depth", 10, 50000, 1150, component="worker"),
            figure("cpu_share", 0.4, 0.0, 1150, pod=pod("worker"), container="worker"),
        ],
        logs=[
            log(
                pod("worker"),
                *[
                    (
                        "WARN consumer poll timeout has expired. This means the time between subsequent calls to "
                        "poll() was longer than the configured max.poll.interval.ms"
                    )
                ]
                * 5,
                since=1100,
            )
        ],
        alerts=[alert("KafkaLag", service="worker")],
    )


@WORLDS.world(
    ("Deployment/redis", "service_crash", "page_human"),
    ("Deployment/redis", "dependency_failure", "page_human"),
    ("Deployment/redis", "resource_exhaustion", "page_human"),
    harmful=("rollback_workload", "scale_workload"),
)
def redis_crash_php() -> Snapshot:
    o = redis()
    put(pods_of(o)[0], looping("Error", 1), ready=False, unready=500)
    o[0]["status"]["readyReplicas"] = 0
    return snapshot(
        o,
        workload("api", env={"REDIS_HOST": "redis"}),
        figures=[errors("api", 0.9)],
        logs=[log(pod("api"), *["PHP Fatal error:  Uncaught RedisException: Connection refused in /app/x.php:3"] * 9)],
    )


@WORLDS.world(
    ("StatefulSet/memcached", "resource_exhaustion", "page_human"),
    ("StatefulSet/memcached", "capacity", "page_human"),
    harmful=("restart_workload",),
)
def memcached_evicts() -> Snapshot:
    return snapshot(
        workload("memcached", "memcached:1", kind="StatefulSet", pods=1, port=11211),
        postgres(),
        workload("api", env={**URL, "MEMCACHED": "memcached:11211"}),
        figures=[
            latency("api"),
            figure("cache_evictions", 0, 300, 600, component="memcached"),
            figure("cache_memory_share", 0.7, 1.0, 600, component="memcached"),
        ],
    )


@WORLDS.world(
    ("Deployment/api", "database_connection", "restart_workload"),
    ("Deployment/api", "network_fault", "restart_workload"),
    ("Deployment/api", "database_connection", "restart_connection_pool"),
    harmful=("rollback_workload",),
)
def mongo_failover() -> Snapshot:
    m = workload("mongo", "mongo:7", kind="StatefulSet", pods=3, port=27017)
    return snapshot(
        m,
        workload("api", env={"MONGO": "mongodb://mongo-0.mongo,mongo-1.mongo"}),
        figures=[errors("api", 0.6)],
        logs=[
            log("mongo-1", "REPL election succeeded, new primary elected", of="mongo", since=700),
            log(pod("api"), *["MongoServerError: not primary"] * 9, since=650),
        ],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
