"""A reset puts back what the manifests say, and knows when the platform is back."""

from __future__ import annotations

from typing import Any

import pytest

from lab.reset import base, identity, manifests, waits


def test_the_manifests_hold_the_platform_of_the_handbook() -> None:
    found = {identity(each) for each in manifests()}
    assert found >= {
        ("Deployment", "backend-gateway"),
        ("StatefulSet", "postgres"),
        ("Deployment", "redis"),
        ("Ingress", "main-ingress"),
        ("HorizontalPodAutoscaler", "backend-gateway"),
        ("PodDisruptionBudget", "backend-gateway"),
    }
    assert len(found) == len(manifests())


def test_annotations_of_a_repair_go_and_those_of_the_cluster_stay() -> None:
    wanted = {"kind": "Deployment", "metadata": {"name": "w", "annotations": {"mine": "yes"}}, "spec": {"replicas": 3}}
    live = {
        "metadata": {
            "annotations": {
                "ir.tuheg.com/restart_workload": "INC-20251105-001/1/restart_workload",
                "owner": "somebody",
                "deployment.kubernetes.io/revision": "7",
                "kubectl.kubernetes.io/last-applied-configuration": "{}",
            }
        },
        "spec": {"replicas": 5},
    }
    made = base(wanted, live)
    assert made["metadata"]["annotations"] == {
        "mine": "yes",
        "deployment.kubernetes.io/revision": "7",
        "kubectl.kubernetes.io/last-applied-configuration": "{}",
    }
    assert made["spec"] == {"replicas": 3}


def workload(ready: int = 3, generation: int = 2) -> dict[str, Any]:
    return {
        "metadata": {"name": "backend-gateway", "generation": generation},
        "spec": {"replicas": 3},
        "status": {"observedGeneration": 2, "updatedReplicas": 3, "readyReplicas": ready},
    }


def pod(ready: bool = True, restarts: int = 0, **metadata: str) -> dict[str, Any]:
    return {
        "metadata": {"name": "p", **metadata},
        "status": {
            "phase": "Running",
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "containerStatuses": [{"name": "c", "restartCount": restarts, "state": {}}],
        },
    }


@pytest.mark.parametrize(
    ("workloads", "pods", "left"),
    [
        ([workload()], [pod()], []),
        ([workload(ready=2)], [pod()], ["backend-gateway: readyReplicas 2 of 3"]),
        ([workload(generation=3)], [pod()], ["backend-gateway: not seen by its controller"]),
        ([workload()], [pod(ready=False)], ["pod p: Running"]),
        ([workload()], [pod(deletionTimestamp="2025-11-05T14:30:00Z")], ["pod p: terminating"]),
        ([workload()], [pod(restarts=1)], ["pod p: was restarted"]),
    ],
)
def test_the_platform_is_back_when_nothing_moves_and_nothing_was_restarted(
    workloads: list[dict[str, Any]], pods: list[dict[str, Any]], left: list[str]
) -> None:
    assert waits({"deployments": workloads, "statefulsets": [], "pods": pods}) == left
