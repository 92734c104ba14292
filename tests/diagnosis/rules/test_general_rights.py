"""What is refused, cut or taken away beside any template."""

from __future__ import annotations

import pytest

from tests.diagnosis.rules.general import Worlds, errors, latency, rate
from tests.diagnosis.rules.pods import pending, pods_of, put, waiting
from tests.diagnosis.rules.tiny import at, event, figure, log, pod, secret_key, snapshot, thing, workload
from tests.diagnosis.worlds import NODES
from tuheg_ir.diagnosis.model import Snapshot

WORLDS = Worlds()


@WORLDS.world(
    ("ResourceQuota/q", "resource_exhaustion", "page_human"),
    ("ResourceQuota/q", "configuration_error", "page_human"),
    ("Deployment/api", "resource_exhaustion", "page_human"),
    ("Deployment/api", "capacity", "page_human"),
    ("ResourceQuota/q", "capacity", "page_human"),
    harmful=("restart_workload", "scale_workload", "rollback_workload"),
)
def quota_cut() -> Snapshot:
    o = workload("api", pods=4, ready=2)
    for x in pods_of(o)[2:]:
        o.remove(x)
    return snapshot(
        o,
        thing(
            "ResourceQuota",
            "q",
            written=900,
            spec={"hard": {"pods": "2"}},
            status={"hard": {"pods": "2"}, "used": {"pods": "2"}},
        ),
        event(
            "ReplicaSet/api-r1",
            "FailedCreate",
            (
                'Error creating: pods "api-x" is forbidden: exceeded quota: q, requested: pods=1, used: '
                "pods=2, limited: pods=2"
            ),
        ),
    )


@WORLDS.world(
    ("Deployment/api", "configuration_error", "page_human"),
    ("RoleBinding/api", "configuration_error", "page_human"),
    ("Role/api", "configuration_error", "page_human"),
    ("ServiceAccount/api", "configuration_error", "page_human"),
    harmful=("rollback_workload", "restart_workload"),
)
def rbac_removed() -> Snapshot:
    return snapshot(
        workload("api"),
        figures=[errors("api", 0.6)],
        logs=[
            log(
                pod("api"),
                *[
                    (
                        'leases.coordination.k8s.io "x" is forbidden: User "system:serviceaccount:town:api" cannot '
                        'get resource "leases" in API group'
                    )
                ]
                * 9,
            )
        ],
    )


@WORLDS.world(
    ("Deployment/api", "configuration_error", "page_human"),
    ("ValidatingWebhookConfiguration/guard", "configuration_error", "page_human"),
    ("ValidatingWebhookConfiguration/guard", "dependency_failure", "page_human"),
    ("Deployment/api", "dependency_failure", "page_human"),
    ("ValidatingWebhookConfiguration/guard", "network_fault", "page_human"),
    ("Deployment/guard", "dependency_failure", "page_human"),
    harmful=("restart_workload",),
)
def webhook_blocks() -> Snapshot:
    o = workload("api", pods=3, ready=2)
    o.remove(pods_of(o)[2])
    return snapshot(
        o,
        event(
            "ReplicaSet/api-r1",
            "FailedCreate",
            (
                'Error creating: Internal error occurred: failed calling webhook "guard.example.io": '
                'failed to call webhook: Post "https://guard.sys.svc:443/validate?timeout=10s": no '
                'endpoints available for service "guard"'
            ),
        ),
    )


