"""Pools, locks, queues and nodes, and two faults at once."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors, latency, rate
from tests.diagnosis.rules.tiny import DAY, figure, log, pod, postgres, series, snapshot, thing, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
RISING = [(3600 - 60 * n, 0.5 + 0.0078 * n) for n in range(60)]
OLD = {"image": "registry.example/app:0"}
URL = {"DATABASE_URL": "postgres://a@postgres:5432/a"}


@WORLDS.world(("Deployment/api", "code_defect", "rollback_workload"), harmful=("restart_workload", "scale_workload"))
def release_more_sessions_env() -> Snapshot:
    return snapshot(
        postgres(),
        workload("api", env={**URL}, image="a:2", before={"image": "a:1"}, released=700, pods=4),
        figures=[errors("api", 0.4, 680), latency("api", 0.1, 4.0, 680)],
        logs=[
            log(
                pod("api", n),
                *["ActiveRecord::ConnectionTimeoutError: could not obtain a connection from the pool within 5 s"] * 6,
                since=670,
            )
            for n in range(4)
        ],
    )


@WORLDS.world(("Deployment/api", "configuration_error", "rollback_workload"), harmful=("restart_workload",))
def pool_size_cut_env() -> Snapshot:
    return snapshot(
        postgres(),
        workload(
            "api", env={**URL, "DB_POOL_SIZE": "2"}, before={"env": {**URL, "DB_POOL_SIZE": "20"}}, released=700, pods=4
        ),
        figures=[errors("api", 0.4, 680)],
        logs=[
            log(pod("api", n), *["Knex: Timeout acquiring a connection. The pool is probably full."] * 6, since=670)
            for n in range(4)
        ],
    )


@WORLDS.world(("Deployment/worker", "capacity", "scale_workload"))
def queue_by_traffic() -> Snapshot:
    return snapshot(
        workload("rabbitmq", "rabbitmq:3", kind="StatefulSet", pods=1, port=5672),
        workload("worker", env={"Q": "amqp://rabbitmq"}),
        workload("web", env={"Q": "amqp://rabbitmq"}),
        figures=[figure("queue_depth", 10, 30000, 1400, component="worker"), rate("web", 50, 200, 1450)]
        + [figure("cpu_share", 0.4, 0.97, 1400, pod=pod("worker", n), container="worker") for n in range(2)],
        alerts=[alert("QueueDepth", service="worker")],
    )


@WORLDS.world(
    ("Node/n2", "resource_exhaustion", "page_human"),
    ("Node/n2", "network_fault", "page_human"),
    ("Node/n2", "service_crash", "page_human"),
    harmful=("rollback_workload",),
)
def pods_on_one_node_timeout() -> Snapshot:
    o = workload("api", pods=4)
    b = workload("web", pods=4)
    return snapshot(
        o,
        b,
        NODES,
        figures=[
            figure("error_ratio_by_pod", 0.0, 0.8 if n % 2 else 0.0, pod=pod(x, n))
            for x in ("api", "web")
            for n in range(4)
        ]
        + [errors("api", 0.4), errors("web", 0.4)],
        logs=[log(pod("api", n), *["dial tcp 10.1.1.1:8080: i/o timeout"] * 9) for n in (1, 3)],
    )


@WORLDS.world(
    ("StatefulSet/mysql", "database_connection", "page_human"),
    ("StatefulSet/mysql", "database_connection", "scale_database"),
    ("Deployment/api", "database_connection", "page_human"),
    harmful=("rollback_workload", "scale_workload"),
)
def mysql_lock_wait() -> Snapshot:
    m = workload("mysql", "mysql:8", kind="StatefulSet", pods=1, port=3306)
    return snapshot(
        m,
        workload("api", env={"DB_HOST": "mysql"}, before=OLD, released=3 * DAY),
        figures=[errors("api", 0.4)],
        logs=[log(pod("api"), *["ERROR 1205 (HY000): Lock wait timeout exceeded; try restarting transaction"] * 9)],
    )


@WORLDS.world(
    ("Deployment/api", "dependency_failure", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    harmful=("restart_workload", "rollback_workload"),
)
def outside_cert_expired() -> Snapshot:
    return snapshot(
        workload("api"),
        figures=[errors("api", 0.4)],
        logs=[
            log(
                pod("api"),
                *[
                    "Error: certificate has expired code: 'CERT_HAS_EXPIRED' host: 'pay.partner.example' https://pay.partner.example/v1"
                ]
                * 9,
            )
        ],
    )


@WORLDS.world(
    ("Deployment/api", "code_defect", "rollback_workload"),
    ("Deployment/api", "configuration_error", "rollback_workload"),
)
def release_dep_upgrade_tls() -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=600),
        figures=[errors("api", 0.4, 580)],
        logs=[log(pod("api"), *["SSLHandshakeException: No appropriate protocol"] * 9, since=570)],
    )


@WORLDS.world(
    ("Deployment/api", "configuration_error", "page_human"),
    ("Service/api", "configuration_error", "page_human"),
    ("Service/api", "network_fault", "page_human"),
    harmful=("restart_workload", "rollback_workload"),
)
def service_deleted() -> Snapshot:
    return snapshot(
        workload("api", service=False),
        workload("web", env={"API_URL": "http://api:8080"}),
        figures=[errors("web", 0.9)],
        logs=[log(pod("web"), *["getaddrinfo ENOTFOUND api"] * 9)],
    )


@WORLDS.world(
    ("Deployment/cart", "resource_exhaustion", "restart_workload"),
    ("Deployment/cart", "code_defect", "rollback_workload"),
)
def two_independent() -> Snapshot:
    o = workload("cart", before=OLD, released=900)
    return snapshot(
        o,
        workload("mail", before=OLD, released=30 * DAY),
        figures=[
            errors("cart", 0.4, 880),
            ("memory_share", series({"pod": pod("mail"), "container": "mail"}, *RISING)),
            rate("mail"),
        ],
    )


@WORLDS.world(
    ("Deployment/api", "unknown", "page_human"),
    ("Deployment/api", "dependency_failure", "page_human"),
    ("Deployment/api", "network_fault", "page_human"),
    harmful=("restart_workload", "rollback_workload", "no_action"),
)
def half_dead_no_logs() -> Snapshot:
    return snapshot(workload("api"), postgres(), figures=[errors("api", 0.5), latency("api", 0.1, 5.0)])


@WORLDS.world(
    ("Deployment/api", "configuration_error", "page_human"),
    ("PersistentVolumeClaim/uploads", "resource_exhaustion", "page_human"),
    ("Deployment/api", "resource_exhaustion", "page_human"),
    harmful=("rollback_workload", "restart_workload", "scale_workload"),
)
def app_volume_full() -> Snapshot:
    return snapshot(
        workload("api", spec={"volumes": [{"name": "u", "persistentVolumeClaim": {"claimName": "uploads"}}]}),
        thing("PersistentVolumeClaim", "uploads", status={"phase": "Bound"}),
        figures=[errors("api", 0.4), figure("volume_used_share", 0.9, 1.0, 800, persistentvolumeclaim="uploads")],
        logs=[log(pod("api"), *["OSError: [Errno 28] No space left on device: '/data/x'"] * 9)],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
