"""Pods wait for a volume: its claim is not bound, or it hangs on another node."""

from __future__ import annotations

from typing import Any

from tests.diagnosis.rules.cases import DoesNotHold, Holds, no
from tests.diagnosis.rules.pods import pending, pods_of, put, waiting
from tests.diagnosis.rules.scenes import SHOP, shop
from tests.diagnosis.rules.tiny import Obj, event, pod, snapshot, thing

CLAIMS: dict[str, Any] = {"volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]}
UNBOUND = "0/3 nodes are available: pod has unbound immediate PersistentVolumeClaims."


def pvc(phase: str) -> Obj:
    return thing("PersistentVolumeClaim", "data", age=400, spec={"storageClassName": "fast"}, status={"phase": phase})


def unbound() -> list[Obj]:
    objects = shop(pods=1, ready=0, spec=CLAIMS)
    pending(pods_of(objects)[0], UNBOUND)
    return objects


def creating() -> list[Obj]:
    objects = shop(pods=1, ready=0, spec=CLAIMS)
    put(pods_of(objects)[0], waiting("ContainerCreating"))
    return objects


HOLDS = [
    Holds(
        "its class does not exist",
        snapshot(
            unbound(),
            pvc("Pending"),
            event("PersistentVolumeClaim/data", "ProvisioningFailed", 'storageclass.storage.k8s.io "fast" not found'),
        ),
        ("PersistentVolumeClaim/data", "configuration_error", "page_human"),
        excludes=no("restart_workload", at=SHOP),
        harmful=("restart_workload",),
    ),
    Holds(
        "it hangs on another node",
        snapshot(
            creating(),
            event(f"Pod/{pod('shop')}", "FailedAttachVolume", 'Multi-Attach error for volume "pvc-1": already used'),
            pvc("Bound"),
        ),
        (SHOP, "dependency_failure", "page_human"),
        excludes=no("restart_workload", at=SHOP),
    ),
]
DOES_NOT_HOLD = [
    DoesNotHold("its claim is bound, and the pods are ready", snapshot(shop(spec=CLAIMS), pvc("Bound"))),
    DoesNotHold(
        "a ConfigMap to mount is missing",
        snapshot(
            creating(),
            event(
                f"Pod/{pod('shop')}",
                "FailedMount",
                'MountVolume.SetUp failed for volume "c" : configmap "gone" not found',
            ),
            pvc("Bound"),
        ),
        ("configuration_error", "page_human"),
    ),
]
