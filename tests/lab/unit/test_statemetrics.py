"""Object states become the series that kube-state-metrics would give."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.images.statemetrics.series import Sample, deployment, exposition, node, pod, quantity, replicaset, statefulset

WHO = {"namespace": "ns", "pod": "p"}
POD: dict[str, Any] = {
    "metadata": {
        "namespace": "ns",
        "name": "p",
        "creationTimestamp": "2026-11-05T10:00:00Z",
        "ownerReferences": [{"kind": "ReplicaSet", "name": "rs"}],
    },
    "spec": {
        "nodeName": "lab",
        "containers": [{"name": "c", "resources": {"limits": {"cpu": "500m", "memory": "64Mi"}}}],
    },
    "status": {
        "phase": "Running",
        "podIP": "10.88.0.2",
        "conditions": [{"type": "Ready", "status": "False"}],
        "containerStatuses": [
            {
                "name": "c",
                "restartCount": 2,
                "ready": False,
                "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
            }
        ],
    },
}
C = WHO | {"container": "c"}


@pytest.mark.parametrize(
    "sample",
    [
        Sample(
            "kube_pod_info",
            WHO | {"node": "lab", "pod_ip": "10.88.0.2", "created_by_kind": "ReplicaSet", "created_by_name": "rs"},
            1,
        ),
        Sample("kube_pod_created", WHO, 1793872800.0),
        Sample("kube_pod_status_phase", WHO | {"phase": "Running"}, True),
        Sample("kube_pod_status_phase", WHO | {"phase": "Pending"}, False),
        Sample("kube_pod_status_ready", WHO | {"condition": "false"}, True),
        Sample("kube_pod_status_ready", WHO | {"condition": "true"}, False),
        Sample("kube_pod_container_resource_limits", C | {"resource": "cpu", "unit": "core"}, 0.5),
        Sample("kube_pod_container_resource_limits", C | {"resource": "memory", "unit": "byte"}, 67108864.0),
        Sample("kube_pod_container_status_restarts_total", C, 2),
        Sample("kube_pod_container_status_ready", C, False),
        Sample("kube_pod_container_status_running", C, False),
        Sample("kube_pod_container_status_waiting_reason", C | {"reason": "CrashLoopBackOff"}, 1),
        Sample("kube_pod_container_status_last_terminated_reason", C | {"reason": "OOMKilled"}, 1),
        Sample("kube_pod_container_status_last_terminated_exitcode", C, 137),
    ],
    ids=lambda s: s.name,
)
def test_series_of_a_pod(sample: Sample) -> None:
    assert sample in list(pod(POD))


def test_a_pod_that_has_no_status_yet_has_series_too() -> None:
    bare = {"metadata": POD["metadata"], "spec": POD["spec"]}
    assert Sample("kube_pod_status_phase", WHO | {"phase": "Running"}, False) in list(pod(bare))


def test_series_of_a_deployment() -> None:
    who = {"namespace": "ns", "deployment": "d"}
    samples = list(
        deployment(
            {
                "metadata": {"namespace": "ns", "name": "d", "generation": 4},
                "spec": {"replicas": 3},
                "status": {
                    "observedGeneration": 4,
                    "availableReplicas": 2,
                    "unavailableReplicas": 1,
                    "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}],
                },
            }
        )
    )
    assert Sample("kube_deployment_spec_replicas", who, 3) in samples
    assert Sample("kube_deployment_status_replicas_available", who, 2) in samples
    assert Sample("kube_deployment_status_replicas_updated", who, 0) in samples
    labels = who | {"condition": "Available", "reason": "MinimumReplicasAvailable", "status": "true"}
    assert Sample("kube_deployment_status_condition", labels, True) in samples


def test_series_of_statefulset_replicaset_and_node() -> None:
    meta = {"namespace": "ns", "name": "x", "creationTimestamp": "1970-01-01T00:00:10Z"}
    one = {"metadata": meta, "spec": {"replicas": 1}, "status": {"readyReplicas": 1}}
    assert Sample("kube_statefulset_status_replicas_ready", {"namespace": "ns", "statefulset": "x"}, 1) in list(
        statefulset(one)
    )
    assert Sample("kube_replicaset_created", {"namespace": "ns", "replicaset": "x"}, 10.0) in list(replicaset(one))
    ready = {"metadata": {"name": "n"}, "status": {"conditions": [{"type": "Ready", "status": "Unknown"}]}}
    assert Sample("kube_node_status_condition", {"node": "n", "condition": "Ready", "status": "unknown"}, True) in list(
        node(ready)
    )


@pytest.mark.parametrize(
    ("text", "value"),
    [("500m", 0.5), ("2", 2.0), ("64Mi", 67108864.0), ("1Gi", 2.0**30), ("1k", 1000.0), ("1e3", 1000.0), ("1.5", 1.5)],
)
def test_quantities(text: str, value: float) -> None:
    assert quantity(text) == pytest.approx(value)


@pytest.mark.parametrize("text", ["", "Mi", "1X", "1 Mi"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no quantity"):
        quantity(text)


def test_series_of_one_name_stand_together_under_their_type() -> None:
    text = exposition([Sample("b_total", {"x": "1"}, 2), Sample("a", {}, 0.5), Sample("b_total", {"x": "2"}, True)])
    assert text == '# TYPE a gauge\na{} 0.5\n# TYPE b_total counter\nb_total{x="1"} 2\nb_total{x="2"} 1\n'


@given(st.text())
def test_any_label_value_stays_on_one_line_and_can_be_read_back(value: str) -> None:
    line = exposition([Sample("m", {"l": value}, 1)]).removeprefix("# TYPE m gauge\n").removesuffix("\n")
    assert "\n" not in line
    inner = line.removeprefix('m{l="').removesuffix('"} 1')
    read = inner.replace("\\\\", "\0").replace("\\n", "\n").replace('\\"', '"').replace("\0", "\\")
    assert read == value or "\0" in value