@WORLDS.world(
    ("Node/n2", "configuration_error", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    ("Deployment/api", "capacity", "page_human"),
    ("Node/n1", "configuration_error", "page_human"),
    ("Deployment/api", "resource_exhaustion", "page_human"),
    harmful=("rollback_workload", "restart_workload", "scale_workload"),
)
def taint_pending() -> Snapshot:
    o = workload("api", pods=3, ready=2)
    pending(
        pods_of(o)[2],
        "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) were unschedulable.",
    )
    return snapshot(
        o,
        NODES,
        event(
            f"Pod/{pod('api', 2)}",
            "FailedScheduling",
            "0/2 nodes are available: 1 node(s) had untolerated taint {dedicated: gpu}, 1 node(s) were unschedulable.",
        ),
    )


@WORLDS.world(
    ("PersistentVolumeClaim/data", "resource_exhaustion", "page_human"),
    ("PersistentVolumeClaim/data", "configuration_error", "page_human"),
    ("PersistentVolumeClaim/data", "dependency_failure", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    harmful=("restart_workload",),
)
def pvc_pending() -> Snapshot:
    o = workload(
        "api", pods=1, ready=0, spec={"volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}]}
    )
    pending(pods_of(o)[0], "0/2 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
    return snapshot(
        o,
        thing("PersistentVolumeClaim", "data", age=400, spec={"storageClassName": "fast"}, status={"phase": "Pending"}),
        event("PersistentVolumeClaim/data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
    )


@WORLDS.world(
    ("Secret/regcred", "configuration_error", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    ("Secret/regcred", "dependency_failure", "page_human"),
    ("Deployment/api", "dependency_failure", "page_human"),
    harmful=("rollback_workload", "restart_workload"),
)
def pull_denied_same_image() -> Snapshot:
    o = workload("api", pods=2, ready=1, spec={"imagePullSecrets": [{"name": "regcred"}]})
    x = pods_of(o)[1]
    x["metadata"]["creationTimestamp"] = at(500)
    put(x, waiting("ImagePullBackOff", "Back-off pulling image"), ready=False, unready=500)
    return snapshot(
        o,
        thing(
            "Secret",
            "regcred",
            written=7200,
            type="kubernetes.io/dockerconfigjson",
            data={".dockerconfigjson": "sha256:1"},
        ),
        event(
            f"Pod/{pod('api', 1)}",
            "Failed",
            'Failed to pull image "registry.example/api:1": 401 Unauthorized: authentication required',
        ),
    )


@WORLDS.world(
    ("Deployment/api", "dependency_failure", "page_human"),
    ("Deployment/api", "configuration_error", "page_human"),
    ("Secret/k", "configuration_error", "page_human"),
    harmful=("rollback_workload", "restart_workload"),
)
def api_key_expired() -> Snapshot:
    return snapshot(
        workload("api", env={"K": secret_key("k")}),
        thing("Secret", "k", data={"K": "sha256:1"}),
        figures=[errors("api", 0.6)],
        logs=[log(pod("api"), *["401 Client Error: Unauthorized for url: https://api.sms.example.com/v1/send"] * 9)],
    )


@WORLDS.world(
    ("Deployment/shop", "capacity", "page_human"),
    ("HorizontalPodAutoscaler/shop", "configuration_error", "page_human"),
    ("Deployment/shop", "capacity", "scale_workload"),
    ("HorizontalPodAutoscaler/shop", "capacity", "page_human"),
    ("Deployment/shop", "configuration_error", "page_human"),
)
def hpa_max_lowered() -> Snapshot:
    h = thing(
        "HorizontalPodAutoscaler",
        "shop",
        written=1800,
        spec={"scaleTargetRef": {"kind": "Deployment", "name": "shop"}, "minReplicas": 2, "maxReplicas": 2},
        status={
            "currentReplicas": 2,
            "desiredReplicas": 2,
            "conditions": [{"type": "ScalingLimited", "status": "True", "reason": "TooManyReplicas"}],
        },
    )
    return snapshot(
        workload("shop"),
        h,
        figures=[
            latency("shop"),
            rate("shop", 50, 55),
            figure("hpa_max", 10, 2, 1800, component="shop"),
            figure("hpa_replicas", 6, 2, 1800, component="shop"),
        ]
        + [figure("cpu_share", 0.5, 0.98, 1750, pod=pod("shop", n), container="shop") for n in range(2)],
    )


@WORLDS.world(
    ("Deployment/api", "configuration_error", "page_human"),
    ("Deployment/api", "capacity", "scale_workload"),
    ("HorizontalPodAutoscaler/api", "configuration_error", "page_human"),
    ("Deployment/api", "capacity", "page_human"),
)
def scaled_down_by_hand_overload() -> Snapshot:
    o = workload("api", pods=1)
    o[0]["metadata"]["managedFields"] = [
        {
            "manager": "kubectl",
            "operation": "Update",
            "subresource": "scale",
            "time": at(900),
            "fieldsV1": {"f:spec": {"f:replicas": {}}},
        }
    ]
    return snapshot(
        o,
        event(
            "Deployment/api",
            "ScalingReplicaSet",
            "Scaled down replica set api-r1 from 5 to 1",
            kind="Normal",
            age=900,
            count=1,
        ),
        figures=[
            latency("api", 0.1, 3.0, 880),
            rate("api"),
            figure("replicas_wanted", 5, 1, 900, component="api"),
            figure("cpu_share", 0.4, 0.99, 880, pod=pod("api"), container="api"),
        ],
    )


@pytest.mark.parametrize("name", sorted(WORLDS))
def test_the_answer_is_right_and_does_no_harm(name: str) -> None:
    WORLDS.judge(name)
