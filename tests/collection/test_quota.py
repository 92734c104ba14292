"""Quotas: quantities as Kubernetes writes them, and whether replicas fit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tuheg_ir.project import find_project

quota = find_project().module_utils("quota").quota


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("3", "3"),
        ("250m", "0.25"),
        ("64Mi", "67108864"),
        ("1.5Gi", "1610612736"),
        ("2k", "2000"),
        ("1e3", "1000"),
        (4, "4"),
    ],
)
def test_quantities_are_read_as_kubernetes_means_them(text: str | int, number: str) -> None:
    assert quota.quantity(text) == Decimal(number)


@pytest.mark.parametrize("text", ["", "abc", "1.2.3x", "5 Mi", "1KB"])
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a quantity"):
        quota.quantity(text)


def workload(replicas: int = 3) -> dict[str, Any]:
    containers = [
        {"name": "a", "resources": {"requests": {"cpu": "100m"}, "limits": {"memory": "64Mi"}}},
        {"name": "b"},
    ]
    return {"spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}}}


def limit(hard: dict[str, str], used: dict[str, str], **spec: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "q", "namespace": "ns"},
        "spec": {"hard": hard, **spec},
        "status": {"hard": hard, "used": used},
    }


@pytest.mark.parametrize(
    ("hard", "used", "allowed"),
    [
        ({"pods": "5"}, {"pods": "3"}, True),
        ({"pods": "4"}, {"pods": "3"}, False),
        ({"count/pods": "4"}, {"count/pods": "3"}, False),
        ({"requests.cpu": "500m"}, {"requests.cpu": "300m"}, True),
        ({"cpu": "400m"}, {"cpu": "300m"}, False),
        ({"limits.memory": "128Mi"}, {"limits.memory": "0"}, True),
        ({"limits.memory": "127Mi"}, {"limits.memory": "0"}, False),
        # a memory request that is not said is the limit
        ({"requests.memory": "127Mi"}, {}, False),
        ({"services": "0"}, {"services": "3"}, True),
    ],
)
def test_two_more_pods_fit_or_do_not(hard: dict[str, str], used: dict[str, str], allowed: bool) -> None:
    decision = quota.quota_decision(workload(), [limit(hard, used)], 5)
    assert decision["allowed"] is allowed
    assert bool(decision["reason"]) is not allowed


def test_a_refusal_names_quota_need_and_what_is_left() -> None:
    decision = quota.quota_decision(workload(), [limit({"pods": "4"}, {"pods": "3"})], 5)
    assert decision["reason"] == "quota q forbids 5 replicas: 2 more pods need 2 pods, 1 of 4 is left"
    assert decision["next"] == "raise the quota: kubectl -n ns edit resourcequota q"


def test_quotas_with_scopes_are_left_to_the_api_server() -> None:
    scoped = limit({"pods": "0"}, {"pods": "0"}, scopes=["BestEffort"])
    assert quota.quota_decision(workload(), [scoped], 5)["allowed"]


@given(replicas=st.integers(0, 20), wanted=st.integers(0, 20))
def test_no_quota_forbids_what_takes_no_more_room(replicas: int, wanted: int) -> None:
    full = limit({"pods": "1"}, {"pods": "1"})
    allowed = quota.quota_decision(workload(replicas), [full], wanted)["allowed"]
    assert allowed is (wanted <= replicas)
