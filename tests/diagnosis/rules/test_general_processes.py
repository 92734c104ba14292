"""Processes that ran out of something or are stuck, and namespaces that are well or cannot be told."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors, latency, rate
from tests.diagnosis.rules.pods import again, looping, pods_of, put, rollout
from tests.diagnosis.rules.tiny import (
    DAY,
    Obj,
    at,
    container,
    database,
    event,
    figure,
    log,
    pod,
    postgres,
    redis,
    series,
    session,
    snapshot,
    thing,
    workload,
)
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
OLD = {"image": "registry.example/app:0"}
URL = {"DATABASE_URL": "postgres://a@postgres:5432/a"}


def bare(name: str, status: Obj, *, ready: bool) -> Obj:
    """Return a pod that nobody owns."""
    made = thing("Pod", name, age=DAY, spec={"containers": [container("c", "x:1")], "nodeName": "n1"})
    made["metadata"]["labels"] = {"app": name}
    made["status"] = {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": str(ready), "lastTransitionTime": at(500)}],
        "containerStatuses": [{"name": "c", **status}],
    }
    return made


@WORLDS.world(
    ("Deployment/api", "resource_exhaustion", "restart_workload"),
    ("Deployment/api", "code_defect", "restart_workload"),
    ("Deployment/api", "resource_exhaustion", "page_human"),
    harmful=("rollback_workload",),
)
def fd_leak() -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=20 * DAY),
        figures=[errors("api", 0.6)],
        logs=[
            log(pod("api", n), *["accept tcp [::]:8080: accept4: too many open files; retrying in 1s"] * 9)
            for n in range(2)
        ],
    )


@WORLDS.world(
    ("Deployment/api", "resource_exhaustion", "restart_workload"),
    ("Deployment/api", "resource_exhaustion", "page_human"),
    ("Deployment/api", "code_defect", "restart_workload"),
    harmful=("rollback_workload",),
)
def threads() -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=20 * DAY),
        figures=[errors("api", 0.6)],
        logs=[
            log(
                pod("api", n),
                *[
                    (
                        "java.lang.OutOfMemoryError: unable to create native thread: possibly out of memory or "
                        "process/resource limits reached"
                    )
                ]
                * 9,
            )
            for n in range(2)
        ],
    )


@WORLDS.world(
    ("Deployment/api", "service_crash", "restart_workload"),
    ("Deployment/api", "code_defect", "restart_workload"),
    harmful=("rollback_workload",),
)
def stuck_all() -> Snapshot:
    return snapshot(
        workload("api", before=OLD, released=9 * DAY),
        figures=[latency("api", 0.1, 30.0, 700), errors("api", 0.7, 700)]
        + [figure("cpu_share", 0.4, 0.01, 700, pod=pod("api", n), container="api") for n in range(2)],
        logs=[log(pod("api", n), *["event loop is blocked for more than 30000 ms"] * 5) for n in range(2)],
    )


@WORLDS.world(("Deployment/api", "service_crash", "restart_workload"), harmful=("rollback_workload",))
def one_pod_stuck_deadlock() -> Snapshot:
    return snapshot(
        workload("api", pods=4),
        figures=[figure("latency_p95_by_pod", 0.1, 9.0 if n == 2 else 0.1, pod=pod("api", n)) for n in range(4)]
        + [latency("api", 0.1, 1.5)],
        logs=[log(pod("api", 2), *["WARN Thread starvation or clock leap detected"] * 5)],
    )


@WORLDS.world(
    ("Pod/tool", "service_crash", "page_human"),
    ("Pod/tool", "code_defect", "page_human"),
    ("Pod/tool", "unknown", "page_human"),
    harmful=("rollback_workload",),
)
def bare_pod_crash() -> Snapshot:
    return snapshot(
        bare("tool", looping(), ready=False),
        workload("api"),
        figures=[errors("api", 0.001)],
        logs=[log("tool", "panic: boom", of="c", previous=True)],
    )


@WORLDS.world(
    ("Deployment/api", "service_crash", "restart_workload"),
    ("Deployment/api", "unknown", "page_human"),
    ("Deployment/api", "service_crash", "page_human"),
)
def crash_no_release() -> Snapshot:
    o = workload("api")
    put(pods_of(o)[0], again("Error", 139, age=300, restarts=1))
    return snapshot(
        o, figures=[errors("api", 0.08, 310)], logs=[log(pod("api"), "Segmentation fault (core dumped)", previous=True)]
    )


@WORLDS.world(("Namespace/town", "unknown", "page_human"), ("Deployment/api", "unknown", "page_human"))
def alert_only() -> Snapshot:
    return snapshot(alerts=[alert(service="api")])


@WORLDS.world(("Deployment/api", "unknown", "page_human"))
def objects_only_well() -> Snapshot:
    return snapshot(workload("api"))


@WORLDS.world(("Deployment/api", "unknown", "page_human"))
def metrics_only_errors() -> Snapshot:
    return snapshot(workload("api"), figures=[errors("api", 0.4)])


@WORLDS.world(("Deployment/web", "no_fault", "no_action"))
def healthy_rich() -> Snapshot:
    return snapshot(
        postgres(),
        redis(),
        workload("web", env={**URL, "REDIS_URL": "redis://redis:6379"}, before=OLD, released=3600),
        NODES,
        figures=[errors("web", 0.002), latency("web", 0.1, 0.11), rate("web", 50, 60)],
        logs=[
            log(pod("web"), "GET / 200", "WARN retry 1/3 to redis", "GET /x 404", "connection reset by peer"),
            log(
                "postgres-0",
                "LOG: checkpoint complete",
                "ERROR: duplicate key value violates unique constraint",
                "ERROR: duplicate key value violates unique constraint",
                of="postgres",
            ),
        ],
        databases=[database(session("Deployment/web", "idle", 20))],
    )


@WORLDS.world(("Deployment/web", "no_fault", "no_action"))
def healthy_daemonset_cron() -> Snapshot:
    ds = workload("agent", kind="DaemonSet", pods=2, service=False)
    ds[0]["status"] = {"desiredNumberScheduled": 2, "numberReady": 2}
    c = thing(
        "CronJob",
        "clean",
        spec={
            "schedule": "* * * * *",
            "jobTemplate": {"spec": {"template": {"spec": {"containers": [container("c", "c:1")]}}}},
        },
    )
    z = workload("old", pods=0)
    z[0]["spec"]["replicas"] = 0
    return snapshot(ds, c, z, workload("web"), NODES, figures=[errors("web", 0.002)])


@WORLDS.world(("CronJob/x", "no_fault", "no_action"), ("Deployment/web", "no_fault", "no_action"))
def healthy_latency_only() -> Snapshot:
    return snapshot(workload("web"), figures=[latency("web", 0.1, 0.1)], logs=[log(pod("web"), "GET / 200")])


@WORLDS.world(("Deployment/api", "no_fault", "no_action"))
def healthy_hpa_busy_night() -> Snapshot:
    h = thing(
        "HorizontalPodAutoscaler",
        "api",
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "api"}, "minReplicas": 2, "maxReplicas": 6},
        status={"currentReplicas": 4, "desiredReplicas": 4},
    )
    return snapshot(
        workload("api", pods=4),
        h,
        event(
            "HorizontalPodAutoscaler/api", "SuccessfulRescale", "New size: 4; reason: cpu above target", kind="Normal"
        ),
        figures=[latency("api", 0.1, 0.14), rate("api", 50, 130), errors("api", 0.002)]
        + [figure("cpu_share", 0.4, 0.7, pod=pod("api", n), container="api") for n in range(4)],
        logs=[log(pod("api"), "INFO ok")],
    )


@WORLDS.world(("Deployment/api", "no_fault", "no_action"))
def healthy_errors_baseline() -> Snapshot:
    return snapshot(
        workload("api"),
        figures=[errors("api", 0.02, 600, 0.02), latency("api", 0.5, 0.5)],
        logs=[log(pod("api"), *["ERROR upstream https://geo.example.com/x returned 503"] * 3)],
    )


@WORLDS.world(("Deployment/api", "no_fault", "no_action"))
def healthy_recent_rollback() -> Snapshot:
    o = workload("api", image="a:1", before={"image": "a:2"}, released=1800)
    rs = [x for x in o if x["kind"] == "ReplicaSet"]
    rs[1]["metadata"]["creationTimestamp"] = at(40 * DAY)
    rs[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
    return snapshot(
        o,
        figures=[("error_ratio", series({"component": "api"}, (3600, 0.0), (2700, 0.5), (1700, 0.0)))],
        alerts=[alert(state="resolved", service="api")],
    )


@WORLDS.world(("Deployment/api", "no_fault", "no_action"))
def rollout_in_progress_fine() -> Snapshot:
    o = rollout("api", {"ready": False}, before=OLD, released=40)
    for x in pods_of(o)[2:]:
        x["metadata"]["creationTimestamp"] = at(40)
        put(x, {"state": {"running": {"startedAt": at(30)}}}, ready=False, unready=40)
    return snapshot(o, figures=[errors("api", 0.001)], logs=[log(pod("api"), "GET / 200")])


@WORLDS.world(("Deployment/shop", "no_fault", "no_action"))
def old_oom() -> Snapshot:
    o = workload("shop")
    put(pods_of(o)[0], again("OOMKilled", 137, age=20 * 3600))
    return snapshot(o, figures=[errors("shop", 0.001)])


@WORLDS.world(("Deployment/shop", "no_fault", "no_action"))
def noisy_errors() -> Snapshot:
    return snapshot(
        workload("shop"),
        figures=[errors("shop", 0.001), rate("shop")],
        logs=[log(pod("shop"), *["ERROR could not parse user agent: ValueError: bad"] * 20)],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
