"""A reset puts back what the manifests say, and knows when the platform is back."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest

from lab import reset
from lab.errors import LabError
from lab.reset import RACES, base, identity, manifests, waits


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


CONFLICT = 'Error from server (Conflict): error when replacing "STDIN": the object has been modified'


@pytest.mark.parametrize(
    ("refusals", "asked"),
    [([], 1), ([CONFLICT] * 2, 3), ([CONFLICT] * (RACES + 1), RACES + 1), (["Error from server (Forbidden)"], 1)],
)
def test_manifests_are_put_back_again_when_a_controller_was_quicker(
    refusals: list[str], asked: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def replace(_lab: object) -> None:
        calls.append(1)
        if len(calls) <= len(refusals):
            raise LabError(refusals[len(calls) - 1])

    monkeypatch.setattr(reset, "_replace", replace)
    ends_well = len(refusals) < asked
    with nullcontext() if ends_well else pytest.raises(LabError):
        reset._put_manifests(None)  # type: ignore[arg-type]
    assert len(calls) == asked
