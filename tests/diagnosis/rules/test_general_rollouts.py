"""Roll-outs of every kind, and what is innocent of them."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, alert, errors
from tests.diagnosis.rules.pods import looping, pods_of, put, reown, rollout, waiting
from tests.diagnosis.rules.tiny import DAY, at, event, figure, log, pod, snapshot, thing, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()
OLD = {"image": "registry.example/app:0"}


@WORLDS.world(("StatefulSet/ledger", "code_defect", "rollback_workload"))
def sts_crash_release() -> Snapshot:
    o = workload("ledger", kind="StatefulSet", pods=3, before=OLD, released=600)
    p = pods_of(o)
    for x in p[:2]:
        x["metadata"]["labels"]["controller-revision-hash"] = "ledger-r1"
        x["metadata"]["creationTimestamp"] = at(9 * DAY)
        put(x, {}, ready=True)
    put(p[2], looping())
    o[0]["status"]["readyReplicas"] = 2
    return snapshot(
        o,
        event("Pod/ledger-2", "BackOff", "Back-off restarting failed container"),
        logs=[log("ledger-2", "Traceback (most recent call last):", "TypeError: x", previous=True, of="ledger")],
    )


@WORLDS.world(
    ("StatefulSet/ledger", "configuration_error", "rollback_workload"),
    ("StatefulSet/ledger", "code_defect", "rollback_workload"),
)
def sts_bad_image() -> Snapshot:
    o = workload("ledger", kind="StatefulSet", pods=3, image="registry.example/ledger:9", before=OLD, released=600)
    p = pods_of(o)
    for x in p[:2]:
        x["metadata"]["labels"]["controller-revision-hash"] = "ledger-r1"
        x["metadata"]["creationTimestamp"] = at(9 * DAY)
        put(x, {}, ready=True)
    put(p[2], waiting("ImagePullBackOff", "not found"))
    o[0]["status"]["readyReplicas"] = 2
    return snapshot(o, event("Pod/ledger-2", "Failed", 'Failed to pull image "registry.example/ledger:9": not found'))


@WORLDS.world(("DaemonSet/agent", "code_defect", "rollback_workload"))
def ds_crash() -> Snapshot:
    o = workload("agent", kind="DaemonSet", pods=2, before=OLD, released=900, service=False)
    o[0]["status"] = {"desiredNumberScheduled": 2, "numberReady": 0}
    for x in pods_of(o):
        x["metadata"]["name"] += "x"
        put(x, looping())
    return snapshot(o, NODES, event("Pod/agent-0x", "BackOff", "Back-off restarting failed container"))


@WORLDS.world(("Deployment/api", "code_defect", "rollback_workload"))
def canary_pods_fail() -> Snapshot:
    o = rollout("api", None, before=OLD, old=3, new=1)
    return snapshot(
        o,
        figures=[figure("error_ratio_by_pod", 0, 0.6 if n == 3 else 0.001, pod=pod("api", n)) for n in range(4)]
        + [errors("api", 0.15)],
    )


@WORLDS.world(("Deployment/api", "code_defect", "rollback_workload"))
def release_errors_logs_only() -> Snapshot:
    o = workload("api", before=OLD, released=600, image="registry.example/api:2")
    return snapshot(
        o,
        logs=[log(pod("api", n), *["ERROR java.lang.NullPointerException: x"] * 8, since=560) for n in range(2)],
        alerts=[alert(deployment="api")],
    )


@WORLDS.world(("Deployment/pay", "code_defect", "rollback_workload"))
def mid_chain_release_logs_only() -> Snapshot:
    return snapshot(
        workload("pay", before=OLD, released=640),
        workload("shop", env={"PAY_URL": "http://pay:8080"}),
        alerts=[alert(service="shop")],
        logs=[
            log(pod("shop"), *["POST http://pay:8080/charge 500"] * 8, since=600),
            log(pod("pay"), *["System.NullReferenceException: Object reference not set"] * 8, since=600),
        ],
    )


@WORLDS.world(
    ("ResourceQuota/compute", "resource_exhaustion", "page_human"),
    ("Deployment/api", "resource_exhaustion", "page_human"),
    ("Deployment/api", "capacity", "page_human"),
)
def newest_rs_no_pods_quota() -> Snapshot:
    o = workload("api", pods=2, ready=2, before=OLD, released=600)
    for x in pods_of(o):
        reown(x, "api-r1", 9 * DAY)
    return snapshot(
        o,
        event(
            "ReplicaSet/api-r2",
            "FailedCreate",
            (
                'Error creating: pods "api-x" is forbidden: exceeded quota: compute, requested: '
                "limits.memory=1Gi, used: limits.memory=4Gi, limited: limits.memory=4Gi"
            ),
        ),
        thing("ResourceQuota", "compute", status={"hard": {"limits.memory": "4Gi"}, "used": {"limits.memory": "4Gi"}}),
        alerts=[alert("KubeDeploymentRolloutStuck", deployment="api")],
    )


@WORLDS.world(("Deployment/api", "code_defect", "rollback_workload"))
def rollback_was_bad() -> Snapshot:
    o = workload("api", image="registry.example/api:1", before={"image": "registry.example/api:2"}, released=600)
    rs = [x for x in o if x["kind"] == "ReplicaSet"]
    rs[1]["metadata"]["creationTimestamp"] = at(40 * DAY)
    rs[1]["metadata"]["annotations"]["deployment.kubernetes.io/revision-history"] = "1"
    return snapshot(o, figures=[errors("api", 0.4)], logs=[log(pod("api"), *['ERROR: column "x" does not exist'] * 5)])


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
