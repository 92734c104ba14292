"""Pods cannot be made or started, and what the cluster says of it names an object beside."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.cases import DoesNotHold, Holds
from tests.diagnosis.rules.pods import waiting
from tests.diagnosis.rules.scenes import QUOTA, down, shop, without_pods
from tests.diagnosis.rules.tiny import Obj, event, snapshot, thing
from tuheg_ir.diagnosis.rules.refusal_names_another import _named
from tuheg_ir.diagnosis.view.view import View

TEAM = thing("ResourceQuota", "team")
HOOK = thing("MutatingWebhookConfiguration", "stamper", webhooks=[{"name": "stamp.shop.example"}])
CALLED = (
    'Internal error occurred: failed calling webhook "stamp.shop.example": failed to call webhook: Post "https://x"'
)
BUDGETED = "no more pods are made within the budget: spring"
LOST = 'Error: secret "shop-keys" not found'


def refused(said: str, **more: Any) -> list[Obj]:
    """Return a shop that lacks a pod, and what is said of it."""
    return [*without_pods(shop(pods=3, ready=2), 2), event("ReplicaSet/shop-r1", "FailedCreate", said, **more)]


NAMED = [
    *(thing(kind, "rates") for kind in ("ConfigMap", "ServiceAccount")),
    thing("PersistentVolume", "pvc-1"),
    thing("StorageClass", "fast"),
]

HOLDS = [
    Holds(
        "a kind of object that no other rule knows",
        snapshot(refused(BUDGETED), thing("TeamBudget", "spring")),
        ("TeamBudget/spring", "configuration_error", "page_human"),
        sure=(0.25, 0.45),
        alone=True,
    ),
    Holds(
        "a quota",
        snapshot(refused(QUOTA), TEAM),
        ("ResourceQuota/team", "configuration_error", "page_human"),
        believed="pods_refused",
    ),
    Holds(
        "a webhook, by the name of its entry",
        snapshot(refused(CALLED), HOOK),
        ("MutatingWebhookConfiguration/stamper", "configuration_error", "page_human"),
    ),
    Holds(
        "what is not there any more",
        snapshot(
            down(shop(pods=1), waiting("CreateContainerConfigError", LOST)), event("Pod/shop-pod0", "Failed", LOST)
        ),
        ("Secret/shop-keys", "configuration_error", "page_human"),
        believed="reference_missing",
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("all pods are there", snapshot(shop(), event("ReplicaSet/shop-r1", "FailedCreate", BUDGETED))),
    DoesNotHold(
        "a probe repeats what the program itself says",
        snapshot(
            down(shop(pods=1), {"state": {"running": {}}}),
            event("Pod/shop-pod0", "Unhealthy", "Readiness probe failed: no order fits the budget: spring"),
            thing("TeamBudget", "spring"),
        ),
    ),
    DoesNotHold("it was said once", snapshot(refused(BUDGETED, count=1), thing("TeamBudget", "spring"))),
    DoesNotHold("it was said half an hour ago", snapshot(refused(BUDGETED, age=1800), thing("TeamBudget", "spring"))),
    DoesNotHold("nothing of that name is there", snapshot(refused(BUDGETED), thing("TeamBudget", "autumn"))),
    DoesNotHold("an object of another kind has the name", snapshot(refused(BUDGETED), thing("ConfigMap", "spring"))),
    DoesNotHold(
        "two are named",
        snapshot(
            refused(BUDGETED),
            event("Deployment/shop", "Refused", "not within the limits of budget: autumn"),
            thing("TeamBudget", "spring"),
            thing("TeamBudget", "autumn"),
        ),
    ),
]


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (QUOTA, "ResourceQuota/team"),
        ("couldn't find key MODE in ConfigMap shop/rates", "ConfigMap/rates"),
        ('configmap "rates" not found', "ConfigMap/rates"),
        ('configmap "gone" not found', "ConfigMap/gone"),
        ('serviceaccount "runner" not found', "ServiceAccount/runner"),
        ('pods "x" is forbidden: User "system:serviceaccount:rates:maker" cannot create resource "pods"', ""),
        ('storageclass "fast" takes no more', "StorageClass/fast"),
        ('AttachVolume.Attach failed for volume "pvc-1" : timed out waiting', ""),
        ('pods "rates" is forbidden: exceeded quota: other', ""),
        ("Back-off restarting failed container shop in pod shop-pod0", ""),
        ('Readiness probe failed: Get "http://10.1.0.4:8080/ready": context deadline exceeded', ""),
    ],
)
def test_what_a_message_names(said: str, meant: str) -> None:
    assert _named(View(snapshot(shop(), TEAM, *NAMED)), said) == meant
