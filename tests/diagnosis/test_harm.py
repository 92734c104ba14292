"""What would harm a workload as it stands: new pods that could not be made or could not start."""

from __future__ import annotations

from typing import Any

import pytest

from tests.diagnosis.rules.pods import later, pending, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP
from tests.diagnosis.rules.tiny import Obj, at, event, secret_key, snapshot, thing, workload
from tuheg_ir.diagnosis.harm import harms
from tuheg_ir.diagnosis.view.view import View

NEW_PODS = {"restart_workload", "restart_connection_pool", "scale_workload"}
"""What needs new pods of the template in force."""
HOOK = 'Error creating: Internal error occurred: failed calling webhook "pods.policy.example": connection refused'
QUOTA = 'Error creating: pods "shop-r1-x" is forbidden: exceeded quota: team, requested: cpu=1, used: cpu=8'

ROOM: dict[str, Any] = {"resources": {"requests": {"cpu": "2"}}}
LESS: dict[str, Any] = {"resources": {"requests": {"cpu": "1"}}}


def refused(message: str, *, age: float, younger: float = 0) -> list[Obj]:
    """Return a shop of which a pod was refused so long ago, and one that was made ``younger`` seconds ago (0: none)."""
    objects = workload("shop")
    told = event("ReplicaSet/shop-r1", "FailedCreate", message, age=age)
    return [*(later(objects, 1, {}, age=younger) if younger else objects), told]


def failing_set() -> list[Obj]:
    """Return a shop whose ReplicaSet tells since long that it cannot make a pod, and has one that was made later."""
    objects = later(workload("shop"), 1, {}, age=300)
    told = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": HOOK}
    made = next(each for each in objects if each["kind"] == "ReplicaSet")
    made["status"] = {"conditions": [{**told, "lastTransitionTime": at(900)}]}
    return objects


def unmounted() -> list[Obj]:
    """Return a shop whose newest pod waits for what its template names and nobody has."""
    objects = workload("shop")
    put(pods_of(objects)[0], waiting("CreateContainerConfigError"), ready=False)
    return objects


def roomless() -> list[Obj]:
    """Return a shop of which a pod has no node."""
    objects = workload("shop")
    pending(pods_of(objects)[0], "0/2 nodes are available: 2 Insufficient cpu.")
    return objects


def volume(name: str) -> Obj:
    """Return how a pod mounts a ConfigMap, beside one that is there."""
    return {"volumes": [{"name": "a", "configMap": {"name": name}}]}


def keyed(**keys: str) -> list[Obj]:
    """Return a shop that reads a password from a Secret with these keys."""
    return [*workload("shop", env={"PASSWORD": secret_key("db", "password")}), thing("Secret", "db", data=keys)]


def sealed(*others: Obj) -> list[Obj]:
    """Return a shop that reads a password from a Secret that shows no keys at all, beside others."""
    return [*keyed(), *others]


TLS: dict[str, Any] = {"type": "kubernetes.io/tls"}


@pytest.mark.parametrize(
    ("objects", "barred"),
    [
        (sealed(thing("Secret", "mail", data={}), thing("Secret", "tls", data={}, **TLS)), set()),
        (sealed(thing("Secret", "mail", data={})), NEW_PODS),
        (sealed(thing("Secret", "mail", written=3000, data={}), thing("Secret", "tls", data={}, **TLS)), NEW_PODS),
        (sealed(thing("Secret", "token", data={}, type="kubernetes.io/service-account-token")), NEW_PODS),
        (sealed(thing("Secret", "mail", data={"key": ""})), NEW_PODS),
        (sealed(), NEW_PODS),
        (workload("shop"), set()),
        (refused(HOOK, age=60), NEW_PODS),
        (refused(QUOTA, age=60), NEW_PODS),
        (refused(HOOK, age=900, younger=300), set()),
        (refused(HOOK, age=60, younger=200), NEW_PODS),
        (failing_set(), NEW_PODS),
        (unmounted(), NEW_PODS),
        (roomless(), NEW_PODS),
        (workload("shop", spec=volume("kube-root-ca.crt")), set()),
        (workload("shop", spec=volume("limits")), NEW_PODS),
        (keyed(password=""), set()),
        (keyed(PASSWORD=""), NEW_PODS),
    ],
    ids=[
        "no Secret shows keys: whoever handed them in left them out",
        "several Secrets have no keys, and each may be without",
        "no Secret shows keys, and one was written within the hour",
        "a token's Secret waits for its keys, and the other has none",
        "another Secret shows its keys, and the one that it reads has none",
        "the only Secret has lost its keys",
        "all is well",
        "a webhook refuses new pods",
        "a quota allows no further pod",
        "a pod was made since one was refused",
        "pods are refused now and then: one was made since the first, and none since the last",
        "its controller tells that pods are refused still, whenever one was made",
        "its newest pod waits for a key that is not there",
        "no node has room for a pod of it",
        "the ConfigMap that it mounts is the cluster's own",
        "the ConfigMap that it mounts is gone",
        "the key that it reads is there",
        "the key that it reads is gone",
    ],
)
def test_new_pods_are_asked_for_only_where_they_would_serve(objects: list[Obj], barred: set[str]) -> None:
    found = harms(View.of(snapshot(objects, thing("ConfigMap", "other", data={}))), SHOP)
    assert {each.remedy for each in found} & NEW_PODS == barred


def beyond_quota(*, keep: int = 0, **before: Any) -> list[Obj]:
    """Return a released shop that the quota allows no pod of any more; ``keep``: how many are left from before."""
    objects = workload("shop", before=before, ready=keep, **ROOM)
    left = pods_of(objects)[:keep]
    told = event("ReplicaSet/shop-r2", "FailedCreate", QUOTA)
    return [*(each for each in objects if each["kind"] != "Pod" or each in left), told]


def of_priority(objects: list[Obj], before: str) -> list[Obj]:
    """Return a released Deployment whose template before was of another priority."""
    first = next(each for each in objects if each["kind"] == "ReplicaSet")
    first["spec"]["template"]["spec"]["priorityClassName"] = before
    return objects


@pytest.mark.parametrize(
    ("objects", "barred"),
    [
        (beyond_quota(image="shop:0"), True),
        (beyond_quota(image="shop:0", **LESS), False),
        (of_priority(beyond_quota(image="shop:0"), "usual"), False),
        (beyond_quota(keep=1, image="shop:0"), False),
        (workload("shop", before={"image": "shop:0"}, ready=0), False),
    ],
    ids=[
        "the template before asks for as much",
        "the template before asks for less",
        "the template before is of another priority, which has a quota of its own",
        "some pods are left, which a roll-back keeps",
        "no quota refuses a pod",
    ],
)
def test_a_roll_back_meets_the_same_quota(objects: list[Obj], barred: bool) -> None:
    found = harms(View.of(snapshot(objects)), SHOP)
    assert ("rollback_workload" in {each.remedy for each in found}) == barred
