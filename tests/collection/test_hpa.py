"""Scaling goes through the autoscaler or not at all, and never harms data."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.tuheg.ir.plugins.module_utils.hpa import hpa_decision, scale_guard
from hypothesis import given
from hypothesis import strategies as st

from tests.collection.objects import deployment


def autoscaler(low: int | None = 3, high: int = 6, before: str | None = None) -> dict[str, Any]:
    annotations = {"ir.tuheg.com/min-replicas-before": before} if before else {}
    spec = {"maxReplicas": high} | ({"minReplicas": low} if low is not None else {})
    return {"metadata": {"name": "gateway", "annotations": annotations}, "spec": spec}


def decide(hpa: dict[str, Any] | None, replicas: int, wanted: int, floor: int = 0) -> dict[str, Any]:
    return hpa_decision(hpa, replicas=replicas, wanted=wanted, floor=floor, name="gateway", namespace="ns")


@pytest.mark.parametrize(
    ("hpa", "replicas", "wanted", "action"),
    [
        (None, 3, 5, "scale"),
        ({}, 3, 5, "scale"),
        (None, 5, 5, "none"),
        (None, 7, 5, "none"),
        (autoscaler(), 3, 5, "raise_min"),
        (autoscaler(), 6, 5, "raise_min"),
        (autoscaler(), 3, 6, "raise_min"),
        (autoscaler(), 3, 7, "refuse"),
        (autoscaler(low=5), 5, 5, "none"),
        (autoscaler(low=5), 3, 5, "scale"),
        (autoscaler(low=None), 1, 2, "raise_min"),
    ],
)
def test_the_way_to_more_replicas(hpa: dict[str, Any] | None, replicas: int, wanted: int, action: str) -> None:
    assert decide(hpa, replicas, wanted)["action"] == action


def test_beyond_its_maximum_the_exact_command_is_told() -> None:
    decision = decide(autoscaler(), 3, 7)
    assert "allows at most 6 replicas and would undo 7" in decision["reason"]
    assert decision["next"] == """kubectl -n ns patch hpa gateway --type=merge -p '{"spec":{"maxReplicas":7}}'"""


def test_the_minimum_of_before_the_incident_is_kept_for_the_undo() -> None:
    first = decide(autoscaler(), 3, 5)
    assert (first["min_before"], first["undo"]["data"]["min_replicas"]) == (3, 3)
    second = decide(autoscaler(low=4, before="2"), 4, 5)
    assert second["min_before"] == 2
    assert """-p '{"spec":{"minReplicas":2}}'""" in second["undo"]["command"]


def test_it_never_goes_below_the_floor() -> None:
    decision = decide(None, 3, 1, floor=2)
    assert (decision["action"], decision["reason"]) == ("refuse", "1 replicas are fewer than its floor of 2")


def test_a_scaling_without_autoscaler_is_undone_by_scaling_back() -> None:
    assert decide(None, 3, 5)["undo"]["command"] == "kubectl -n ns scale deployment/gateway --replicas=3"


COUNTS = st.integers(0, 12)


@given(
    low=st.none() | st.integers(1, 10), high=st.integers(1, 10), replicas=COUNTS, wanted=COUNTS, floor=st.integers(0, 3)
)
def test_whatever_is_asked_the_autoscaler_agrees_and_nothing_shrinks(
    low: int | None, high: int, replicas: int, wanted: int, floor: int
) -> None:
    decision = decide(autoscaler(low, high), replicas, wanted, floor)
    if decision["action"] in ("scale", "raise_min"):
        assert floor <= wanted <= high
    if decision["action"] == "scale":
        assert wanted > replicas
        assert (low or 1) >= wanted
    if decision["action"] == "raise_min":
        assert (low or 1) < wanted


def with_volume(**source: Any) -> dict[str, Any]:
    workload = deployment()
    workload["spec"]["template"]["spec"]["volumes"] = [{"name": "data", **source}]
    return workload


@pytest.mark.parametrize("source", [{"persistentVolumeClaim": {"claimName": "c"}}, {"hostPath": {"path": "/d"}}])
def test_a_volume_that_all_replicas_would_write_is_refused_unless_declared_safe(source: dict[str, Any]) -> None:
    workload = with_volume(**source)
    refused = scale_guard(workload, {})
    assert refused["reason"] == "all replicas of web would write to the same volume (data)"
    assert "replicas.shared_storage: true" in refused["next"]
    assert scale_guard(workload, {"replicas": {"shared_storage": True}})["allowed"]


def test_other_volumes_are_no_reason() -> None:
    assert scale_guard(with_volume(emptyDir={}), {})["allowed"]
    assert scale_guard(deployment(), {})["allowed"]


def test_a_single_primary_database_is_refused_with_what_helps_instead() -> None:
    refused = scale_guard(deployment(), {"database": {"single_primary": True}, "replicas": {"shared_storage": True}})
    assert not refused["allowed"]
    assert "another replica is another primary" in refused["reason"]
    assert "raise max_connections" in refused["next"]
