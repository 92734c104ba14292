"""The lab is up when nothing is waited for, and what is waited for is named."""

from __future__ import annotations

from typing import Any

import pytest

from lab.readiness import READS, pod_waits, waiting_for, workload_waits
from lab.status import table


def conditions(**states: str) -> list[dict[str, str]]:
    return [{"type": name, "status": state} for name, state in states.items()]


def a_pod(*, ready: str = "True", phase: str = "Running", meta: dict[str, Any] | None = None, **status: Any) -> Any:
    return {
        "metadata": {"namespace": "ns", "name": "p", **(meta or {})},
        "status": {"phase": phase, "conditions": conditions(Ready=ready), **status},
    }


def a_workload(generation: int = 2, replicas: int = 3, **status: int) -> Any:
    return {
        "metadata": {"namespace": "ns", "name": "w", "generation": generation},
        "spec": {"replicas": replicas},
        "status": status,
    }


def container(name: str = "c", **state: Any) -> Any:
    return {"name": name, "state": state}


@pytest.mark.parametrize(
    ("pod", "why"),
    [
        (a_pod(), ""),
        (a_pod(ready="False", phase="Pending"), "Pending"),
        (a_pod(ready="False", phase="Succeeded"), ""),
        (a_pod(ready="False", meta={"deletionTimestamp": "t"}), ""),
        (
            a_pod(ready="False", containerStatuses=[container(waiting={"reason": "CrashLoopBackOff"})]),
            "c CrashLoopBackOff",
        ),
        (a_pod(ready="False", containerStatuses=[container(terminated={"exitCode": 3})]), "c exited 3"),
        (
            a_pod(
                ready="False",
                phase="Pending",
                initContainerStatuses=[container("init", terminated={"exitCode": 1})],
                containerStatuses=[container(waiting={"reason": "PodInitializing"})],
            ),
            "init exited 1, c PodInitializing",
        ),
        ({"metadata": {"namespace": "ns", "name": "p"}}, "Unknown"),
    ],
)
def test_why_a_pod_is_not_ready(pod: Any, why: str) -> None:
    assert pod_waits(pod) == why


@pytest.mark.parametrize(
    ("workload", "why"),
    [
        (a_workload(observedGeneration=2, updatedReplicas=3, readyReplicas=3), ""),
        (a_workload(observedGeneration=1, updatedReplicas=3, readyReplicas=3), "not seen by its controller"),
        (a_workload(), "not seen by its controller"),
        (a_workload(observedGeneration=2, updatedReplicas=1, readyReplicas=3), "updatedReplicas 1 of 3"),
        (a_workload(observedGeneration=2, updatedReplicas=3), "readyReplicas 0 of 3"),
        (a_workload(replicas=0, observedGeneration=2), ""),
    ],
)
def test_why_a_workload_is_not_rolled_out(workload: Any, why: str) -> None:
    assert workload_waits(workload) == why


def test_nothing_is_waited_for_when_all_is_ready() -> None:
    good = a_workload(observedGeneration=2, updatedReplicas=3, readyReplicas=3)
    node = {"metadata": {"name": "lab"}, "status": {"conditions": conditions(Ready="True")}}
    api = {"metadata": {"name": "v1beta1.metrics.k8s.io"}, "status": {"conditions": conditions(Available="True")}}
    objects = {"nodes": [node], "pods": [a_pod()], "deployments": [good], "statefulsets": [good], "apiservices": [api]}
    assert objects.keys() == READS.keys()
    assert waiting_for(objects) == []


def test_everything_that_is_missing_is_named() -> None:
    api = {"metadata": {"name": "v1beta1.metrics.k8s.io"}, "status": {"conditions": conditions(Available="False")}}
    waiting = waiting_for(
        {
            "nodes": [],
            "pods": [a_pod(ready="False", phase="Pending")],
            "deployments": [a_workload()],
            "statefulsets": [],
            "apiservices": [api],
        }
    )
    assert waiting == [
        "node: not registered",
        "deployment ns/w: not seen by its controller",
        "pod ns/p: Pending",
        "apiservice v1beta1.metrics.k8s.io: not available",
    ]


def test_status_for_a_person_names_owner_ways_in_and_what_is_wrong() -> None:
    text = table(
        {
            "state": "degraded",
            "reason": "",
            "owner": {"user": "ann", "since": "2026-11-05 10:00:00 UTC", "checkout": "/src", "pid": 1, "home": "/h"},
            "urls": {"ingress": "http://127.0.0.1:17080"},
            "units": [
                {"name": "etcd", "code": None, "failed": False, "rss_mb": 64.2},
                {"name": "kubelet", "code": 1, "failed": True, "rss_mb": 0},
                {"name": "images", "code": 0, "failed": False, "rss_mb": 0},
            ],
            "pods": [{"namespace": "ns", "name": "p", "ready": False, "restarts": 4, "reason": "c exited 1"}],
            "waiting_for": ["pod ns/p: c exited 1"],
        }
    )
    assert text == (
        "lab: degraded\n"
        "owner: ann, since 2026-11-05 10:00:00 UTC, from /src\n"
        "ingress: http://127.0.0.1:17080\n"
        "\n"
        "etcd     running       64 MB\n"
        "kubelet  ended with 1\n"
        "images   done\n"
        "\n"
        "ns  p  c exited 1  4 restarts\n"
        "\n"
        "waiting for:\n"
        "  pod ns/p: c exited 1"
    )
