"""Order in time and along the chain: what came first, and who only shows it."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors, latency
from tests.diagnosis.rules.pods import looping, pending, pods_of, put, rollout
from tests.diagnosis.rules.tiny import event, log, pod, postgres, redis, series, snapshot, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
OLD = {"image": "registry.example/app:0"}
FATAL = "FATAL: sorry, too many clients already"


@WORLDS.world(("Deployment/pay", "code_defect", "rollback_workload"))
def mid_chain_release() -> Snapshot:
    return snapshot(
        workload("pay", before=OLD, released=640),
        workload("shop", env={"PAY_URL": "http://pay:8080"}, before=OLD, released=5 * 3600),
        figures=[errors("pay", 0.5), errors("shop", 0.4)],
        alerts=[alert(service="shop")],
        logs=[
            log(pod("shop"), *["POST http://pay:8080/charge 500"] * 8),
            log(pod("pay"), *["NullReferenceException: Object reference not set"] * 8),
        ],
    )


@WORLDS.world(
    ("StatefulSet/mongo", "resource_exhaustion", "page_human"),
    ("StatefulSet/mongo", "dependency_failure", "page_human"),
    ("StatefulSet/mongo", "service_crash", "page_human"),
    harmful=("restart_workload", "rollback_workload"),
)
def three_hops() -> Snapshot:
    m = workload("mongo", "mongo:7", kind="StatefulSet", pods=1, port=27017)
    put(pods_of(m)[0], looping("OOMKilled", 137), ready=False, unready=400)
    m[0]["status"]["readyReplicas"] = 0
    return snapshot(
        m,
        workload("stock", env={"MONGO_URL": "mongodb://mongo:27017/a"}),
        workload("cart", env={"STOCK_URL": "http://stock:8080"}),
        workload("web", env={"CART_URL": "http://cart:8080"}, before=OLD, released=3 * 3600),
        figures=[errors("stock", 0.9), errors("cart", 0.9), errors("web", 0.5)],
        alerts=[alert(service="web")],
        logs=[
            log(pod("stock"), *["MongoServerSelectionError: connect ECONNREFUSED 10.96.0.1:27017"] * 8),
            log(pod("cart"), *["GET http://stock:8080/x failed: 503"] * 8),
            log(pod("web"), *["GET http://cart:8080/x 502"] * 8),
        ],
    )


@WORLDS.world(("Deployment/auth", "code_defect", "rollback_workload"), harmful=("restart_workload",))
def innocent_release_of_caller() -> Snapshot:
    return snapshot(
        workload("auth", before=OLD, released=900),
        workload("web", before=OLD, released=2400, env={"AUTH_URL": "http://auth:8080"}),
        figures=[errors("auth", 0.4, 880), errors("web", 0.4, 870)],
        alerts=[alert(service="web")],
    )


@WORLDS.world(
    ("Deployment/api", "unknown", "page_human"),
    ("Deployment/api", "capacity", "page_human"),
    ("Deployment/api", "capacity", "scale_workload"),
    ("Node/n1", "resource_exhaustion", "page_human"),
    harmful=("rollback_workload",),
)
def latency_before_release() -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=600),
        figures=[latency("api", 0.1, 2.0, 2400)],
        logs=[log(pod("api"), "GET / 200")],
        alerts=[alert(service="api")],
    )


@WORLDS.world(("Deployment/api", "configuration_error", "rollback_workload"))
def node_selector_release() -> Snapshot:
    o = rollout("api", None, before=OLD, image="registry.example/app:0", spec={"nodeSelector": {"disk": "nvme"}})
    rs = [x for x in o if x["kind"] == "ReplicaSet"]
    rs[0]["spec"]["template"]["spec"].pop("nodeSelector")
    pending(pods_of(o)[2], "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.")
    return snapshot(o, NODES)


@WORLDS.world(
    ("Deployment/api", "code_defect", "rollback_workload"),
    ("Deployment/api", "configuration_error", "rollback_workload"),
)
def exec_format() -> Snapshot:
    o = rollout("api", looping("Error", 255, lived=0), before=OLD)
    return snapshot(o, logs=[log(pod("api", 2), "exec /app/server: exec format error", previous=True)])


@WORLDS.world(("Deployment/api", "configuration_error", "rollback_workload"))
def startup_probe_removed() -> Snapshot:
    o = rollout(
        "api",
        looping("Error", 137, lived=40),
        before={
            "startupProbe": {"httpGet": {"path": "/h", "port": 8080}, "failureThreshold": 60},
            "livenessProbe": {"httpGet": {"path": "/h", "port": 8080}},
        },
        livenessProbe={"httpGet": {"path": "/h", "port": 8080}},
    )
    return snapshot(
        o,
        event(f"Pod/{pod('api', 2)}", "Killing", "Container api failed liveness probe, will be restarted"),
        event(f"Pod/{pod('api', 2)}", "Unhealthy", "Liveness probe failed: connection refused"),
    )


@WORLDS.world(("Deployment/api", "configuration_error", "rollback_workload"))
def config_release_spring() -> Snapshot:
    o = rollout(
        "api",
        looping(lived=8),
        before={"env": {"SPRING_DATASOURCE_URL": "jdbc:postgresql://postgres/a"}},
        env={"SPRING_DATASOURCE_URLX": "jdbc"},
    )
    return snapshot(
        o,
        postgres(),
        logs=[
            log(
                pod("api", 2),
                "APPLICATION FAILED TO START",
                "Failed to bind properties under 'spring.datasource.url'",
                previous=True,
            )
        ],
    )


@WORLDS.world(("Deployment/api", "code_defect", "rollback_workload"))
def flapping_release() -> Snapshot:
    pts = [(1200 - 60 * k, 0.3 if k % 2 else 0.02) for k in range(20)]
    return snapshot(
        workload("api", before=OLD, released=1230),
        figures=[("error_ratio", series({"component": "api"}, (3600, 0.001), *pts))],
        alerts=[alert(service="api")],
    )


@WORLDS.world(("Deployment/pay", "code_defect", "rollback_workload"))
def release_crash_with_callers() -> Snapshot:
    o = workload("pay", before=OLD, released=600)
    for x in pods_of(o):
        put(x, looping(lived=20), ready=False, unready=500)
    o[0]["status"]["readyReplicas"] = 0
    return snapshot(
        o,
        workload("web", env={"PAY": "http://pay:8080"}, before=OLD, released=2 * 3600),
        figures=[errors("web", 0.5, 480)],
        logs=[
            log(pod("pay"), "System.InvalidOperationException: Unable to resolve service", previous=True),
            log(pod("web"), *["dial tcp 10.96.0.1:8080: connect: connection refused (pay:8080)"] * 9, since=470),
        ],
    )


@WORLDS.world(("Deployment/redis", "configuration_error", "rollback_workload"))
def redis_release_bad_args() -> Snapshot:
    o = redis(before={"args": ["redis-server"]}, args=["redis-server", "--bogus"], released=500)
    put(pods_of(o)[0], looping("Error", 1, lived=0), ready=False, unready=500)
    o[0]["status"]["readyReplicas"] = 0
    return snapshot(
        o,
        workload("api", env={"REDIS_HOST": "redis"}),
        figures=[errors("api", 0.9, 480)],
        logs=[
            log(
                "redis-pod0",
                "*** FATAL CONFIG FILE ERROR (Redis 7.2.4) ***",
                "Bad directive or wrong number of arguments",
                of="redis",
                previous=True,
            ),
            log(pod("api"), *["connect ECONNREFUSED redis:6379"] * 9),
        ],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
